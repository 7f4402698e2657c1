//! JSON (RFC 8259) into Rust values, and text into JSON.
//!
//! Reading is done twice. First the whole document is checked in one pass without recursion: UTF-8, well-formed to its
//! last byte, not deeper than [`DEPTH_MAX`]. Only then a type takes out of it what it wants, so that garbage in a part
//! nobody reads is an error all the same, and a body of nothing but `[` costs no stack.
//!
//! What the Cloud sends is read by [`read`], member by member. [`parse`] is the same for types of serde, which is what a program on
//! a host wants; firmware has no room for them.
//!
//! The reader is our own because an error has to say which member is wrong and what was expected there, and because
//! a Cloud may write `"\ud83d\ude00"`: serde-json-core 0.7 can do neither, and recurses through what it ignores. It writes what
//! we say ([`put`]); bodies that are written in pieces use [`Escaped`].

mod check;
mod de;
mod error;
mod reader;
mod scan;
#[cfg(test)]
mod tests;
mod write;

pub use check::check;
pub use error::{JsonCause, JsonError};
pub use reader::{Reader, Shape, Unfit};
pub use write::{Escaped, put};

use core::marker::PhantomData;
use serde::de::{Deserialize, DeserializeSeed};

/// How deep arrays and objects may be nested.
pub const DEPTH_MAX: usize = 16;

/// Reads `body`, which must be one JSON document, as a `T`.
///
/// `T` may contain booleans, integers up to 64 bits, floats, `Option`, structs (members nobody asked for are skipped),
/// enums of names only, arrays, tuples, `heapless::Vec` and strings:
///
/// * `heapless::String<N>` takes every string of up to `N` bytes;
/// * `&'a str` borrows from `body` and so takes only strings without an escape. Servers may escape anything (`\/` is
///   common), so keep it for text that is compared with constants.
///
/// Integers are taken as written: `1.0` and `1e3` are no integers, and a number out of the range of its type is an error,
/// while in members nobody asked for any number is fine. `null` is a value for `Option` and `()` only. A member that is
/// there twice is an error if it was asked for.
///
/// `scratch` must be as long as the longest string with an escape that is read (member names included) is without its
/// escapes; it may be empty where none is expected. The last such string stays in it: wipe it if that could be a secret.
///
/// # Errors
/// [`JsonError`] with the position and what was expected there. It never quotes a value, since that may be a secret.
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8], scratch: &mut [u8]) -> Result<T, JsonError> {
    parse_seed(PhantomData, body, scratch)
}

/// The same with a seed, for documents that are taken in member by member instead of being kept as a whole.
///
/// # Errors
/// As [`parse`].
pub fn parse_seed<'a, S: DeserializeSeed<'a>>(
    seed: S,
    body: &'a [u8],
    scratch: &mut [u8],
) -> Result<S::Value, JsonError> {
    let text = check::check(body)?;
    let mut deserializer = de::Deserializer::new(text, scratch);
    seed.deserialize(&mut deserializer).map_err(|fault| fault.locate(text))
}

/// Reads `body`, which must be one JSON document, with a [`Reader`]: what `take` does from its first value on. That is what the
/// replies of the Cloud are read with: a type for [`parse`] costs firmware 2 to 10 KB, and the same by hand some hundred bytes.
///
/// `scratch` is as for [`parse`].
///
/// # Errors
/// As [`parse`].
pub fn read(
    body: &[u8],
    scratch: &mut [u8],
    take: &mut dyn FnMut(&mut Reader<'_>) -> Result<(), Unfit>,
) -> Result<(), JsonError> {
    let text = check::check(body)?;
    let mut reader = Reader::new(text, scratch);
    match take(&mut reader) {
        Ok(()) => Ok(()),
        Err(Unfit) => Err(reader.into_fault().locate(text)),
    }
}
