//! Packets for people.

use super::property::properties;
use super::{Known, type_name, varint_value};
use crate::field::{Fields, bytes, field, layer, named, text};
use crate::message::aclk;
use crate::reader::Reader;
use crate::view::{Layer, Protocol};
use aclk_core::wire::mqtt::reason_name;
use core::ops::Range;

const HELP: &str = "MQTT passes messages through a broker: whoever has something to say publishes it to a topic, whoever \
                    wants to hear it subscribes to that topic.";

/// The layer of the packet, and those of the message in it.
pub(crate) fn layers(source: &[u8], range: Range<usize>, known: &Known) -> Vec<Layer> {
    let first = source.get(range.start).copied().unwrap_or_default();
    let mut payload = None;
    let title = format!("MQTT {}", type_name(first));
    let packet = layer(Protocol::Mqtt, title, source, range, HELP, |fields, reader| {
        fixed_header(fields, reader)?;
        match first >> 4 {
            1 => connect(fields, reader, source),
            2 => connack(fields, reader),
            3 => {
                publish(fields, reader, first, known)?;
                payload = Some(reader.at()..reader.end());
                let (at, len) = (reader.at(), reader.len());
                reader.take(len)?;
                fields.add(field("Payload", bytes(len), at..reader.at()).help("The message itself."));
                Some(())
            }
            4..=7 => acknowledgement(fields, reader, known),
            8 => subscribe(fields, reader),
            9 | 11 => suback(fields, reader, known),
            10 => unsubscribe(fields, reader),
            14 | 15 => disconnect(fields, reader),
            _ => Some(()),
        }
    });
    let mut layers = vec![packet];
    if let Some(range) = payload {
        layers.extend(aclk::layers(known.topic.as_deref(), source, range));
    }
    layers
}

fn fixed_header(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    let at = reader.at();
    let first = reader.u8()?;
    let kind = named(Some(type_name(first)), first >> 4);
    let mut parts = Fields::default();
    if first >> 4 == 3 {
        parts.add(field("QoS", qos_words(first >> 1 & 3), at..reader.at()).help("How surely the message arrives."));
        let again = if first & 8 == 0 { "no" } else { "yes" };
        parts.add(field("Sent again", again, at..reader.at()));
        let retained = if first & 1 == 0 { "no" } else { "yes" };
        parts
            .add(field("Retained", retained, at..reader.at()).help("Whether the broker keeps it for who comes later."));
    }
    fields.add(field("Packet", kind, at..reader.at()).help(type_help(first)).with(parts));
    let at = reader.at();
    let len = varint_value(reader)?;
    fields.add(field("Length", format!("{len} bytes follow"), at..reader.at()));
    Some(())
}

fn connect(fields: &mut Fields, reader: &mut Reader<'_>, source: &[u8]) -> Option<()> {
    let block = reader.block16()?;
    fields.add(field("Protocol name", text(block.rest()), block.at()..block.end()));
    let at = reader.at();
    let version = reader.u8()?;
    let name = match version {
        4 => Some("MQTT 3.1.1"),
        5 => Some("MQTT 5"),
        _ => None,
    };
    fields.add(field("Version", named(name, version), at..reader.at()).wrong_if(version != 5));
    let at = reader.at();
    let flags = reader.u8()?;
    let mut words = Vec::new();
    for (bit, word) in
        [(0x80, "user name"), (0x40, "password"), (0x20, "retained will"), (0x04, "will"), (0x02, "clean start")]
    {
        if flags & bit != 0 {
            words.push(word.to_owned());
        }
    }
    if flags & 4 != 0 {
        words.push(format!("will with QoS {}", flags >> 3 & 3));
    }
    fields.add(
        field("Flags", words.join(", "), at..reader.at())
            .help("What follows, and whether an old session is forgotten."),
    );
    let at = reader.at();
    let keep_alive = reader.u16()?;
    fields.add(field("Keep alive", format!("{keep_alive} s"), at..reader.at()).help(
        "The client says something at least this often. If it does not, the broker ends the connection and publishes the will.",
    ));
    if version == 5 {
        properties(fields, reader, "Properties")?;
    }
    let block = reader.block16()?;
    fields.add(field("Client id", text(block.rest()), block.at()..block.end()).help("The name of the session."));
    if flags & 4 != 0 {
        will(fields, reader, source, version)?;
    }
    if flags & 0x80 != 0 {
        let block = reader.block16()?;
        fields.add(field("User name", text(block.rest()), block.at()..block.end()));
    }
    if flags & 0x40 != 0 {
        let block = reader.block16()?;
        let shown = field("Password", text(block.rest()), block.at()..block.end()).secret();
        fields.add(shown.help("What the Cloud handed out a moment ago, for this connection only."));
    }
    Some(())
}

fn will(fields: &mut Fields, reader: &mut Reader<'_>, source: &[u8], version: u8) -> Option<()> {
    if version == 5 {
        properties(fields, reader, "Will properties")?;
    }
    let block = reader.block16()?;
    let topic = text(block.rest());
    fields.add(field("Will topic", topic.as_str(), block.at()..block.end()).help(
        "If the connection breaks without a goodbye, the broker publishes the will there, so that the Cloud learns of it.",
    ));
    let block = reader.block16()?;
    let range = block.at()..block.end();
    let (value, parts) = aclk::message_fields(&topic, source, range.clone());
    fields.add(field("Will message", value, range).with(parts));
    Some(())
}

fn connack(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    let at = reader.at();
    let flags = reader.u8()?;
    let value = if flags & 1 == 0 { "new" } else { "continued" };
    fields.add(field("Session", value, at..reader.at()));
    reason(fields, reader, "accepted")?;
    if reader.is_empty() { Some(()) } else { properties(fields, reader, "Properties") }
}

fn publish(fields: &mut Fields, reader: &mut Reader<'_>, first: u8, known: &Known) -> Option<()> {
    let block = reader.block16()?;
    let value = match (&known.topic, block.is_empty()) {
        (Some(topic), true) => format!("{topic} (by its alias)"),
        (None, true) => "an alias that was not seen being given".to_owned(),
        (_, false) => text(block.rest()),
    };
    fields.add(
        field("Topic", value, block.at()..block.end())
            .help("What the message is about; by it messages find their readers."),
    );
    if first & 6 != 0 {
        packet_id(fields, reader)?;
    }
    properties(fields, reader, "Properties")
}

fn packet_id(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    let at = reader.at();
    let id = reader.u16()?;
    fields.add(field("Packet id", id.to_string(), at..reader.at()).help("The acknowledgement repeats it."));
    Some(())
}

fn acknowledgement(fields: &mut Fields, reader: &mut Reader<'_>, known: &Known) -> Option<()> {
    packet_id(fields, reader)?;
    about(fields, reader, known);
    if !reader.is_empty() {
        reason(fields, reader, "success")?;
    }
    if reader.is_empty() { Some(()) } else { properties(fields, reader, "Properties") }
}

/// What was acknowledged; that is known from an earlier packet.
fn about(fields: &mut Fields, reader: &Reader<'_>, known: &Known) {
    if let Some(about) = &known.about {
        fields.add(field("Acknowledges", about.as_str(), reader.at()..reader.at()));
    }
}

fn subscribe(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    packet_id(fields, reader)?;
    properties(fields, reader, "Properties")?;
    while !reader.is_empty() && !fields.is_full() {
        let block = reader.block16()?;
        fields.add(
            field("Topic filter", text(block.rest()), block.at()..block.end())
                .help("Which topics to hear. + stands for one part of a topic, # for all that follow."),
        );
        let at = reader.at();
        let options = reader.u8()?;
        let mut value = format!("QoS {} at most", options & 3);
        for (bit, word) in [(4, "not what we publish ourselves"), (8, "retained as published")] {
            if options & bit != 0 {
                value.push_str(", ");
                value.push_str(word);
            }
        }
        fields.add(field("Options", value, at..reader.at()));
    }
    Some(())
}

fn unsubscribe(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    packet_id(fields, reader)?;
    properties(fields, reader, "Properties")?;
    while !reader.is_empty() && !fields.is_full() {
        let block = reader.block16()?;
        fields.add(field("Topic filter", text(block.rest()), block.at()..block.end()));
    }
    Some(())
}

fn suback(fields: &mut Fields, reader: &mut Reader<'_>, known: &Known) -> Option<()> {
    packet_id(fields, reader)?;
    about(fields, reader, known);
    properties(fields, reader, "Properties")?;
    while !reader.is_empty() && !fields.is_full() {
        reason(fields, reader, "granted QoS 0")?;
    }
    Some(())
}

fn disconnect(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    if reader.is_empty() {
        fields.add(field("Reason", "normal", reader.at()..reader.at()));
        return Some(());
    }
    reason(fields, reader, "normal")?;
    if reader.is_empty() { Some(()) } else { properties(fields, reader, "Properties") }
}

fn reason(fields: &mut Fields, reader: &mut Reader<'_>, zero: &str) -> Option<()> {
    let at = reader.at();
    let code = reader.u8()?;
    let name = if code == 0 { zero } else { reason_name(code) };
    fields.add(field("Reason", format!("{name} (0x{code:02x})"), at..reader.at()).help("0x80 and above are failures."));
    Some(())
}

fn qos_words(qos: u8) -> &'static str {
    match qos {
        0 => "0, perhaps",
        1 => "1, acknowledged",
        2 => "2, exactly once",
        _ => "3, which does not exist",
    }
}

const fn type_help(first: u8) -> &'static str {
    match first >> 4 {
        1 => "The client introduces itself.",
        2 => "The broker lets the client in, or not.",
        3 => "A message.",
        4 => "The message with this packet id has arrived.",
        8 => "The client wants to hear what is published to these topics.",
        9 => "The broker's answer to each of them.",
        12 => "Are you still there?",
        13 => "Yes.",
        14 => "Goodbye.",
        _ => "",
    }
}
