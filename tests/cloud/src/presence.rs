//! What is known of a claimed node only as long as the Cloud runs: its link, its sessions, what it said of itself.

use crate::deviation::Dialect;
use crate::ident::ConnectionId;
use crate::message::{Capability, Collector, ContextUpdated, NodeInfo};
use std::collections::BTreeMap;
use std::time::Duration;

/// How far a client is in the sequence of protocol.md 2.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    #[default]
    Nothing,
    Env,
    Challenge,
    Password,
}

/// A challenge that waits for its answer.
#[derive(Debug, Clone)]
pub(crate) struct Challenge {
    pub(crate) plaintext: Vec<u8>,
}

/// What the password reply handed out; good for one CONNECT.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) username: String,
    pub(crate) password: String,
}

/// Why a link ended, and when.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LastDisconnect {
    /// When, since the start of the Cloud.
    pub at: Duration,
    /// Why.
    pub why: String,
}

/// What a node instance said of itself.
#[derive(Debug, Default)]
pub(crate) struct InstancePresence {
    pub(crate) live: bool,
    pub(crate) queryable: bool,
    pub(crate) since: Option<Duration>,
    pub(crate) info: Option<NodeInfo>,
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) collectors: Vec<Collector>,
    pub(crate) contexts: BTreeMap<String, ContextUpdated>,
    pub(crate) contexts_version: u64,
}

/// What is known of a claimed node.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    pub(crate) progress: Progress,
    pub(crate) dialect: Option<Dialect>,
    pub(crate) version: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) credentials: Option<Credentials>,
    /// The link with an accepted session.
    pub(crate) connection: Option<ConnectionId>,
    /// Since when the agent is reachable, if it is.
    pub(crate) reachable_since: Option<Duration>,
    pub(crate) session_id: Option<i64>,
    /// A Cloud before this one saw it connect.
    pub(crate) was_here: bool,
    /// Sessions accepted so far.
    pub(crate) connections: u64,
    pub(crate) messages: u64,
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) instances: BTreeMap<String, InstancePresence>,
    pub(crate) last_disconnect: Option<LastDisconnect>,
    /// Before when the Cloud asked it not to come back.
    pub(crate) not_before: Option<Duration>,
    /// It said that it is a node no longer.
    pub(crate) unclaimed: bool,
}
