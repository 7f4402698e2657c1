//! SOCKS5 (RFC 1928, RFC 1929).

use crate::{Answer, Config, Fault};
use std::net::{Ipv4Addr, Ipv6Addr};

const NO_METHOD: [u8; 2] = [5, 0xff];

/// The talk with one client.
#[derive(Debug)]
pub(crate) struct Socks {
    credentials: Option<(String, String)>,
    fault: Option<Fault>,
    heard: Vec<u8>,
    expects: Expects,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    Greeting,
    Credentials,
    Request,
    Nothing,
}

impl Socks {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            credentials: config.credentials.clone(),
            fault: config.fault,
            heard: Vec::new(),
            expects: Expects::Greeting,
        }
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<Answer> {
        self.heard.extend(bytes);
        let mut answers = Vec::new();
        while let Some((len, answer)) = self.judge() {
            self.heard.drain(..len);
            if matches!(answer, Answer::Refuse(_)) {
                self.expects = Expects::Nothing;
            }
            answers.push(answer);
        }
        answers
    }

    /// The answer to a complete message, and its length.
    fn judge(&mut self) -> Option<(usize, Answer)> {
        match self.expects {
            Expects::Greeting => self.greeting(),
            Expects::Credentials => self.authentication(),
            Expects::Request => self.request(),
            Expects::Nothing => None,
        }
    }

    fn greeting(&mut self) -> Option<(usize, Answer)> {
        let [version, count, rest @ ..] = self.heard.as_slice() else { return None };
        let methods = rest.get(..usize::from(*count))?;
        let len = 2 + methods.len();
        if *version != 5 {
            return Some((len, Answer::Refuse(NO_METHOD.to_vec())));
        }
        let wanted = if self.credentials.is_some() || self.wants_credentials() { 2 } else { 0 };
        let answer = match self.fault {
            Some(Fault::NoMethod) => Answer::Refuse(NO_METHOD.to_vec()),
            Some(Fault::UnofferedMethod) => Answer::Refuse(vec![5, 1]),
            Some(Fault::BadVersion) => Answer::Refuse(vec![4, 0]),
            _ if !methods.contains(&wanted) => Answer::Refuse(NO_METHOD.to_vec()),
            _ => Answer::Say(vec![5, wanted]),
        };
        self.expects = if wanted == 2 { Expects::Credentials } else { Expects::Request };
        Some((len, answer))
    }

    const fn wants_credentials(&self) -> bool {
        matches!(self.fault, Some(Fault::AuthRefused | Fault::BadAuthVersion))
    }

    fn authentication(&mut self) -> Option<(usize, Answer)> {
        let [version, user_len, rest @ ..] = self.heard.as_slice() else { return None };
        let (user, rest) = rest.split_at_checked(usize::from(*user_len))?;
        let (password_len, rest) = rest.split_first()?;
        let password = rest.get(..usize::from(*password_len))?;
        let is_right = match &self.credentials {
            Some(known) => known.0.as_bytes() == user && known.1.as_bytes() == password,
            None => true,
        };
        let answer = match self.fault {
            Some(Fault::AuthRefused) => Answer::Refuse(vec![1, 1]),
            Some(Fault::BadAuthVersion) => Answer::Refuse(vec![5, 0]),
            _ if *version == 1 && is_right => Answer::Say(vec![1, 0]),
            _ => Answer::Refuse(vec![1, 1]),
        };
        self.expects = Expects::Request;
        Some((3 + user.len() + password.len(), answer))
    }

    fn request(&mut self) -> Option<(usize, Answer)> {
        let [version, command, reserved, kind, rest @ ..] = self.heard.as_slice() else { return None };
        let (host, len) = match *kind {
            1 => (Ipv4Addr::from(<[u8; 4]>::try_from(rest.get(..4)?).ok()?).to_string(), 4),
            4 => (Ipv6Addr::from(<[u8; 16]>::try_from(rest.get(..16)?).ok()?).to_string(), 16),
            3 => {
                let len = usize::from(*rest.first()?);
                (String::from_utf8_lossy(rest.get(1..1 + len)?).into_owned(), 1 + len)
            }
            _ => return Some((self.heard.len(), reply(8))),
        };
        let port = u16::from_be_bytes(rest.get(len..len + 2)?.try_into().ok()?);
        let answer = match self.fault {
            Some(Fault::Reply(code)) => reply(code),
            Some(Fault::BadAddressType) => Answer::Refuse(vec![5, 0, 0, 2, 0, 0, 0, 0, 0, 0]),
            _ if *version != 5 || *reserved != 0 => reply(1),
            _ if *command != 1 => reply(7),
            _ => Answer::Connect(host, port),
        };
        self.expects = Expects::Nothing;
        Some((4 + len + 2, answer))
    }

    pub(crate) fn on_connected(&self, reached: bool) -> Answer {
        // A name is what few proxies give as the address that they are bound to, and all may.
        if reached { Answer::Grant(b"\x05\x00\x00\x03\x05proxy\x04\x38".to_vec()) } else { reply(5) }
    }
}

fn reply(code: u8) -> Answer {
    Answer::Refuse(vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0])
}
