//! The head of an HTTP response.

use super::date::Date;
use crate::encoding::Encoding;
use crate::settings::AGENT_VERSION;
use core::fmt;

/// What a status means, in words. The reason phrase must not be empty: old clients read it (protocol.md 1.6).
#[must_use]
pub const fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}

/// Displays as the head of a response, its blank line included (protocol.md 3.3).
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// How the body is encoded.
    pub encoding: Encoding,
    /// Bytes of the body, encoded.
    pub content_length: u64,
    /// The time, in seconds since 1970.
    pub unix_seconds: u64,
    /// Whether another request may follow on the same connection. Over the link each has its own.
    pub keep_alive: bool,
    /// The methods that a 405 names.
    pub allow: &'static str,
    /// Further header lines, each with its CR LF.
    pub further: &'static str,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, content_type, encoding, content_length, unix_seconds, keep_alive, allow, further } = *self;
        let connection = if keep_alive { "keep-alive" } else { "close" };
        write!(f, "HTTP/1.1 {status} {}\r\n", reason_phrase(status))?;
        write!(f, "Connection: {connection}\r\nServer: Netdata Embedded HTTP Server v{AGENT_VERSION}\r\n")?;
        f.write_str("Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n")?;
        write!(f, "Date: {}\r\nContent-Type: {content_type}\r\n", Date::of(unix_seconds).http())?;
        if status == 405 {
            write!(f, "Allow: {allow}\r\n")?;
        }
        f.write_str(further)?;
        f.write_str("Cache-Control: no-cache, no-store, must-revalidate\r\n")?;
        if encoding == Encoding::Gzip {
            f.write_str("Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n")?;
        }
        write!(f, "Content-Length: {content_length}\r\n\r\n")
    }
}
