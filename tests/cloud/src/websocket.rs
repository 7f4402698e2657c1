//! WebSocket from the server side (RFC 6455), as far as the link uses it (protocol.md 2.8 and 2.9).

use crate::deviation::rule;
use crate::http::judge::Findings;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use std::fmt;

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The most a control frame can carry, in bytes.
pub(crate) const CONTROL_MAX: usize = 125;

/// What a frame is.
pub(crate) mod opcode {
    pub(crate) const CONTINUATION: u8 = 0;
    pub(crate) const TEXT: u8 = 1;
    pub(crate) const BINARY: u8 = 2;
    pub(crate) const CLOSE: u8 = 8;
    pub(crate) const PING: u8 = 9;
    pub(crate) const PONG: u8 = 10;
}

/// The value of `Sec-WebSocket-Accept` for a key.
pub(crate) fn accept(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(GUID);
    STANDARD.encode(hash.finalize())
}

/// A frame as a server sends it: whole and unmasked.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(0x80 | opcode, None, payload)
}

/// A frame with any first byte, masked if there is a mask.
pub(crate) fn raw_frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let flag = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(flag | len as u8),
        len @ 126..=0xffff => {
            bytes.push(flag | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            bytes.push(flag | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    match mask {
        Some(mask) => {
            bytes.extend_from_slice(&mask);
            bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        }
        None => bytes.extend_from_slice(payload),
    }
    bytes
}

/// A close frame.
pub(crate) fn close(code: u16) -> Vec<u8> {
    frame(opcode::CLOSE, &code.to_be_bytes())
}

/// What a client can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Part of the MQTT stream.
    Data(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// The farewell, with its code.
    Close(Option<u16>),
}

/// Why the stream of frames cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameError {
    Unmasked,
    Reserved(u8),
    Opcode(u8),
    Fragment,
    Control,
    TooLong(u64),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmasked => f.write_str("a frame without mask"),
            Self::Reserved(bits) => write!(f, "reserved bits 0x{bits:02x} set"),
            Self::Opcode(opcode::TEXT) => f.write_str("a text frame"),
            Self::Opcode(opcode) => write!(f, "opcode {opcode}"),
            Self::Fragment => f.write_str("a fragmented message"),
            Self::Control => f.write_str("a control frame that is fragmented, too long or malformed"),
            Self::TooLong(len) => write!(f, "a frame of {len} bytes"),
        }
    }
}

/// Joins the pieces of a stream into frames.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    buffer: Vec<u8>,
    last_mask: Option<[u8; 4]>,
}

impl Decoder {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, once it is complete.
    pub(crate) fn next(&mut self, limit: usize, findings: &mut Findings) -> Result<Option<Frame>, FrameError> {
        let &[first, second, ref rest @ ..] = self.buffer.as_slice() else { return Ok(None) };
        let (opcode, whole, short) = (first & 0x0f, first & 0x80 != 0, u64::from(second & 0x7f));
        check(first, second)?;
        let (len, rest, canonical) = match short {
            126 => {
                let Some((len, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
                let len = u64::from(u16::from_be_bytes(*len));
                (len, rest, len > 125)
            }
            127 => {
                let Some((len, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
                let len = u64::from_be_bytes(*len);
                (len, rest, len > 0xffff)
            }
            len => (len, rest, true),
        };
        if len > limit as u64 {
            return Err(FrameError::TooLong(len));
        }
        let len = len as usize;
        let Some((&mask, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let Some(masked) = rest.get(..len) else { return Ok(None) };
        let payload: Vec<u8> = masked.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        let used = self.buffer.len() - rest.len() + len;
        self.buffer.drain(..used);
        if !canonical {
            findings.push((rule::FRAMES, "a frame length in more bytes than it needs".to_owned()));
        }
        // The chance that an honest generator does this is one in four thousand million.
        if self.last_mask.replace(mask) == Some(mask) {
            findings.push((rule::FRAMES, "the same mask twice in a row".to_owned()));
        }
        debug_assert!(whole);
        Ok(Some(match opcode {
            opcode::PING => Frame::Ping(payload),
            opcode::PONG => Frame::Pong(payload),
            opcode::CLOSE => Frame::Close(close_code(&payload)?),
            _ => Frame::Data(payload),
        }))
    }
}

/// The first two bytes: whatever is wrong in them is wrong for good.
fn check(first: u8, second: u8) -> Result<(), FrameError> {
    let (opcode, whole) = (first & 0x0f, first & 0x80 != 0);
    if first & 0x70 != 0 {
        return Err(FrameError::Reserved(first & 0x70));
    }
    if second & 0x80 == 0 {
        return Err(FrameError::Unmasked);
    }
    match opcode {
        opcode::BINARY if whole => Ok(()),
        opcode::BINARY | opcode::CONTINUATION => Err(FrameError::Fragment),
        opcode::CLOSE | opcode::PING | opcode::PONG => {
            if whole && usize::from(second & 0x7f) <= CONTROL_MAX {
                Ok(())
            } else {
                Err(FrameError::Control)
            }
        }
        other => Err(FrameError::Opcode(other)),
    }
}

fn close_code(payload: &[u8]) -> Result<Option<u16>, FrameError> {
    match payload {
        [] => Ok(None),
        [_] => Err(FrameError::Control),
        [high, low, ..] => Ok(Some(u16::from_be_bytes([*high, *low]))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, Frame, FrameError, accept, frame, opcode, raw_frame};

    fn decode(bytes: &[u8]) -> (Result<Option<Frame>, FrameError>, usize) {
        let mut decoder = Decoder::default();
        let mut findings = Vec::new();
        decoder.push(bytes);
        (decoder.next(1 << 20, &mut findings), findings.len())
    }

    #[test]
    fn the_accept_value_is_that_of_rfc_6455() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn frames_of_every_length_survive_any_split() {
        for len in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![7_u8; len];
            let bytes = raw_frame(0x82, Some([1, 2, 3, 4]), &payload);
            let mut decoder = Decoder::default();
            for byte in &bytes[..bytes.len() - 1] {
                decoder.push(&[*byte]);
            }
            assert_eq!(decoder.next(1 << 20, &mut Vec::new()), Ok(None));
            decoder.push(&bytes[bytes.len() - 1..]);
            assert_eq!(decoder.next(1 << 20, &mut Vec::new()), Ok(Some(Frame::Data(payload))));
        }
    }

    #[test]
    fn what_a_client_must_not_send_is_refused_by_name() {
        let mask = Some([9, 9, 9, 9]);
        for (first, mask, payload, error) in [
            (0x82, None, 1, FrameError::Unmasked),
            (0xc2, mask, 1, FrameError::Reserved(0x40)),
            (0x81, mask, 1, FrameError::Opcode(opcode::TEXT)),
            (0x8b, mask, 1, FrameError::Opcode(11)),
            (0x02, mask, 1, FrameError::Fragment),
            (0x80, mask, 1, FrameError::Fragment),
            (0x89, mask, 126, FrameError::Control),
            (0x09, mask, 1, FrameError::Control),
            (0x88, mask, 1, FrameError::Control),
        ] {
            assert_eq!(decode(&raw_frame(first, mask, &vec![0; payload])).0, Err(error));
        }
        assert_eq!(decode(&[0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0]).0, Err(FrameError::TooLong(1 << 32)));
    }

    #[test]
    fn a_repeated_mask_and_a_padded_length_are_found() {
        let mut decoder = Decoder::default();
        let mut findings = Vec::new();
        decoder.push(&raw_frame(0x82, Some([1, 2, 3, 4]), b"a").repeat(2));
        while decoder.next(10, &mut findings).unwrap().is_some() {}
        assert_eq!(findings.len(), 1);
        assert_eq!(decode(&[0x82, 0xfe, 0, 1, 1, 2, 3, 4, 5]).1, 1);
        assert_eq!(frame(opcode::PING, b"x"), [0x89, 1, b'x']);
    }
}
