//! HTTP/1.1, the client's half: one request out, one response in (RFC 9112).
//!
//! Every request has a connection of its own (protocol.md 2.1), so there is no pipelining and no keep-alive here. The
//! response side is strict where two readers could disagree about where a message ends: such a response is refused with
//! an [`HttpError`] that names the reason.

mod chunked;
mod date;
mod decoder;
mod error;
mod head;
mod request;
#[cfg(test)]
mod tests;

pub use decoder::Decoder;
pub use error::HttpError;
pub use request::Request;

/// The most the head of a response (status line and headers) may have, in bytes. The storage may be smaller.
pub const HEAD_MAX: usize = 8 * 1024;
/// The most headers a response may have. Each takes four words of stack while the head is read (1 KiB on 32 bits).
pub const HEADERS_MAX: usize = 64;
/// The most interim (1xx) responses that are skipped before the final one.
pub const INTERIM_MAX: u8 = 8;
/// The most a chunk size line may have, extensions included, in bytes without CR LF.
pub const CHUNK_LINE_MAX: usize = 256;
/// The most the trailers after the last chunk may have together, in bytes.
pub const TRAILERS_MAX: usize = 1024;
