//! From bytes in order to whole messages.

use super::Chunk;
use crate::field::bytes;
use crate::message::Found;
use crate::ring::Ring;
use crate::trace::What;
use crate::view::Protocol;

/// What the front of some bytes is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It cannot be told yet.
    More,
    /// A message of so many bytes, here or not.
    Message(u64),
    /// Not what it should be.
    Wrong,
}

/// What came of a chunk.
#[derive(Debug)]
pub(crate) enum Next {
    /// A whole message. There may be more behind it.
    Whole(Chunk),
    /// Nothing whole is left: the rest waits for what follows it.
    More,
    /// What stands there is not what it should be; the chunk has what is left of it.
    Wrong,
}

/// Collects the bytes of one message of one protocol at a time.
#[derive(Debug)]
pub(crate) struct Assembler {
    protocol: Protocol,
    pending: Vec<u8>,
    /// The frame in which the pending message began.
    first: u64,
    /// How long the pending message is, if that is known.
    total: Option<u64>,
    /// Bytes still to come of a message that is too long to be kept.
    skip: u64,
}

impl Assembler {
    pub(crate) const fn new(protocol: Protocol) -> Self {
        Self { protocol, pending: Vec::new(), first: 0, total: None, skip: 0 }
    }

    /// Bytes that wait.
    pub(crate) const fn held(&self) -> usize {
        self.pending.len()
    }

    /// Takes the next message off `chunk`, together with what has waited for it. `cut` measures what is in front.
    pub(crate) fn next(
        &mut self,
        chunk: &mut Chunk,
        limit: usize,
        ring: &mut Ring,
        cut: impl FnOnce(&[u8]) -> Cut,
    ) -> Next {
        if self.skip > 0 {
            let len = usize::try_from(self.skip).unwrap_or(usize::MAX);
            let part = chunk.split(len);
            self.skip = self.skip.saturating_sub(part.len() as u64);
            self.show_part(ring, &part);
        }
        if chunk.is_empty() {
            return Next::More;
        }
        if self.pending.is_empty() {
            self.in_chunk(chunk, limit, ring, cut)
        } else {
            self.with_pending(chunk, limit, ring, cut)
        }
    }

    /// The usual case: a message starts at the front of the chunk.
    fn in_chunk(&mut self, chunk: &mut Chunk, limit: usize, ring: &mut Ring, cut: impl FnOnce(&[u8]) -> Cut) -> Next {
        self.total = match cut(chunk.bytes()) {
            Cut::Wrong => return Next::Wrong,
            Cut::Message(0) => return Next::Wrong,
            Cut::Message(total) if total <= chunk.len() as u64 => {
                return Next::Whole(chunk.split(usize::try_from(total).unwrap_or(usize::MAX)));
            }
            Cut::Message(total) => Some(total),
            Cut::More => None,
        };
        self.first = chunk.frame;
        self.wait(chunk, limit, ring)
    }

    fn with_pending(
        &mut self,
        chunk: &mut Chunk,
        limit: usize,
        ring: &mut Ring,
        cut: impl FnOnce(&[u8]) -> Cut,
    ) -> Next {
        let before = self.pending.len();
        self.pending.extend_from_slice(chunk.bytes());
        if self.total.is_none() {
            self.total = match cut(&self.pending) {
                Cut::Wrong | Cut::Message(0) => {
                    self.pending.clear();
                    return Next::Wrong;
                }
                Cut::Message(total) => Some(total),
                Cut::More => None,
            };
        }
        let here = self.pending.len() as u64;
        let Some(total) = self.total.filter(|total| *total <= here) else {
            self.pending.truncate(before);
            return self.wait(chunk, limit, ring);
        };
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        let part = chunk.split(total.saturating_sub(before));
        self.show_part(ring, &part);
        self.pending.truncate(total);
        let whole: std::sync::Arc<[u8]> = core::mem::take(&mut self.pending).into();
        self.total = None;
        let name = if self.first == part.frame {
            format!("put together in frame {}", part.frame)
        } else {
            format!("put together from frames {} to {}", self.first, part.frame)
        };
        let source = ring.add_source(part.frame, name, whole.clone());
        let range = 0..whole.len();
        Next::Whole(Chunk { frame: part.frame, source, root: part.root, whole, range })
    }

    /// Keeps the rest of the chunk, or says that it will not.
    fn wait(&mut self, chunk: &mut Chunk, limit: usize, ring: &mut Ring) -> Next {
        let part = chunk.take();
        let held = self.pending.len().saturating_add(part.len());
        match self.total {
            Some(total) if total > limit as u64 => {
                self.skip = total.saturating_sub(held as u64);
                self.forget();
            }
            None if held > limit => {
                self.forget();
                self.show_part(ring, &part);
                return Next::Wrong;
            }
            _ => self.pending.extend_from_slice(part.bytes()),
        }
        self.show_part(ring, &part);
        Next::More
    }

    fn forget(&mut self) {
        self.pending = Vec::new();
        self.total = None;
    }

    /// Shows bytes that are part of a message.
    fn show_part(&self, ring: &mut Ring, part: &Chunk) {
        if !part.is_empty() {
            let headline = format!("part of a message, {}", bytes(part.len()));
            ring.add(part.frame, part.root, part.place(), headline, What::Message(Found::Part(self.protocol)));
        }
    }
}
