//! The packets of a server.

use super::MqttError;
use super::property::{self, Properties, Value};
use super::reader::Reader;

const TYPE_CONNACK: u8 = 2;
const TYPE_PUBLISH: u8 = 3;
const TYPE_PUBACK: u8 = 4;
const TYPE_SUBACK: u8 = 9;
const TYPE_PINGRESP: u8 = 13;
const TYPE_DISCONNECT: u8 = 14;

const FLAG_RETAIN: u8 = 0x1;
const FLAG_DUP: u8 = 0x8;

/// A packet with its meaning checked. What a reason code says is up to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The answer to CONNECT (3.2).
    Connack {
        /// Whether the server continues a session; never together with a reason other than 0.
        session_present: bool,
        /// The reason code; see [`reason_name`](super::reason_name).
        reason: u8,
        /// What the server demands and offers.
        properties: ConnackProperties<'a>,
    },
    /// The answer to SUBSCRIBE (3.9), which has one filter here.
    Suback {
        /// The packet identifier of the SUBSCRIBE.
        id: u16,
        /// The granted QoS, or why not.
        reason: u8,
    },
    /// The answer to PUBLISH with QoS 1 (3.4).
    Puback {
        /// The packet identifier of the PUBLISH.
        id: u16,
        /// The reason code; 0 if the server left it out.
        reason: u8,
    },
    /// A message (3.3).
    Publish {
        /// The topic name; empty if an alias stands for it.
        topic: &'a str,
        /// The topic alias, never zero; defines it if `topic` is not empty.
        alias: Option<u16>,
        /// 0 or 1.
        qos: u8,
        /// The packet identifier to acknowledge: there if and only if `qos` is 1.
        id: Option<u16>,
        /// Whether this may have been sent before.
        dup: bool,
        /// Whether the server kept this message.
        retain: bool,
        /// The message.
        payload: &'a [u8],
    },
    /// The answer to PINGREQ (3.13).
    Pingresp,
    /// The server ends the session (3.14).
    Disconnect {
        /// Why.
        reason: u8,
        /// What it says about it.
        reason_string: Option<&'a str>,
    },
}

/// What a server says in CONNACK (3.2.2.3). `None`: not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnackProperties<'a> {
    /// How many QoS 1 messages we may have under way, never zero; 65 535 if not there.
    pub receive_maximum: Option<u16>,
    /// 0 or 1: the highest QoS we may publish with; 2 if not there.
    pub maximum_qos: Option<u8>,
    /// The longest packet the server takes, in bytes, never zero.
    pub maximum_packet_size: Option<u32>,
    /// The highest topic alias we may use; none if not there.
    pub topic_alias_maximum: Option<u16>,
    /// The keep alive to use instead of ours, in seconds.
    pub server_keep_alive: Option<u16>,
    /// Seconds the session outlives the connection.
    pub session_expiry: Option<u32>,
    /// The client identifier the server chose.
    pub assigned_client_id: Option<&'a str>,
    /// What the server says about the reason.
    pub reason_string: Option<&'a str>,
    /// Another server to use.
    pub server_reference: Option<&'a str>,
}

impl<'a> Packet<'a> {
    /// Reads one whole packet, as a [`Framer`](super::Framer) delivers it.
    ///
    /// # Errors
    /// [`MqttError`] for everything the specification forbids, and for packets that have no place in a session of a
    /// client that never uses QoS 2, UNSUBSCRIBE or enhanced authentication.
    #[inline(never)]
    pub fn parse(packet: &'a [u8]) -> Result<Self, MqttError> {
        let (&first, behind) = packet.split_first().ok_or(MqttError::Length)?;
        let (kind, flags) = (first >> 4, first & 0x0f);
        let name = type_name(kind);
        if !matches!(kind, TYPE_CONNACK | TYPE_PUBLISH | TYPE_PUBACK | TYPE_SUBACK | TYPE_PINGRESP | TYPE_DISCONNECT) {
            return Err(MqttError::Unexpected { packet: name });
        }
        if flags != 0 && kind != TYPE_PUBLISH {
            return Err(MqttError::Flags { packet: name });
        }
        let mut rest = Reader::new(behind, name);
        let body = rest.block()?;
        rest.end()?;
        match kind {
            TYPE_CONNACK => connack(body),
            TYPE_PUBLISH => publish(flags, body),
            TYPE_PUBACK => puback(body),
            TYPE_SUBACK => suback(body),
            TYPE_PINGRESP => body.end().map(|()| Packet::Pingresp),
            _ => disconnect(body),
        }
    }
}

const fn type_name(kind: u8) -> &'static str {
    match kind {
        1 => "CONNECT",
        TYPE_CONNACK => "CONNACK",
        TYPE_PUBLISH => "PUBLISH",
        TYPE_PUBACK => "PUBACK",
        5 => "PUBREC",
        6 => "PUBREL",
        7 => "PUBCOMP",
        8 => "SUBSCRIBE",
        TYPE_SUBACK => "SUBACK",
        10 => "UNSUBSCRIBE",
        11 => "UNSUBACK",
        12 => "PINGREQ",
        TYPE_PINGRESP => "PINGRESP",
        TYPE_DISCONNECT => "DISCONNECT",
        15 => "AUTH",
        _ => "a packet of the reserved type 0",
    }
}

#[inline(never)]
fn connack(mut body: Reader<'_>) -> Result<Packet<'_>, MqttError> {
    let flags = body.byte()?;
    if flags > 1 {
        return Err(MqttError::Flags { packet: body.packet() });
    }
    let (session_present, reason) = (flags == 1, body.byte()?);
    if session_present && reason != 0 {
        return Err(MqttError::SessionPresent);
    }
    let mut properties = ConnackProperties::default();
    let mut found = Properties::read(&mut body, property::CONNACK)?;
    while let Some(property) = found.next()? {
        match property {
            (property::RECEIVE_MAXIMUM, Value::Two(value)) => properties.receive_maximum = Some(value),
            (property::MAXIMUM_QOS, Value::Byte(value)) => properties.maximum_qos = Some(value),
            (property::MAXIMUM_PACKET_SIZE, Value::Four(value)) => properties.maximum_packet_size = Some(value),
            (property::TOPIC_ALIAS_MAXIMUM, Value::Two(value)) => properties.topic_alias_maximum = Some(value),
            (property::SERVER_KEEP_ALIVE, Value::Two(value)) => properties.server_keep_alive = Some(value),
            (property::SESSION_EXPIRY_INTERVAL, Value::Four(value)) => properties.session_expiry = Some(value),
            (property::ASSIGNED_CLIENT_ID, Value::Text(text)) => properties.assigned_client_id = Some(text),
            (property::REASON_STRING, Value::Text(text)) => properties.reason_string = Some(text),
            (property::SERVER_REFERENCE, Value::Text(text)) => properties.server_reference = Some(text),
            _ => {}
        }
    }
    body.end()?;
    Ok(Packet::Connack { session_present, reason, properties })
}

fn suback(mut body: Reader<'_>) -> Result<Packet<'_>, MqttError> {
    let id = body.id()?;
    Properties::read(&mut body, property::SUBACK)?.skip()?;
    match body.rest() {
        [reason] => Ok(Packet::Suback { id, reason: *reason }),
        reasons => Err(MqttError::SubackReasons { count: reasons.len() }),
    }
}

fn puback(mut body: Reader<'_>) -> Result<Packet<'_>, MqttError> {
    let id = body.id()?;
    // Without a reason it is 0, and without a length there are no properties (3.4.2).
    let reason = if body.is_empty() { 0 } else { body.byte()? };
    if !body.is_empty() {
        Properties::read(&mut body, property::PUBACK)?.skip()?;
    }
    body.end()?;
    Ok(Packet::Puback { id, reason })
}

#[inline(never)]
fn publish(flags: u8, mut body: Reader<'_>) -> Result<Packet<'_>, MqttError> {
    let (dup, qos, retain) = (flags & FLAG_DUP != 0, flags >> 1 & 0x3, flags & FLAG_RETAIN != 0);
    match (qos, dup) {
        (0, false) | (1, _) => {}
        (2, _) => return Err(MqttError::Qos2),
        _ => return Err(MqttError::Qos),
    }
    let topic = body.text()?;
    if topic.contains(['+', '#']) {
        return Err(MqttError::Topic);
    }
    let id = if qos == 1 { Some(body.id()?) } else { None };
    let mut alias = None;
    let mut found = Properties::read(&mut body, property::PUBLISH)?;
    while let Some(property) = found.next()? {
        if let (property::TOPIC_ALIAS, Value::Two(value)) = property {
            alias = Some(value);
        }
    }
    if topic.is_empty() && alias.is_none() {
        return Err(MqttError::NoTopic);
    }
    Ok(Packet::Publish { topic, alias, qos, id, dup, retain, payload: body.rest() })
}

fn disconnect(mut body: Reader<'_>) -> Result<Packet<'_>, MqttError> {
    // As in PUBACK, what is missing at the end is 0 or empty (3.14.2).
    let reason = if body.is_empty() { 0 } else { body.byte()? };
    let mut reason_string = None;
    if !body.is_empty() {
        let mut found = Properties::read(&mut body, property::DISCONNECT)?;
        while let Some(property) = found.next()? {
            if let (property::REASON_STRING, Value::Text(text)) = property {
                reason_string = Some(text);
            }
        }
    }
    body.end()?;
    Ok(Packet::Disconnect { reason, reason_string })
}
