//! What the parts of one connection tell each other.
//!
//! embedded-tls owns its transport (our record guard) for as long as the connection lives and offers no way to look at
//! it, so the guard, the verifier and [`Secure`](super::Secure) share these few words instead. The caller lends the room
//! for them beside the buffers.

use super::refusal::Refusal;
use core::cell::Cell;

/// Room for the words that the parts of one connection share. [`Secure::open`](super::Secure::open) resets it.
#[derive(Debug, Default)]
pub struct Shared {
    /// What the server has to send next.
    pub(crate) step: Cell<Step>,
    refusal: Cell<Option<Refusal>>,
    /// Whether the TCP connection has ended.
    pub(crate) ended: Cell<bool>,
    /// Whether the guard keeps a complete record header to itself instead of handing it to embedded-tls.
    pub(crate) pause: Cell<bool>,
    /// Whether a flush reaches the transport. embedded-tls flushes it after every record, and on embassy a flush waits
    /// until the peer has acknowledged everything.
    pub(crate) flush: Cell<bool>,
    /// Whether nothing is sent any more, because the last record was sent in part only.
    pub(crate) mute: Cell<bool>,
    /// Bytes that the transport took.
    pub(crate) sent: Cell<u64>,
    /// Bytes that came from the transport.
    pub(crate) received: Cell<u64>,
}

/// What the server has to send next (RFC 8446 4, Figure 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub(crate) enum Step {
    /// The ServerHello, the only handshake message that is not encrypted.
    #[default]
    Hello = 0,
    /// EncryptedExtensions, the first encrypted message.
    Extensions = 1,
    /// Certificate, perhaps a CertificateRequest before it.
    Certificate = 2,
    /// CertificateVerify: the chain has been verified.
    Signature = 3,
    /// Finished: the signature has been verified.
    Finished = 4,
    /// Application data: the handshake is over.
    Data = 5,
}

impl Step {
    /// The step with this number.
    pub(crate) const fn of(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Hello,
            1 => Self::Extensions,
            2 => Self::Certificate,
            3 => Self::Signature,
            4 => Self::Finished,
            5 => Self::Data,
            _ => return None,
        })
    }
}

impl Shared {
    /// Room for one connection at a time.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            step: Cell::new(Step::Hello),
            refusal: Cell::new(None),
            ended: Cell::new(false),
            pause: Cell::new(false),
            flush: Cell::new(false),
            mute: Cell::new(false),
            sent: Cell::new(0),
            received: Cell::new(0),
        }
    }

    /// Why the connection cannot go on, if it cannot.
    pub(crate) const fn refusal(&self) -> Option<Refusal> {
        self.refusal.get()
    }

    /// Notes why the connection cannot go on. The first reason stays: what follows is its consequence.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        if self.refusal.get().is_none() {
            self.refusal.set(Some(refusal));
        }
    }

    pub(crate) fn count_sent(&self, bytes: usize) {
        add(&self.sent, bytes);
    }

    pub(crate) fn count_received(&self, bytes: usize) {
        add(&self.received, bytes);
    }
}

fn add(counter: &Cell<u64>, bytes: usize) {
    counter.set(counter.get().saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX)));
}
