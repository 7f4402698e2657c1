//! HTTP CONNECT (RFC 9110 9.3.6, protocol.md 4.5).
//!
//! * The status must be 200. The RFC lets any 2xx open the tunnel; the original insists on 200, and no proxy says
//!   anything else.
//! * Interim answers (1xx) are skipped: a client has to be able to (RFC 9110 15.2), and 9.3.6 lets only a 2xx open the
//!   tunnel. They count against the same limit as the answer itself. 101 is no such answer: nothing was asked to switch.
//! * Content-Length and Transfer-Encoding of a 200 mean nothing, as 9.3.6 says. Bytes behind the head belong to the tunnel;
//!   a TLS server says nothing before it is spoken to, so whoever runs a negotiation treats them as
//!   [`TooTalkative`](ProxyError::TooTalkative).

use super::negotiation::{Step, Target};
use super::{BASIC_MAX, Endpoint, Proxy, ProxyError};
use crate::text::Text;
use crate::wire::buffer::Writer;
use zeroize::Zeroize;

/// The longest head of an answer, in bytes, interim answers included (as the original, protocol.md 4.5).
pub const HEAD_MAX: usize = 4095;

/// So much of a line is looked at; the rest of a longer one is counted and dropped.
const LINE_MAX: usize = 256;
/// Bytes of the shortest answer: `HTTP/1.1 200` and two ends of line.
const SHORTEST: usize = 14;
/// What every answer starts with, but for the digit behind it.
const VERSION: &[u8] = b"HTTP/1.";
/// The status of a tunnel.
const OK: u16 = 200;
/// The status that asks for credentials.
const CREDENTIALS_WANTED: u16 = 407;

/// A request and its answer.
#[derive(Debug)]
pub(super) struct Connect {
    is_sent: bool,
    is_done: bool,
    head: Head,
    /// Bytes of all heads so far.
    count: usize,
}

/// The head of an answer, line by line.
#[derive(Debug)]
struct Head {
    line: [u8; LINE_MAX],
    /// Bytes of the line at hand, those that were dropped included.
    len: usize,
    status: Option<u16>,
    status_line: Text<96>,
    /// Ways to authenticate that were offered.
    offers: bool,
    offers_basic: bool,
}

impl Connect {
    pub(super) const fn new() -> Self {
        Self { is_sent: false, is_done: false, head: Head::new(), count: 0 }
    }

    pub(super) fn poll<'b>(
        &mut self,
        proxy: &Proxy,
        target: &Target<'_>,
        buffer: &'b mut [u8],
    ) -> Result<Step<'b>, ProxyError> {
        if self.is_done {
            return Ok(Step::Done);
        }
        if self.is_sent {
            return Ok(Step::Receive(self.head.least().min(HEAD_MAX.saturating_sub(self.count)).max(1)));
        }
        self.is_sent = true;
        let mut w = Writer::new(buffer);
        write_request(&mut w, proxy, target);
        let len = w.finish().map_err(ProxyError::Full)?;
        Ok(Step::Send(buffer.get(..len).unwrap_or_default()))
    }

    /// Takes in bytes of the answer and returns how many were taken: all, but for those behind its end.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Result<usize, ProxyError> {
        for (index, byte) in bytes.iter().enumerate() {
            if self.is_done {
                return Ok(index);
            }
            self.count += 1;
            let is_end = self.head.push(*byte)?;
            if is_end {
                self.is_done = self.head.conclude()?;
                self.head = Head::new();
            }
            if !self.is_done && self.count >= HEAD_MAX {
                return Err(ProxyError::HeadTooLong);
            }
        }
        Ok(bytes.len())
    }
}

fn write_request(w: &mut Writer<'_>, proxy: &Proxy, target: &Target<'_>) {
    // The port belongs into Host too: it is to be what the request is for (RFC 9112 3.2).
    let endpoint = Endpoint { host: target.host, port: target.port };
    w.put_fmt(format_args!("CONNECT {endpoint} HTTP/1.1\r\nHost: {endpoint}\r\n"));
    let mut basic = [0; BASIC_MAX];
    if let Some(credentials) = proxy.basic(&mut basic) {
        w.put_fmt(format_args!("Proxy-Authorization: Basic {credentials}\r\n"));
    }
    basic.zeroize();
    w.put(b"\r\n");
}

impl Head {
    const fn new() -> Self {
        Self { line: [0; LINE_MAX], len: 0, status: None, status_line: Text::new(), offers: false, offers_basic: false }
    }

    /// How many bytes are still to come at least. A bare line feed ends a line as well (RFC 9112 2.2).
    fn least(&self) -> usize {
        match (self.status, self.len) {
            (None, len) => SHORTEST.saturating_sub(len).max(2),
            (Some(_), 0) => 1,
            (Some(_), 1) if self.line.first() == Some(&b'\r') => 1,
            (Some(_), _) => 2,
        }
    }

    /// Takes the next byte; says whether it was the last one.
    fn push(&mut self, byte: u8) -> Result<bool, ProxyError> {
        if byte != b'\n' {
            if let Some(slot) = self.line.get_mut(self.len) {
                *slot = byte;
            }
            self.len += 1;
            // What is none is noticed at once, not when a line ends that never will.
            let start = self.line.get(..self.len.min(VERSION.len())).unwrap_or_default();
            let is_version = self.status.is_some() || VERSION.starts_with(start);
            return if is_version { Ok(false) } else { Err(ProxyError::NotHttp) };
        }
        let line = self.line.get(..self.len.min(LINE_MAX)).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.len = 0;
        if self.status.is_none() {
            self.status = Some(status(line).ok_or(ProxyError::NotHttp)?);
            for chunk in line.utf8_chunks() {
                let lost = if chunk.invalid().is_empty() { "" } else { "\u{fffd}" };
                let _ = core::fmt::Write::write_fmt(&mut self.status_line, format_args!("{}{lost}", chunk.valid()));
            }
            return Ok(false);
        }
        if line.is_empty() {
            return Ok(true);
        }
        if let Some(offer) = value(line, b"proxy-authenticate") {
            self.offers = true;
            // One line may offer several ways.
            self.offers_basic |= offer.split(|byte| *byte == b',').any(|offer| {
                let scheme = offer.trim_ascii().split(u8::is_ascii_whitespace).next().unwrap_or_default();
                scheme.eq_ignore_ascii_case(b"basic")
            });
        }
        Ok(false)
    }

    /// Whether a complete head opens the tunnel; if not, another one follows.
    fn conclude(&self) -> Result<bool, ProxyError> {
        match self.status {
            Some(OK) => Ok(true),
            Some(100 | 102..=199) => Ok(false),
            status => Err(ProxyError::Status {
                status: status.unwrap_or_default(),
                line: self.status_line.clone(),
                wants_other_scheme: status == Some(CREDENTIALS_WANTED) && self.offers && !self.offers_basic,
            }),
        }
    }
}

/// The status of `HTTP/1.1 200 …` or `HTTP/1.0 200 …`; the reason may be missing, and the blank in front of it.
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(VERSION)?;
    let rest = rest.strip_prefix(b"1 ").or_else(|| rest.strip_prefix(b"0 "))?;
    let (digits, reason) = rest.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !(reason.is_empty() || reason.starts_with(b" ")) {
        return None;
    }
    digits.iter().try_fold(0_u16, |number, digit| Some(number * 10 + u16::from(digit - b'0'))).filter(|n| *n >= 100)
}

/// The value of the header `name` (lower case), if `line` is that.
fn value<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    if found.eq_ignore_ascii_case(name) { rest.strip_prefix(b":") } else { None }
}
