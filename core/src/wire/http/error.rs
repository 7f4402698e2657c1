//! Why a response was refused.

use super::{CHUNK_LINE_MAX, HEADERS_MAX, INTERIM_MAX, TRAILERS_MAX};
use core::fmt;

/// What is wrong with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpError {
    /// The connection ended before the first byte of a final response.
    NoResponse,
    /// The connection ended inside the head.
    HeadTruncated,
    /// The connection ended inside the body.
    BodyTruncated {
        /// Bytes of the body that arrived.
        received: u64,
        /// Bytes that `Content-Length` announced; `None` if the body is chunked.
        expected: Option<u64>,
    },
    /// It does not start like HTTP.
    NotHttp,
    /// A version other than 1.1 and 1.0.
    Version,
    /// The rest of the status line is malformed, or the status is not one of 100 to 599.
    StatusLine,
    /// A line ends in LF without CR, or has a CR inside.
    LineEnd,
    /// A header continues on the next line.
    Folded,
    /// A line without a colon, or a header name with other characters than allowed.
    HeaderName,
    /// A header value with control characters.
    HeaderValue,
    /// The head is longer than [`HEAD_MAX`](super::HEAD_MAX) or the storage.
    HeadTooLong {
        /// That limit, in bytes.
        limit: usize,
    },
    /// More than [`HEADERS_MAX`] headers.
    TooManyHeaders,
    /// More than [`INTERIM_MAX`] interim responses.
    TooManyInterim,
    /// `Content-Length` is not a number, or none this side can count to.
    ContentLength,
    /// `Content-Length` more than once.
    ContentLengthTwice,
    /// Both `Content-Length` and `Transfer-Encoding`.
    AmbiguousLength,
    /// A `Transfer-Encoding` other than `chunked`.
    TransferCoding,
    /// HTTP/1.0 without `Content-Length`.
    Unframed,
    /// `Sec-WebSocket-Accept` in a 101 response is there twice or longer than 28 characters.
    WebsocketAccept,
    /// The body is longer than the storage.
    BodyTooLong {
        /// How long it is, as far as is known.
        length: u64,
        /// Size of the storage in bytes.
        limit: usize,
    },
    /// A chunk size line that is none.
    ChunkSize,
    /// A chunk size line longer than [`CHUNK_LINE_MAX`].
    ChunkLineTooLong,
    /// A chunk does not end where it should.
    ChunkEnd,
    /// A trailer line without a colon or with a character that has no place there.
    Trailer,
    /// Trailers longer than [`TRAILERS_MAX`].
    TrailersTooLong,
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::NoResponse => "the server closed the connection without an answer",
            Self::HeadTruncated => "the server closed the connection within the headers",
            Self::BodyTruncated { received, expected: Some(expected) } => {
                return write!(f, "the server closed the connection after {received} of {expected} body bytes");
            }
            Self::BodyTruncated { received, expected: None } => {
                return write!(f, "the server closed the connection within the body, after {received} bytes");
            }
            Self::NotHttp => "the answer is not HTTP: another service may be listening on that port",
            Self::Version => "the answer is in an HTTP version other than 1.1",
            Self::StatusLine => "the status line is malformed",
            Self::LineEnd => "a header line does not end in CR LF",
            Self::Folded => "a header is continued on the next line",
            Self::HeaderName => "a header line has no colon or a malformed name",
            Self::HeaderValue => "a header value contains control characters",
            Self::HeadTooLong { limit } => return write!(f, "the headers are longer than {limit} bytes"),
            Self::TooManyHeaders => return write!(f, "there are more than {HEADERS_MAX} headers"),
            Self::TooManyInterim => return write!(f, "there are more than {INTERIM_MAX} interim responses"),
            Self::ContentLength => "Content-Length is not a number of bytes",
            Self::ContentLengthTwice => "Content-Length is there more than once",
            Self::AmbiguousLength => "both Content-Length and Transfer-Encoding are there",
            Self::TransferCoding => "the Transfer-Encoding is not chunked",
            Self::Unframed => "an HTTP/1.0 answer without Content-Length",
            Self::WebsocketAccept => "Sec-WebSocket-Accept is not one value of 28 characters",
            Self::BodyTooLong { length, limit } => {
                return write!(f, "the body of {length} bytes does not fit the {limit} byte receive buffer");
            }
            Self::ChunkSize => "a chunk size is malformed",
            Self::ChunkLineTooLong => return write!(f, "a chunk size line is longer than {CHUNK_LINE_MAX} bytes"),
            Self::ChunkEnd => "a chunk is longer than announced",
            Self::Trailer => "a trailer line is malformed",
            Self::TrailersTooLong => return write!(f, "the trailers are longer than {TRAILERS_MAX} bytes"),
        })
    }
}

impl core::error::Error for HttpError {}
