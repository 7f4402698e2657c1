//! Protobuf: numbered fields, with the names of our schema where it has one.

use super::schema::{Entry, Kind, Message};
use crate::field::{Fields, bytes, field, short_hex, text};
use crate::reader::Reader;
use crate::time::date_words;
use crate::view::Field;
use core::ops::Range;

/// How deep messages may be nested.
const DEPTH: usize = 6;
/// Fields of a message that are shown, those of nested messages included.
const SHOWN: usize = 2000;

/// The value of a field as it is on the wire.
enum Wire<'a> {
    Varint(u64),
    Eight([u8; 8]),
    Four([u8; 4]),
    Bytes(Reader<'a>),
}

/// Explains a message.
pub(crate) fn explain(fields: &mut Fields, reader: &mut Reader<'_>, schema: Option<&Message>) -> Option<()> {
    let all = reader.clone();
    nested(fields, reader, schema, DEPTH, &mut { SHOWN })?;
    let entries = schema.map_or(&[][..], |schema| schema.fields);
    for entry in entries.iter().filter(|entry| matches!(entry.kind, Kind::Bool)) {
        if peek(&all, entry.number).0.is_none() {
            let end = all.end();
            fields.add(field(entry.name, "no, as it is absent", end..end).help(entry.help));
        }
    }
    Some(())
}

fn nested(
    fields: &mut Fields,
    reader: &mut Reader<'_>,
    schema: Option<&Message>,
    depth: usize,
    budget: &mut usize,
) -> Option<()> {
    while !reader.is_empty() {
        if fields.is_full() || *budget == 0 {
            let len = reader.len();
            reader.take(len)?;
            return Some(());
        }
        *budget = budget.saturating_sub(1);
        let at = reader.at();
        let key = varint(reader)?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number != 0)?;
        let (wire_name, wire) = value(reader, key & 7)?;
        let entry = schema.and_then(|schema| schema.fields.iter().find(|entry| entry.number == number));
        let range = at..reader.at();
        fields.add(match entry {
            Some(entry) => known(entry, wire, range, depth, budget),
            None => {
                let name = format!("field {number} ({wire_name})");
                let unknown = field(name, plain(&wire), range);
                unknown.help("A field that this program has no name for; both sides pass over what they do not know.")
            }
        });
    }
    Some(())
}

fn value<'a>(reader: &mut Reader<'a>, kind: u64) -> Option<(&'static str, Wire<'a>)> {
    Some(match kind {
        0 => ("number", Wire::Varint(varint(reader)?)),
        1 => ("8 bytes", Wire::Eight(reader.array()?)),
        2 => {
            let len = usize::try_from(varint(reader)?).ok()?;
            ("bytes", Wire::Bytes(reader.part(len)?))
        }
        5 => ("4 bytes", Wire::Four(reader.array()?)),
        _ => return None,
    })
}

fn known(entry: &Entry, wire: Wire<'_>, range: Range<usize>, depth: usize, budget: &mut usize) -> Field {
    let shown = |value: String| field(entry.name, value, range.clone()).help(entry.help);
    match (entry.kind, wire) {
        (Kind::Text, Wire::Bytes(value)) => shown(text(value.rest())),
        (Kind::Blob, Wire::Bytes(value)) => shown(short_hex(value.rest())),
        (Kind::Bool, Wire::Varint(value)) => shown(if value == 0 { "no" } else { "yes" }.to_owned()),
        (Kind::Unsigned, Wire::Varint(value)) => shown(value.to_string()),
        (Kind::Signed, Wire::Varint(value)) => shown(value.cast_signed().to_string()),
        (Kind::Seconds, Wire::Varint(0)) => shown("0".to_owned()),
        (Kind::Seconds, Wire::Varint(value)) => shown(format!("{} ({value})", date_words(value))),
        (Kind::Micros, Wire::Varint(value)) => shown(format!("{} ({value})", date_words(value / 1_000_000))),
        (Kind::Double, Wire::Eight(value)) => shown(f64::from_le_bytes(value).to_string()),
        (Kind::Words(words), Wire::Varint(value)) => {
            let word = usize::try_from(value).ok().and_then(|value| words.get(value));
            shown(word.map_or_else(|| format!("unknown ({value})"), |word| format!("{word} ({value})")))
        }
        (Kind::Message(message), Wire::Bytes(value)) => {
            let mut parts = Fields::default();
            let said = if depth == 0 { "nested too deep to be shown".to_owned() } else { (message.short)(&value) };
            let len = value.len();
            if depth > 0 {
                parts.all_of(value, |fields, reader| {
                    nested(fields, reader, Some(message), depth.saturating_sub(1), budget)
                });
            }
            shown(if said.is_empty() { bytes(len) } else { said }).with(parts)
        }
        (_, wire) => shown(format!("{}, which is not what this field should have", plain(&wire))).wrong(),
    }
}

fn plain(wire: &Wire<'_>) -> String {
    match wire {
        Wire::Varint(value) => value.to_string(),
        Wire::Eight(value) => u64::from_le_bytes(*value).to_string(),
        Wire::Four(value) => u32::from_le_bytes(*value).to_string(),
        Wire::Bytes(value) => match core::str::from_utf8(value.rest()) {
            Ok(said) if !said.chars().any(char::is_control) => text(said.as_bytes()),
            _ => short_hex(value.rest()),
        },
    }
}

/// A varint of up to ten bytes.
fn varint(reader: &mut Reader<'_>) -> Option<u64> {
    let mut value: u64 = 0;
    for shift in (0..70).step_by(7) {
        let byte = reader.u8()?;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The number in field `wanted` of a message, and the text in it.
pub(super) fn peek<'a>(message: &Reader<'a>, wanted: u32) -> (Option<u64>, Option<&'a [u8]>) {
    let mut reader = message.clone();
    let mut found = (None, None);
    while let Some(key) = varint(&mut reader) {
        match value(&mut reader, key & 7) {
            Some((_, wire)) if key >> 3 == u64::from(wanted) => match wire {
                Wire::Varint(value) => found.0 = Some(value),
                Wire::Bytes(value) => found.1 = Some(value.rest()),
                Wire::Eight(_) | Wire::Four(_) => {}
            },
            Some(_) => {}
            None => break,
        }
    }
    found
}
