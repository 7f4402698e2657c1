//! An emulated proxy, HTTP CONNECT and SOCKS5, that misbehaves on purpose.
//!
//! A [`Session`] is the talk with one client. It is sans-IO: bytes go in, [`Action`]s come out. `tests/pair` runs it in
//! virtual time; [`Running`] is a front end of threads for tests over real sockets. What can go wrong is in [`Fault`].
//!
//! It is not built on the client that it is there to test, so that both cannot have the same mistake.

mod connect;
mod fault;
mod server;
mod socks;

pub use fault::Fault;
pub use server::{Options, Running};

use connect::Connect;
use socks::Socks;
use std::collections::VecDeque;

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HTTP CONNECT.
    Http,
    /// SOCKS5.
    Socks,
}

/// How a proxy is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// What it speaks.
    pub kind: Kind,
    /// User name and password that it wants.
    pub credentials: Option<(String, String)>,
    /// What it does wrong.
    pub fault: Option<Fault>,
}

impl Config {
    /// A proxy that wants no credentials and does nothing wrong.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self { kind, credentials: None, fault: None }
    }
}

/// What a proxy does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sends these bytes to the client.
    Send(Vec<u8>),
    /// Opens a connection to this host (an IPv6 address without brackets) and port; answered by
    /// [`Session::on_connected`].
    Connect(String, u16),
    /// From here on it passes on everything, both ways.
    Pass,
    /// Ends the connection to the client.
    Close,
}

/// The talk with one client.
#[derive(Debug)]
pub struct Session {
    talk: Talk,
    fault: Option<Fault>,
    actions: VecDeque<Action>,
    is_silent: bool,
}

#[derive(Debug)]
enum Talk {
    Http(Connect),
    Socks(Socks),
}

/// What a talk leads to.
enum Answer {
    /// Bytes, and the talk goes on.
    Say(Vec<u8>),
    /// A connection is to be opened.
    Connect(String, u16),
    /// These bytes, and the tunnel stands.
    Grant(Vec<u8>),
    /// These bytes, and that was it.
    Refuse(Vec<u8>),
}

impl Session {
    /// A client has connected.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let talk = match config.kind {
            Kind::Http => Talk::Http(Connect::new(config)),
            Kind::Socks => Talk::Socks(Socks::new(config)),
        };
        Self { talk, fault: config.fault, actions: VecDeque::new(), is_silent: false }
    }

    /// The client said something.
    pub fn receive(&mut self, bytes: &[u8]) {
        match self.fault {
            Some(Fault::Hang) => self.is_silent = true,
            Some(Fault::Close) => return self.actions.push_back(Action::Close),
            Some(Fault::Garbage) => {
                self.actions.push_back(Action::Send(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()));
                return self.actions.push_back(Action::Close);
            }
            _ => {}
        }
        if self.is_silent {
            return;
        }
        let answers = match &mut self.talk {
            Talk::Http(connect) => connect.receive(bytes),
            Talk::Socks(socks) => socks.receive(bytes),
        };
        answers.into_iter().for_each(|answer| self.answer(answer));
    }

    /// The target was reached, or not.
    pub fn on_connected(&mut self, reached: bool) {
        let answer = match &mut self.talk {
            Talk::Http(connect) => connect.on_connected(reached),
            Talk::Socks(socks) => socks.on_connected(reached),
        };
        self.answer(answer);
    }

    /// What to do next, if there is anything.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Say(bytes) => self.actions.push_back(Action::Send(bytes)),
            Answer::Connect(host, port) => self.actions.push_back(Action::Connect(host, port)),
            Answer::Refuse(bytes) => self.actions.extend([Action::Send(bytes), Action::Close]),
            Answer::Grant(mut bytes) => match self.fault {
                Some(Fault::CloseEarly) => {
                    bytes.truncate(bytes.len() / 2);
                    self.actions.extend([Action::Send(bytes), Action::Close]);
                }
                Some(Fault::CloseBehind) => self.actions.extend([Action::Send(bytes), Action::Close]),
                Some(Fault::ByteAtATime) => {
                    self.actions.extend(bytes.into_iter().map(|byte| Action::Send(vec![byte])));
                    self.actions.push_back(Action::Pass);
                }
                Some(Fault::BytesBehind) => {
                    bytes.extend(b"<html>");
                    self.actions.extend([Action::Send(bytes), Action::Pass]);
                }
                _ => self.actions.extend([Action::Send(bytes), Action::Pass]),
            },
        }
    }
}
