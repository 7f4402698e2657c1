//! A ring of samples.

use super::Samples;
use core::ops::Range;

/// Views that can be held at a time.
pub const PINS: usize = 4;
/// How long a view is held that nobody renews, in seconds: whoever forgets one does not stop the collection for good.
pub const PIN_SECONDS: u64 = 120;
/// A clock that was set back further than this, in seconds, starts the history anew.
const STEP_BACK: u64 = 5;

/// The last seconds of a number of dimensions, in values that somebody else has set aside: an array, see [`History`], or a
/// piece of a heap.
///
/// The oldest second is dropped for a new one, unless a view pins it: then the new one is dropped and counted. Samples
/// are `f32`, as precise as the 24 bits that Netdata itself stores; a gap is NaN.
#[derive(Debug)]
pub struct Ring<S> {
    values: S,
    /// Dimensions of a row.
    width: usize,
    /// The second behind the newest row; 0: there is none.
    end: u64,
    /// Rows that are held.
    len: usize,
    /// The second that was offered last, taken or not: views age by it.
    offered: u64,
    pins: [Option<Held>; PINS],
    next_pin: u32,
    dropped: u64,
}

/// A [`Ring`] whose size is known when it is compiled: `LEN` seconds of `DIMENSIONS` dimensions, 4 bytes each. All of it is
/// zero to begin with, so that a `static` costs no flash.
pub type History<const DIMENSIONS: usize, const LEN: usize> = Ring<Rows<DIMENSIONS, LEN>>;

/// What a [`History`] keeps its values in.
#[derive(Debug)]
pub struct Rows<const DIMENSIONS: usize, const LEN: usize>([[f32; DIMENSIONS]; LEN]);

impl<const DIMENSIONS: usize, const LEN: usize> AsRef<[f32]> for Rows<DIMENSIONS, LEN> {
    fn as_ref(&self) -> &[f32] {
        self.0.as_flattened()
    }
}

impl<const DIMENSIONS: usize, const LEN: usize> AsMut<[f32]> for Rows<DIMENSIONS, LEN> {
    fn as_mut(&mut self) -> &mut [f32] {
        self.0.as_flattened_mut()
    }
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
        Self::over(Rows([[0.0; DIMENSIONS]; LEN]), DIMENSIONS)
    }
}

impl<S> Ring<S> {
    /// Nothing yet. There is room for as many seconds as rows of `width` dimensions fit into `values`, whatever is in them.
    #[must_use]
    pub const fn over(values: S, width: usize) -> Self {
        Self { values, width, end: 0, len: 0, offered: 0, pins: [None; PINS], next_pin: 0, dropped: 0 }
    }

    /// Samples that were dropped: because of a view, or because their second was there already.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<S: AsRef<[f32]>> Ring<S> {
    /// How many rows fit.
    fn rows(&self) -> usize {
        self.values.as_ref().len().checked_div(self.width).unwrap_or(0)
    }

    /// Where the row of `second` begins.
    fn place(&self, second: u64) -> Option<usize> {
        let row = second.checked_rem(self.rows() as u64)?;
        usize::try_from(row).ok()?.checked_mul(self.width)
    }
}

impl<S: AsRef<[f32]> + AsMut<[f32]>> Ring<S> {
    /// Takes the sample of `second` (since 1970), a value for each dimension; what is missing is a gap, and so are seconds
    /// that were left out. A second that is there already, or that would overwrite what a view pins, is dropped and
    /// counted. Yields whether it was taken.
    pub fn push(&mut self, second: u64, row: impl AsRef<[f32]>) -> bool {
        self.offered = second;
        for slot in &mut self.pins {
            if slot.is_some_and(|held| held.until <= second || held.until > second + 2 * PIN_SECONDS) {
                *slot = None;
            }
        }
        let rows = self.rows() as u64;
        let set_back = second + STEP_BACK < self.end;
        let oldest = (second + 1).saturating_sub(rows);
        let pinned = self.pins.iter().flatten().any(|held| set_back || held.first < oldest);
        if rows == 0 || pinned || (second < self.end && !set_back) {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        }
        if set_back || self.end == 0 {
            (self.len, self.end) = (0, second);
        }
        let gap = second - self.end;
        if gap >= rows {
            (self.len, self.end) = (0, second);
        }
        while self.end < second {
            self.put(&[]);
        }
        self.put(row.as_ref());
        true
    }

    fn put(&mut self, row: &[f32]) {
        let (place, width) = (self.place(self.end), self.width);
        let slots = place.and_then(|place| self.values.as_mut().get_mut(place..)?.get_mut(..width));
        let values = row.iter().copied().chain(core::iter::repeat(f32::NAN));
        for (slot, value) in slots.unwrap_or_default().iter_mut().zip(values) {
            *slot = value;
        }
        self.end += 1;
        self.len = (self.len + 1).min(self.rows());
    }
}

impl<const DIMENSIONS: usize, const LEN: usize> Default for History<DIMENSIONS, LEN> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: AsRef<[f32]> + AsMut<[f32]>> Samples for Ring<S> {
    fn range(&self) -> Range<u64> {
        self.end - self.len as u64..self.end
    }

    fn capacity(&self) -> u64 {
        self.rows() as u64
    }

    fn value(&self, dimension: usize, second: u64) -> Option<f32> {
        if dimension >= self.width || !self.range().contains(&second) {
            return None;
        }
        let value = *self.values.as_ref().get(self.place(second)?..)?.get(dimension)?;
        value.is_finite().then_some(value)
    }

    fn pin(&mut self, wanted: Range<u64>) -> Option<Pin> {
        let held = self.range();
        let (first, end) = (wanted.start.max(held.start), wanted.end.min(held.end));
        let slot = self.pins.iter_mut().find(|slot| slot.is_none())?;
        let id = self.next_pin;
        self.next_pin = id.wrapping_add(1);
        let until = self.offered.saturating_add(PIN_SECONDS);
        // A view of nothing holds nothing.
        *slot = Some(Held { id, first: if first < end { first } else { u64::MAX }, until });
        Some(Pin { id, first, end: end.max(first) })
    }

    fn renew(&mut self, pin: &Pin) {
        let until = self.offered.saturating_add(PIN_SECONDS);
        for held in self.pins.iter_mut().flatten().filter(|held| held.id == pin.id) {
            held.until = until;
        }
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
    use super::{History, PIN_SECONDS, PINS, Ring, STEP_BACK};
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
    fn a_view_that_is_renewed_is_held_for_as_long_as_that_goes_on_and_not_much_longer() {
        let mut history = filled(100..110);
        let (used, forgotten) = (history.pin(100..110).unwrap(), history.pin(105..110).unwrap());
        for second in 110..110 + 5 * PIN_SECONDS {
            history.renew(&used);
            assert!(!history.push(second, [0.0, 0.0]), "{second}");
        }
        assert_eq!((history.dropped(), history.range()), (5 * PIN_SECONDS, 100..110));
        assert_eq!(history.value(0, 100), Some(100.0));
        // The other one is given up: renewing it brings nothing back.
        history.renew(&forgotten);
        history.unpin(used);
        assert!(history.push(110 + 5 * PIN_SECONDS, [0.0, 0.0]));
    }

    #[test]
    fn a_view_is_given_up_two_minutes_after_it_was_renewed_for_the_last_time() {
        let mut history = filled(100..110);
        let pin = history.pin(100..110).unwrap();
        assert!(!history.push(150, [0.0, 0.0]));
        history.renew(&pin);
        assert!(!history.push(150 + PIN_SECONDS - 1, [0.0, 0.0]));
        assert!(history.push(150 + PIN_SECONDS, [0.0, 0.0]));
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
    fn a_ring_in_any_memory_holds_as_many_rows_as_fit_and_gaps_for_what_is_missing() {
        // Whatever was in that memory before is not shown.
        let mut ring = Ring::over(std::vec![8.0_f32; 8], 3);
        assert_eq!((ring.capacity(), ring.range(), ring.value(0, 0)), (2, 0..0, None));
        assert!(ring.push(100, [1.0, 2.0, 3.0]) && ring.push(101, [4.0]) && ring.push(102, [5.0, 6.0, 7.0, 9.0]));
        assert_eq!(ring.range(), 101..103);
        let row = |second| [0, 1, 2, 3].map(|dimension| ring.value(dimension, second));
        assert_eq!(row(101), [Some(4.0), None, None, None]);
        assert_eq!(row(102), [Some(5.0), Some(6.0), Some(7.0), None]);
        assert!(!Ring::over(std::vec![0.0_f32; 2], 3).push(5, [1.0, 2.0, 3.0]), "not even one fits");
    }

    #[test]
    fn a_history_of_nothing_takes_nothing() {
        let mut history = History::<0, 0>::new();
        assert!(!history.push(5, []));
        assert_eq!((history.range(), history.value(0, 5)), (0..0, None));
        assert!(history.pin(0..9).is_some());
    }
}
