//! The words of JSON.

use super::error::{Fault, JsonCause};
use core::ops::Range;

/// A place in a document, and what can be read from there.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// A string as it stands in the document, without its quotes.
#[derive(Debug, Clone)]
pub(super) struct Raw<'a> {
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
    pub(super) escaped: bool,
}

/// A place at which a document is not well-formed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Malformed {
    at: usize,
    /// What was expected there; `None` if it is nested too deep.
    expected: Option<&'static str>,
}

impl Malformed {
    pub(super) const fn syntax(at: usize, expected: &'static str) -> Self {
        Self { at, expected: Some(expected) }
    }

    pub(super) const fn too_deep(at: usize) -> Self {
        Self { at, expected: None }
    }
}

impl From<Malformed> for Fault {
    fn from(Malformed { at, expected }: Malformed) -> Self {
        Self::new(at, expected.map_or(JsonCause::TooDeep, JsonCause::Syntax))
    }
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The first byte behind white space.
    pub(super) fn token(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.advance(1);
        }
        self.peek()
    }

    /// Takes `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.advance(1);
        }
        there
    }

    /// Takes `byte` behind white space.
    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Malformed> {
        self.token();
        if self.eat(byte) { Ok(()) } else { Err(Malformed::syntax(self.at, expected)) }
    }

    /// `true`, `false` or `null`.
    pub(super) fn word(&mut self, word: &'static str) -> Result<(), Malformed> {
        if self.rest().starts_with(word.as_bytes()) {
            self.advance(word.len());
            Ok(())
        } else {
            Err(Malformed::syntax(self.at, "true, false or null"))
        }
    }

    /// A string from its opening quote on.
    pub(super) fn string(&mut self, expected: &'static str) -> Result<Raw<'a>, Malformed> {
        if !self.eat(b'"') {
            return Err(Malformed::syntax(self.at, expected));
        }
        let (start, mut escaped) = (self.at, false);
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let (_, len) = escape(self.rest()).ok_or(Malformed::syntax(self.at, "a valid escape sequence"))?;
                    escaped = true;
                    self.advance(len);
                }
                Some(0x20..) => self.advance(1),
                Some(_) => return Err(Malformed::syntax(self.at, "no bare control character in a string")),
                None => return Err(Malformed::syntax(self.at, "the end of the string")),
            }
        }
        let range = start..self.at;
        self.advance(1);
        // Both ends are quotes, so the range lies between characters.
        Ok(Raw { text: self.text.get(range.clone()).unwrap_or_default(), range, escaped })
    }

    /// A number as it stands in the document.
    pub(super) fn number(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        self.eat(b'-');
        // No digit may follow a leading zero: what comes next is then no longer part of the number.
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(Malformed::syntax(self.at, "a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.advance(1);
        }
        Ok(())
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    pub(super) fn advance(&mut self, len: usize) {
        self.at = self.at.saturating_add(len);
    }
}

/// The character that an escape sequence stands for, and the length of the sequence in bytes, backslash included. `None`
/// if it is none, or half a surrogate pair.
pub(super) fn escape(text: &[u8]) -> Option<(char, usize)> {
    let plain = match text.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(text),
        _ => return None,
    };
    Some((plain, 2))
}

fn unicode_escape(text: &[u8]) -> Option<(char, usize)> {
    let first = code_unit(text.get(..6)?)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 6));
    }
    let pair = [first, code_unit(text.get(6..12)?)?];
    let [high @ 0xd800..=0xdbff, low @ 0xdc00..=0xdfff] = pair else { return None };
    char::from_u32(0x1_0000 + ((high & 0x3ff) << 10 | low & 0x3ff)).map(|c| (c, 12))
}

/// The 16 bits of `\uXXXX`.
fn code_unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | (*digit as char).to_digit(16)?))
}
