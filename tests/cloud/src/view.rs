//! What the Cloud's dashboard would show.

use crate::cloud::Cloud;
use crate::presence::{InstancePresence, LastDisconnect, Presence};
use crate::space::{Instance, Node, Room, Space};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything there is to see at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// The Spaces, oldest first.
    pub spaces: Vec<Space>,
    /// The War Rooms, oldest first.
    pub rooms: Vec<Room>,
    /// The claimed nodes, by claimed id.
    pub nodes: Vec<NodeView>,
}

impl View {
    /// The node that was claimed under this id.
    #[must_use]
    pub fn node(&self, claimed_id: &str) -> Option<&NodeView> {
        self.nodes.iter().find(|node| node.claimed_id == claimed_id)
    }
}

/// How a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeState {
    /// Claimed, and never online.
    Claimed,
    /// Its agent has a link and said that it is reachable. Whether its node is live is said of each instance.
    Online,
    /// Was online.
    Offline,
}

/// A claimed node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeView {
    /// The id it was claimed under.
    pub claimed_id: String,
    /// Its host name.
    pub hostname: String,
    /// Its machine GUID, as far as claim or link named one.
    pub machine_guid: Option<String>,
    /// Its Space.
    pub space: String,
    /// Its War Rooms.
    pub rooms: Vec<String>,
    /// How it stands.
    pub state: NodeState,
    /// Since when it is online, since the start of the Cloud.
    pub online_since: Option<Duration>,
    /// Whether it was banned.
    pub banned: bool,
    /// Sessions since the Cloud started.
    pub connections: u64,
    /// Messages since the Cloud started.
    pub messages: u64,
    /// The current or last session.
    pub session_id: Option<i64>,
    /// The version that `/env` was asked with.
    pub version: Option<String>,
    /// Capabilities of the agent.
    pub capabilities: Vec<CapabilityView>,
    /// When and why the last link ended.
    pub last_disconnect: Option<LastDisconnect>,
    /// What it is made of: its own host, and children.
    pub instances: Vec<InstanceView>,
}

/// A capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CapabilityView {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Whether it is switched on.
    pub enabled: bool,
}

/// A node instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceView {
    /// The id that the Cloud gave it.
    pub node_id: String,
    /// Its machine GUID.
    pub machine_guid: String,
    /// Its host name.
    pub hostname: String,
    /// Streaming hops away from the agent.
    pub hops: i32,
    /// Whether it is live.
    pub live: bool,
    /// Whether it can be asked.
    pub queryable: bool,
    /// Operating system, if it said so.
    pub os: Option<String>,
    /// Version of its agent, if it said so.
    pub version: Option<String>,
    /// Labels of the host.
    pub labels: BTreeMap<String, String>,
    /// `plugin/module` of its collectors.
    pub collectors: Vec<String>,
    /// Ids of its contexts.
    pub contexts: Vec<String>,
    /// The version hash that came with the contexts.
    pub contexts_version: u64,
}

impl Cloud {
    /// Everything there is to see now.
    #[must_use]
    pub fn view(&self) -> View {
        let silent = Presence::default();
        let nodes = self.state.nodes.values();
        View {
            spaces: self.state.spaces.clone(),
            rooms: self.state.rooms.clone(),
            nodes: nodes.map(|node| node_view(node, self.presence.get(&node.claimed_id).unwrap_or(&silent))).collect(),
        }
    }
}

fn node_view(node: &Node, presence: &Presence) -> NodeView {
    let own = node.instances.iter().find(|instance| instance.hops == 0);
    NodeView {
        claimed_id: node.claimed_id.clone(),
        hostname: node.hostname.clone(),
        machine_guid: node.machine_guid.clone().or_else(|| own.map(|instance| instance.machine_guid.clone())),
        space: node.space.clone(),
        rooms: node.rooms.clone(),
        state: match (presence.reachable_since, presence.session_id) {
            (Some(_), _) => NodeState::Online,
            (None, Some(_)) => NodeState::Offline,
            (None, None) if presence.was_here => NodeState::Offline,
            (None, None) => NodeState::Claimed,
        },
        online_since: presence.reachable_since,
        banned: node.banned,
        connections: presence.connections,
        messages: presence.messages,
        session_id: presence.session_id,
        version: presence.version.clone(),
        capabilities: presence
            .capabilities
            .iter()
            .map(|one| CapabilityView { name: one.name.clone(), version: one.version, enabled: one.enabled })
            .collect(),
        last_disconnect: presence.last_disconnect.clone(),
        instances: node
            .instances
            .iter()
            .map(|instance| instance_view(instance, presence.instances.get(&instance.node_id)))
            .collect(),
    }
}

fn instance_view(instance: &Instance, presence: Option<&InstancePresence>) -> InstanceView {
    let silent = InstancePresence::default();
    let presence = presence.unwrap_or(&silent);
    let info = presence.info.as_ref();
    InstanceView {
        node_id: instance.node_id.clone(),
        machine_guid: instance.machine_guid.clone(),
        hostname: info.map_or_else(|| instance.hostname.clone(), |info| info.name.clone()),
        hops: instance.hops,
        live: presence.live,
        queryable: presence.queryable,
        os: info.map(|info| info.os.clone()),
        version: info.map(|info| info.version.clone()),
        labels: info.map(|info| info.host_labels.clone()).unwrap_or_default(),
        collectors: presence.collectors.iter().map(|one| format!("{}/{}", one.plugin, one.module)).collect(),
        contexts: presence.contexts.keys().cloned().collect(),
        contexts_version: presence.contexts_version,
    }
}
