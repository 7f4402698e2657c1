//! The head of a request (RFC 9112 2 to 6), checked before anything is made of it.
//!
//! Two readers must never disagree about where a request ends, so whatever could be read in two ways is refused, and the
//! connection ends with it.

use aclk_core::encoding::{Accepted, Encoding};

/// The most headers a request may have. Each takes four words of stack while the head is read.
pub const HEADERS_MAX: usize = 48;

/// What is to be done with the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Head,
    Options,
    /// Not done here.
    Other,
}

/// A request that can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request<'b> {
    pub(super) verb: Verb,
    /// Path and query.
    pub(super) target: &'b str,
    /// Whether the client wants to ask again on the same connection.
    pub(super) keep_alive: bool,
    /// How the body of the answer may be encoded.
    pub(super) encoding: Encoding,
}

/// Why a request cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not HTTP.
    NotHttp,
    /// Another major version of HTTP.
    Version,
    /// More than [`HEADERS_MAX`] headers, or more bytes of them than there is room for.
    Headers,
    /// The target is longer than there is room for.
    TargetLength,
    /// The target is neither a path nor an `http` URL.
    Target,
    /// HTTP/1.1 wants one `Host` (RFC 9112 3.2).
    Host,
    /// The length of the body can be read in two ways, or in none.
    Length,
    /// There is a body.
    Body,
    /// The head did not come to its end in time.
    Late,
}

impl Refusal {
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::NotHttp | Self::Target | Self::Host | Self::Length => 400,
            Self::Late => 408,
            Self::Body => 413,
            Self::TargetLength => 414,
            Self::Headers => 431,
            Self::Version => 505,
        }
    }

    pub(super) const fn line(self) -> &'static str {
        match self {
            Self::NotHttp => "this is not an HTTP request",
            Self::Version => "this server speaks HTTP/1.0 and HTTP/1.1",
            Self::Headers => "the headers of the request are too long or too many",
            Self::TargetLength => "the target of the request is too long",
            Self::Target => "the target of the request is not a path",
            Self::Host => "the request must have exactly one Host header",
            Self::Length => "the length of the request is not clear",
            Self::Body => "this server takes no request bodies",
            Self::Late => "the request did not come in time",
        }
    }
}

/// Where the first head in `bytes` ends, behind its blank line. Lines may end in LF alone (RFC 9112 2.2).
pub(super) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let blank = |at: usize| match bytes.get(at..)? {
        [b'\n', b'\n', ..] => Some(at + 2),
        [b'\n', b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    };
    (0..bytes.len()).find_map(blank)
}

/// How many bytes of empty lines are in front of a request: some clients send one too many (RFC 9112 2.2).
pub(super) fn empty_lines(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Whether a request could begin like this. What speaks something else (TLS, most likely) need not be waited for.
pub(super) fn could_be_http(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(|byte| byte.is_ascii_alphabetic())
}

/// Reads a head that ends where [`end_of_head`] says.
pub(super) fn parse(head: &[u8]) -> Result<Request<'_>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(len)) if len == head.len() => {}
        Ok(_) => return Err(Refusal::NotHttp),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::Headers),
        Err(httparse::Error::Version) => return Err(Refusal::Version),
        Err(_) => return Err(Refusal::NotHttp),
    }
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(Refusal::NotHttp);
    };
    let headers = &*request.headers;
    let hosts = named(headers, "Host").count();
    if hosts > 1 || (hosts == 0 && version == 1) {
        return Err(Refusal::Host);
    }
    let verb = match method {
        "GET" => Verb::Get,
        "HEAD" => Verb::Head,
        "OPTIONS" => Verb::Options,
        _ => Verb::Other,
    };
    let has_body = has_body(headers)?;
    if has_body && verb != Verb::Other {
        return Err(Refusal::Body);
    }
    let wishes = || named(headers, "Connection").flat_map(|value| value.split(|byte| *byte == b','));
    let closes = wishes().any(|wish| wish.trim_ascii().eq_ignore_ascii_case(b"close"));
    let keep_alive = version == 1 && !closes && !has_body;
    let mut accepted = Accepted::default();
    let values = named(headers, "Accept-Encoding").filter_map(|value| core::str::from_utf8(value).ok());
    values.for_each(|value| accepted.add(value));
    Ok(Request { verb, target: origin_form(target, verb)?, keep_alive, encoding: accepted.encoding() })
}

/// Whether a body follows (RFC 9112 6.3).
fn has_body(headers: &[httparse::Header<'_>]) -> Result<bool, Refusal> {
    let is_coded = named(headers, "Transfer-Encoding").next().is_some();
    let mut lengths = named(headers, "Content-Length");
    let length = lengths.next();
    if lengths.next().is_some() || (is_coded && length.is_some()) {
        return Err(Refusal::Length);
    }
    let Some(length) = length else { return Ok(is_coded) };
    if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::Length);
    }
    Ok(length.iter().any(|digit| *digit != b'0'))
}

/// Path and query of a target, which may also be a whole URL (RFC 9112 3.2.2).
fn origin_form(target: &str, verb: Verb) -> Result<&str, Refusal> {
    if target.starts_with('/') || (target == "*" && verb == Verb::Options) {
        return Ok(target);
    }
    let (scheme, rest) = target.split_at_checked("http://".len()).ok_or(Refusal::Target)?;
    if !scheme.eq_ignore_ascii_case("http://") {
        return Err(Refusal::Target);
    }
    Ok(rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"))
}

fn named<'h, 'b: 'h>(headers: &'h [httparse::Header<'b>], name: &'h str) -> impl Iterator<Item = &'b [u8]> + 'h {
    headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}
