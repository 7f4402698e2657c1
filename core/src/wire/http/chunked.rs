//! The chunked transfer coding, without its data (RFC 9112 7.1).

use super::{CHUNK_LINE_MAX, HttpError, TRAILERS_MAX};

/// Hexadecimal digits of a chunk size: 64 bits.
const SIZE_DIGITS_MAX: u8 = 16;

/// Where in the coding the next byte belongs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Chunked {
    /// The line with the size of the next chunk.
    Size { size: u64, digits: u8, line: usize, part: SizePart },
    /// The data of a chunk.
    Data { left: u64 },
    /// CR LF after the data; `cr` once the CR is there.
    DataEnd { cr: bool },
    /// The lines after the last chunk.
    Trailers { total: usize, line: Line },
    /// Behind the blank line at the end.
    Done,
}

/// What of a size line has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SizePart {
    Digits,
    Blanks,
    Extension,
    Cr,
}

/// What of a trailer line has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Start,
    Name,
    Value,
    /// CR; `empty` if nothing came before it.
    Cr {
        empty: bool,
    },
}

impl Chunked {
    pub(super) const START: Self = Self::Size { size: 0, digits: 0, line: 0, part: SizePart::Digits };

    /// Takes one byte that is not data of a chunk.
    pub(super) fn framing(self, byte: u8) -> Result<Self, HttpError> {
        match self {
            Self::Size { size, digits, line, part } => Self::size(size, digits, line, part, byte),
            Self::DataEnd { cr: false } if byte == b'\r' => Ok(Self::DataEnd { cr: true }),
            Self::DataEnd { cr: true } if byte == b'\n' => Ok(Self::START),
            Self::DataEnd { .. } => Err(HttpError::ChunkEnd),
            Self::Trailers { total, line } => Self::trailers(total, line, byte),
            Self::Data { .. } | Self::Done => Ok(self),
        }
    }

    fn size(size: u64, digits: u8, line: usize, part: SizePart, byte: u8) -> Result<Self, HttpError> {
        let (line, digit) = (line.saturating_add(1), (byte as char).to_digit(16));
        let next = match (part, byte, digit) {
            (SizePart::Cr, b'\n', _) if size == 0 => return Ok(Self::Trailers { total: 0, line: Line::Start }),
            (SizePart::Cr, b'\n', _) => return Ok(Self::Data { left: size }),
            (SizePart::Cr, ..) => return Err(HttpError::ChunkSize),
            (SizePart::Digits, _, Some(digit)) if digits < SIZE_DIGITS_MAX => {
                let (size, digits) = ((size << 4) | u64::from(digit), digits.saturating_add(1));
                return Ok(Self::Size { size, digits, line, part });
            }
            (_, b'\r', _) if digits > 0 => SizePart::Cr,
            (SizePart::Digits | SizePart::Blanks, b';', _) if digits > 0 => SizePart::Extension,
            (SizePart::Digits | SizePart::Blanks, b' ' | b'\t', _) if digits > 0 => SizePart::Blanks,
            (SizePart::Extension, byte, _) if is_text(byte) => SizePart::Extension,
            _ => return Err(HttpError::ChunkSize),
        };
        // What ends the line is not part of its length.
        if next != SizePart::Cr && line > CHUNK_LINE_MAX {
            return Err(HttpError::ChunkLineTooLong);
        }
        Ok(Self::Size { size, digits, line, part: next })
    }

    /// Trailers are checked for their form and dropped: nothing here could use them.
    fn trailers(total: usize, line: Line, byte: u8) -> Result<Self, HttpError> {
        let line = match (line, byte) {
            (Line::Cr { empty: true }, b'\n') => return Ok(Self::Done),
            (Line::Cr { empty: false }, b'\n') => Line::Start,
            (Line::Cr { .. }, _) => return Err(HttpError::Trailer),
            // The blank line is no trailer.
            (Line::Start, b'\r') => return Ok(Self::Trailers { total, line: Line::Cr { empty: true } }),
            (Line::Value, b'\r') => Line::Cr { empty: false },
            (Line::Name, b':') => Line::Value,
            (Line::Start | Line::Name, byte) if byte.is_ascii_graphic() && byte != b':' => Line::Name,
            (Line::Value, byte) if is_text(byte) => Line::Value,
            _ => return Err(HttpError::Trailer),
        };
        let total = total.saturating_add(1);
        if total > TRAILERS_MAX {
            return Err(HttpError::TrailersTooLong);
        }
        Ok(Self::Trailers { total, line })
    }
}

/// What a field value may contain (RFC 9110 5.5).
const fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
