//! The topics that the password reply names (protocol.md 2.7).

use serde::{Deserialize, Serialize};

/// The part of a topic that the client replaces by its claimed id.
pub(crate) const TAG: &str = "#{claim_id}";

/// One entry of the `topics` array; its position, from 1, is its alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// What it is for.
    pub name: String,
    /// The topic, with the tag `#{claim_id}`.
    pub topic: String,
}

/// Every name that a protobuf agent of any version asks for.
const NAMES: [(&str, &str); 23] = [
    ("chart", "outbound/v1/chart"),
    ("alarms", "outbound/v1/alarms"),
    ("meta", "outbound/v1/meta"),
    ("inbox-cmd", "inbound/cmd"),
    ("agent-connection", "outbound/v1/agent-connection"),
    ("inbox-cmd-v1", "inbound/v1/cmd/+"),
    ("create-node-instance", "outbound/v1/create-node-instance"),
    ("node-instance-connection", "outbound/v1/node-instance-connection"),
    ("chart-and-dims-updated", "outbound/v1/chart-and-dims-updated"),
    ("chart-configs-updated", "outbound/v1/chart-configs-updated"),
    ("reset-charts", "outbound/v1/reset-charts"),
    ("chart-retention-updated", "outbound/v1/chart-retention-updated"),
    ("node-instance-info", "outbound/v1/node-instance-info"),
    ("alarm-log", "outbound/v1/alarm-log"),
    ("alarm-health", "outbound/v1/alarm-health"),
    ("alarm-snapshot", "outbound/v1/alarm-snapshot"),
    ("alarm-log-v2", "outbound/v1/alarm-log-v2"),
    ("alarm-checkpoint", "outbound/v1/alarm-checkpoint"),
    ("alarm-config", "outbound/v1/alarm-config"),
    ("alarm-snapshot-v2", "outbound/v1/alarm-snapshot-v2"),
    ("node-instance-collectors", "outbound/v1/node-instance-collectors"),
    ("contexts-snapshot", "outbound/v1/contexts-snapshot"),
    ("contexts-updated", "outbound/v1/contexts-updated"),
];

/// The union of the names that agents v1.36 to v2.11 need.
#[must_use]
pub fn all() -> Vec<Topic> {
    NAMES.iter().map(|(name, rest)| Topic { name: (*name).to_owned(), topic: format!("/agent/{TAG}/{rest}") }).collect()
}

/// The topics of one claimed node, as its client builds them.
#[derive(Debug, Clone, Default)]
pub(crate) struct NodeTopics(Vec<Topic>);

impl NodeTopics {
    pub(crate) fn new(topics: &[Topic], claim_id: &str) -> Self {
        let fill = |topic: &Topic| Topic { name: topic.name.clone(), topic: topic.topic.replacen(TAG, claim_id, 1) };
        Self(topics.iter().map(fill).collect())
    }

    /// The topic for a name.
    pub(crate) fn topic(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|topic| topic.name == name).map(|topic| topic.topic.as_str())
    }

    /// The topic of a protobuf message to the agent: the wildcard filter with the message's name in it.
    pub(crate) fn inbound(&self, message: &str) -> String {
        format!("{}{message}", self.topic("inbox-cmd-v1").unwrap_or_default().trim_end_matches(['+', '#']))
    }

    /// The topic of HTTP requests to the agent.
    pub(crate) fn requests(&self) -> String {
        self.topic("inbox-cmd").unwrap_or_default().to_owned()
    }

    /// The name of a topic.
    pub(crate) fn name(&self, topic: &str) -> Option<&str> {
        self.0.iter().find(|entry| entry.topic == topic).map(|entry| entry.name.as_str())
    }

    /// The alias that a client uses for a topic: its position, from 1.
    pub(crate) fn alias(&self, topic: &str) -> Option<u16> {
        self.0.iter().position(|entry| entry.topic == topic).and_then(|at| u16::try_from(at + 1).ok())
    }

    /// How many there are, and so the highest alias.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
