//! The frames that are kept: the newest, up to a number and a weight.

use crate::limits::Limits;
use crate::packet::Packet;
use crate::trace::{Trace, What};
use crate::view::Direction;
use core::ops::Range;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// A frame, and what was found in it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) id: u64,
    pub(crate) time_us: u64,
    pub(crate) direction: Direction,
    /// Bytes on the wire; the front of them is in the trace.
    pub(crate) length: usize,
    pub(crate) remark: String,
    pub(crate) packet: Option<Packet>,
    pub(crate) connection: Option<u32>,
    pub(crate) trace: Trace,
    weight: usize,
}

impl Kept {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.trace.sources.first().map_or(&[], |source| &source.bytes)
    }
}

/// The newest frames.
#[derive(Debug)]
pub(crate) struct Ring {
    frames: VecDeque<Kept>,
    next: u64,
    weight: usize,
    /// The frame that has come and is not looked through yet.
    fresh: Option<u64>,
    /// Frames in which something was found after they were listed.
    changed: BTreeSet<u64>,
}

impl Ring {
    pub(crate) const fn new() -> Self {
        Self { frames: VecDeque::new(), next: 0, weight: 0, fresh: None, changed: BTreeSet::new() }
    }

    /// Keeps a frame, and forgets the oldest ones if there are too many now.
    pub(crate) fn push(
        &mut self,
        limits: &Limits,
        (time_us, direction, length): (u64, Direction, usize),
        bytes: Arc<[u8]>,
        remark: String,
    ) -> u64 {
        let id = self.next;
        self.next = self.next.saturating_add(1);
        self.fresh = Some(id);
        let packet = Packet::parse(&bytes);
        let trace = Trace::new(bytes);
        let weight = 0;
        let kept = Kept { id, time_us, direction, length, remark, packet, connection: None, trace, weight };
        self.frames.push_back(kept);
        self.weigh(id);
        self.settle(limits);
        self.fresh = Some(id);
        id
    }

    /// What was found until now belongs to the frames as they came. Forgets the oldest frames until the rest is within the limits. The newest one stays.
    pub(crate) fn settle(&mut self, limits: &Limits) {
        self.fresh = None;
        while self.frames.len() > 1 && (self.frames.len() > limits.frames || self.weight > limits.kept) {
            if let Some(oldest) = self.frames.pop_front() {
                self.weight = self.weight.saturating_sub(oldest.weight);
                self.changed.remove(&oldest.id);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.changed.clear();
        self.weight = 0;
    }

    /// The bytes that all of them take.
    pub(crate) const fn weight(&self) -> usize {
        self.weight
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.frames.iter()
    }

    /// The frames from `id` on.
    pub(crate) fn from(&self, id: u64) -> impl Iterator<Item = &Kept> {
        self.frames.iter().skip(self.index(id))
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Kept> {
        self.frames.get(self.index(id)).filter(|kept| kept.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Kept> {
        let index = self.index(id);
        self.frames.get_mut(index).filter(|kept| kept.id == id)
    }

    /// Where the frame `id` is, if it is there. Numbers follow each other without a gap.
    fn index(&self, id: u64) -> usize {
        let first = self.frames.front().map_or(self.next, |kept| kept.id);
        usize::try_from(id.saturating_sub(first)).unwrap_or(usize::MAX)
    }

    /// The frames that have changed since this was last asked.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<u64> {
        core::mem::take(&mut self.changed)
    }

    /// Adds bytes that were made of a frame. Yields their number.
    pub(crate) fn add_source(&mut self, id: u64, name: String, bytes: Arc<[u8]>) -> usize {
        let number = self.get_mut(id).map_or(0, |kept| kept.trace.add_source(name, bytes));
        self.weigh(id);
        number
    }

    /// Adds something that was found in a frame. Yields its number, if there was room.
    pub(crate) fn add(
        &mut self,
        id: u64,
        root: Option<usize>,
        place: (usize, Range<usize>),
        headline: String,
        what: What,
    ) -> Option<usize> {
        let number = self.get_mut(id)?.trace.add(root, place, headline, what);
        self.weigh(id);
        number
    }

    /// Says more about something that was found before.
    pub(crate) fn update(&mut self, id: u64, piece: usize, headline: String, what: What) {
        if let Some(piece) = self.get_mut(id).and_then(|kept| kept.trace.pieces.get_mut(piece)) {
            (piece.headline, piece.what) = (headline, what);
        }
        self.weigh(id);
    }

    fn weigh(&mut self, id: u64) {
        let fresh = self.fresh;
        let Some(kept) = self.get_mut(id) else { return };
        let before = kept.weight;
        kept.weight = kept.trace.weight().saturating_add(kept.remark.len()).saturating_add(size_of::<Kept>());
        let now = kept.weight;
        self.weight = self.weight.saturating_sub(before).saturating_add(now);
        if Some(id) != fresh {
            self.changed.insert(id);
        }
    }
}
