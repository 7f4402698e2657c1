//! MQTT 5, the part of a client that publishes and is called back (OASIS MQTT Version 5.0, protocol.md 2.10).
//!
//! Out: CONNECT, SUBSCRIBE, PUBLISH, PUBACK, PINGREQ, DISCONNECT, each a type or function of its own here.
//! In: a [`Framer`] collects one packet, [`Packet::parse`] gives it its checked meaning. Everything else a server could
//! send ends the session with an error that names the packet.

mod encode;
mod error;
mod framer;
mod packet;
mod property;
mod reader;
mod reason;
#[cfg(test)]
mod tests;

pub use encode::{Connect, Publish, Subscribe, disconnect, pingreq, puback};
pub use error::MqttError;
pub use framer::Framer;
pub use packet::{ConnackProperties, Packet};
pub use reason::reason_name;

/// The most a string, a topic or a password may have, in bytes (1.5.4): its length is 16 bits.
pub const STRING_MAX: usize = 0xffff;
/// The most a packet may have behind its fixed header, in bytes (1.5.5).
pub const REMAINING_MAX: usize = 0x0fff_ffff;

/// How surely a message arrives (4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Qos {
    /// QoS 0: perhaps.
    AtMostOnce = 0,
    /// QoS 1: acknowledged, perhaps more than once.
    AtLeastOnce = 1,
    /// QoS 2: exactly once. Only the will is published like that (protocol.md 2.10).
    ExactlyOnce = 2,
}

/// Whether `text` can be published to: not empty, no wildcards, no U+0000, not longer than [`STRING_MAX`] (4.7).
///
/// Ask this before using a topic that came from outside: a server ends the session of a client that publishes to
/// anything else.
#[must_use]
pub fn is_topic_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= STRING_MAX && !text.contains(['+', '#', '\0'])
}

/// Bytes that a variable byte integer takes (1.5.5).
const fn varint_len(value: usize) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}
