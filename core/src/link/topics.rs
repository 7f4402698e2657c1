//! The topics that the password reply hands out (protocol.md 2.7).

use crate::identity::guid::Guid;
use core::fmt;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Longest topic, in bytes. Those of Netdata Cloud have about 90.
pub const TOPIC_MAX: usize = 128;

/// What stands for the claimed id in a template.
const TAG: &str = "#{claim_id}";

/// A topic name or filter.
pub type Topic = heapless::String<TOPIC_MAX>;

/// The topics a device uses. The Cloud hands out twenty; the others belong to features a device does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topics {
    entries: [Option<Topic>; Name::ALL.len()],
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
}

impl Name {
    /// All of them, compulsory each.
    pub const ALL: [Self; 3] = [Self::InboxCmd, Self::InboxCmdV1, Self::AgentConnection];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InboxCmd => "inbox-cmd",
            Self::InboxCmdV1 => "inbox-cmd-v1",
            Self::AgentConnection => "agent-connection",
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
    /// The topic with this name; empty before [`fill_in`](Self::fill_in) succeeded.
    #[must_use]
    pub fn topic(&self, name: Name) -> &str {
        self.entries.get(name as usize).and_then(Option::as_ref).map_or("", |topic| topic.as_str())
    }

    /// Puts `id` in the place of the first tag of every template.
    ///
    /// # Errors
    /// [`TopicError`] names the first topic that is missing or cannot be used.
    pub fn fill_in(&mut self, id: Guid) -> Result<(), TopicError> {
        for (name, entry) in Name::ALL.into_iter().zip(&mut self.entries) {
            let template = entry.take().ok_or(TopicError(name))?;
            let (before, after) = template.split_once(TAG).ok_or(TopicError(name))?;
            let mut topic = Topic::new();
            fmt::write(&mut topic, format_args!("{before}{id}{after}")).map_err(|_| TopicError(name))?;
            if topic.contains('\0') {
                return Err(TopicError(name));
            }
            *entry = Some(topic);
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Topics {
    /// Keeps what is used here, passes over the rest, whatever its length. A name given twice is an error.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Topics;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of topics")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Topics, A::Error> {
                let mut topics = Topics::default();
                while let Some(Entry { name: Known(name), topic: Template(topic) }) = entries.next_element()? {
                    let Some(slot) = name.and_then(|name| topics.entries.get_mut(name as usize)) else { continue };
                    if slot.is_some() {
                        return Err(A::Error::custom("a topic is given twice"));
                    }
                    *slot = topic;
                }
                Ok(topics)
            }
        }

        deserializer.deserialize_seq(Entries)
    }
}

#[derive(Deserialize)]
struct Entry {
    name: Known,
    topic: Template,
}

/// A name we know, or none.
struct Known(Option<Name>);

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Known;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a topic")
            }

            fn visit_str<E>(self, name: &str) -> Result<Known, E> {
                Ok(Known(Name::of(name)))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// A template that fits, or none.
struct Template(Option<Topic>);

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Template;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a topic")
            }

            fn visit_str<E>(self, topic: &str) -> Result<Template, E> {
                Ok(Template(Topic::try_from(topic).ok()))
            }
        }

        deserializer.deserialize_str(Text)
    }
}
