//! What the Cloud sees of the device.

use crate::clock::rfc3339;
use crate::json::{Object, Raw};
use crate::report::log::unix_seconds;
use aclk_cloud::NodeState;
use aclk_cloud::server::Handle;
use aclk_core::identity::guid::Guid;
use std::fmt;

/// A node as the Cloud sees it.
pub(super) struct Seen {
    space: String,
    rooms: Vec<String>,
    hostname: String,
    claimed_id: String,
    /// The id that the Cloud gave it, if it is live.
    node_id: Option<String>,
    state: NodeState,
    /// Seconds since 1970.
    online_since: Option<u64>,
}

impl Seen {
    pub(super) fn look(cloud: &Handle, claimed_id: Option<Guid>) -> Option<Self> {
        let (view, now) = cloud.with(|cloud, now| (cloud.view(), now));
        let node = view.node(&claimed_id?.to_string())?;
        let space = view.spaces.iter().find(|space| space.id == node.space)?;
        let name = |id: &String| view.rooms.iter().find(|room| room.id == *id).map(|room| room.name.clone());
        Some(Self {
            space: space.name.clone(),
            rooms: node.rooms.iter().filter_map(name).collect(),
            hostname: node.hostname.clone(),
            claimed_id: node.claimed_id.clone(),
            node_id: node.instances.iter().find(|one| one.live).map(|one| one.node_id.clone()),
            state: node.state,
            online_since: node.online_since.map(|since| unix_seconds() - now.saturating_sub(since).as_secs()),
        })
    }

    const fn state(&self) -> &'static str {
        match self.state {
            NodeState::Claimed => "claimed",
            NodeState::Online => "online",
            NodeState::Offline => "offline",
        }
    }

    pub(super) fn json(&self) -> Raw {
        Object::new()
            .member("space", &self.space)
            .member("rooms", self.rooms.clone())
            .member("hostname", &self.hostname)
            .member("claimed_id", &self.claimed_id)
            .member("node_id", self.node_id.as_deref())
            .member("state", self.state())
            .member("online_since", self.online_since.map(rfc3339))
            .end()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  Space      {}", self.space)?;
        writeln!(f, "  War Rooms  {}", self.rooms.join(", "))?;
        writeln!(f, "  Node       {}", self.hostname)?;
        writeln!(f, "  Claimed id {}", self.claimed_id)?;
        write!(f, "  State      {}", self.state())?;
        if let Some(since) = self.online_since {
            write!(f, " since {}", rfc3339(since))?;
        }
        match &self.node_id {
            Some(id) => write!(f, ", live as the node {id}"),
            None => Ok(()),
        }
    }
}
