//! The local HTTP API: the second caller of [`aclk_core::api`], beside the link. Devices serve it on their own TCP/IP
//! stack, Linux on the sockets of the system; what is here is the same for both.
//!
//! ```text
//!  Socket ── request: one head, checked ──> Server ── aclk_core::api, or a page of Pages
//!    └────── connection: reads, writes, deadlines ──┘
//! ```
//!
//! It takes GET, HEAD and OPTIONS, and no bodies: there is nothing here that could be changed. A body is written in pieces,
//! and the node is borrowed for one piece at a time, never across a wait, so that the link goes on beside it.
//!
//! Whoever connects is a stranger. What they can make a device hold is bounded, in memory and in time:
//!
//! | limit | beyond it |
//! |---|---|
//! | [`Buffers::head`]: request line and headers | 414 or 431 |
//! | [`HEADERS_MAX`] headers | 431 |
//! | no request body | 413 |
//! | [`Timing::request`] from the first byte of a head to its last | 408 |
//! | [`Timing::idle`] until a request begins | the connection ends |
//! | [`Timing::stall`] without taking a byte, [`Timing::answer`] for the whole | the connection is reset |
//! | [`VIEWS`] answers that hold a view of the samples | 503: the last view is kept for the link |
//! | [`STREAMS`] answers that are compressed | this one is not: the other encoder is kept for the link |
//! | connections at once | the caller's: [`BUSY`] says so |
//!
//! What was pinned for an answer is let go when the answer ends, and however it ends.
//!
//! We read heads with httparse and do the rest here, rather than take an HTTP server: design.md 3.3 says why.

mod connection;
mod embassy;
mod request;
#[cfg(test)]
mod tests;

pub use connection::{Buffers, Holdings, PIECE_MIN, STREAMS, Server, Socket, Timing, VIEWS};
pub(crate) use embassy::listen;
pub use embassy::{ApiMemory, SOCKETS};
pub use request::HEADERS_MAX;

/// The port of a Netdata Agent.
pub const PORT: u16 = 19_999;

/// What a connection beyond the limit is told before it is closed.
pub const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\n\
    Retry-After: 1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 29\r\n\r\ntoo many connections are open";

/// What is served beside the API.
pub trait Pages {
    /// One of them.
    type Page: Page;

    /// The page at `path`, which is a request target without its query.
    fn page(&self, path: &str) -> Option<Self::Page>;
}

/// A page whose length is known before its first byte.
pub trait Page {
    /// Value of `Content-Type`.
    fn content_type(&self) -> &'static str;

    /// Further header lines, each with its CR LF.
    fn headers(&self) -> &'static str {
        ""
    }

    /// Length of the body in bytes.
    fn len(&self) -> u64;

    /// Whether there is no body.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the next piece of the body into `buffer` and yields its length: as much as there is room for, until the end.
    fn fill(&mut self, buffer: &mut [u8]) -> usize;
}

/// No pages: the API only.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPages;

impl Pages for NoPages {
    type Page = core::convert::Infallible;

    fn page(&self, _: &str) -> Option<Self::Page> {
        None
    }
}

impl Page for core::convert::Infallible {
    fn content_type(&self) -> &'static str {
        match *self {}
    }

    fn len(&self) -> u64 {
        match *self {}
    }

    fn fill(&mut self, _: &mut [u8]) -> usize {
        match *self {}
    }
}
