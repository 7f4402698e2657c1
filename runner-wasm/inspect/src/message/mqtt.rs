//! MQTT 5 (OASIS MQTT Version 5.0, protocol.md 2.10): packets.

mod packet;
mod property;
mod session;

pub(crate) use packet::layers;
pub(crate) use session::Session;

use crate::reader::Reader;
use crate::stream::Cut;
use std::sync::Arc;

/// What has to be known about a packet beside its bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The topic that a PUBLISH is for, its alias resolved.
    pub(crate) topic: Option<Arc<str>>,
    /// What an acknowledgement is for.
    pub(crate) about: Option<String>,
    /// Whether the payload is a message of the link.
    pub(crate) has_message: bool,
}

/// How long the packet in front is.
pub(crate) fn measure(bytes: &[u8]) -> Cut {
    let mut reader = Reader::new(bytes, 0..bytes.len());
    if reader.u8().is_none() {
        return Cut::More;
    }
    match varint(&mut reader) {
        Varint::Value(len) => Cut::Message(u64::from(len).saturating_add(reader.at() as u64)),
        Varint::More => Cut::More,
        Varint::Wrong => Cut::Wrong,
    }
}

/// Whether the packet is one that may have a password.
pub(crate) fn has_password(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| first >> 4 == 1)
}

/// A variable byte integer (1.5.5).
enum Varint {
    Value(u32),
    More,
    Wrong,
}

fn varint(reader: &mut Reader<'_>) -> Varint {
    let mut value = 0;
    for shift in [0, 7, 14, 21] {
        let Some(byte) = reader.u8() else { return Varint::More };
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Varint::Value(value);
        }
    }
    Varint::Wrong
}

fn varint_value(reader: &mut Reader<'_>) -> Option<u32> {
    match varint(reader) {
        Varint::Value(value) => Some(value),
        Varint::More | Varint::Wrong => None,
    }
}

/// The packet's type, from its first byte (2.1.2).
const fn type_name(first: u8) -> &'static str {
    match first >> 4 {
        1 => "CONNECT",
        2 => "CONNACK",
        3 => "PUBLISH",
        4 => "PUBACK",
        5 => "PUBREC",
        6 => "PUBREL",
        7 => "PUBCOMP",
        8 => "SUBSCRIBE",
        9 => "SUBACK",
        10 => "UNSUBSCRIBE",
        11 => "UNSUBACK",
        12 => "PINGREQ",
        13 => "PINGRESP",
        14 => "DISCONNECT",
        15 => "AUTH",
        _ => "reserved packet",
    }
}
