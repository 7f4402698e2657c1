//! What a counter of the kernel grew by, per second.

/// A counter that only grows, unless it starts anew.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counter(Option<u64>);

impl Counter {
    /// What it grew by; `None` if it was not there before, is not there now, or started anew.
    pub(super) fn step(&mut self, now: Option<u64>) -> Option<u64> {
        let before = std::mem::replace(&mut self.0, now)?;
        now?.checked_sub(before)
    }

    /// The same per second of `elapsed`.
    pub(super) fn rate(&mut self, now: Option<u64>, elapsed: Option<f64>) -> Option<f64> {
        let grown = self.step(now)?;
        Some(grown as f64 / elapsed?)
    }
}

#[cfg(test)]
mod tests {
    use super::Counter;

    #[test]
    fn what_starts_anew_or_was_away_is_a_gap() {
        let mut counter = Counter::default();
        let steps = [Some(5), Some(7), Some(7), Some(3), None, Some(9), Some(u64::MAX)];
        let rates = steps.map(|value| counter.rate(value, Some(2.0)));
        assert_eq!(rates, [None, Some(1.0), Some(0.0), None, None, None, Some((u64::MAX - 9) as f64 / 2.0)]);
        // The next one is right again after a pace that could not be told.
        assert_eq!((counter.rate(Some(0), None), counter.rate(Some(4), None)), (None, None));
        assert_eq!(counter.rate(Some(6), Some(1.0)), Some(2.0));
    }
}
