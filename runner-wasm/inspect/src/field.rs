//! Layers and fields under construction.

use crate::reader::Reader;
use crate::view::{Field, Layer, Protocol};
use core::ops::Range;

/// Fields that one list may have: more say nothing to anybody.
const FIELDS: usize = 300;
/// Bytes of text that a value may have.
const TEXT: usize = 4096;
/// What is shown of a secret.
pub(crate) const DOTS: &str = "••••••••";

/// A list of fields.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<Field>);

impl Fields {
    /// Adds a field, if there is room.
    pub(crate) fn add(&mut self, field: Field) {
        if self.0.len() < FIELDS {
            self.0.push(field);
        }
    }

    /// Whether another field would be left out.
    pub(crate) const fn is_full(&self) -> bool {
        self.0.len() >= FIELDS
    }

    pub(crate) fn into_vec(self) -> Vec<Field> {
        self.0
    }

    /// Lets `explain` read to the end. What it could not read, or left over, becomes a field as well.
    pub(crate) fn all_of(
        &mut self,
        mut reader: Reader<'_>,
        explain: impl FnOnce(&mut Self, &mut Reader<'_>) -> Option<()>,
    ) {
        let understood = explain(self, &mut reader).is_some();
        let rest = reader.at()..reader.end();
        if !understood {
            self.add(field("Malformed", "this is not as the protocol has it, or something is missing", rest).wrong());
        } else if !rest.is_empty() {
            self.add(field("Left over", bytes(rest.len()), rest));
        }
    }
}

/// A field `name` with a value, that is `range` of its source.
pub(crate) fn field(name: impl Into<String>, value: impl Into<String>, range: Range<usize>) -> Field {
    let mut value = value.into();
    shorten(&mut value, TEXT);
    Field {
        name: name.into(),
        value,
        start: range.start,
        end: range.end.max(range.start),
        help: "",
        reveal: None,
        wrong: false,
        fields: Vec::new(),
    }
}

impl Field {
    /// Explains it to people who have never seen it.
    pub(crate) const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// Hides its value.
    pub(crate) fn secret(mut self) -> Self {
        self.reveal = Some(core::mem::replace(&mut self.value, DOTS.to_owned()));
        self
    }

    /// Hides its value, if that is a secret.
    pub(crate) fn secret_if(self, is_secret: bool) -> Self {
        if is_secret { self.secret() } else { self }
    }

    /// It is not as its protocol has it.
    pub(crate) const fn wrong(mut self) -> Self {
        self.wrong = true;
        self
    }

    /// The same, if that is so.
    pub(crate) const fn wrong_if(mut self, wrong: bool) -> Self {
        self.wrong |= wrong;
        self
    }

    /// It consists of these.
    pub(crate) fn with(mut self, fields: Fields) -> Self {
        self.fields = fields.into_vec();
        self
    }
}

/// A layer `protocol` that is `range` of its source, with the fields that `explain` reads there.
pub(crate) fn layer(
    protocol: Protocol,
    title: impl Into<String>,
    source: &[u8],
    range: Range<usize>,
    help: &str,
    explain: impl FnOnce(&mut Fields, &mut Reader<'_>) -> Option<()>,
) -> Layer {
    let reader = Reader::new(source, range);
    let (start, end) = (reader.at(), reader.end());
    let mut fields = Fields::default();
    fields.all_of(reader, explain);
    Layer { protocol, title: title.into(), source: 0, start, end, help: help.to_owned(), fields: fields.into_vec() }
}

/// `1 byte`, `2 bytes`.
pub(crate) fn bytes(len: usize) -> String {
    if len == 1 { "1 byte".to_owned() } else { format!("{len} bytes") }
}

/// Hex digits, all of them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value & 15)).copied().unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Hex digits of a few bytes, or of the first of many.
pub(crate) fn short_hex(bytes: &[u8]) -> String {
    match bytes.get(..32) {
        Some(front) if bytes.len() > 32 => format!("{}…", hex(front)),
        _ => hex(bytes),
    }
}

/// Text for people: control characters become visible, what is not UTF-8 a replacement character.
pub(crate) fn text(bytes: &[u8]) -> String {
    let front = bytes.get(..TEXT).unwrap_or(bytes);
    let mut text: String = String::from_utf8_lossy(front)
        .chars()
        .map(|char| match char {
            '\n' => '⏎',
            char if char.is_control() => '·',
            char => char,
        })
        .collect();
    if front.len() < bytes.len() {
        text.push('…');
    }
    text
}

/// Cuts a text off after `max` bytes; then it ends in an ellipsis.
pub(crate) fn shorten(text: &mut String, max: usize) {
    if text.len() > max {
        let end = (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}

/// A name from a table, or its number.
pub(crate) fn named(name: Option<&str>, number: impl core::fmt::Display) -> String {
    name.map_or_else(|| format!("unknown ({number})"), |name| format!("{name} ({number})"))
}
