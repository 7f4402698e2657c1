//! Values out of a document that has been checked.

use super::error::{Fault, JsonCause};
use super::scan::{Raw, Scanner, escape};
use core::ops::Range;
use serde::de::{self, DeserializeSeed, Error, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

/// Reads a checked document front to back. It recurses as deep as the types that read from it, and so never deeper than
/// the document is nested.
pub(super) struct Deserializer<'a, 's> {
    scanner: Scanner<'a>,
    scratch: &'s mut [u8],
}

impl<'a, 's> Deserializer<'a, 's> {
    pub(super) const fn new(text: &'a str, scratch: &'s mut [u8]) -> Self {
        Self { scanner: Scanner::new(text), scratch }
    }

    /// The next value is not what `visitor` takes.
    fn mismatch<'de>(&mut self, visitor: &impl Visitor<'de>) -> Fault {
        self.scanner.token();
        Fault::invalid_type(Unexpected::Other(""), visitor).or_at(self.scanner.at())
    }

    fn string<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        let at = self.scanner.at();
        let raw = self.scanner.string("a string")?;
        if !raw.escaped {
            return visitor.visit_borrowed_str(raw.text).map_err(|fault: Fault| fault.or_at(at));
        }
        let size = self.scratch.len();
        let text = unescape(&raw, self.scratch).ok_or(Fault::new(at, JsonCause::Scratch(size)))?;
        visitor.visit_str(text).map_err(|fault: Fault| fault.or_at(at))
    }

    /// An integer of up to 64 bits. Every other number is none of ours here: floats are read where they are asked for,
    /// so that firmware that never asks does not carry the code.
    fn integer<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        let at = self.scanner.at();
        let number = self.scanner.number()?;
        let result = match (number.parse::<u64>(), number.parse::<i64>()) {
            (Ok(value), _) => visitor.visit_u64(value),
            (_, Ok(value)) => visitor.visit_i64(value),
            _ => Err(Fault::invalid_value(Unexpected::Other(""), &visitor)),
        };
        result.map_err(|fault| fault.or_at(at))
    }

    fn array<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        let at = self.scanner.at();
        self.scanner.advance(1);
        let value = visitor.visit_seq(Elements { de: self, first: true });
        self.ended(value, at, b']', "fewer elements")
    }

    fn object<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        let at = self.scanner.at();
        self.scanner.advance(1);
        let members = Members { de: self, first: true, name: at..at };
        let value = visitor.visit_map(members);
        self.ended(value, at, b'}', "fewer members")
    }

    /// `value` if what it was read from ends here. It may be large, and is not moved more often than need be.
    #[inline(always)]
    fn ended<T>(
        &mut self,
        mut value: Result<T, Fault>,
        at: usize,
        end: u8,
        expected: &'static str,
    ) -> Result<T, Fault> {
        match &mut value {
            Ok(_) => {
                if let Err(fault) = self.end(end, expected) {
                    value = Err(fault);
                }
            }
            Err(fault) => fault.place(at),
        }
        value
    }

    /// A type may stop reading early, such as a tuple that is shorter than the array.
    fn end(&mut self, end: u8, expected: &'static str) -> Result<(), Fault> {
        self.scanner.token();
        if self.scanner.eat(end) { Ok(()) } else { Err(Fault::custom(expected).or_at(self.scanner.at())) }
    }

    /// Goes to the next element or member; `false` if there is none.
    fn next(&mut self, end: u8, first: &mut bool) -> Result<bool, Fault> {
        if self.scanner.token() == Some(end) {
            return Ok(false);
        }
        if !core::mem::take(first) {
            self.scanner.expect(b',', "a comma")?;
            self.scanner.token();
        }
        Ok(true)
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.scanner.token() {
                Some(b'-' | b'0'..=b'9') => self.integer(visitor),
                _ => Err(self.mismatch(&visitor)),
            }
        }
    )*};
}

macro_rules! floats {
    ($($method:ident $float:ident $visit:ident),*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fault> {
            if !matches!(self.scanner.token(), Some(b'-' | b'0'..=b'9')) {
                return Err(self.mismatch(&visitor));
            }
            let at = self.scanner.at();
            let number = self.scanner.number()?;
            match number.parse::<$float>() {
                Ok(value) if value.is_finite() => visitor.$visit(value),
                _ => Err(Fault::invalid_value(Unexpected::Other(""), &visitor)),
            }
            .map_err(|fault| fault.or_at(at))
        }
    )*};
}

impl<'a> de::Deserializer<'a> for &mut Deserializer<'a, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fault> {
        let token = self.scanner.token();
        let at = self.scanner.at();
        let mut value = match token {
            Some(b'"') => self.string(visitor),
            Some(b'{') => self.object(visitor),
            Some(b'[') => self.array(visitor),
            Some(b't') => self.scanner.word("true").map_err(Fault::from).and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.scanner.word("false").map_err(Fault::from).and_then(|()| visitor.visit_bool(false)),
            Some(b'n') => self.scanner.word("null").map_err(Fault::from).and_then(|()| visitor.visit_unit()),
            _ => self.integer(visitor),
        };
        if let Err(fault) = &mut value {
            fault.place(at);
        }
        value
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    floats! { deserialize_f32 f32 visit_f32, deserialize_f64 f64 visit_f64 }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.scanner.token() != Some(b'n') {
            return visitor.visit_some(self);
        }
        self.scanner.word("null")?;
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.scanner.token() == Some(b'{') { self.object(visitor) } else { Err(self.mismatch(&visitor)) }
    }

    /// An object only: by itself a struct would also take an array of its members in order.
    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if self.scanner.token() != Some(b'"') {
            return Err(self.mismatch(&visitor));
        }
        visitor.visit_enum(Name(self))
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.scanner.value()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        <V: Visitor<'a>>
        bool i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct identifier
    }
}

struct Elements<'d, 'a, 's> {
    de: &'d mut Deserializer<'a, 's>,
    first: bool,
}

impl<'a> de::SeqAccess<'a> for Elements<'_, 'a, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        if !self.de.next(b']', &mut self.first)? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.de).map(Some)
    }
}

struct Members<'d, 'a, 's> {
    de: &'d mut Deserializer<'a, 's>,
    first: bool,
    /// Where the name of the present member stands.
    name: Range<usize>,
}

impl<'a> de::MapAccess<'a> for Members<'_, 'a, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        if !self.de.next(b'}', &mut self.first)? {
            return Ok(None);
        }
        self.name = self.de.scanner.clone().string("a member name in quotes")?.range;
        seed.deserialize(&mut *self.de).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        self.de.scanner.expect(b':', "a colon")?;
        self.de.scanner.token();
        let mut value = seed.deserialize(&mut *self.de);
        if let Err(fault) = &mut value {
            fault.place_in(&self.name);
        }
        value
    }
}

/// An enum variant that is only a name.
struct Name<'d, 'a, 's>(&'d mut Deserializer<'a, 's>);

impl<'a> de::EnumAccess<'a> for Name<'_, 'a, '_> {
    type Error = Fault;
    type Variant = NameOnly;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, NameOnly), Fault> {
        seed.deserialize(self.0).map(|value| (value, NameOnly))
    }
}

struct NameOnly;

impl<'a> de::VariantAccess<'a> for NameOnly {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, _: T) -> Result<T::Value, Fault> {
        Err(Fault::custom("a name without a value"))
    }

    fn tuple_variant<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        Err(Fault::invalid_type(Unexpected::UnitVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'a>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        Err(Fault::invalid_type(Unexpected::UnitVariant, &visitor))
    }
}

/// Writes the string without its escapes to the front of `scratch`; `None` if that is too small.
pub(super) fn unescape<'s>(raw: &Raw<'_>, scratch: &'s mut [u8]) -> Option<&'s str> {
    let (mut rest, mut len) = (raw.text, 0_usize);
    let mut utf8 = [0; 4];
    while !rest.is_empty() {
        let (piece, read) = match escape_or_run(rest) {
            Ok((c, read)) => (&*c.encode_utf8(&mut utf8), read),
            Err(run) => (run, run.len()),
        };
        let end = len.checked_add(piece.len())?;
        scratch.get_mut(len..end)?.copy_from_slice(piece.as_bytes());
        (rest, len) = (rest.get(read..)?, end);
    }
    core::str::from_utf8(scratch.get(..len)?).ok()
}

/// The escape sequence at the front, or else the text up to the next one.
fn escape_or_run(text: &str) -> Result<(char, usize), &str> {
    match text.find('\\') {
        Some(0) => escape(text.as_bytes()).ok_or(text),
        next => Err(next.and_then(|next| text.get(..next)).unwrap_or(text)),
    }
}
