//! What an MQTT session remembers: topic aliases, and what was sent under which packet id.

use super::{Known, type_name, varint_value};
use crate::message::aclk;
use crate::reader::Reader;
use crate::stream::{Both, Side};
use aclk_core::wire::mqtt::reason_name;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Aliases, and packet ids, that are remembered for each side.
const REMEMBERED: usize = 256;
/// Bytes of a topic that are remembered.
const TOPIC: usize = 1024;

const TOPIC_ALIAS: u8 = 0x23;

/// One session, seen from outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    aliases: Both<BTreeMap<u16, Arc<str>>>,
    /// What waits for an acknowledgement, by whoever sent it.
    open: Both<BTreeMap<u16, String>>,
}

impl Session {
    /// Bytes of what is remembered.
    pub(crate) fn held(&self) -> usize {
        let aliases = [&self.aliases.client, &self.aliases.server];
        let open = [&self.open.client, &self.open.server];
        let topics: usize = aliases.iter().flat_map(|aliases| aliases.values()).map(|topic| topic.len()).sum();
        let lines: usize = open.iter().flat_map(|open| open.values()).map(String::len).sum();
        topics.saturating_add(lines)
    }

    /// Looks at the next packet of a side. Yields a line about it, and what its layers need to know.
    pub(crate) fn packet(&mut self, side: Side, packet: &[u8]) -> (String, Known) {
        let first = packet.first().copied().unwrap_or_default();
        let name = type_name(first);
        let mut reader = Reader::new(packet, 1..packet.len());
        let told = varint_value(&mut reader).and_then(|_| match first >> 4 {
            3 => self.publish(side, first, &mut reader),
            8 | 10 => self.subscribe(side, name, &mut reader),
            4 | 9 | 11 => self.acknowledgement(side, name, &mut reader),
            1 => connect(&mut reader),
            2 => connack(&mut reader),
            14 => Some((disconnect(&reader), Known::default())),
            _ => None,
        });
        told.unwrap_or_else(|| (name.to_owned(), Known::default()))
    }

    fn publish(&mut self, side: Side, first: u8, reader: &mut Reader<'_>) -> Option<(String, Known)> {
        let topic = reader.block16()?;
        let id = if first & 6 == 0 { None } else { Some(reader.u16()?) };
        let len = varint_value(reader)?;
        let alias = alias(reader.part(usize::try_from(len).ok()?)?);
        let aliases = self.aliases.of_mut(side);
        let topic: Option<Arc<str>> = if topic.is_empty() {
            alias.and_then(|alias| aliases.get(&alias).cloned())
        } else {
            let text = crate::field::text(topic.rest().get(..TOPIC).unwrap_or_else(|| topic.rest()));
            let topic: Arc<str> = text.into();
            if let Some(alias) = alias.filter(|alias| aliases.len() < REMEMBERED || aliases.contains_key(alias)) {
                aliases.insert(alias, topic.clone());
            }
            Some(topic)
        };
        let what = aclk::headline(topic.as_deref(), side, reader.rest());
        let has_message = what.is_some();
        let line = what.unwrap_or_else(|| format!("PUBLISH to {}", topic.as_deref().unwrap_or("an unknown topic")));
        if let Some(id) = id {
            self.remember(side, id, line.clone());
        }
        Some((line, Known { topic, about: None, has_message }))
    }

    fn subscribe(&mut self, side: Side, name: &str, reader: &mut Reader<'_>) -> Option<(String, Known)> {
        let id = reader.u16()?;
        let len = varint_value(reader)?;
        reader.take(usize::try_from(len).ok()?)?;
        let mut topics = Vec::new();
        while let Some(topic) = reader.block16().filter(|_| topics.len() < 8) {
            topics.push(crate::field::text(topic.rest()));
            if name == "SUBSCRIBE" {
                reader.u8();
            }
        }
        let line = format!("{name} {}", topics.join(", "));
        self.remember(side, id, line.clone());
        Some((line, Known::default()))
    }

    fn acknowledgement(&mut self, side: Side, name: &str, reader: &mut Reader<'_>) -> Option<(String, Known)> {
        let id = reader.u16()?;
        let other = if side == Side::Client { Side::Server } else { Side::Client };
        let about = self.open.of_mut(other).remove(&id);
        let line = match &about {
            Some(about) => format!("{name} for {about}"),
            None => format!("{name} for number {id}, which was not seen"),
        };
        Some((line, Known { about, ..Known::default() }))
    }

    fn remember(&mut self, side: Side, id: u16, mut line: String) {
        let open = self.open.of_mut(side);
        if open.len() >= REMEMBERED {
            open.pop_first();
        }
        crate::field::shorten(&mut line, 200);
        open.insert(id, line);
    }
}

/// The alias among the properties of a PUBLISH, if there is one.
fn alias(mut properties: Reader<'_>) -> Option<u16> {
    while let Some(id) = properties.u8() {
        if id == TOPIC_ALIAS {
            return properties.u16();
        }
        super::property::skip(id, &mut properties)?;
    }
    None
}

fn connect(reader: &mut Reader<'_>) -> Option<(String, Known)> {
    reader.block16()?;
    let version = reader.u8()?;
    reader.take(3)?;
    if version == 5 {
        let len = varint_value(reader)?;
        reader.take(usize::try_from(len).ok()?)?;
    }
    let client = crate::field::text(reader.block16()?.rest());
    Some((format!("CONNECT as {client}"), Known::default()))
}

fn connack(reader: &mut Reader<'_>) -> Option<(String, Known)> {
    reader.u8()?;
    let reason = reader.u8()?;
    let verdict = if reason == 0 { "accepted" } else { reason_name(reason) };
    Some((format!("CONNACK: {verdict}"), Known::default()))
}

/// Without a reason it is a normal one (3.14.2.1).
fn disconnect(reader: &Reader<'_>) -> String {
    let reason = reader.rest().first().copied().unwrap_or(0);
    let name = if reason == 0 { "normal" } else { reason_name(reason) };
    format!("DISCONNECT: {name}")
}
