//! Streams: from segments to bytes in order, from those to messages.

mod assembler;
mod half;

pub(crate) use assembler::{Assembler, Cut, Next};
pub(crate) use half::{Half, Run, Verdict};

use core::ops::Range;
use std::sync::Arc;

/// Bytes of a stream, and where they are shown.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    /// The frame that brought the last of them.
    pub(crate) frame: u64,
    /// Which source of that frame they are in.
    pub(crate) source: usize,
    /// The piece of that frame they were found in.
    pub(crate) root: Option<usize>,
    /// All bytes of that source.
    pub(crate) whole: Arc<[u8]>,
    /// Which of them they are.
    pub(crate) range: Range<usize>,
}

impl Chunk {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.whole.get(self.range.clone()).unwrap_or_default()
    }

    pub(crate) const fn len(&self) -> usize {
        self.range.end.saturating_sub(self.range.start)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes `len` bytes off the front, or as many as there are.
    pub(crate) fn split(&mut self, len: usize) -> Self {
        let middle = self.range.start.saturating_add(len).min(self.range.end);
        let front = Self { range: self.range.start..middle, ..self.clone() };
        self.range.start = middle;
        front
    }

    /// All that is left.
    pub(crate) fn take(&mut self) -> Self {
        self.split(self.len())
    }

    /// Where it is shown.
    pub(crate) const fn place(&self) -> (usize, Range<usize>) {
        (self.source, self.range.start..self.range.end)
    }
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Whoever opened the connection.
    Client,
    /// Whoever accepted it.
    Server,
}

/// One thing for each side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Both<T> {
    pub(crate) client: T,
    pub(crate) server: T,
}

impl<T> Both<T> {
    pub(crate) const fn of(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    pub(crate) const fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}
