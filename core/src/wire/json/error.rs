//! Why a document was refused.

use super::DEPTH_MAX;
use crate::text::Text;
use core::fmt;
use core::ops::Range;
use serde::de::{self, Expected, Unexpected};

/// What is wrong with a JSON document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Offset into the document in bytes.
    pub at: usize,
    /// The member in whose value that is; empty if in none.
    pub member: Text<32>,
    /// What is wrong.
    pub cause: JsonCause,
}

/// What is wrong with a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonCause {
    /// Not JSON: this was expected.
    Syntax(&'static str),
    /// Not UTF-8.
    Utf8,
    /// Nested deeper than [`DEPTH_MAX`](super::DEPTH_MAX).
    TooDeep,
    /// JSON, but this was expected.
    Mismatch(Text<48>),
    /// A member is not there.
    Missing(&'static str),
    /// A member is there twice.
    Twice(&'static str),
    /// A string with escapes does not fit the scratch buffer of this many bytes.
    Scratch(usize),
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match &self.cause {
            JsonCause::Syntax(expected) => return write!(f, "not JSON: expected {expected} at byte {at}"),
            JsonCause::Utf8 => return write!(f, "not JSON: not UTF-8 at byte {at}"),
            JsonCause::TooDeep => return write!(f, "nested deeper than {DEPTH_MAX} levels at byte {at}"),
            JsonCause::Mismatch(expected) => write!(f, "expected {expected}")?,
            JsonCause::Missing(member) => write!(f, "\"{member}\" is missing")?,
            JsonCause::Twice(member) => write!(f, "\"{member}\" is there twice")?,
            JsonCause::Scratch(size) => write!(f, "an escaped string does not fit {size} bytes")?,
        }
        if self.member.is_empty() {
            write!(f, " at byte {at}")
        } else {
            write!(f, " in \"{}\" at byte {at}", self.member)
        }
    }
}

impl core::error::Error for JsonError {}

/// An error on its way out of the deserializer: whoever knows more adds it.
#[derive(Debug)]
pub(super) struct Fault {
    at: Option<usize>,
    member: Option<Range<usize>>,
    cause: JsonCause,
}

impl Fault {
    pub(super) const fn new(at: usize, cause: JsonCause) -> Self {
        Self { at: Some(at), member: None, cause }
    }

    pub(super) const fn syntax(at: usize, expected: &'static str) -> Self {
        Self::new(at, JsonCause::Syntax(expected))
    }

    const fn nowhere(cause: JsonCause) -> Self {
        Self { at: None, member: None, cause }
    }

    fn mismatch(expected: impl fmt::Display) -> Self {
        Self::nowhere(JsonCause::Mismatch(Text::of(expected)))
    }

    /// The value at `at` is wrong, unless one inside it is.
    pub(super) fn or_at(mut self, at: usize) -> Self {
        self.place(at);
        self
    }

    /// The same, where it is.
    pub(super) fn place(&mut self, at: usize) {
        self.at.get_or_insert(at);
    }

    /// The value of the member whose name is there in the document is wrong, unless that of one inside it is.
    pub(super) fn place_in(&mut self, member: &Range<usize>) {
        self.member.get_or_insert_with(|| member.clone());
    }

    /// The error for the caller, who has the document no longer.
    pub(super) fn locate(self, document: &str) -> JsonError {
        let member = self.member.and_then(|range| document.get(range)).map(Text::of).unwrap_or_default();
        JsonError { at: self.at.unwrap_or_default(), member, cause: self.cause }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.cause, f)
    }
}

impl core::error::Error for Fault {}

/// What a type says about a value it cannot take. The value itself (`unexpected`) is dropped: it may be a secret.
impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::mismatch(message)
    }

    fn invalid_type(_unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(expected)
    }

    fn invalid_value(_unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(expected)
    }

    fn invalid_length(_len: usize, expected: &dyn Expected) -> Self {
        Self::mismatch(expected)
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        Self::mismatch(OneOf(expected))
    }

    fn unknown_field(_field: &str, expected: &'static [&'static str]) -> Self {
        Self::mismatch(OneOf(expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::nowhere(JsonCause::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::nowhere(JsonCause::Twice(field))
    }
}

struct OneOf(&'static [&'static str]);

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of")?;
        self.0.iter().enumerate().try_for_each(|(i, name)| write!(f, "{} \"{name}\"", if i == 0 { "" } else { "," }))
    }
}
