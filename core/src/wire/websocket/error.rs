//! Why the frames of a server were refused.

use core::fmt;

/// What is wrong with a frame. The connection is of no use afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebsocketError {
    /// A reserved bit is set: an extension that was not agreed on.
    ReservedBits,
    /// An opcode without a meaning.
    Opcode(u8),
    /// A frame that is part of a longer message.
    Fragmented,
    /// A frame with a mask: only clients mask.
    Masked,
    /// The length is not in its shortest form, or beyond 63 bits.
    Length,
    /// A frame over the limit.
    TooLong {
        /// Length of its payload in bytes.
        length: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A ping, pong or close with more than 125 bytes.
    ControlTooLong,
    /// A close frame with half a status code.
    ClosePayload,
    /// A close code that must not be sent.
    CloseCode(u16),
    /// A close reason that is not UTF-8.
    CloseReason,
}

impl fmt::Display for WebsocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::ReservedBits => "the server sent a frame with reserved bits set",
            Self::Opcode(opcode) => return write!(f, "the server sent a frame with the reserved opcode {opcode:#x}"),
            Self::Fragmented => "the server sent a fragmented message",
            Self::Masked => "the server sent a masked frame",
            Self::Length => "the server sent a frame with a malformed length",
            Self::TooLong { length, limit } => {
                return write!(f, "the server sent a frame of {length} bytes, over the limit of {limit}");
            }
            Self::ControlTooLong => "the server sent a control frame of more than 125 bytes",
            Self::ClosePayload => "the server sent a close frame with half a status code",
            Self::CloseCode(code) => return write!(f, "the server sent the invalid close code {code}"),
            Self::CloseReason => "the server sent a close reason that is not UTF-8",
        })
    }
}

impl core::error::Error for WebsocketError {}
