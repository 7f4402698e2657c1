//! The bytes of a request.

use crate::wire::buffer::Writer;
use core::fmt::{self, Write};

/// One request. Written in the order of the fields: request line, `Host`, the headers, `Content-Length`.
///
/// Whatever the values contain, they cannot end a line or a field early: in the target and the host every byte that is
/// not visible ASCII is percent-encoded, in a header name every byte that has no place there becomes `_`, and in a header
/// value every control character becomes a blank (as RFC 9110 5.5 has recipients do).
///
/// `Debug` prints neither headers nor body: there may be secrets in them.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `PUT` or `POST`.
    pub method: &'static str,
    /// The request target in origin form: path and query, starting with `/`.
    pub target: fmt::Arguments<'a>,
    /// The value of the `Host` header; see [`Url::host_header`](crate::wire::url::Url::host_header) and
    /// [`Url::host_without_port`](crate::wire::url::Url::host_without_port).
    pub host: fmt::Arguments<'a>,
    /// Further headers, in this order. An empty value is sent as such.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; its length is announced. `None` announces nothing.
    pub body: Option<&'a [u8]>,
}

impl Request<'_> {
    /// Writes the whole request; `w` says at its end whether it fitted.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.put(self.method.as_bytes());
        w.put(b" ");
        put_visible(w, self.target);
        w.put(b" HTTP/1.1\r\nHost: ");
        put_visible(w, self.host);
        w.put(b"\r\n");
        for (name, value) in self.headers {
            name.bytes().for_each(|byte| w.put_u8(if is_token(byte) { byte } else { b'_' }));
            w.put(b": ");
            value.bytes().for_each(|byte| w.put_u8(if byte.is_ascii_control() { b' ' } else { byte }));
            w.put(b"\r\n");
        }
        if let Some(body) = self.body {
            w.put_fmt(format_args!("Content-Length: {}\r\n", body.len()));
        }
        w.put(b"\r\n");
        w.put(self.body.unwrap_or_default());
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).field("target", &self.target).finish_non_exhaustive()
    }
}

/// `tchar` of RFC 9110 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn put_visible(w: &mut Writer<'_>, text: fmt::Arguments<'_>) {
    // The writer remembers that it is full.
    let _ = Visible(w).write_fmt(text);
}

/// Percent-encodes what is not visible ASCII.
struct Visible<'w, 'b>(&'w mut Writer<'b>);

impl Write for Visible<'_, '_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for byte in s.bytes() {
            if byte.is_ascii_graphic() {
                self.0.put_u8(byte);
            } else {
                self.0.put_fmt(format_args!("%{byte:02X}"));
            }
        }
        Ok(())
    }
}
