//! The meaning of a complete head.

use super::{HEADERS_MAX, HttpError, date};
use crate::wire::websocket::ACCEPT_LEN;

/// How the end of the body is found (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

/// What is kept of a head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) framing: Framing,
    pub(super) retry_after: Option<u32>,
    pub(super) date: Option<u64>,
    pub(super) accept: Option<heapless::String<ACCEPT_LEN>>,
}

impl Head {
    /// Reads a head that ends in its blank line.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, HttpError> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        match response.parse(bytes) {
            Ok(httparse::Status::Complete(len)) if len == bytes.len() => {}
            // The blank line is there, so httparse and the scan that found it disagree about a line end.
            Ok(_) => return Err(HttpError::LineEnd),
            Err(error) => return Err(error.into()),
        }
        let status = response.code.filter(|code| (100..600).contains(code)).ok_or(HttpError::StatusLine)?;
        let lengths = Lengths::of(response.headers)?;
        Ok(Self {
            status,
            framing: lengths.framing(status, response.version == Some(1))?,
            retry_after: value_of(response.headers, "Retry-After").and_then(decimal).and_then(|s| s.try_into().ok()),
            date: value_of(response.headers, "Date").and_then(date::parse),
            accept: if status == 101 { websocket_accept(response.headers)? } else { None },
        })
    }
}

/// The headers that say how long the body is.
struct Lengths {
    content_length: Option<u64>,
    chunked: bool,
}

impl Lengths {
    fn of(headers: &[httparse::Header<'_>]) -> Result<Self, HttpError> {
        let mut lengths = Self { content_length: None, chunked: false };
        for header in headers {
            if header.name.eq_ignore_ascii_case("Content-Length") {
                if lengths.content_length.is_some() {
                    return Err(HttpError::ContentLengthTwice);
                }
                lengths.content_length = Some(decimal(header.value).ok_or(HttpError::ContentLength)?);
            } else if header.name.eq_ignore_ascii_case("Transfer-Encoding") {
                if lengths.chunked || !header.value.eq_ignore_ascii_case(b"chunked") {
                    return Err(HttpError::TransferCoding);
                }
                lengths.chunked = true;
            }
        }
        if lengths.chunked && lengths.content_length.is_some() {
            return Err(HttpError::AmbiguousLength);
        }
        Ok(lengths)
    }

    fn framing(&self, status: u16, version_1_1: bool) -> Result<Framing, HttpError> {
        if status < 200 || status == 204 || status == 304 {
            return Ok(Framing::Length(0));
        }
        match (self.content_length, self.chunked) {
            (Some(length), _) => Ok(Framing::Length(length)),
            // HTTP/1.0 knows no chunks: whoever wrote this header did not write the body (RFC 9112 6.1).
            (None, true) if version_1_1 => Ok(Framing::Chunked),
            (None, true) => Err(HttpError::TransferCoding),
            // By the book the body would now reach to the end of the connection, but an answer that may be cut off
            // unnoticed is worth nothing; peers of the original send no body without its length (protocol.md 2.3).
            (None, false) if version_1_1 => Ok(Framing::Length(0)),
            (None, false) => Err(HttpError::Unframed),
        }
    }
}

fn value_of<'h>(headers: &[httparse::Header<'h>], name: &str) -> Option<&'h [u8]> {
    headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}

fn websocket_accept(headers: &[httparse::Header<'_>]) -> Result<Option<heapless::String<ACCEPT_LEN>>, HttpError> {
    let mut values = headers.iter().filter(|header| header.name.eq_ignore_ascii_case("Sec-WebSocket-Accept"));
    let Some(header) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(HttpError::WebsocketAccept);
    }
    let text = core::str::from_utf8(header.value).map_err(|_| HttpError::WebsocketAccept)?;
    heapless::String::try_from(text).map(Some).map_err(|_| HttpError::WebsocketAccept)
}

/// One or more digits and nothing else, not even a sign; `None` beyond 64 bits.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

impl From<httparse::Error> for HttpError {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::HeaderName => Self::HeaderName,
            httparse::Error::HeaderValue => Self::HeaderValue,
            httparse::Error::NewLine => Self::LineEnd,
            httparse::Error::TooManyHeaders => Self::TooManyHeaders,
            httparse::Error::Version => Self::Version,
            httparse::Error::Status | httparse::Error::Token => Self::StatusLine,
        }
    }
}
