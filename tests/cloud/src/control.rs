//! What an administrator, or a test, does to nodes.

use crate::broker::link::Out;
use crate::broker::packet::reason;
use crate::cloud::Cloud;
use crate::connection::Action;
use crate::ident::ConnectionId;
use crate::message::{CancelPendingRequest, ContextsCheckpoint, DisconnectReq, StopStreamingContexts, Timestamp};
use crate::query::QueryId;
use crate::websocket::{self, CONTROL_MAX, opcode};
use prost::Message as _;
use std::fmt;
use std::time::Duration;

/// Bytes of a PUBLISH besides topic and payload, at most.
const PUBLISH_OVERHEAD: usize = 10;

/// Why something was not sent to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// There is no claimed node of that id.
    Unknown,
    /// It has no link.
    Offline,
    /// It did not subscribe to the topic.
    NotSubscribed,
    /// It takes no packet of that size, in bytes.
    TooLarge(usize),
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no node was claimed under this id"),
            Self::Offline => f.write_str("the node has no link"),
            Self::NotSubscribed => f.write_str("the node did not subscribe to the topic"),
            Self::TooLarge(limit) => write!(f, "the node takes packets of at most {limit} bytes"),
        }
    }
}

impl std::error::Error for NotSent {}

impl Cloud {
    /// Publishes a protobuf message to a node, as in `("StopStreamingContexts", bytes)`.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn publish(&mut self, now: Duration, claimed_id: &str, message: &str, payload: &[u8]) -> Result<(), NotSent> {
        self.now = self.now.max(now);
        let connection = self.link_of(claimed_id)?;
        let session = self.session(connection).ok_or(NotSent::Offline)?;
        let filter = session.topics.topic("inbox-cmd-v1").unwrap_or_default().to_owned();
        if !session.subscriptions.contains(&filter) {
            return Err(NotSent::NotSubscribed);
        }
        let topic = session.topics.inbound(message);
        self.publish_on(connection, topic, payload.to_vec())
    }

    /// Publishes anything on any topic to a node, subscribed or not.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn publish_to(&mut self, now: Duration, claimed_id: &str, topic: &str, payload: &[u8]) -> Result<(), NotSent> {
        self.now = self.now.max(now);
        let connection = self.link_of(claimed_id)?;
        self.publish_on(connection, topic.to_owned(), payload.to_vec())
    }

    /// Asks a node to leave (protocol.md 3.4).
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn disconnect(&mut self, now: Duration, claimed_id: &str, request: &DisconnectReq) -> Result<(), NotSent> {
        self.publish(now, claimed_id, "DisconnectReq", &request.encode_to_vec())
    }

    /// Refuses every further attempt of a node for good, or lets it in again. Its link, if it has one, is asked to leave.
    ///
    /// # Errors
    /// [`NotSent::Unknown`].
    pub fn ban(&mut self, now: Duration, claimed_id: &str, banned: bool) -> Result<(), NotSent> {
        self.now = self.now.max(now);
        self.state.nodes.get_mut(claimed_id).ok_or(NotSent::Unknown)?.banned = banned;
        self.changes.nodes.insert(claimed_id.to_owned());
        if banned {
            let request = DisconnectReq {
                permaban: true,
                created_at: Some(self.timestamp()),
                error_description: "banned by an administrator".to_owned(),
                ..DisconnectReq::default()
            };
            // A node without a link learns it when it next asks for a challenge.
            let _ = self.disconnect(now, claimed_id, &request);
        }
        Ok(())
    }

    /// Removes a node from its Space: the Cloud no longer knows it, and its link ends.
    ///
    /// # Errors
    /// [`NotSent::Unknown`].
    pub fn remove_node(&mut self, now: Duration, claimed_id: &str) -> Result<(), NotSent> {
        self.now = self.now.max(now);
        if let Ok(connection) = self.link_of(claimed_id) {
            self.drop_link(connection, reason::NOT_AUTHORIZED, 1000, "the node was removed from its Space");
        }
        if self.forget_node(claimed_id) { Ok(()) } else { Err(NotSent::Unknown) }
    }

    /// Forgets a node; yields whether it was known. What it once was claimed under can be claimed again.
    pub(crate) fn forget_node(&mut self, claimed_id: &str) -> bool {
        self.presence.remove(claimed_id);
        self.clients.retain(|_, node| node != claimed_id);
        let known = self.state.nodes.remove(claimed_id).is_some();
        self.forget_history(claimed_id);
        self.changes.nodes.insert(claimed_id.to_owned());
        known
    }

    /// Asks a node for its contexts, whatever version of them is known.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn ask_contexts(
        &mut self,
        now: Duration,
        claimed_id: &str,
        node_id: &str,
        version_hash: u64,
    ) -> Result<(), NotSent> {
        let message = ContextsCheckpoint { claim_id: claimed_id.to_owned(), node_id: node_id.to_owned(), version_hash };
        self.publish(now, claimed_id, "ContextsCheckpoint", &message.encode_to_vec())?;
        let connection = self.link_of(claimed_id)?;
        if let Some(session) = self.session(connection) {
            session.asked.insert(node_id.to_owned());
        }
        Ok(())
    }

    /// Asks a node to stop sending updates of its contexts.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn stop_contexts(&mut self, now: Duration, claimed_id: &str, node_id: &str) -> Result<(), NotSent> {
        let (claim_id, node_id) = (claimed_id.to_owned(), node_id.to_owned());
        let message = StopStreamingContexts { claim_id, node_id, reason: 0 };
        self.publish(now, claimed_id, "StopStreamingContexts", &message.encode_to_vec())
    }

    /// Tells a node that nobody waits for a reply any more.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn cancel_request(&mut self, now: Duration, claimed_id: &str, query: &QueryId) -> Result<(), NotSent> {
        let timestamp = Some(self.timestamp());
        let message = CancelPendingRequest { request_id: query.0.clone(), timestamp, trace_id: String::new() };
        self.publish(now, claimed_id, "CancelPendingRequest", &message.encode_to_vec())
    }

    /// Sends a WebSocket ping to a node. At most 125 bytes of the payload are used.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn ping(&mut self, now: Duration, claimed_id: &str, payload: &[u8]) -> Result<(), NotSent> {
        self.now = self.now.max(now);
        let connection = self.link_of(claimed_id)?;
        let payload = &payload[..payload.len().min(CONTROL_MAX)];
        if let Some(link) = self.link(connection) {
            link.pings.push_back(payload.to_vec());
        }
        self.emit(connection, vec![Out::Raw(websocket::frame(opcode::PING, payload))]);
        Ok(())
    }

    /// Ends the link of a node below MQTT and WebSocket: [`Action::Close`], [`Action::Cut`] or [`Action::Abort`].
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn break_link(&mut self, now: Duration, claimed_id: &str, how: Action) -> Result<(), NotSent> {
        self.now = self.now.max(now);
        let connection = self.link_of(claimed_id)?;
        self.end(connection, how);
        Ok(())
    }

    /// Ends every connection in order, as a Cloud does that is about to restart.
    pub fn shut_down(&mut self, now: Duration) {
        self.now = self.now.max(now);
        let connections: Vec<_> = self.connections.keys().copied().collect();
        for connection in connections {
            if self.link(connection).is_some() {
                self.drop_link(connection, reason::SHUTTING_DOWN, 1001, "the Cloud shuts down");
            } else {
                self.end(connection, Action::Close);
            }
        }
    }

    /// The link of a node.
    pub(crate) fn link_of(&self, claimed_id: &str) -> Result<ConnectionId, NotSent> {
        if !self.state.nodes.contains_key(claimed_id) {
            return Err(NotSent::Unknown);
        }
        self.presence.get(claimed_id).and_then(|presence| presence.connection).ok_or(NotSent::Offline)
    }

    pub(crate) fn publish_on(&mut self, id: ConnectionId, topic: String, payload: Vec<u8>) -> Result<(), NotSent> {
        let session = self.session(id).ok_or(NotSent::Offline)?;
        let limit = session.maximum_packet_size;
        if topic.len() + payload.len() + PUBLISH_OVERHEAD > limit {
            return Err(NotSent::TooLarge(limit));
        }
        self.emit(id, vec![Out::Publish { topic, payload }]);
        Ok(())
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        let now = self.unix_now();
        Timestamp { seconds: now.as_secs() as i64, nanos: now.subsec_nanos() as i32 }
    }
}
