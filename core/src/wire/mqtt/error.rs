//! Why the packets of a server were refused.

use core::fmt;

/// What is wrong with a packet. The session is of no use afterwards.
///
/// `packet` is the name of the packet as the specification writes it, such as `CONNACK`; `id` the identifier of a
/// property (2.2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MqttError {
    /// A packet that has no place in this session, such as PUBREC or AUTH.
    Unexpected {
        /// Its name.
        packet: &'static str,
    },
    /// Reserved flags in the first byte.
    Flags {
        /// The packet.
        packet: &'static str,
    },
    /// A length that is not a variable byte integer in its shortest form.
    Length,
    /// A packet over the limit.
    TooLong {
        /// Its length in bytes, fixed header included.
        length: u32,
        /// The limit in bytes.
        limit: usize,
    },
    /// A packet that ends before its last field.
    Truncated {
        /// The packet.
        packet: &'static str,
    },
    /// A packet that goes on behind its last field.
    Trailing {
        /// The packet.
        packet: &'static str,
    },
    /// A string that is not UTF-8 or contains U+0000.
    Text {
        /// The packet.
        packet: &'static str,
    },
    /// A property that does not exist.
    UnknownProperty {
        /// Its identifier.
        id: u32,
    },
    /// A property that may be there once is there twice.
    PropertyTwice {
        /// Its identifier.
        id: u8,
    },
    /// A property in the wrong packet.
    PropertyMisplaced {
        /// Its identifier.
        id: u8,
        /// The packet.
        packet: &'static str,
    },
    /// A value that the property cannot have, such as an alias of zero.
    PropertyValue {
        /// Its identifier.
        id: u8,
    },
    /// A packet identifier of zero.
    PacketId {
        /// The packet.
        packet: &'static str,
    },
    /// PUBLISH with QoS 2, which was not asked for.
    Qos2,
    /// PUBLISH with QoS 3, which does not exist, or a repeated one with QoS 0.
    Qos,
    /// PUBLISH without a topic and without an alias.
    NoTopic,
    /// PUBLISH to a topic with wildcards.
    Topic,
    /// CONNACK that refuses and continues a session at once.
    SessionPresent,
    /// SUBACK with another number of reasons than one, though each SUBSCRIBE has one filter.
    SubackReasons {
        /// How many.
        count: usize,
    },
}

impl fmt::Display for MqttError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unexpected { packet } => write!(f, "the server sent {packet}, which has no place in this session"),
            Self::Flags { packet } => write!(f, "{packet} has reserved flags set"),
            Self::Length => f.write_str("a packet has a malformed length"),
            Self::TooLong { length, limit } => write!(f, "a packet of {length} bytes is over the limit of {limit}"),
            Self::Truncated { packet } => write!(f, "{packet} ends before its last field"),
            Self::Trailing { packet } => write!(f, "{packet} goes on behind its last field"),
            Self::Text { packet } => write!(f, "{packet} contains a malformed string"),
            Self::UnknownProperty { id } => write!(f, "the property {id:#04x} does not exist"),
            Self::PropertyTwice { id } => write!(f, "the property {id:#04x} is there twice"),
            Self::PropertyMisplaced { id, packet } => write!(f, "the property {id:#04x} has no place in {packet}"),
            Self::PropertyValue { id } => write!(f, "the property {id:#04x} has a value out of its range"),
            Self::PacketId { packet } => write!(f, "{packet} has the packet identifier 0"),
            Self::Qos2 => f.write_str("PUBLISH with QoS 2 is not supported"),
            Self::Qos => f.write_str("PUBLISH has a malformed quality of service"),
            Self::NoTopic => f.write_str("PUBLISH has neither topic nor alias"),
            Self::Topic => f.write_str("PUBLISH has a topic with wildcards"),
            Self::SessionPresent => f.write_str("CONNACK refuses the connection but continues a session"),
            Self::SubackReasons { count } => write!(f, "SUBACK has {count} reasons for one topic filter"),
        }
    }
}

impl core::error::Error for MqttError {}
