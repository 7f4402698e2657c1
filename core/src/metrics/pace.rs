//! The time that rates are about.

use crate::clock::{Instant, Now, micros};
use core::time::Duration;

/// A rate over a longer time than this says nothing about the second it would be shown at: the machine was suspended, or
/// the program was stopped.
const LONGEST: Duration = Duration::from_secs(10);

/// The time between two samples, for devices that show how fast something grows.
#[derive(Debug, Default)]
pub struct Pace(Option<Instant>);

impl Pace {
    /// No sample was taken yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// The seconds since the sample before; `None` if there was none, or if a rate over them would mislead.
    pub fn step(&mut self, now: Now) -> Option<f64> {
        let elapsed = now.instant.since(self.0.replace(now.instant)?);
        (!elapsed.is_zero() && elapsed <= LONGEST).then_some(micros(elapsed) as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use crate::clock::{Instant, Now, Trust, WallTime};

    #[test]
    fn the_time_between_samples_is_what_the_clock_says_unless_nothing_was_measured_in_it() {
        let mut pace = Pace::new();
        let wall = WallTime { unix_us: 0, trust: Trust::Trusted };
        let times = [5_000_000, 6_500_000, 6_500_000, 4_000_000, 4_250_000, 3_600_000_000, 3_601_000_000];
        let elapsed = times.map(|time| pace.step(Now { instant: Instant::from_micros(time), wall }));
        assert_eq!(elapsed, [None, Some(1.5), None, None, Some(0.25), None, Some(1.0)]);
    }
}
