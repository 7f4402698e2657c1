//! Reading requests from a stream of bytes.

use crate::config::Limits;
use std::fmt;

/// Most header lines of a request.
const HEADERS: usize = 128;

/// A complete request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    pub(crate) minor_version: u8,
    /// Names as they were written, values without surrounding blanks.
    pub(crate) headers: Vec<(String, String)>,
    /// The head as it was on the wire, up to and including the empty line.
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The first value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The path of the target, without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query of the target, without the question mark; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// Why bytes are not a request that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BadRequest {
    /// Not HTTP at all.
    Syntax(String),
    /// Over the limit for heads.
    HeadTooLong(usize),
    /// Over the limit for bodies.
    BodyTooLong(usize),
    /// `Content-Length` twice or not a number.
    Length,
    /// A transfer coding: no client of the Cloud uses one.
    TransferEncoding,
}

impl BadRequest {
    /// The status that says so.
    pub(crate) fn status(&self) -> (u16, &'static str) {
        match self {
            Self::Syntax(_) | Self::Length => (400, "Bad Request"),
            Self::HeadTooLong(_) => (431, "Request Header Fields Too Large"),
            Self::BodyTooLong(_) => (413, "Content Too Large"),
            Self::TransferEncoding => (411, "Length Required"),
        }
    }
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(why) => write!(f, "not an HTTP/1.1 request: {why}"),
            Self::HeadTooLong(limit) => write!(f, "request head of more than {limit} bytes"),
            Self::BodyTooLong(limit) => write!(f, "request body of more than {limit} bytes"),
            Self::Length => f.write_str("Content-Length is not one number"),
            Self::TransferEncoding => f.write_str("request body with Transfer-Encoding"),
        }
    }
}

/// Joins the pieces of a stream into requests.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    buffer: Vec<u8>,
}

impl Reader {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether part of a request is waiting for the rest.
    pub(crate) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// What is left, for the protocol that takes over.
    pub(crate) fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    /// The next request, once it is complete.
    pub(crate) fn next(&mut self, limits: &Limits) -> Result<Option<Request>, BadRequest> {
        let mut slots = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut slots);
        let head_len = match parsed.parse(&self.buffer) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) if self.buffer.len() > limits.head => {
                return Err(BadRequest::HeadTooLong(limits.head));
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(BadRequest::Syntax(error.to_string())),
        };
        if head_len > limits.head {
            return Err(BadRequest::HeadTooLong(limits.head));
        }
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let mut request = Request {
            method: parsed.method.unwrap_or_default().to_owned(),
            target: parsed.path.unwrap_or_default().to_owned(),
            minor_version: parsed.version.unwrap_or_default(),
            headers: parsed.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect(),
            head: self.buffer[..head_len].to_vec(),
            body: Vec::new(),
        };
        let body_len = body_length(&request)?;
        if body_len > limits.body {
            return Err(BadRequest::BodyTooLong(limits.body));
        }
        if self.buffer.len() < head_len + body_len {
            return Ok(None);
        }
        request.body = self.buffer[head_len..head_len + body_len].to_vec();
        self.buffer.drain(..head_len + body_len);
        Ok(Some(request))
    }
}

fn body_length(request: &Request) -> Result<usize, BadRequest> {
    if request.header("transfer-encoding").is_some() {
        return Err(BadRequest::TransferEncoding);
    }
    let mut values = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let Some((_, value)) = values.next() else { return Ok(0) };
    if values.next().is_some() || value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadRequest::Length);
    }
    // A number too large for the machine is over any limit.
    Ok(value.parse().unwrap_or(usize::MAX / 2))
}

#[cfg(test)]
mod tests {
    use super::{BadRequest, Reader};
    use crate::config::Limits;

    fn read(bytes: &[u8]) -> Result<Option<super::Request>, BadRequest> {
        let mut reader = Reader::default();
        reader.push(bytes);
        reader.next(&Limits::default())
    }

    #[test]
    fn a_request_is_complete_with_its_last_byte_and_not_before() {
        let whole = b"PUT /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz";
        let mut reader = Reader::default();
        for byte in &whole[..whole.len() - 1] {
            reader.push(&[*byte]);
            assert!(reader.next(&Limits::default()).unwrap().is_none());
        }
        reader.push(b"zGET");
        let request = reader.next(&Limits::default()).unwrap().unwrap();
        assert_eq!((request.path(), request.query(), &request.body[..]), ("/a", "b=c", &b"xyz"[..]));
        assert_eq!(reader.take_rest(), b"GET");
    }

    #[test]
    fn requests_that_cannot_be_answered_are_named() {
        let limits = Limits::default();
        let head = |rest: &str| read(format!("POST / HTTP/1.1\r\n{rest}\r\n\r\n").as_bytes()).err();
        assert_eq!(head("Content-Length: 1\r\nContent-Length: 1"), Some(BadRequest::Length));
        assert_eq!(head("Content-Length: -1"), Some(BadRequest::Length));
        assert_eq!(head("Content-Length: 99999999999999999999999"), Some(BadRequest::BodyTooLong(limits.body)));
        assert_eq!(head("Transfer-Encoding: chunked"), Some(BadRequest::TransferEncoding));
        assert_eq!(head(&format!("A: {}", "x".repeat(limits.head))), Some(BadRequest::HeadTooLong(limits.head)));
        assert!(matches!(read(b"\x16\x03\x01\x02\x00"), Err(BadRequest::Syntax(_))));
    }
}
