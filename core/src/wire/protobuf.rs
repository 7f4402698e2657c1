//! Protobuf messages on their way out (<https://protobuf.dev/programming-guides/encoding/>): written field by field, to wherever
//! their bytes go, and never there as a whole. Those that come in are read by femtopb.
//!
//! There is one writer for all messages. A derived encoder for each of them, with one for its length and decoders for what is
//! repeated in it, costs firmware some 10 KB.

/// A message that can be written.
pub trait Encode {
    /// Names its fields, in the order of their numbers. What is empty, zero or false is not on the wire (proto3).
    fn fields(&self, fields: &mut Fields<'_>);
}

/// Takes bytes, in pieces of any size.
pub type Out<'o> = &'o mut dyn FnMut(&[u8]);

/// Takes the fields of a message.
pub struct Fields<'o> {
    /// Where the bytes go; `None` if they are only counted.
    out: Option<Out<'o>>,
    len: usize,
}

impl core::fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Fields").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Wire types: a number of variable length, and anything behind its length.
const VARINT: u64 = 0;
const LEN: u64 = 2;
/// Bytes of the longest number.
const VARINT_MAX: usize = 10;

/// Bytes of `message`.
#[must_use]
pub fn encoded_len(message: &dyn Encode) -> usize {
    let mut fields = Fields { out: None, len: 0 };
    message.fields(&mut fields);
    fields.len
}

/// Writes `message` to `out`, in pieces of any size.
pub fn encode(message: &dyn Encode, out: Out<'_>) {
    message.fields(&mut Fields { out: Some(out), len: 0 });
}

/// Writes `message` as the field `number` of another one to `out`, and that alone.
pub fn encode_field(number: u32, message: &dyn Encode, out: Out<'_>) {
    Fields { out: Some(out), len: 0 }.message(number, message);
}

impl Fields<'_> {
    /// A `string`.
    pub fn string(&mut self, number: u32, text: &str) {
        if !text.is_empty() {
            self.head(number, text.len());
            self.put(text.as_bytes());
        }
    }

    /// A `bool`.
    pub fn boolean(&mut self, number: u32, value: bool) {
        self.unsigned(number, value.into());
    }

    /// A `uint32`, `uint64` or an enumeration.
    pub fn unsigned(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.varint(u64::from(number) << 3 | VARINT);
            self.varint(value);
        }
    }

    /// An `int32` or `int64`: negative numbers have ten bytes.
    pub fn signed(&mut self, number: u32, value: i64) {
        self.unsigned(number, value as u64);
    }

    /// A message, even if it is empty.
    pub fn message(&mut self, number: u32, message: &dyn Encode) {
        self.head(number, encoded_len(message));
        message.fields(self);
    }

    fn head(&mut self, number: u32, len: usize) {
        self.varint(u64::from(number) << 3 | LEN);
        self.varint(len as u64);
    }

    fn varint(&mut self, value: u64) {
        let (mut bytes, mut rest, mut len) = ([0; VARINT_MAX], value, 0);
        for byte in &mut bytes {
            let more = rest > 0x7f;
            *byte = (rest & 0x7f) as u8 | if more { 0x80 } else { 0 };
            rest >>= 7;
            len += 1;
            if !more {
                break;
            }
        }
        self.put(bytes.get(..len).unwrap_or_default());
    }

    fn put(&mut self, bytes: &[u8]) {
        self.len = self.len.saturating_add(bytes.len());
        if let Some(out) = &mut self.out {
            out(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Encode, Fields, encode, encode_field, encoded_len};
    use std::vec::Vec;

    struct Numbers<'a>(&'a [(u32, i64)], Option<&'a Numbers<'a>>);

    impl Encode for Numbers<'_> {
        fn fields(&self, fields: &mut Fields<'_>) {
            self.0.iter().for_each(|(number, value)| fields.signed(*number, *value));
            if let Some(inner) = self.1 {
                fields.message(16, inner);
            }
        }
    }

    fn bytes(message: &dyn Encode) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(message, &mut |piece| bytes.extend_from_slice(piece));
        assert_eq!(bytes.len(), encoded_len(message));
        bytes
    }

    #[test]
    fn numbers_have_seven_bits_a_byte() {
        assert!(bytes(&Numbers(&[(1, 0)], None)).is_empty());
        assert_eq!(bytes(&Numbers(&[(1, 127), (2, 128)], None)), [0x08, 0x7f, 0x10, 0x80, 0x01]);
        assert_eq!(bytes(&Numbers(&[(1, 150)], None)), [0x08, 0x96, 0x01]);
        let negative = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(bytes(&Numbers(&[(1, -1)], None)), negative);
    }

    #[test]
    fn a_message_within_a_message_is_there_even_if_it_is_empty() {
        let empty = Numbers(&[], None);
        assert_eq!(bytes(&Numbers(&[], Some(&empty))), [0x82, 0x01, 0x00]);
        let middle = Numbers(&[(1, 1)], Some(&empty));
        assert_eq!(bytes(&Numbers(&[(3, 1)], Some(&middle))), [0x18, 1, 0x82, 0x01, 5, 0x08, 1, 0x82, 0x01, 0]);
        let mut alone = Vec::new();
        encode_field(1, &middle, &mut |piece| alone.extend_from_slice(piece));
        assert_eq!(alone, [0x0a, 5, 0x08, 1, 0x82, 0x01, 0]);
    }
}
