//! One line, typed by a person.

use zeroize::Zeroize;

/// The longest line, in bytes: a claim with the longest of everything.
pub const LINE_MAX: usize = 1840;

/// What a byte that was typed leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// Nothing that is seen.
    Nothing,
    /// This byte is shown.
    Echo(u8),
    /// The last character is taken back.
    Erase,
    /// The line is given up.
    Abandon,
    /// The line is whole.
    Line,
    /// The line is whole, and longer than [`LINE_MAX`].
    TooLong,
}

/// What an escape sequence still has to bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    None,
    /// What kind it is.
    Kind,
    /// The letter that ends it.
    End,
}

/// A line that is being typed. It is wiped when it was used, because there may be a token in it.
pub(super) struct Line {
    bytes: [u8; LINE_MAX],
    len: usize,
    is_too_long: bool,
    after_return: bool,
    escape: Escape,
}

impl Line {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; LINE_MAX], len: 0, is_too_long: false, after_return: false, escape: Escape::None }
    }

    /// The line so far; nothing if it is not text.
    pub(super) fn text(&self) -> Option<&str> {
        core::str::from_utf8(self.bytes.get(..self.len)?).ok()
    }

    /// Begins a new line.
    pub(super) fn clear(&mut self) {
        self.bytes.zeroize();
        (self.len, self.is_too_long) = (0, false);
    }

    pub(super) fn type_byte(&mut self, byte: u8) -> Typed {
        let after_return = core::mem::replace(&mut self.after_return, byte == b'\r');
        // What arrow keys and the like send.
        match (self.escape, byte) {
            (Escape::None, 0x1b) => {
                self.escape = Escape::Kind;
                return Typed::Nothing;
            }
            (Escape::Kind, b'[' | b'O') => {
                self.escape = Escape::End;
                return Typed::Nothing;
            }
            (Escape::End, b' '..=b'?') => return Typed::Nothing,
            (Escape::Kind | Escape::End, b' '..) => {
                self.escape = Escape::None;
                return Typed::Nothing;
            }
            // A control character is no part of one.
            _ => self.escape = Escape::None,
        }
        match byte {
            b'\n' if after_return => Typed::Nothing,
            b'\r' | b'\n' if self.is_too_long => Typed::TooLong,
            b'\r' | b'\n' => Typed::Line,
            0x08 | 0x7f => self.erase(),
            // Ctrl-C and Ctrl-U.
            0x03 | 0x15 => {
                self.clear();
                Typed::Abandon
            }
            b'\t' => self.push(b' '),
            0..b' ' => Typed::Nothing,
            _ => self.push(byte),
        }
    }

    fn push(&mut self, byte: u8) -> Typed {
        let Some(slot) = self.bytes.get_mut(self.len) else {
            self.is_too_long = true;
            return Typed::Nothing;
        };
        *slot = byte;
        self.len += 1;
        let seen = self.shown().last().filter(|seen| *seen == byte || !is_continuation(byte));
        seen.map_or(Typed::Nothing, Typed::Echo)
    }

    fn erase(&mut self) -> Typed {
        let mut is_erased = false;
        while let Some(last) = self.len.checked_sub(1) {
            self.len = last;
            is_erased = true;
            if !self.bytes.get_mut(last).map(core::mem::take).is_some_and(is_continuation) {
                break;
            }
        }
        if is_erased { Typed::Erase } else { Typed::Nothing }
    }

    /// What is seen of the line: the second word is a token where there is one, and only its length is seen.
    pub(super) fn shown(&self) -> impl Iterator<Item = u8> {
        let (mut words, mut is_in_word) = (0_u32, false);
        let line = self.bytes.get(..self.len).unwrap_or_default();
        line.iter().filter_map(move |byte| {
            let is_blank = *byte == b' ';
            if !is_blank && !is_in_word {
                words = words.saturating_add(1);
            }
            is_in_word = !is_blank;
            match (is_in_word && words == 2, is_continuation(*byte)) {
                (false, _) => Some(*byte),
                (true, false) => Some(b'*'),
                // One for each character, however many bytes it has.
                (true, true) => None,
            }
        })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Whether `byte` goes on with a character of UTF-8.
const fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}
