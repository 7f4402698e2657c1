//! The topics that the password reply hands out (protocol.md 2.7).

use crate::identity::guid::Guid;
use crate::text::split_once;
use crate::wire::json::{Reader, Shape, Unfit};
use crate::wire::mqtt::is_topic_name;
use core::fmt;

/// Longest topic, in bytes. Those of Netdata Cloud have about 90.
pub const TOPIC_MAX: usize = 128;

/// An entry of the list.
const ENTRY: Shape = Shape { what: "a topic with its name", members: &["name", "topic"], required: 2 };
/// What stands for the claimed id in a template.
const TAG: &str = "#{claim_id}";

/// A topic name or filter.
pub type Topic = heapless::String<TOPIC_MAX>;

/// The topics a device uses. The Cloud hands out twenty; the others belong to features a device does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    entries: [Option<Listed>; Name::ALL.len()],
}

/// A topic and its position in the list, from 1, which is its alias (protocol.md 2.10).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    topic: Topic,
    position: u16,
}

/// The name of a topic that is used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Filter for HTTP requests.
    InboxCmd,
    /// Filter for protobuf messages.
    InboxCmdV1,
    /// UpdateAgentConnection and the will.
    AgentConnection,
    /// CreateNodeInstance.
    CreateNodeInstance,
    /// UpdateNodeInstanceConnection.
    NodeInstanceConnection,
    /// UpdateNodeInfo.
    NodeInstanceInfo,
    /// UpdateNodeCollectors.
    NodeInstanceCollectors,
    /// ContextsSnapshot.
    ContextsSnapshot,
    /// ContextsUpdated.
    ContextsUpdated,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::InboxCmd,
        Self::InboxCmdV1,
        Self::AgentConnection,
        Self::CreateNodeInstance,
        Self::NodeInstanceConnection,
        Self::NodeInstanceInfo,
        Self::NodeInstanceCollectors,
        Self::ContextsSnapshot,
        Self::ContextsUpdated,
    ];

    /// Whether there is no link without it. Without one of the others there is a link, but what would be published there
    /// is not.
    #[must_use]
    pub const fn is_compulsory(self) -> bool {
        matches!(self, Self::InboxCmd | Self::InboxCmdV1 | Self::AgentConnection)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InboxCmd => "inbox-cmd",
            Self::InboxCmdV1 => "inbox-cmd-v1",
            Self::AgentConnection => "agent-connection",
            Self::CreateNodeInstance => "create-node-instance",
            Self::NodeInstanceConnection => "node-instance-connection",
            Self::NodeInstanceInfo => "node-instance-info",
            Self::NodeInstanceCollectors => "node-instance-collectors",
            Self::ContextsSnapshot => "contexts-snapshot",
            Self::ContextsUpdated => "contexts-updated",
        }
    }

    /// Whether `topic` can be published to, or for the inboxes subscribed to.
    fn is_usable(self, topic: &str) -> bool {
        match self {
            Self::InboxCmd | Self::InboxCmdV1 | Self::AgentConnection => !topic.contains('\0'),
            _ => is_topic_name(topic),
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|candidate| candidate.as_str() == name)
    }
}

/// A compulsory topic is absent, has no tag, or is too long once the claimed id is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicError(pub Name);

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the Cloud handed out no usable topic \"{}\"", self.0.as_str())
    }
}

impl Topics {
    /// The topic with this name; empty before [`fill_in`](Self::fill_in) succeeded, and for one that the Cloud did not
    /// hand out and that is not compulsory.
    #[must_use]
    pub fn topic(&self, name: Name) -> &str {
        self.entry(name).map_or("", |listed| listed.topic.as_str())
    }

    /// The alias of the topic with this name: its position in the list of the Cloud.
    #[must_use]
    pub fn alias(&self, name: Name) -> Option<u16> {
        self.entry(name).map(|listed| listed.position)
    }

    /// The first topic without which the node cannot be live, and that the Cloud did not hand out.
    #[must_use]
    pub fn missing_for_a_node(&self) -> Option<Name> {
        let needed = [Name::CreateNodeInstance, Name::NodeInstanceConnection, Name::NodeInstanceInfo];
        needed.into_iter().find(|name| self.topic(*name).is_empty())
    }

    /// Reads the list. Keeps what is used here, passes over the rest, whatever its length. A name that is there twice is an error.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Unfit> {
        *self = Self::default();
        reader.array("a list of topics", &mut |reader, index| {
            let (mut name, mut topic, mut fits) = (None, Topic::new(), false);
            let at = reader.at();
            reader.object(&ENTRY, &mut |reader, member| match member {
                0 => reader.string("the name of a topic", &mut |text| {
                    name = Name::of(text);
                    true
                }),
                _ => reader.string("a topic", &mut |text| {
                    topic.clear();
                    fits = topic.push_str(text).is_ok();
                    true
                }),
            })?;
            let Some(slot) = name.and_then(|name| self.entries.get_mut(name as usize)) else { return Ok(()) };
            if slot.is_some() {
                return Err(reader.refuse(at, "every topic once"));
            }
            // The aliases end with the numbers for them.
            let position = u16::try_from(index).map_or(u16::MAX, |index| index.saturating_add(1));
            *slot = fits.then_some(Listed { topic, position });
            Ok(())
        })
    }

    fn entry(&self, name: Name) -> Option<&Listed> {
        self.entries.get(name as usize).and_then(Option::as_ref)
    }

    /// Puts `id` in the place of the first tag of every template.
    ///
    /// # Errors
    /// [`TopicError`] names the first compulsory topic that is missing or cannot be used. The others then count as missing.
    pub fn fill_in(&mut self, id: Guid) -> Result<(), TopicError> {
        for (name, entry) in Name::ALL.into_iter().zip(&mut self.entries) {
            *entry = entry.take().and_then(|listed| listed.fill_in(id));
            let usable = entry.as_ref().is_some_and(|listed| name.is_usable(&listed.topic));
            if !usable && name.is_compulsory() {
                return Err(TopicError(name));
            }
            if !usable {
                *entry = None;
            }
        }
        Ok(())
    }
}

impl Listed {
    fn fill_in(self, id: Guid) -> Option<Self> {
        let (before, after) = split_once(&self.topic, TAG)?;
        let mut topic = Topic::new();
        fmt::write(&mut topic, format_args!("{before}{id}{after}")).ok()?;
        Some(Self { topic, position: self.position })
    }
}
