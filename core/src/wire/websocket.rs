//! WebSocket, the client's half: the key of the upgrade, masked frames out, plain frames in (RFC 6455).
//!
//! The frames are treated as a byte stream: where a frame ends says nothing about where an MQTT packet ends
//! (protocol.md 2.9). The HTTP part of the upgrade is in [`http`](crate::wire::http).

mod decoder;
mod error;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, Incoming};
pub use error::WebsocketError;

use crate::hash::sha1::sha1;
use crate::wire::buffer::Writer;
use base64ct::{Base64, Encoding};

/// Length of `Sec-WebSocket-Accept`: a SHA-1 digest in base64.
pub const ACCEPT_LEN: usize = 28;
/// Length of `Sec-WebSocket-Key`: 16 bytes in base64.
pub const KEY_LEN: usize = 24;
/// The most the payload of a control frame may have, in bytes (RFC 6455 5.5).
pub const CONTROL_MAX: usize = 125;

/// What a server appends to the key before hashing it (RFC 6455 1.3).
const ACCEPT_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// Data as UTF-8.
    Text,
    /// Data as bytes.
    Binary,
    /// The end, with a status code.
    Close,
    /// A question that is answered with a pong of the same payload.
    Ping,
    /// The answer to a ping.
    Pong,
}

impl Opcode {
    const fn bits(self) -> u8 {
        match self {
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }
}

/// The value of `Sec-WebSocket-Key` for 16 random bytes.
#[must_use]
pub fn encode_key(random: &[u8; 16]) -> heapless::String<KEY_LEN> {
    base64(random)
}

/// The value of `Sec-WebSocket-Accept` that proves that the server read `key` (RFC 6455 4.2.2).
#[must_use]
pub fn accept_of(key: &str) -> heapless::String<ACCEPT_LEN> {
    base64(&sha1(&[key.as_bytes(), ACCEPT_GUID]))
}

/// Base64 of `bytes`. `N` is exactly its length at both places above.
fn base64<const N: usize>(bytes: &[u8]) -> heapless::String<N> {
    let mut buffer = [0; N];
    let text = Base64::encode(bytes, &mut buffer).unwrap_or_default();
    heapless::String::try_from(text).unwrap_or_default()
}

/// Length of the header of a client frame with `payload_len` bytes, masking key included.
#[must_use]
pub const fn header_len(payload_len: usize) -> usize {
    match payload_len {
        0..126 => 6,
        126..0x1_0000 => 8,
        _ => 14,
    }
}

/// Writes the header of a whole (FIN) client frame. `payload_len` bytes masked with `mask` have to follow.
pub fn put_header(w: &mut Writer<'_>, opcode: Opcode, mask: [u8; 4], payload_len: usize) {
    w.put_u8(FIN | opcode.bits());
    if let Some(len) = u8::try_from(payload_len).ok().filter(|len| *len < 126) {
        w.put_u8(MASKED | len);
    } else if let Ok(len) = u16::try_from(payload_len) {
        w.put_u8(MASKED | 126);
        w.put_u16(len);
    } else {
        w.put_u8(MASKED | 127);
        w.put(&(payload_len as u64).to_be_bytes());
    }
    w.put(&mask);
}

/// Writes a whole client frame. The payload of a control frame must not be longer than [`CONTROL_MAX`].
pub fn put_frame(w: &mut Writer<'_>, opcode: Opcode, mask: [u8; 4], payload: &[u8]) {
    put_header(w, opcode, mask, payload.len());
    // A multiple of four, so that every block starts with the first byte of the mask.
    let mut block = [0; 64];
    for part in payload.chunks(block.len()) {
        let Some(masked) = block.get_mut(..part.len()) else { return };
        masked.copy_from_slice(part);
        mask_in_place(mask, 0, masked);
        w.put(masked);
    }
}

/// Masks (or unmasks, it is the same) a piece of a payload that starts `offset` bytes behind its beginning.
pub fn mask_in_place(mask: [u8; 4], offset: usize, piece: &mut [u8]) {
    for (byte, key) in piece.iter_mut().zip(mask.iter().cycle().skip(offset % mask.len())) {
        *byte ^= key;
    }
}
