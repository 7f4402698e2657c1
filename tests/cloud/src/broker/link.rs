//! The state of one link: the frames, the packets in them, and the MQTT session.

use super::packet::{Stream, Will};
use crate::deviation::Dialect;
use crate::http::answer::Then;
use crate::topics::NodeTopics;
use crate::websocket::Decoder;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// How long a PUBACK may take.
const OVERDUE: Duration = Duration::from_secs(60);

/// A connection after its upgrade.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) frames: Decoder,
    pub(crate) packets: Stream,
    /// Once CONNECT was accepted.
    pub(crate) session: Option<Box<Session>>,
    /// The client sent DISCONNECT.
    pub(crate) left: bool,
    /// Payloads of our pings that wait for their pong.
    pub(crate) pings: VecDeque<Vec<u8>>,
}

/// What faults took away from a session.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traits {
    pub(crate) no_puback: bool,
    pub(crate) no_pingresp: bool,
    pub(crate) node_result: NodeResult,
}

/// What CreateNodeInstance is answered with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum NodeResult {
    #[default]
    Right,
    Nothing,
    WrongGuid,
    Empty,
}

/// An accepted MQTT session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) claim_id: String,
    pub(crate) dialect: Dialect,
    pub(crate) topics: NodeTopics,
    pub(crate) will: Option<Will>,
    /// The session id of the will, which every message has to carry.
    pub(crate) session_id: i64,
    /// Seconds.
    pub(crate) keep_alive: u16,
    /// How many publishes the client takes at once.
    pub(crate) receive_maximum: usize,
    /// Bytes of the largest packet the client takes.
    pub(crate) maximum_packet_size: usize,
    pub(crate) subscriptions: Vec<String>,
    /// Aliases of the client.
    pub(crate) aliases: BTreeMap<u16, String>,
    /// Our publishes that the client has not acknowledged, and when they were sent.
    pub(crate) unacknowledged: BTreeMap<u16, Duration>,
    /// Publishes beyond the client's Receive Maximum.
    pub(crate) queue: VecDeque<(String, Vec<u8>)>,
    /// Publishes of the client that a fault left unacknowledged.
    pub(crate) owed: u16,
    /// The packet id of our next publish.
    pub(crate) next_id: u16,
    /// The last packet id of the client.
    pub(crate) last_id: Option<u16>,
    pub(crate) announced: bool,
    /// The agent said that it goes.
    pub(crate) farewell: bool,
    /// The step `online` was reached.
    pub(crate) online: bool,
    /// Nodes whose contexts were asked for.
    pub(crate) asked: BTreeSet<String>,
    pub(crate) traits: Traits,
}

impl Session {
    /// A packet id for a publish to the client.
    pub(crate) fn take_id(&mut self, now: Duration) -> u16 {
        let id = self.next_id;
        self.next_id = if id == u16::MAX { 1 } else { id + 1 };
        self.unacknowledged.insert(id, now);
        id
    }

    /// The publishes that should have been acknowledged long ago; each is reported once.
    pub(crate) fn take_overdue(&mut self, now: Duration) -> Vec<u16> {
        let overdue = self.unacknowledged.iter().filter(|(_, sent)| **sent + OVERDUE <= now);
        let overdue: Vec<_> = overdue.map(|(id, _)| *id).collect();
        self.unacknowledged.retain(|id, _| !overdue.contains(id));
        overdue
    }
}

/// One thing the broker says.
#[derive(Debug, Clone)]
pub(crate) enum Out {
    /// An MQTT packet, which gets a frame of its own.
    Packet(Vec<u8>),
    /// A PUBLISH with QoS 1, which gets the next packet id.
    Publish { topic: String, payload: Vec<u8> },
    /// Bytes below the frames.
    Raw(Vec<u8>),
}

/// What the broker is about to say, before faults bend it.
#[derive(Debug)]
pub(crate) struct LinkAnswer {
    pub(crate) out: Vec<Out>,
    pub(crate) then: Then,
    pub(crate) traits: Traits,
    pub(crate) topics: NodeTopics,
    /// Payloads of pings among the raw bytes.
    pub(crate) pings: Vec<Vec<u8>>,
}

impl LinkAnswer {
    pub(crate) fn new(out: Vec<Out>, topics: NodeTopics) -> Self {
        Self { out, then: Then::KeepOpen, traits: Traits::default(), topics, pings: Vec::new() }
    }
}

/// How long a client may be silent: one and a half times its keep alive (MQTT 5, 3.1.2.10).
pub(crate) fn patience(keep_alive: u16) -> Option<Duration> {
    (keep_alive > 0).then(|| Duration::from_millis(u64::from(keep_alive) * 1_500))
}
