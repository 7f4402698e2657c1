//! The packets of a client.
//!
//! What MQTT cannot express (a string over 65 535 bytes or with U+0000, a packet identifier or topic alias of zero, a
//! topic with wildcards) marks the writer full, like everything else that cannot be sent.

use super::{Qos, REMAINING_MAX, STRING_MAX, is_topic_name, varint_len};
use crate::wire::buffer::Writer;
use core::fmt;

const CONNECT: u8 = 0x10;
const PUBLISH: u8 = 0x30;
const PUBACK: u8 = 0x40;
const SUBSCRIBE: u8 = 0x82;
const PINGREQ: u8 = 0xc0;
const DISCONNECT: u8 = 0xe0;

/// Protocol name and version (3.1.2.1, 3.1.2.2).
const PROTOCOL: &[u8] = b"\x00\x04MQTT\x05";
const FLAG_CLEAN_START: u8 = 0x02;
const FLAG_WILL: u8 = 0x04;
const FLAG_PASSWORD: u8 = 0x40;
const FLAG_USERNAME: u8 = 0x80;

const RECEIVE_MAXIMUM: u8 = 0x21;
const TOPIC_ALIAS_MAXIMUM: u8 = 0x22;
const TOPIC_ALIAS: u8 = 0x23;
const MAXIMUM_PACKET_SIZE: u8 = 0x27;

/// CONNECT (3.1): clean start, with user name, password and a will that is not retained.
#[derive(Clone, Copy)]
pub struct Connect<'a> {
    /// The client identifier.
    pub client_id: &'a str,
    /// The user name.
    pub username: &'a str,
    /// The password; `Debug` does not print it.
    pub password: &'a [u8],
    /// Seconds after which a silent client counts as gone; 0 means never.
    pub keep_alive: u16,
    /// How many QoS 1 messages the server may have under way towards us; 65 535 if not said.
    pub receive_maximum: Option<u16>,
    /// The longest packet, in bytes, that we take; unlimited if not said.
    pub maximum_packet_size: Option<u32>,
    /// The highest topic alias that the server may use; none if not said.
    pub topic_alias_maximum: Option<u16>,
    /// Where the server publishes the will.
    pub will_topic: &'a str,
    /// What it publishes when we are gone without DISCONNECT.
    pub will_payload: &'a [u8],
    /// With which quality of service.
    pub will_qos: Qos,
}

impl Connect<'_> {
    /// Length of the whole packet in bytes.
    #[must_use]
    pub fn packet_len(&self) -> usize {
        packet_len(self.remaining_len())
    }

    /// Writes the packet.
    pub fn encode(&self, w: &mut Writer<'_>) {
        put_fixed_header(w, CONNECT, self.remaining_len());
        w.put(PROTOCOL);
        w.put_u8(FLAG_USERNAME | FLAG_PASSWORD | (self.will_qos as u8) << 3 | FLAG_WILL | FLAG_CLEAN_START);
        w.put_u16(self.keep_alive);
        put_varint(w, self.properties_len());
        if let Some(value) = self.receive_maximum {
            put_nonzero_u16(w, RECEIVE_MAXIMUM, value);
        }
        if let Some(value) = self.maximum_packet_size {
            w.put_u8(MAXIMUM_PACKET_SIZE);
            w.put(&value.to_be_bytes());
            refuse_if(w, value == 0);
        }
        if let Some(value) = self.topic_alias_maximum {
            w.put_u8(TOPIC_ALIAS_MAXIMUM);
            w.put_u16(value);
        }
        put_string(w, self.client_id);
        put_varint(w, 0);
        put_topic(w, self.will_topic);
        put_binary(w, self.will_payload);
        put_string(w, self.username);
        put_binary(w, self.password);
    }

    fn properties_len(&self) -> usize {
        let two = |value: Option<u16>| if value.is_some() { 3 } else { 0 };
        let four = if self.maximum_packet_size.is_some() { 5 } else { 0 };
        two(self.receive_maximum) + four + two(self.topic_alias_maximum)
    }

    fn remaining_len(&self) -> usize {
        let properties = self.properties_len();
        let head = PROTOCOL.len() + 3 + varint_len(properties) + properties;
        let texts = [self.client_id, self.username, self.will_topic].map(str::len);
        let binaries = [self.password, self.will_payload].map(<[u8]>::len);
        let payload = texts.iter().chain(&binaries).fold(1_usize, |sum, len| sum.saturating_add(len.saturating_add(2)));
        payload.saturating_add(head)
    }
}

impl fmt::Debug for Connect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .field("keep_alive", &self.keep_alive)
            .field("receive_maximum", &self.receive_maximum)
            .field("maximum_packet_size", &self.maximum_packet_size)
            .field("topic_alias_maximum", &self.topic_alias_maximum)
            .field("will_topic", &self.will_topic)
            .field("will_qos", &self.will_qos)
            .finish_non_exhaustive()
    }
}

/// SUBSCRIBE (3.8) to one topic filter.
#[derive(Debug, Clone, Copy)]
pub struct Subscribe<'a> {
    /// The packet identifier, not zero.
    pub id: u16,
    /// The topic filter; wildcards are fine.
    pub filter: &'a str,
    /// The subscription options (3.8.3.1); 0x09 is QoS 1 and retain as published (protocol.md 2.10).
    pub options: u8,
}

impl Subscribe<'_> {
    /// Length of the whole packet in bytes.
    #[must_use]
    pub fn packet_len(&self) -> usize {
        packet_len(self.remaining_len())
    }

    /// Writes the packet.
    pub fn encode(&self, w: &mut Writer<'_>) {
        put_fixed_header(w, SUBSCRIBE, self.remaining_len());
        put_id(w, self.id);
        put_varint(w, 0);
        refuse_if(w, self.filter.is_empty());
        put_string(w, self.filter);
        w.put_u8(self.options);
    }

    const fn remaining_len(&self) -> usize {
        self.filter.len().saturating_add(6)
    }
}

/// PUBLISH (3.3), neither repeated (DUP) nor retained.
#[derive(Debug, Clone, Copy)]
pub struct Publish<'a> {
    /// The topic name; may be empty if `alias` has been sent with a topic before.
    pub topic: &'a str,
    /// The topic alias (3.3.2.3.4), not zero: defined by this packet if `topic` is not empty.
    pub alias: Option<u16>,
    /// The packet identifier, not zero: QoS 1. `None`: QoS 0.
    pub id: Option<u16>,
    /// The message.
    pub payload: &'a [u8],
}

impl Publish<'_> {
    /// Length of the whole packet in bytes.
    #[must_use]
    pub fn packet_len(&self) -> usize {
        packet_len(self.remaining_len(self.payload.len()))
    }

    /// Length of everything before a payload of `payload_len` bytes, in bytes.
    #[must_use]
    pub fn header_len(&self, payload_len: usize) -> usize {
        packet_len(self.remaining_len(payload_len)).saturating_sub(payload_len)
    }

    /// Writes the packet.
    pub fn encode(&self, w: &mut Writer<'_>) {
        self.header(self.payload.len(), w);
        w.put(self.payload);
    }

    /// Writes everything before the payload, for a payload of `payload_len` bytes that is sent later in pieces; the
    /// field `payload` plays no part.
    pub fn header(&self, payload_len: usize, w: &mut Writer<'_>) {
        let qos = if self.id.is_some() { Qos::AtLeastOnce } else { Qos::AtMostOnce };
        put_fixed_header(w, PUBLISH | (qos as u8) << 1, self.remaining_len(payload_len));
        if self.topic.is_empty() && self.alias.is_some() {
            w.put_u16(0);
        } else {
            put_topic(w, self.topic);
        }
        if let Some(id) = self.id {
            put_id(w, id);
        }
        put_varint(w, self.properties_len());
        if let Some(alias) = self.alias {
            put_nonzero_u16(w, TOPIC_ALIAS, alias);
        }
    }

    const fn properties_len(&self) -> usize {
        if self.alias.is_some() { 3 } else { 0 }
    }

    const fn remaining_len(&self, payload_len: usize) -> usize {
        let id = if self.id.is_some() { 2 } else { 0 };
        self.topic.len().saturating_add(2 + id + 1 + self.properties_len()).saturating_add(payload_len)
    }
}

/// Writes PUBACK (3.4) with reason 0 for the message `id`: 4 bytes.
pub fn puback(id: u16, w: &mut Writer<'_>) {
    put_fixed_header(w, PUBACK, 2);
    put_id(w, id);
}

/// Writes PINGREQ (3.12): 2 bytes.
pub fn pingreq(w: &mut Writer<'_>) {
    put_fixed_header(w, PINGREQ, 0);
}

/// Writes DISCONNECT (3.14): 2 bytes for reason 0 (the will is not published), 3 for every other.
pub fn disconnect(reason: u8, w: &mut Writer<'_>) {
    if reason == 0 {
        put_fixed_header(w, DISCONNECT, 0);
    } else {
        put_fixed_header(w, DISCONNECT, 1);
        w.put_u8(reason);
    }
}

const fn packet_len(remaining: usize) -> usize {
    remaining.saturating_add(1 + varint_len(remaining))
}

fn put_fixed_header(w: &mut Writer<'_>, first: u8, remaining: usize) {
    w.put_u8(first);
    put_varint(w, remaining);
}

fn put_varint(w: &mut Writer<'_>, value: usize) {
    refuse_if(w, value > REMAINING_MAX);
    let mut rest = value;
    for more in (0..varint_len(value)).rev() {
        let low = (rest & 0x7f) as u8;
        w.put_u8(if more > 0 { low | 0x80 } else { low });
        rest >>= 7;
    }
}

fn put_binary(w: &mut Writer<'_>, bytes: &[u8]) {
    match u16::try_from(bytes.len()) {
        Ok(len) => w.put_u16(len),
        Err(_) => w.refuse(),
    }
    w.put(bytes);
}

fn put_string(w: &mut Writer<'_>, text: &str) {
    refuse_if(w, text.contains('\0'));
    put_binary(w, text.as_bytes());
}

fn put_topic(w: &mut Writer<'_>, topic: &str) {
    refuse_if(w, !is_topic_name(topic));
    put_binary(w, topic.as_bytes());
}

fn put_id(w: &mut Writer<'_>, id: u16) {
    refuse_if(w, id == 0);
    w.put_u16(id);
}

fn put_nonzero_u16(w: &mut Writer<'_>, property: u8, value: u16) {
    w.put_u8(property);
    put_id(w, value);
}

fn refuse_if(w: &mut Writer<'_>, condition: bool) {
    if condition {
        w.refuse();
    }
}

const _: () = assert!(STRING_MAX == u16::MAX as usize);
