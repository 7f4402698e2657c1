//! Damaged packets: both refuse them, or both read the same.

use super::body;
use super::server::{FromServer, any_packet, meaning};
use crate::support::{Comparison, Damage, damage, same_every_time};
use aclk_core::wire::mqtt::{MqttError, Packet};
use proptest::prelude::*;

/// Where we differ. All but the last two are refused by us alone.
const TOLERATED: &[(&str, &str)] = &[
    ("session present", "3.2.2.1.1: 0 if the reason is not 0; the other leaves that to its caller"),
    ("flags of CONNACK", "3.2.2.1: bits 7 to 1 must be 0; the other ignores them"),
    ("packet identifier 0", "2.2.1: never 0; the other checks it in PUBACK only"),
    ("QoS 2", "was not asked for (protocol.md 2.10); the other has a state machine for it"),
    ("DUP with QoS 0", "3.3.1.1: must be 0; the other ignores it"),
    ("wildcard in topic", "3.3.2.1: must not be there; the other leaves that to its caller"),
    ("neither topic nor alias", "3.3.2.1: a protocol error; the other finds out where it resolves the alias"),
    ("no property length", "3.3.2.3: PUBLISH always has one; the other takes its absence for 0"),
    ("several reasons", "3.9.3: one for each filter, and we subscribe to one at a time; the other cannot know that"),
    ("misplaced property", "3.14.2.2.2: Session Expiry must not come from the server; the other reads for both sides"),
    ("topic in a property", "3.3.2.3.5: a Response Topic has no wildcards; the other does not look inside"),
    ("number too long", "1.5.5: the shortest form must be used; the other takes longer ones"),
    ("U+0000", "1.5.4: must not be in a string; the other does not look for it"),
    ("unknown reason", "2.4: refused by the other; we name it by its number and act as for any failure"),
];

fn name(error: MqttError) -> &'static str {
    match error {
        MqttError::SessionPresent => "session present",
        MqttError::Flags { packet: "CONNACK" } => "flags of CONNACK",
        MqttError::PacketId { .. } => "packet identifier 0",
        MqttError::Qos2 => "QoS 2",
        MqttError::Qos => "DUP with QoS 0",
        MqttError::Topic => "wildcard in topic",
        MqttError::NoTopic => "neither topic nor alias",
        MqttError::Truncated { packet: "PUBLISH" } => "no property length",
        MqttError::SubackReasons { .. } => "several reasons",
        MqttError::PropertyMisplaced { id: 0x11, packet: "DISCONNECT" } => "misplaced property",
        MqttError::PropertyValue { id: 0x08 } => "topic in a property",
        MqttError::Length => "number too long",
        MqttError::Text { .. } => "U+0000",
        _ => "none of these",
    }
}

/// Whether the reason is none that the other knows.
fn has_unknown_reason(packet: &Packet<'_>) -> bool {
    use mqtt_protocol_core::mqtt::result_code as code;
    match *packet {
        Packet::Connack { reason, .. } => code::ConnectReasonCode::try_from(reason).is_err(),
        Packet::Puback { reason, .. } => code::PubackReasonCode::try_from(reason).is_err(),
        Packet::Suback { reason, .. } => code::SubackReasonCode::try_from(reason).is_err(),
        Packet::Disconnect { reason, .. } => code::DisconnectReasonCode::try_from(reason).is_err(),
        Packet::Publish { .. } | Packet::Pingresp => false,
    }
}

/// The packet with its body damaged and its length right again: where a packet ends is the framer's business.
fn damaged(packet: &FromServer, flags: u8, damages: &[Damage]) -> Vec<u8> {
    let whole = packet.bytes();
    let mut inside = body(&whole).to_vec();
    for damage in damages {
        damage.apply(&mut inside);
    }
    // Flags are looked at by the other in PUBLISH only.
    let first = if whole[0] >> 4 == 3 { whole[0] ^ flags } else { whole[0] };
    let mut bytes = vec![first];
    let mut left = inside.len();
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        bytes.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    bytes.extend(inside);
    bytes
}

#[test]
fn damaged_packets_are_refused_by_both_or_read_alike() {
    // Lengths, identifiers of properties, and characters with a meaning.
    let likely = b"\x00\x01\x02\x03\x80\x11\x12\x1f\x21\x23\x24\x26\x08+#\xff";
    let flags = prop_oneof![3 => Just(0_u8), 1 => 0..16_u8];
    let cases = (any_packet(), flags, proptest::collection::vec(damage(likely), 0..3));
    let mut comparison = Comparison::default();
    let damaged = same_every_time(cases, 40_000).map(|(packet, flags, damages)| damaged(&packet, flags, &damages));
    // What damage does not lead to: a DISCONNECT with Session Expiry.
    let made = vec![0xe0, 7, 0, 5, 0x11, 0, 0, 0, 1];
    for bytes in damaged.chain([made]) {
        let ours = Packet::parse(&bytes);
        let theirs = FromServer::parse(bytes[0], body(&bytes));
        match (ours, &theirs) {
            (Ok(ours), Some(theirs)) => {
                assert_eq!(Some(ours), meaning(theirs), "{bytes:02x?}");
                comparison.both_accept();
            }
            (Err(_), None) => comparison.both_refuse(),
            (Err(error), Some(_)) => comparison.differ(name(error), (error, bytes)),
            (Ok(packet), None) => {
                let name = if has_unknown_reason(&packet) { "unknown reason" } else { "accepted by us alone" };
                comparison.differ(name, bytes);
            }
        }
    }
    comparison.conclude("MQTT 5 packets of a server", TOLERATED);
}
