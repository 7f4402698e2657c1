//! MQTT 5 packets of a server: `wire::mqtt` and mqtt-protocol-core.

use super::Verdict;
use aclk_core::wire::mqtt::{ConnackProperties, MqttError, Packet};
use mqtt_protocol_core::mqtt::packet::{Properties, Property, v5_0};

/// Where we differ. All but the last two are refused by us alone.
pub const TOLERATED: &[(&str, &str)] = &[
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

/// How both read the packet `bytes`, as a client. Where it ends is the framer's business: its length has to be right.
///
/// # Panics
/// If both accept it, and read something else.
pub fn compare(bytes: &[u8]) -> Verdict {
    let theirs = FromServer::parse(bytes[0], body(bytes));
    match (Packet::parse(bytes), &theirs) {
        (Ok(ours), Some(theirs)) => {
            assert_eq!(Some(ours), meaning(theirs), "{bytes:02x?}");
            Verdict::BothAccept
        }
        (Err(_), None) => Verdict::BothRefuse,
        (Err(error), Some(_)) => Verdict::differ(name(error)),
        (Ok(packet), None) if has_unknown_reason(&packet) => Verdict::differ("unknown reason"),
        (Ok(_), None) => Verdict::differ("accepted by us alone"),
    }
}

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

/// The body of a packet: what is behind the fixed header.
pub fn body(packet: &[u8]) -> &[u8] {
    let length_field = 1 + packet[1..].iter().position(|byte| byte & 0x80 == 0).unwrap();
    &packet[1 + length_field..]
}

/// A packet that a client may meet.
#[derive(Debug, Clone)]
pub enum FromServer {
    Connack(v5_0::Connack),
    Publish(v5_0::Publish),
    Puback(v5_0::Puback),
    Suback(v5_0::Suback),
    Pingresp(v5_0::Pingresp),
    Disconnect(v5_0::Disconnect),
}

impl FromServer {
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Connack(packet) => packet.to_continuous_buffer(),
            Self::Publish(packet) => packet.to_continuous_buffer(),
            Self::Puback(packet) => packet.to_continuous_buffer(),
            Self::Suback(packet) => packet.to_continuous_buffer(),
            Self::Pingresp(packet) => packet.to_continuous_buffer(),
            Self::Disconnect(packet) => packet.to_continuous_buffer(),
        }
    }

    /// Reads a packet that has to be as long as `body`.
    pub fn parse(first: u8, body: &[u8]) -> Option<Self> {
        let (packet, taken) = match first >> 4 {
            2 => v5_0::Connack::parse(body).map(|(packet, taken)| (Self::Connack(packet), taken)),
            3 => v5_0::Publish::parse(first & 0xf, body.into()).map(|(packet, taken)| (Self::Publish(packet), taken)),
            4 => v5_0::Puback::parse(body).map(|(packet, taken)| (Self::Puback(packet), taken)),
            9 => v5_0::Suback::parse(body).map(|(packet, taken)| (Self::Suback(packet), taken)),
            13 => v5_0::Pingresp::parse(body).map(|(packet, taken)| (Self::Pingresp(packet), taken)),
            14 => v5_0::Disconnect::parse(body).map(|(packet, taken)| (Self::Disconnect(packet), taken)),
            _ => return None,
        }
        .ok()?;
        (taken == body.len()).then_some(packet)
    }
}

/// What it means, in our terms; `None` if these have no word for it.
pub fn meaning(packet: &FromServer) -> Option<Packet<'_>> {
    Some(match packet {
        FromServer::Connack(packet) => Packet::Connack {
            session_present: packet.session_present(),
            reason: packet.reason_code() as u8,
            properties: connack_properties(packet.props()),
        },
        FromServer::Publish(packet) => Packet::Publish {
            topic: packet.topic_name(),
            alias: find(packet.props(), |property| match property {
                Property::TopicAlias(alias) => Some(alias.val()),
                _ => None,
            }),
            qos: packet.qos() as u8,
            id: packet.packet_id(),
            dup: packet.dup(),
            retain: packet.retain(),
            payload: packet.payload().as_slice(),
        },
        FromServer::Puback(packet) => {
            Packet::Puback { id: packet.packet_id(), reason: packet.reason_code().map_or(0, |code| code as u8) }
        }
        FromServer::Suback(packet) => match packet.reason_codes()[..] {
            [reason] => Packet::Suback { id: packet.packet_id(), reason: reason as u8 },
            _ => return None,
        },
        FromServer::Pingresp(_) => Packet::Pingresp,
        FromServer::Disconnect(packet) => Packet::Disconnect {
            reason: packet.reason_code().map_or(0, |code| code as u8),
            reason_string: packet.props().as_ref().and_then(|properties| find(properties, reason_string)),
        },
    })
}

fn connack_properties(properties: &Properties) -> ConnackProperties<'_> {
    let mut ours = ConnackProperties::default();
    for property in properties {
        match property {
            Property::ReceiveMaximum(it) => ours.receive_maximum = Some(it.val()),
            Property::MaximumQos(it) => ours.maximum_qos = Some(it.val()),
            Property::MaximumPacketSize(it) => ours.maximum_packet_size = Some(it.val()),
            Property::TopicAliasMaximum(it) => ours.topic_alias_maximum = Some(it.val()),
            Property::ServerKeepAlive(it) => ours.server_keep_alive = Some(it.val()),
            Property::SessionExpiryInterval(it) => ours.session_expiry = Some(it.val()),
            Property::AssignedClientIdentifier(it) => ours.assigned_client_id = Some(it.val()),
            Property::ReasonString(it) => ours.reason_string = Some(it.val()),
            Property::ServerReference(it) => ours.server_reference = Some(it.val()),
            _ => {}
        }
    }
    ours
}

fn find<'p, T>(properties: &'p Properties, wanted: impl Fn(&'p Property) -> Option<T>) -> Option<T> {
    properties.iter().find_map(wanted)
}

fn reason_string(property: &Property) -> Option<&str> {
    match property {
        Property::ReasonString(text) => Some(text.val()),
        _ => None,
    }
}
