//! What happened: one line each, for logs and people.

use crate::deviation::Deviation;
use crate::ident::ConnectionId;
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When, since the start of the Cloud.
    pub at: Duration,
    /// On which connection, if on one.
    pub connection: Option<ConnectionId>,
    /// To which claimed node, if it is known.
    pub node: Option<String>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:9.3}", self.at.as_secs_f64())?;
        match self.connection {
            Some(id) => write!(f, " {:>5}", id.to_string())?,
            None => write!(f, " {:>5}", "-")?,
        }
        if let Some(node) = &self.node {
            write!(f, " {node}")?;
        }
        write!(f, " {}", self.what)
    }
}

/// The kinds of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// A node was claimed.
    Claimed {
        /// Its host name.
        hostname: String,
        /// Names of its War Rooms.
        rooms: Vec<String>,
    },
    /// A claim was refused.
    ClaimRefused {
        /// `errorMsgKey` of the answer.
        key: String,
        /// `errorMessage` of the answer.
        message: String,
    },
    /// `/env` was asked for.
    Env {
        /// The version the client names.
        version: String,
    },
    /// A challenge was handed out.
    Challenged,
    /// The challenge was answered and credentials were handed out.
    Authenticated,
    /// A challenge or password request was refused.
    Refused {
        /// `errorMsgKey` of the answer.
        key: String,
        /// `errorMessage` of the answer.
        message: String,
    },
    /// Any other HTTP request, and its status.
    Http {
        /// Method and target.
        request: String,
        /// The status that was sent.
        status: u16,
    },
    /// The MQTT session was accepted.
    Connected,
    /// The MQTT session was refused.
    ConnectRefused {
        /// The reason code of the CONNACK.
        reason: u8,
    },
    /// The agent is there (UpdateAgentConnection).
    Reachable {
        /// Its session id, microseconds since 1970.
        session_id: i64,
    },
    /// A node instance was created.
    NodeCreated {
        /// Its node id.
        node_id: String,
        /// Its machine GUID.
        machine_guid: String,
    },
    /// A node became live.
    Online {
        /// Its node id.
        node_id: String,
    },
    /// A node is live no more.
    Offline {
        /// Its node id.
        node_id: String,
        /// Why.
        why: String,
    },
    /// The agent said that it is a node no longer, and is forgotten.
    Removed,
    /// UpdateNodeInfo arrived.
    Info {
        /// Its node id.
        node_id: String,
        /// Version of the agent.
        version: String,
    },
    /// Contexts arrived.
    Contexts {
        /// How many are known now.
        known: usize,
    },
    /// A query was sent to a node.
    Asked {
        /// The request line.
        request: String,
    },
    /// A query was answered.
    Answered {
        /// `http-code` of the reply.
        code: u16,
        /// Bytes of its body.
        bytes: usize,
    },
    /// A query was not answered in time, or its link ended.
    Unanswered,
    /// The link ended.
    Disconnected {
        /// Why.
        why: String,
    },
    /// The connection went away without a farewell, so the will was published.
    Will,
    /// A fault was injected.
    Fault {
        /// Its name and step.
        fault: String,
    },
    /// The client did something against protocol.md.
    Deviation {
        /// The rule.
        rule: &'static str,
        /// What was seen.
        detail: String,
    },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed { hostname, rooms } => write!(f, "claimed {hostname:?} into {}", rooms.join(", ")),
            Self::ClaimRefused { key, message } => write!(f, "claim refused: {key} ({message})"),
            Self::Env { version } => write!(f, "asked /env, version {version}"),
            Self::Challenged => f.write_str("got a challenge"),
            Self::Authenticated => f.write_str("answered the challenge"),
            Self::Refused { key, message } => write!(f, "refused: {key} ({message})"),
            Self::Http { request, status } => write!(f, "{request}: {status}"),
            Self::Connected => f.write_str("MQTT session accepted"),
            Self::ConnectRefused { reason } => write!(f, "MQTT session refused with 0x{reason:02x}"),
            Self::Reachable { session_id } => write!(f, "agent reachable, session {session_id}"),
            Self::NodeCreated { node_id, machine_guid } => write!(f, "created node {node_id} for {machine_guid}"),
            Self::Online { node_id } => write!(f, "node {node_id} online"),
            Self::Offline { node_id, why } => write!(f, "node {node_id} offline: {why}"),
            Self::Removed => f.write_str("unclaimed: no longer a node of its Space"),
            Self::Info { node_id, version } => write!(f, "info of node {node_id}, version {version}"),
            Self::Contexts { known } => write!(f, "{known} contexts known"),
            Self::Asked { request } => write!(f, "asked {request}"),
            Self::Answered { code, bytes } => write!(f, "answered {code}, {bytes} bytes"),
            Self::Unanswered => f.write_str("did not answer"),
            Self::Disconnected { why } => write!(f, "link ended: {why}"),
            Self::Will => f.write_str("went away without a farewell: will published"),
            Self::Fault { fault } => write!(f, "fault {fault}"),
            Self::Deviation { rule, detail } => write!(f, "deviation from {rule}: {detail}"),
        }
    }
}

/// How many events and deviations are kept until they are drained.
const KEPT: usize = 100_000;
/// How many events an administrator can look back to, drained or not.
const RECENT: usize = 5_000;

/// Collects events and deviations.
#[derive(Debug, Default)]
pub(crate) struct Log {
    events: VecDeque<Event>,
    /// The last events; the very last has the number `count`.
    recent: VecDeque<Event>,
    count: u64,
    deviations: Vec<Deviation>,
}

impl Log {
    /// Something happened. The oldest events give way if nobody drains them.
    pub(crate) fn event(&mut self, at: Duration, connection: Option<ConnectionId>, node: Option<&str>, what: What) {
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        let event = Event { at, connection, node: node.map(str::to_owned), what };
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(event.clone());
        self.count += 1;
        self.events.push_back(event);
    }

    /// A client deviated.
    pub(crate) fn deviation(
        &mut self,
        at: Duration,
        connection: ConnectionId,
        rule: &'static str,
        detail: impl Into<String>,
    ) {
        let detail = detail.into();
        self.event(at, Some(connection), None, What::Deviation { rule, detail: detail.clone() });
        if self.deviations.len() < KEPT {
            self.deviations.push(Deviation { rule, detail, connection, at });
        }
    }

    /// How many events there were; also the number of the last one.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The last events with their numbers, oldest first.
    pub(crate) fn recent(&self) -> impl Iterator<Item = (u64, &Event)> {
        (self.count + 1 - self.recent.len() as u64..).zip(&self.recent)
    }

    pub(crate) fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    pub(crate) fn clear_deviations(&mut self) {
        self.deviations.clear();
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.events.drain(..)
    }
}
