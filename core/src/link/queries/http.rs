//! The HTTP request behind the envelope.

use super::{TARGET_MAX, split};
use crate::api::Method;
use crate::encoding::{Accepted, Encoding};
use crate::text::split_once;

/// What an HTTP request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Http<'a> {
    pub(super) method: Method,
    pub(super) target: &'a str,
    /// How its answer may be encoded.
    pub(super) encoding: Encoding,
}

impl<'a> Http<'a> {
    /// Reads a request whose head is complete.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, _) = split(bytes)?;
        let (line, mut headers) = first_line(core::str::from_utf8(head).ok()?);
        let (method, rest) = line.split_once(' ')?;
        let target = rest.strip_suffix(" HTTP/1.1")?;
        let method = Method::of(method);
        let is_target =
            target.starts_with('/') && target.len() <= TARGET_MAX && target.bytes().all(|b| b.is_ascii_graphic());
        if !is_target || method == Method::Other {
            return None;
        }
        let mut accepted = Accepted::default();
        while !headers.is_empty() {
            let (line, rest) = first_line(headers);
            headers = rest;
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("accept-encoding")
            {
                accepted.add(value);
            }
        }
        Some(Self { method, target, encoding: accepted.encoding() })
    }
}

/// The first line, and what follows it.
fn first_line(text: &str) -> (&str, &str) {
    split_once(text, "\r\n").unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::Http;
    use crate::api::Method;
    use crate::encoding::Encoding;
    use std::format;

    #[test]
    fn a_request_says_whether_its_answer_may_be_compressed() {
        for (headers, encoding) in [
            ("", Encoding::Identity),
            ("Accept-Encoding: gzip\r\n", Encoding::Gzip),
            ("Host: x\r\naccept-ENCODING:deflate,gzip\r\n", Encoding::Gzip),
            ("Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n", Encoding::Gzip),
            ("Accept-Encoding: gzip;q=0\r\n", Encoding::Identity),
            ("X-Accept-Encoding: gzip\r\n", Encoding::Identity),
        ] {
            // What looks like a header in the body is none.
            let request = format!("PUT /x HTTP/1.1\r\n{headers}\r\nAccept-Encoding: gzip");
            let expected = Http { method: Method::Put, target: "/x", encoding };
            assert_eq!(Http::read(request.as_bytes()), Some(expected), "{headers}");
        }
    }
}
