//! MQTT packets of a client, taken from the stream that the WebSocket frames carry.
//!
//! Framing is done here; what is in a packet is decoded by `mqtt-protocol-core`, which has nothing in common with the
//! codec of the device side.

use mqtt_protocol_core::mqtt::packet::v5_0;
use mqtt_protocol_core::mqtt::packet::{Properties, Property};
use std::fmt;
use std::sync::Arc;

/// A reason code of DISCONNECT and CONNACK.
pub(crate) mod reason {
    pub(crate) const NORMAL: u8 = 0x00;
    pub(crate) const MALFORMED: u8 = 0x81;
    pub(crate) const PROTOCOL_ERROR: u8 = 0x82;
    pub(crate) const CLIENT_ID: u8 = 0x85;
    pub(crate) const BAD_CREDENTIALS: u8 = 0x86;
    pub(crate) const NOT_AUTHORIZED: u8 = 0x87;
    pub(crate) const SHUTTING_DOWN: u8 = 0x8b;
    pub(crate) const KEEP_ALIVE: u8 = 0x8d;
    pub(crate) const TAKEN_OVER: u8 = 0x8e;
    pub(crate) const ALIAS: u8 = 0x94;
    pub(crate) const TOO_LARGE: u8 = 0x95;
}

/// A packet, as far as the broker looks into it.
#[derive(Debug)]
pub(crate) enum Packet {
    Connect(Box<Connect>),
    Subscribe { id: u16, properties: bool, filters: Vec<(String, u8)> },
    Publish(Publish),
    Puback { id: u16, len: usize },
    Pingreq,
    Disconnect { reason: u8, len: usize },
    Other(u8),
}

/// CONNECT.
#[derive(Debug)]
pub(crate) struct Connect {
    pub(crate) flags: u8,
    pub(crate) keep_alive: u16,
    pub(crate) receive_maximum: Option<u16>,
    pub(crate) maximum_packet_size: Option<u32>,
    pub(crate) topic_alias_maximum: Option<u16>,
    /// Whether there are properties besides these three.
    pub(crate) other_properties: bool,
    pub(crate) client_id: String,
    pub(crate) will: Option<Will>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Vec<u8>>,
}

/// The will of a CONNECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) properties: bool,
}

/// PUBLISH.
#[derive(Debug)]
pub(crate) struct Publish {
    /// The low half of the first byte: DUP, QoS, RETAIN.
    pub(crate) flags: u8,
    pub(crate) topic: String,
    pub(crate) id: Option<u16>,
    pub(crate) alias: Option<u16>,
    /// Whether there are properties besides the alias.
    pub(crate) other_properties: bool,
    pub(crate) payload: Vec<u8>,
}

impl Publish {
    pub(crate) fn qos(&self) -> u8 {
        self.flags >> 1 & 3
    }
}

/// Bytes that are no packet, with the reason code that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) reason: u8,
    pub(crate) what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

fn malformed(what: impl Into<String>) -> Malformed {
    Malformed { reason: reason::MALFORMED, what: what.into() }
}

/// Joins pieces of the stream into packets.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    buffer: Vec<u8>,
}

impl Stream {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next packet, once it is complete. After an error there is none.
    pub(crate) fn next(&mut self, limit: usize) -> Result<Option<Packet>, Malformed> {
        let Some((&first, rest)) = self.buffer.split_first() else { return Ok(None) };
        let Some((len, len_bytes)) = remaining_length(rest)? else { return Ok(None) };
        let size = 1 + len_bytes + len;
        if size > limit {
            return Err(Malformed { reason: reason::TOO_LARGE, what: format!("a packet of {size} bytes") });
        }
        if self.buffer.len() < size {
            return Ok(None);
        }
        let bytes: Vec<u8> = self.buffer.drain(..size).collect();
        decode(first, &bytes[1 + len_bytes..]).map(Some)
    }
}

fn remaining_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            // RFC-style variable numbers have one right length each.
            if at > 0 && *byte == 0 {
                return Err(malformed("a remaining length in more bytes than it needs"));
            }
            return Ok(Some((value, at + 1)));
        }
    }
    if bytes.len() >= 4 { Err(malformed("a remaining length of more than four bytes")) } else { Ok(None) }
}

fn decode(first: u8, body: &[u8]) -> Result<Packet, Malformed> {
    let (kind, flags) = (first >> 4, first & 0x0f);
    let wanted_flags = if kind == 8 { 2 } else { 0 };
    if kind != 3 && flags != wanted_flags {
        return Err(malformed(format!("first byte 0x{first:02x}")));
    }
    match kind {
        1 => connect(body).map(|connect| Packet::Connect(Box::new(connect))),
        3 => publish(flags, body).map(Packet::Publish),
        4 => puback(body),
        8 => subscribe(body),
        12 if body.is_empty() => Ok(Packet::Pingreq),
        14 => disconnect(body),
        _ => Ok(Packet::Other(first)),
    }
}

/// Whether a decoder used all of the body; the codec leaves that to its caller.
fn whole(used: usize, body: &[u8], name: &str) -> Result<(), Malformed> {
    if used == body.len() {
        Ok(())
    } else {
        Err(malformed(format!("{name} with {} bytes left over", body.len() - used)))
    }
}

fn connect(body: &[u8]) -> Result<Connect, Malformed> {
    let (packet, used) = v5_0::Connect::parse(body).map_err(|error| malformed(format!("CONNECT: {error}")))?;
    whole(used, body, "CONNECT")?;
    // The codec accepted at least the fixed part, so the flags are there.
    let flags = body.get(7).copied().unwrap_or_default();
    if flags & 1 != 0 || flags >> 3 & 3 == 3 {
        return Err(malformed(format!("CONNECT flags 0x{flags:02x}")));
    }
    let mut connect = Connect {
        flags,
        keep_alive: packet.keep_alive(),
        receive_maximum: None,
        maximum_packet_size: None,
        topic_alias_maximum: None,
        other_properties: false,
        client_id: packet.client_id().to_owned(),
        will: None,
        username: packet.user_name().map(str::to_owned),
        password: packet.password().map(<[u8]>::to_vec),
    };
    for property in packet.props() {
        match property {
            Property::ReceiveMaximum(value) => connect.receive_maximum = Some(value.val()),
            Property::MaximumPacketSize(value) => connect.maximum_packet_size = Some(value.val()),
            Property::TopicAliasMaximum(value) => connect.topic_alias_maximum = Some(value.val()),
            _ => connect.other_properties = true,
        }
    }
    if packet.will_flag() {
        connect.will = Some(Will {
            topic: packet.will_topic().unwrap_or_default().to_owned(),
            payload: packet.will_payload().unwrap_or_default().to_vec(),
            properties: !packet.will_props().is_empty(),
        });
    }
    Ok(connect)
}

fn publish(flags: u8, body: &[u8]) -> Result<Publish, Malformed> {
    if flags >> 1 & 3 == 3 {
        return Err(malformed("PUBLISH with QoS 3"));
    }
    let bytes: Arc<[u8]> = body.into();
    let (packet, _) = v5_0::Publish::parse(flags, bytes).map_err(|error| malformed(format!("PUBLISH: {error}")))?;
    let topic = packet.topic_name().to_owned();
    let header = 2 + topic.len() + if packet.packet_id().is_some() { 2 } else { 0 };
    if body.len() == header {
        return Err(malformed("PUBLISH without a property length"));
    }
    let (alias, other_properties) = alias(packet.props());
    Ok(Publish {
        flags,
        topic,
        id: packet.packet_id(),
        alias,
        other_properties,
        payload: packet.payload().as_slice().to_vec(),
    })
}

fn alias(properties: &Properties) -> (Option<u16>, bool) {
    let mut alias = None;
    let mut other = false;
    for property in properties {
        match property {
            Property::TopicAlias(value) => alias = Some(value.val()),
            _ => other = true,
        }
    }
    (alias, other)
}

fn subscribe(body: &[u8]) -> Result<Packet, Malformed> {
    let (packet, used) = v5_0::Subscribe::parse(body).map_err(|error| malformed(format!("SUBSCRIBE: {error}")))?;
    whole(used, body, "SUBSCRIBE")?;
    let filters = packet.entries().iter();
    let filters = filters.map(|entry| (entry.topic_filter().to_owned(), entry.sub_opts().to_buffer()[0])).collect();
    Ok(Packet::Subscribe { id: packet.packet_id(), properties: !packet.props().is_empty(), filters })
}

fn puback(body: &[u8]) -> Result<Packet, Malformed> {
    let (packet, used) = v5_0::Puback::parse(body).map_err(|error| malformed(format!("PUBACK: {error}")))?;
    whole(used, body, "PUBACK")?;
    Ok(Packet::Puback { id: packet.packet_id(), len: body.len() })
}

fn disconnect(body: &[u8]) -> Result<Packet, Malformed> {
    let (_, used) = v5_0::Disconnect::parse(body).map_err(|error| malformed(format!("DISCONNECT: {error}")))?;
    whole(used, body, "DISCONNECT")?;
    Ok(Packet::Disconnect { reason: body.first().copied().unwrap_or(reason::NORMAL), len: body.len() })
}

#[cfg(test)]
mod tests;
