//! Start line and headers, and how long the body behind them is.

use crate::stream::Cut;
use core::ops::Range;

/// Bytes that a head may have.
const HEAD: usize = 32 << 10;
/// Headers that are looked at.
const HEADERS: usize = 128;

/// The head of a message. Positions count from its start.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    /// The three words of the start line, the last of which may have blanks in it, or be missing.
    pub(crate) start: [(&'a str, Range<usize>); 3],
    pub(crate) headers: Vec<Header<'a>>,
    /// Bytes, the empty line included.
    pub(crate) len: usize,
}

#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
    pub(crate) range: Range<usize>,
    pub(crate) value_range: Range<usize>,
}

/// What is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    Request,
    /// The response to a request with this method; to CONNECT and HEAD there is no body.
    Response {
        without_body: bool,
    },
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    Length(u64),
    Chunked,
    UntilClose,
}

impl<'a> Head<'a> {
    /// The head at the front of `bytes`: `None` if it is none, or not complete.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let len = end_of_head(bytes)?;
        let text = core::str::from_utf8(bytes.get(..len)?).ok()?;
        let mut lines = lines(text);
        let (line, at) = lines.next()?;
        let mut headers = Vec::new();
        for (line, at) in lines {
            if line.is_empty() {
                continue;
            }
            let (name, value) = line.split_once(':')?;
            let lead = value.len().saturating_sub(value.trim_start().len());
            let value_start = at.saturating_add(name.len()).saturating_add(1).saturating_add(lead);
            let value = value.trim();
            if headers.len() < HEADERS {
                headers.push(Header {
                    name,
                    value,
                    range: at..at.saturating_add(line.len()),
                    value_range: value_start..value_start.saturating_add(value.len()),
                });
            }
        }
        Some(Self { start: words(line, at)?, headers, len })
    }

    /// The value of a header; its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    }

    /// The first two words: method and target, or version and status.
    pub(crate) const fn words(&self) -> (&'a str, &'a str) {
        let [first, second, _] = &self.start;
        (first.0, second.0)
    }

    /// The status, if this is a response.
    pub(crate) fn status(&self) -> Option<u16> {
        let (version, status) = self.words();
        if version.starts_with("HTTP/") { status.parse().ok() } else { None }
    }

    /// How the body ends; `None` if there is none.
    pub(crate) fn body(&self, expect: Expect) -> Option<Body> {
        let status = self.status();
        let without = match expect {
            Expect::Request => false,
            Expect::Response { without_body } => without_body || matches!(status, Some(100..=199 | 204 | 304)),
        };
        if without {
            return None;
        }
        if self.header("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked")) {
            return Some(Body::Chunked);
        }
        match self.header("content-length").map(str::parse) {
            Some(Ok(0)) => None,
            Some(Ok(len)) => Some(Body::Length(len)),
            _ if expect == Expect::Request => None,
            _ => Some(Body::UntilClose),
        }
    }
}

/// How long the message in front is. A body that ends with the connection is not counted.
pub(crate) fn measure(bytes: &[u8], expect: Expect) -> Cut {
    if !may_start(bytes, expect) {
        return Cut::Wrong;
    }
    let Some(len) = end_of_head(bytes) else {
        return if bytes.len() > HEAD { Cut::Wrong } else { Cut::More };
    };
    let Some(head) = Head::parse(bytes) else { return Cut::Wrong };
    if (expect == Expect::Request) == head.status().is_some() {
        return Cut::Wrong;
    }
    match head.body(expect) {
        None | Some(Body::UntilClose) => Cut::Message(len as u64),
        Some(Body::Length(body)) => Cut::Message(body.saturating_add(len as u64)),
        Some(Body::Chunked) => match chunks(bytes.get(len..).unwrap_or_default()) {
            Chunks::End { len: body, .. } => Cut::Message(len.saturating_add(body) as u64),
            Chunks::More => Cut::More,
            Chunks::Wrong => Cut::Wrong,
        },
    }
}

/// Whether this can be the start of a message.
fn may_start(bytes: &[u8], expect: Expect) -> bool {
    match expect {
        Expect::Request => {
            let mut method = bytes.iter().take(16).take_while(|byte| **byte != b' ');
            method.all(u8::is_ascii_uppercase) && bytes.first() != Some(&b' ')
        }
        Expect::Response { .. } => b"HTTP/".iter().zip(bytes).all(|(wanted, byte)| wanted == byte),
    }
}

/// A body in chunks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// It takes `len` bytes; these ranges of it are content.
    End {
        len: usize,
        content: Vec<Range<usize>>,
    },
    More,
    Wrong,
}

/// Finds the chunks (RFC 9112 7.1).
pub(super) fn chunks(bytes: &[u8]) -> Chunks {
    let mut at: usize = 0;
    let mut content = Vec::new();
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(line) = rest.iter().position(|byte| *byte == b'\n') else {
            return if rest.len() > 1024 { Chunks::Wrong } else { Chunks::More };
        };
        let size = rest.get(..line).and_then(|line| core::str::from_utf8(line).ok()).unwrap_or_default();
        let size = size.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else { return Chunks::Wrong };
        let start = at.saturating_add(line).saturating_add(1);
        if size == 0 {
            // Trailers, to the empty line.
            return match trailers(bytes.get(start..).unwrap_or_default()) {
                Some(len) => Chunks::End { len: start.saturating_add(len), content },
                None => Chunks::More,
            };
        }
        let Some(end) = start.checked_add(size) else { return Chunks::Wrong };
        let Some(after) = bytes.get(end..) else { return Chunks::More };
        let gap = match after {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            [] | [b'\r'] => return Chunks::More,
            _ => return Chunks::Wrong,
        };
        content.push(start..end);
        at = end.saturating_add(gap);
    }
}

fn trailers(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\r', b'\n', ..] => Some(2),
        [b'\n', ..] => Some(1),
        _ => end_of_head(bytes),
    }
}

/// Where the head ends, the empty line included.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let front = bytes.get(..HEAD).unwrap_or(bytes);
    let mut line_start = 0;
    for (at, byte) in front.iter().enumerate() {
        if *byte == b'\n' {
            let line = front.get(line_start..at).unwrap_or_default();
            if line_start > 0 && (line.is_empty() || line == b"\r") {
                return Some(at.saturating_add(1));
            }
            line_start = at.saturating_add(1);
        }
    }
    None
}

/// Lines without their ends, each with its position.
fn lines(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.split_inclusive('\n').scan(0_usize, |at, line| {
        let start = *at;
        *at = at.saturating_add(line.len());
        Some((line.trim_end_matches(['\r', '\n']), start))
    })
}

fn words(line: &str, at: usize) -> Option<[(&str, Range<usize>); 3]> {
    let (first, rest) = line.split_once(' ')?;
    let (second, third) = rest.split_once(' ').unwrap_or((rest, ""));
    let second_at = at.saturating_add(first.len()).saturating_add(1);
    let third_at = second_at.saturating_add(second.len()).saturating_add(usize::from(!third.is_empty()));
    let place = |word: &str, at: usize| at..at.saturating_add(word.len());
    Some([(first, place(first, at)), (second, place(second, second_at)), (third, place(third, third_at))])
}
