//! One direction of a TCP connection: from segments, as they happen to come, to the bytes in order.

use super::Chunk;
use std::collections::BTreeMap;

/// How far ahead of what is expected a segment can make sense: the largest window there is (RFC 7323 2.3).
const AHEAD: u64 = 1 << 30;
/// Segments that may wait.
const EARLY: usize = 512;

/// What comes next in the stream.
#[derive(Debug)]
pub(crate) enum Run {
    Bytes(Chunk),
    /// So many bytes were never seen.
    Gap(u64),
}

/// What a segment was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Something of it is new.
    New,
    /// All of it was seen before.
    Again,
    /// Something in front of it has not arrived yet.
    Early,
    /// There is nothing in it.
    Empty,
}

#[derive(Debug, Default)]
pub(crate) struct Half {
    /// The sequence number in front of the first byte.
    base: Option<u32>,
    /// How many bytes are in order.
    next: u64,
    /// Segments that wait, by their first byte.
    early: BTreeMap<u64, Chunk>,
    early_bytes: usize,
    /// Where the stream ends, if that was said.
    end: Option<u64>,
}

impl Half {
    pub(crate) const fn base(&self) -> Option<u32> {
        self.base
    }

    /// How many bytes are in order.
    pub(crate) const fn bytes(&self) -> u64 {
        self.next
    }

    /// Bytes that wait.
    pub(crate) const fn held(&self) -> usize {
        self.early_bytes
    }

    /// Whether it was said where the stream ends.
    pub(crate) const fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// What waits is not waited for any more.
    pub(crate) fn forget(&mut self) {
        self.early.clear();
        self.early_bytes = 0;
    }

    /// The stream starts behind `seq`.
    pub(crate) fn open(&mut self, seq: u32) -> Verdict {
        if self.base.is_some() {
            return Verdict::Again;
        }
        self.base = Some(seq);
        Verdict::New
    }

    /// The stream ends behind `seq` and `len` bytes. Says whether that is new.
    pub(crate) fn close(&mut self, seq: u32, len: usize) -> bool {
        let end = self.offset(seq).map(|start| start.saturating_add(len as u64));
        let is_new = self.end.is_none();
        self.end = self.end.or(end);
        is_new
    }

    /// A segment has come. What can be read now goes to `runs`; `limit` bytes may wait.
    pub(crate) fn segment(&mut self, seq: u32, mut chunk: Chunk, limit: usize, runs: &mut Vec<Run>) -> Verdict {
        if chunk.is_empty() {
            return Verdict::Empty;
        }
        if self.base.is_none() {
            // The capture began in the midst of it.
            self.base = Some(seq.wrapping_sub(1));
        }
        let Some(start) = self.offset(seq) else { return Verdict::Again };
        let end = start.saturating_add(chunk.len() as u64);
        if end <= self.next {
            return Verdict::Again;
        }
        if start > self.next {
            self.keep(start, chunk, limit, runs);
            return Verdict::Early;
        }
        let known = self.next.saturating_sub(start);
        chunk.split(usize::try_from(known).unwrap_or(usize::MAX));
        self.next = end;
        runs.push(Run::Bytes(chunk));
        self.catch_up(runs);
        Verdict::New
    }

    /// The other side has everything up to `ack`. Yields how many bytes were never seen here.
    pub(crate) fn acknowledged(&mut self, ack: u32, runs: &mut Vec<Run>) -> u64 {
        let Some(acked) = self.base.and_then(|_| self.offset(ack)) else { return 0 };
        let acked = self.end.map_or(acked, |end| acked.min(end));
        let mut missing: u64 = 0;
        while acked > self.next {
            let until = self.early.keys().next().map_or(acked, |first| acked.min(*first));
            missing = missing.saturating_add(self.skip_to(until, runs));
        }
        missing
    }

    /// The stream's number of the byte `seq`; `None` if it is in front of the first or makes no sense.
    fn offset(&self, seq: u32) -> Option<u64> {
        let first = self.base.unwrap_or(seq).wrapping_add(1);
        let expected = first.wrapping_add(self.next as u32);
        let ahead = i64::from(seq.wrapping_sub(expected).cast_signed());
        let offset = self.next.checked_add_signed(ahead)?;
        (offset <= self.next.saturating_add(AHEAD)).then_some(offset)
    }

    fn keep(&mut self, start: u64, chunk: Chunk, limit: usize, runs: &mut Vec<Run>) {
        let len = chunk.len();
        if self.early.get(&start).is_none_or(|kept| kept.len() < len) {
            let before = self.early.insert(start, chunk).map_or(0, |chunk| chunk.len());
            self.early_bytes = self.early_bytes.saturating_sub(before).saturating_add(len);
        }
        while self.early_bytes > limit || self.early.len() > EARLY {
            let Some(first) = self.early.keys().next().copied() else { return };
            self.skip_to(first, runs);
        }
    }

    fn skip_to(&mut self, until: u64, runs: &mut Vec<Run>) -> u64 {
        let missing = until.saturating_sub(self.next);
        if missing > 0 {
            runs.push(Run::Gap(missing));
            self.next = until;
        }
        self.catch_up(runs);
        missing
    }

    /// Reads what has waited and is next.
    fn catch_up(&mut self, runs: &mut Vec<Run>) {
        while let Some(entry) = self.early.first_entry() {
            let start = *entry.key();
            if start > self.next {
                return;
            }
            let mut chunk = entry.remove();
            self.early_bytes = self.early_bytes.saturating_sub(chunk.len());
            let known = self.next.saturating_sub(start);
            chunk.split(usize::try_from(known).unwrap_or(usize::MAX));
            if !chunk.is_empty() {
                self.next = self.next.saturating_add(chunk.len() as u64);
                runs.push(Run::Bytes(chunk));
            }
        }
    }
}
