//! A ring of samples.

use super::Samples;
use core::ops::Range;

/// Views that can be held at a time.
pub const PINS: usize = 4;
/// How long a view is held at most, in seconds: whoever forgets one does not stop the collection for good.
pub const PIN_SECONDS: u64 = 120;
/// A clock that was set back further than this, in seconds, starts the history anew.
const STEP_BACK: u64 = 5;

/// The last `LEN` seconds of `DIMENSIONS` dimensions.
///
/// The oldest second is dropped for a new one, unless a view pins it: then the new one is dropped and counted. Samples
/// are `f32`, as precise as the 24 bits that Netdata itself stores; a gap is NaN.
#[derive(Debug)]
pub struct History<const DIMENSIONS: usize, const LEN: usize> {
    rows: [[f32; DIMENSIONS]; LEN],
    /// The second behind the newest row; 0: there is none.
    end: u64,
    /// Rows that are held, at most `LEN`.
    len: usize,
    pins: [Option<Held>; PINS],
    next_pin: u32,
    dropped: u64,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    id: u32,
    first: u64,
    until: u64,
}

/// A view of a history that does not move while an answer is made from it.
#[derive(Debug, PartialEq, Eq)]
pub struct Pin {
    id: u32,
    first: u64,
    end: u64,
}

impl Pin {
    /// The seconds that are held.
    #[must_use]
    pub const fn range(&self) -> Range<u64> {
        self.first..self.end
    }
}

impl<const DIMENSIONS: usize, const LEN: usize> History<DIMENSIONS, LEN> {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: [[f32::NAN; DIMENSIONS]; LEN], end: 0, len: 0, pins: [None; PINS], next_pin: 0, dropped: 0 }
    }

    /// Takes the sample of `second` (since 1970). Seconds that were left out become gaps. One that is there already, or
    /// that would overwrite what a view pins, is dropped and counted. Yields whether it was taken.
    pub fn push(&mut self, second: u64, row: [f32; DIMENSIONS]) -> bool {
        for slot in &mut self.pins {
            if slot.is_some_and(|held| held.until <= second || held.until > second + 2 * PIN_SECONDS) {
                *slot = None;
            }
        }
        let set_back = second + STEP_BACK < self.end;
        let oldest = (second + 1).saturating_sub(LEN as u64);
        let pinned = self.pins.iter().flatten().any(|held| set_back || held.first < oldest);
        if LEN == 0 || pinned || (second < self.end && !set_back) {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        if set_back || self.end == 0 {
            (self.len, self.end) = (0, second);
        }
        let gap = second - self.end;
        if gap >= LEN as u64 {
            (self.len, self.end) = (0, second);
        }
        while self.end < second {
            self.put([f32::NAN; DIMENSIONS]);
        }
        self.put(row);
        true
    }

    /// Samples that were dropped: because of a view, or because their second was there already.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn put(&mut self, row: [f32; DIMENSIONS]) {
        if let Some(slot) = self.rows.get_mut(Self::place(self.end)) {
            *slot = row;
        }
        self.end += 1;
        self.len = (self.len + 1).min(LEN);
    }

    const fn place(second: u64) -> usize {
        if LEN == 0 { 0 } else { (second % LEN as u64) as usize }
    }
}

impl<const DIMENSIONS: usize, const LEN: usize> Default for History<DIMENSIONS, LEN> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const DIMENSIONS: usize, const LEN: usize> Samples for History<DIMENSIONS, LEN> {
    fn range(&self) -> Range<u64> {
        self.end - self.len as u64..self.end
    }

    fn capacity(&self) -> u64 {
        LEN as u64
    }

    fn value(&self, dimension: usize, second: u64) -> Option<f32> {
        if !self.range().contains(&second) {
            return None;
        }
        let value = *self.rows.get(Self::place(second))?.get(dimension)?;
        value.is_finite().then_some(value)
    }

    fn pin(&mut self, wanted: Range<u64>) -> Option<Pin> {
        let held = self.range();
        let (first, end) = (wanted.start.max(held.start), wanted.end.min(held.end));
        let slot = self.pins.iter_mut().find(|slot| slot.is_none())?;
        let id = self.next_pin;
        self.next_pin = id.wrapping_add(1);
        // A view of nothing holds nothing.
        *slot = Some(Held { id, first: if first < end { first } else { u64::MAX }, until: held.end + PIN_SECONDS });
        Some(Pin { id, first, end: end.max(first) })
    }

    fn unpin(&mut self, pin: Pin) {
        for slot in &mut self.pins {
            if slot.is_some_and(|held| held.id == pin.id) {
                *slot = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{History, PIN_SECONDS, PINS, STEP_BACK};
    use crate::metrics::Samples;

    fn filled(seconds: core::ops::Range<u64>) -> History<2, 10> {
        let mut history = History::new();
        for second in seconds {
            assert!(history.push(second, [second as f32, 0.5]));
        }
        history
    }

    #[test]
    fn the_oldest_second_goes_for_a_new_one() {
        let history = filled(100..125);
        assert_eq!(history.range(), 115..125);
        assert_eq!(history.value(0, 115), Some(115.0));
        assert_eq!((history.value(0, 114), history.value(0, 125), history.value(2, 120)), (None, None, None));
        assert_eq!(history.dropped(), 0);
    }

    #[test]
    fn a_second_that_was_left_out_is_a_gap() {
        let mut history = filled(100..103);
        assert!(history.push(105, [1.0, f32::INFINITY]));
        assert_eq!(history.range(), 100..106);
        assert_eq!((history.value(0, 103), history.value(0, 105), history.value(1, 105)), (None, Some(1.0), None));
        // A gap longer than the ring leaves nothing of what was before.
        assert!(history.push(1_000_000_000_000, [2.0, 2.0]));
        assert_eq!(history.range(), 1_000_000_000_000..1_000_000_000_001);
    }

    #[test]
    fn a_view_stays_what_it_was_until_it_is_let_go() {
        let mut history = filled(100..110);
        let pin = history.pin(104..108).unwrap();
        assert_eq!(pin.range(), 104..108);
        for second in 110..114 {
            assert!(history.push(second, [0.0, 0.0]));
        }
        // This one would overwrite second 104.
        assert!(!history.push(114, [0.0, 0.0]));
        assert_eq!((history.dropped(), history.value(0, 104)), (1, Some(104.0)));
        history.unpin(pin);
        assert!(history.push(115, [7.0, 0.0]));
        assert_eq!((history.value(0, 104), history.value(0, 114), history.value(0, 115)), (None, None, Some(7.0)));
    }

    #[test]
    fn a_view_that_is_forgotten_ends_by_itself() {
        let mut history = filled(100..110);
        let pins: std::vec::Vec<_> = (0..PINS).map(|_| history.pin(100..110).unwrap()).collect();
        assert!(history.pin(100..110).is_none());
        assert!(!history.push(110, [0.0, 0.0]));
        assert!(history.push(110 + PIN_SECONDS, [0.0, 0.0]));
        // Letting go of it later takes nobody else's view.
        let other = history.pin(0..u64::MAX).unwrap();
        for pin in pins {
            history.unpin(pin);
        }
        assert!(!history.push(other.range().end + 20, [0.0, 0.0]));
    }

    #[test]
    fn a_clock_that_is_set_back_starts_the_history_anew() {
        let mut history = filled(100..110);
        assert!(!history.push(109, [0.0, 0.0]), "twice");
        assert!(!history.push(110 - STEP_BACK, [0.0, 0.0]), "a little late");
        assert!(history.push(50, [3.0, 3.0]));
        assert_eq!((history.range(), history.value(0, 50)), (50..51, Some(3.0)));
    }

    #[test]
    fn a_history_of_nothing_takes_nothing() {
        let mut history = History::<0, 0>::new();
        assert!(!history.push(5, []));
        assert_eq!((history.range(), history.value(0, 5)), (0..0, None));
        assert!(history.pin(0..9).is_some());
    }
}
