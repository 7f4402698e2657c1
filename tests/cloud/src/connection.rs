//! One connection of a client: what it is in the middle of, and what is on its way to it.

use crate::broker::Link;
use crate::config::Peer;
use crate::http::Reader;
use std::collections::VecDeque;
use std::time::Duration;

/// What the front end has to do on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes (through TLS).
    Send(Vec<u8>),
    /// End in order: close_notify, then FIN. What the client still sends is of no interest.
    Close,
    /// End without close_notify: FIN alone.
    Cut,
    /// End at once: RST.
    Abort,
}

/// What a connection is in the middle of.
#[derive(Debug)]
pub(crate) enum Phase {
    Http(Reader),
    Link(Box<Link>),
    /// Nothing that arrives matters any more.
    Over,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) peer: Peer,
    pub(crate) phase: Phase,
    /// Actions and the time they are due; times never decrease.
    pub(crate) outbox: VecDeque<(Duration, Action)>,
    /// Nothing is said on it any more, though it stays open.
    pub(crate) silent: bool,
    /// When something has to happen by itself.
    pub(crate) deadline: Option<Duration>,
    /// Requests answered on it.
    pub(crate) requests: u32,
}

impl Connection {
    pub(crate) fn new(peer: Peer) -> Self {
        Self {
            peer,
            phase: Phase::Http(Reader::default()),
            outbox: VecDeque::new(),
            silent: false,
            deadline: None,
            requests: 0,
        }
    }

    /// The link, if the connection has become one.
    pub(crate) fn link(&mut self) -> Option<&mut Link> {
        match &mut self.phase {
            Phase::Link(link) => Some(link),
            Phase::Http(_) | Phase::Over => None,
        }
    }
}
