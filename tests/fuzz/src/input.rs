//! How an input is made of bytes. Everything is read from the front, so that a recording becomes an input by a few bytes in
//! front of it, and so that what a mutation changes stays where it is.

use arbitrary::{Arbitrary, Unstructured};

/// Bytes that arrive in pieces: four lengths, over and over, then the bytes. A length of 0 is all that is left.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Stream<'a> {
    cuts: [u8; 4],
    /// All of them.
    pub bytes: &'a [u8],
}

impl<'a> Stream<'a> {
    /// Out of an input.
    #[must_use]
    pub fn of(input: &'a [u8]) -> Self {
        let empty = Self { cuts: [0; 4], bytes: &[] };
        Self::arbitrary_take_rest(Unstructured::new(input)).unwrap_or(empty)
    }

    /// The pieces.
    #[must_use]
    pub fn pieces(&self) -> Vec<&'a [u8]> {
        let (mut pieces, mut rest) = (Vec::new(), self.bytes);
        for cut in self.cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let len = if *cut == 0 { rest.len() } else { usize::from(*cut).min(rest.len()) };
            let (piece, behind) = rest.split_at(len);
            pieces.push(piece);
            rest = behind;
        }
        pieces
    }
}

/// Steps of an attack, one after the other: a number that says which step, then what belongs to it.
#[derive(Debug)]
pub struct Steps<'a>(Unstructured<'a>);

impl<'a> Steps<'a> {
    /// Those of an input.
    #[must_use]
    pub fn of(input: &'a [u8]) -> Self {
        Self(Unstructured::new(input))
    }

    /// The next step, of so many kinds; `None` at the end.
    pub fn next(&mut self, kinds: u8) -> Option<u8> {
        if self.0.is_empty() { None } else { Some(self.byte() % kinds) }
    }

    /// A byte; 0 at the end.
    pub fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A number; 0 at the end.
    pub fn number(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Bytes with their length in front, as far as they are there.
    pub fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.number()).min(self.0.len());
        self.0.bytes(len).unwrap_or_default()
    }

    /// The same as text; what is no UTF-8 is replaced.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let len = self.0.len();
        self.0.bytes(len).unwrap_or_default()
    }
}

/// Writes what [`Steps`] reads.
#[derive(Debug, Default)]
pub struct Recipe(Vec<u8>);

impl Recipe {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// A step of this kind, or a byte that belongs to it.
    #[must_use]
    pub fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// A number.
    #[must_use]
    pub fn number(mut self, number: u16) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    /// Bytes with their length in front.
    ///
    /// # Panics
    /// If there are more than 65 535.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut recipe = self.number(u16::try_from(bytes.len()).expect("a seed is shorter"));
        recipe.0.extend(bytes);
        recipe
    }

    /// Bytes as they are.
    #[must_use]
    pub fn rest(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// The input.
    #[must_use]
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Recipe, Steps, Stream};

    #[test]
    fn a_recipe_is_read_as_it_was_written_and_then_ends() {
        let input = Recipe::new().byte(3).number(500).bytes(b"abc").byte(9).rest(b"xyz").done();
        let mut steps = Steps::of(&input);
        assert_eq!((steps.next(4), steps.number(), steps.bytes(), steps.byte()), (Some(3), 500, &b"abc"[..], 9));
        assert_eq!((steps.rest(), steps.next(4), steps.number(), steps.bytes()), (&b"xyz"[..], None, 0, &b""[..]));
        assert_eq!(Steps::of(&[200, 0, b'a']).bytes(), b"a", "as far as they are there");
    }

    #[test]
    fn a_stream_is_cut_as_its_first_bytes_say() {
        assert_eq!(Stream::of(b"\x01\x02\x01\x02abcdefgh").pieces(), [&b"a"[..], b"bc", b"d", b"ef", b"g", b"h"]);
        assert_eq!(Stream::of(b"\x01\0\0\0abc").pieces(), [&b"a"[..], b"bc"]);
        assert!(Stream::of(b"\x01").pieces().is_empty());
    }
}
