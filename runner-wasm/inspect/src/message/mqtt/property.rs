//! Properties (2.2.2).

use super::varint_value;
use crate::field::{Fields, bytes, field, hex, text};
use crate::reader::Reader;

/// The form of a value.
#[derive(Clone, Copy)]
enum Form {
    Byte,
    Two,
    Four,
    Varint,
    Text,
    Binary,
    Pair,
}

/// Table 2-4: name, form, explanation.
const fn rule(id: u8) -> Option<(&'static str, Form, &'static str)> {
    Some(match id {
        0x01 => ("Payload Format Indicator", Form::Byte, "Whether the payload is text."),
        0x02 => ("Message Expiry Interval", Form::Four, "For how many seconds the message is of use."),
        0x03 => ("Content Type", Form::Text, "What the payload is."),
        0x08 => ("Response Topic", Form::Text, "Where to answer."),
        0x09 => ("Correlation Data", Form::Binary, "To be repeated in the answer."),
        0x0b => ("Subscription Identifier", Form::Varint, "Which subscription this is for."),
        0x11 => ("Session Expiry Interval", Form::Four, "For how many seconds the session outlives the connection."),
        0x12 => ("Assigned Client Identifier", Form::Text, "The broker's name for the session."),
        0x13 => ("Server Keep Alive", Form::Two, "The broker's wish for how many seconds may be silent."),
        0x15 => ("Authentication Method", Form::Text, "How to log in."),
        0x16 => ("Authentication Data", Form::Binary, "What to log in with."),
        0x17 => ("Request Problem Information", Form::Byte, "Whether reasons in words are welcome."),
        0x18 => ("Will Delay Interval", Form::Four, "How many seconds the broker waits before it publishes the will."),
        0x19 => ("Request Response Information", Form::Byte, "Whether the broker shall say where to answer."),
        0x1a => ("Response Information", Form::Text, "Where to answer."),
        0x1c => ("Server Reference", Form::Text, "Another broker to use."),
        0x1f => ("Reason String", Form::Text, "The reason in words."),
        0x21 => ("Receive Maximum", Form::Two, "How many messages may wait for their acknowledgement."),
        0x22 => ("Topic Alias Maximum", Form::Two, "How many topics may be shortened to a number."),
        0x23 => (
            "Topic Alias",
            Form::Two,
            "A number that stands for the topic from now on, so that it need not be sent again.",
        ),
        0x24 => ("Maximum QoS", Form::Byte, "How surely messages can be delivered at most."),
        0x25 => ("Retain Available", Form::Byte, "Whether the broker keeps the last message of a topic."),
        0x26 => ("User Property", Form::Pair, "Whatever the two agree on."),
        0x27 => ("Maximum Packet Size", Form::Four, "The longest packet the sender of this can take."),
        0x28 => ("Wildcard Subscription Available", Form::Byte, ""),
        0x29 => ("Subscription Identifiers Available", Form::Byte, ""),
        0x2a => ("Shared Subscription Available", Form::Byte, ""),
        _ => return None,
    })
}

/// Passes over the value of a property.
pub(super) fn skip(id: u8, reader: &mut Reader<'_>) -> Option<()> {
    value(rule(id)?.1, reader).map(|_| ())
}

fn value(form: Form, reader: &mut Reader<'_>) -> Option<String> {
    Some(match form {
        Form::Byte => reader.u8()?.to_string(),
        Form::Two => reader.u16()?.to_string(),
        Form::Four => reader.u32()?.to_string(),
        Form::Varint => varint_value(reader)?.to_string(),
        Form::Text => text(reader.block16()?.rest()),
        Form::Binary => hex(reader.block16()?.rest()),
        Form::Pair => format!("{}: {}", text(reader.block16()?.rest()), text(reader.block16()?.rest())),
    })
}

/// Explains the block of properties in front. Some packets may end before it.
pub(super) fn properties(fields: &mut Fields, reader: &mut Reader<'_>, name: &str) -> Option<()> {
    let at = reader.at();
    let len = varint_value(reader)?;
    let mut block = reader.part(usize::try_from(len).ok()?)?;
    let size = block.len();
    let mut inner = Fields::default();
    while !block.is_empty() && !inner.is_full() {
        let at = block.at();
        let id = block.u8()?;
        let Some((name, form, help)) = rule(id) else {
            inner.add(field(format!("unknown property 0x{id:02x}"), "", at..block.at()).wrong());
            break;
        };
        let value = value(form, &mut block)?;
        inner.add(field(name, value, at..block.at()).help(help).secret_if(id == 0x16));
    }
    let value = if size == 0 { "none".to_owned() } else { bytes(size) };
    fields.add(
        field(name, value, at..reader.at()).help("Additions to a packet, each with a number of its own.").with(inner),
    );
    Some(())
}
