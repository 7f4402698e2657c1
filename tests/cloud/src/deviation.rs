//! Where a client does something else than `protocol.md` says.

use crate::ident::ConnectionId;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Something a client did against a rule. The Cloud reports it and carries on wherever it can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// The rule, as in `protocol.md 2.8`.
    pub rule: &'static str,
    /// What was seen, and what the rule wants.
    pub detail: String,
    /// On which connection.
    pub connection: ConnectionId,
    /// When, since the start of the Cloud.
    pub at: Duration,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deviation from {}: {}", self.rule, self.detail)
    }
}

/// The rules a deviation can name.
pub mod rule {
    /// The claim request.
    pub const CLAIM: &str = "protocol.md 1.5";
    /// The order of the steps, and a connection for each.
    pub const SEQUENCE: &str = "protocol.md 2.1";
    /// The HTTPS requests of the link.
    pub const HTTPS: &str = "protocol.md 2.3";
    /// `GET /api/v1/env`.
    pub const ENV: &str = "protocol.md 2.4";
    /// Challenge and password.
    pub const OTP: &str = "protocol.md 2.5";
    /// What an error body asks for.
    pub const ERROR_BODY: &str = "protocol.md 2.6";
    /// The WebSocket upgrade.
    pub const UPGRADE: &str = "protocol.md 2.8";
    /// WebSocket frames.
    pub const FRAMES: &str = "protocol.md 2.9";
    /// The MQTT 5 session.
    pub const MQTT: &str = "protocol.md 2.10";
    /// Topics.
    pub const TOPICS: &str = "protocol.md 3.1";
    /// HTTP over the link.
    pub const QUERY: &str = "protocol.md 3.3";
    /// The order of the messages.
    pub const FLOW: &str = "protocol.md 3.4";
    /// The protobuf messages.
    pub const SCHEMA: &str = "protocol.md 3.5";
    /// Capabilities.
    pub const CAPABILITIES: &str = "protocol.md 3.6";
}

/// Who is at the other end; each is held to its own ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// An original Netdata Agent, v1.36 to v2.11.
    Agent,
    /// Any other client that keeps to protocol.md: it may name itself in `User-Agent`, send `Content-Type` with the
    /// password request, do without topic aliases, and announce its limits in CONNECT; in return it respects ours.
    Client,
}

/// The `User-Agent` of every original agent (protocol.md 2.3).
pub(crate) const AGENT_USER_AGENT: &str = "Netdata/rocks newhttpclient";

impl Dialect {
    /// Who speaks, by the `User-Agent` of a request.
    pub(crate) fn of(user_agent: Option<&str>) -> Self {
        if user_agent == Some(AGENT_USER_AGENT) { Self::Agent } else { Self::Client }
    }
}
