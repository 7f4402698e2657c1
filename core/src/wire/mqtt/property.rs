//! The properties of the packets a server sends (2.2.2).

use super::reader::Reader;
use super::{MqttError, is_topic_name};

pub(super) const SESSION_EXPIRY_INTERVAL: u8 = 0x11;
pub(super) const ASSIGNED_CLIENT_ID: u8 = 0x12;
pub(super) const SERVER_KEEP_ALIVE: u8 = 0x13;
pub(super) const SERVER_REFERENCE: u8 = 0x1c;
pub(super) const REASON_STRING: u8 = 0x1f;
pub(super) const RECEIVE_MAXIMUM: u8 = 0x21;
pub(super) const TOPIC_ALIAS_MAXIMUM: u8 = 0x22;
pub(super) const TOPIC_ALIAS: u8 = 0x23;
pub(super) const MAXIMUM_QOS: u8 = 0x24;
pub(super) const MAXIMUM_PACKET_SIZE: u8 = 0x27;

const PAYLOAD_FORMAT_INDICATOR: u8 = 0x01;
const MESSAGE_EXPIRY_INTERVAL: u8 = 0x02;
const CONTENT_TYPE: u8 = 0x03;
const RESPONSE_TOPIC: u8 = 0x08;
const CORRELATION_DATA: u8 = 0x09;
const SUBSCRIPTION_ID: u8 = 0x0b;
const AUTHENTICATION_METHOD: u8 = 0x15;
const AUTHENTICATION_DATA: u8 = 0x16;
const REQUEST_PROBLEM_INFORMATION: u8 = 0x17;
const WILL_DELAY_INTERVAL: u8 = 0x18;
const REQUEST_RESPONSE_INFORMATION: u8 = 0x19;
const RESPONSE_INFORMATION: u8 = 0x1a;
const RETAIN_AVAILABLE: u8 = 0x25;
const USER_PROPERTY: u8 = 0x26;
const WILDCARD_SUBSCRIPTION_AVAILABLE: u8 = 0x28;
const SUBSCRIPTION_IDS_AVAILABLE: u8 = 0x29;
const SHARED_SUBSCRIPTION_AVAILABLE: u8 = 0x2a;

/// The packets that carry properties towards a client, as bits.
pub(super) const CONNACK: u8 = 1;
pub(super) const PUBLISH: u8 = 2;
pub(super) const PUBACK: u8 = 4;
pub(super) const SUBACK: u8 = 8;
pub(super) const DISCONNECT: u8 = 16;
const REASONED: u8 = CONNACK | PUBACK | SUBACK | DISCONNECT;
const ALL: u8 = REASONED | PUBLISH;
/// Only a client may send it.
const NONE: u8 = 0;

/// The value of a property.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Byte(u8),
    Two(u16),
    Four(u32),
    Text(&'a str),
    /// Binary data, a pair of strings: read, and of no use here.
    Other,
}

/// The form of a value, with its range where that is narrower than the form.
#[derive(Debug, Clone, Copy)]
enum Form {
    Switch,
    Two,
    TwoNonzero,
    Four,
    FourNonzero,
    VarintNonzero,
    Text,
    Topic,
    Binary,
    Pair,
}

/// The properties of one packet, checked one by one.
#[derive(Debug)]
pub(super) struct Properties<'a> {
    block: Reader<'a>,
    packet: u8,
    /// A bit for each identifier that was there.
    seen: u64,
}

impl<'a> Properties<'a> {
    /// The block at the front of `reader`, in a packet given as one of the bits above.
    pub(super) fn read(reader: &mut Reader<'a>, packet: u8) -> Result<Self, MqttError> {
        Ok(Self { block: reader.block()?, packet, seen: 0 })
    }

    /// The next property; `None` behind the last one.
    pub(super) fn next(&mut self) -> Result<Option<(u8, Value<'a>)>, MqttError> {
        if self.block.is_empty() {
            return Ok(None);
        }
        let id = self.block.varint()?;
        let unknown = MqttError::UnknownProperty { id };
        let id = u8::try_from(id).map_err(|_| unknown)?;
        let (form, packets) = rule(id).ok_or(unknown)?;
        if packets & self.packet == 0 {
            return Err(MqttError::PropertyMisplaced { id, packet: self.block.packet() });
        }
        // Identifiers with a rule are below 64.
        let bit = 1_u64.checked_shl(u32::from(id)).unwrap_or_default();
        if self.seen & bit != 0 && id != USER_PROPERTY && id != SUBSCRIPTION_ID {
            return Err(MqttError::PropertyTwice { id });
        }
        self.seen |= bit;
        value(form, &mut self.block)?.map(|value| Some((id, value))).ok_or(MqttError::PropertyValue { id })
    }

    /// Checks all of them, for a packet whose properties do not matter.
    pub(super) fn skip(mut self) -> Result<(), MqttError> {
        while self.next()?.is_some() {}
        Ok(())
    }
}

/// Table 2-4 of the specification, as far as a server may send it.
const fn rule(id: u8) -> Option<(Form, u8)> {
    Some(match id {
        PAYLOAD_FORMAT_INDICATOR => (Form::Switch, PUBLISH),
        MESSAGE_EXPIRY_INTERVAL => (Form::Four, PUBLISH),
        CONTENT_TYPE => (Form::Text, PUBLISH),
        RESPONSE_TOPIC => (Form::Topic, PUBLISH),
        CORRELATION_DATA => (Form::Binary, PUBLISH),
        SUBSCRIPTION_ID => (Form::VarintNonzero, PUBLISH),
        SESSION_EXPIRY_INTERVAL => (Form::Four, CONNACK),
        ASSIGNED_CLIENT_ID => (Form::Text, CONNACK),
        SERVER_KEEP_ALIVE => (Form::Two, CONNACK),
        AUTHENTICATION_METHOD => (Form::Text, CONNACK),
        AUTHENTICATION_DATA => (Form::Binary, CONNACK),
        REQUEST_PROBLEM_INFORMATION => (Form::Switch, NONE),
        WILL_DELAY_INTERVAL => (Form::Four, NONE),
        REQUEST_RESPONSE_INFORMATION => (Form::Switch, NONE),
        RESPONSE_INFORMATION => (Form::Text, CONNACK),
        SERVER_REFERENCE => (Form::Text, CONNACK | DISCONNECT),
        REASON_STRING => (Form::Text, REASONED),
        RECEIVE_MAXIMUM => (Form::TwoNonzero, CONNACK),
        TOPIC_ALIAS_MAXIMUM => (Form::Two, CONNACK),
        TOPIC_ALIAS => (Form::TwoNonzero, PUBLISH),
        MAXIMUM_QOS => (Form::Switch, CONNACK),
        RETAIN_AVAILABLE => (Form::Switch, CONNACK),
        USER_PROPERTY => (Form::Pair, ALL),
        MAXIMUM_PACKET_SIZE => (Form::FourNonzero, CONNACK),
        WILDCARD_SUBSCRIPTION_AVAILABLE => (Form::Switch, CONNACK),
        SUBSCRIPTION_IDS_AVAILABLE => (Form::Switch, CONNACK),
        SHARED_SUBSCRIPTION_AVAILABLE => (Form::Switch, CONNACK),
        _ => return None,
    })
}

/// Reads a value; `None` if it is out of its range.
fn value<'a>(form: Form, block: &mut Reader<'a>) -> Result<Option<Value<'a>>, MqttError> {
    Ok(match form {
        Form::Switch => Some(block.byte()?).filter(|value| *value <= 1).map(Value::Byte),
        Form::Two => Some(Value::Two(block.two()?)),
        Form::TwoNonzero => Some(block.two()?).filter(|value| *value != 0).map(Value::Two),
        Form::Four => Some(Value::Four(block.four()?)),
        Form::FourNonzero => Some(block.four()?).filter(|value| *value != 0).map(Value::Four),
        Form::VarintNonzero => Some(block.varint()?).filter(|value| *value != 0).map(|_| Value::Other),
        Form::Text => Some(Value::Text(block.text()?)),
        Form::Topic => Some(block.text()?).filter(|topic| is_topic_name(topic)).map(Value::Text),
        Form::Binary => block.binary().map(|_| Some(Value::Other))?,
        Form::Pair => block.text().and_then(|_| block.text()).map(|_| Some(Value::Other))?,
    })
}
