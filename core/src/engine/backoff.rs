//! How long to wait before the next attempt (protocol.md 2.12, *Recommended*).
//!
//! The original mixes up seconds and milliseconds and after ten failures calls about once a second, for ever. Here
//! everything is in seconds: `clamp(base^(n-1), min, max)`, plus jitter of up to one half, and it stays at the maximum.

use crate::broken::{Broken, is};
use crate::link::env::BackoffPolicy;
use core::time::Duration;
use rand_core::Rng;

/// Longest delay, in seconds, before jitter: a day. A Cloud that counts in milliseconds by mistake must not keep a device
/// away for years.
const LONGEST_SECONDS: u32 = 86_400;

/// Counts attempts that failed and turns the count into a delay.
#[derive(Debug, Clone)]
pub struct Backoff {
    policy: BackoffPolicy,
    failures: u32,
}

impl Backoff {
    /// No failure yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { policy: BackoffPolicy::DEFAULT, failures: 0 }
    }

    /// From now on the Cloud's wish counts.
    pub const fn follow(&mut self, policy: BackoffPolicy) {
        self.policy = policy;
    }

    /// The link has proved itself, or the Cloud named a delay of its own: start counting anew.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Counts one more failure and says how long to wait: whole seconds, plus jitter in milliseconds of up to half of
    /// them.
    pub fn next_delay(&mut self, rng: &mut impl Rng) -> Duration {
        let exponent = self.failures;
        self.failures = self.failures.saturating_add(1);
        let BackoffPolicy { base, min_seconds, max_seconds } = self.policy;
        let seconds = base.saturating_pow(exponent).max(min_seconds).min(max_seconds).clamp(1, LONGEST_SECONDS);
        if seconds >= max_seconds && is(Broken::Backoff) {
            return Duration::from_millis(seconds.into());
        }
        // 32 bits times 26 bits: it cannot overflow.
        let jitter_ms = (u64::from(rng.next_u32()) * (u64::from(seconds) * 500)) >> 32;
        Duration::from_secs(seconds.into()) + Duration::from_millis(jitter_ms)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use crate::link::env::BackoffPolicy;
    use chacha20::ChaCha20Rng;
    use core::time::Duration;
    use rand_core::SeedableRng;

    #[test]
    fn delays_double_in_seconds_and_stay_at_the_maximum() {
        for seed in 0..50 {
            let mut rng = ChaCha20Rng::from_seed([seed; 32]);
            let mut backoff = Backoff::new();
            for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024] {
                let delay = backoff.next_delay(&mut rng);
                let least = Duration::from_secs(seconds);
                assert!(delay >= least && delay < least * 3 / 2, "{delay:?} for {least:?}");
            }
        }
    }

    #[test]
    fn a_minimum_holds_from_the_first_failure_on() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let mut backoff = Backoff::new();
        backoff.follow(BackoffPolicy { base: 3, min_seconds: 5, max_seconds: 500 });
        let delays: std::vec::Vec<_> = (0..8).map(|_| backoff.next_delay(&mut rng).as_secs()).collect();
        assert!((5..8).contains(&delays[0]) && (5..8).contains(&delays[1]) && (9..14).contains(&delays[2]));
        assert!((500..750).contains(&delays[7]));
    }

    #[test]
    fn jitter_adds_up_to_half_of_the_delay() {
        let delay = |seed| {
            let mut backoff = Backoff { failures: 10, ..Backoff::new() };
            backoff.next_delay(&mut ChaCha20Rng::from_seed([seed; 32])).as_secs()
        };
        let (least, most) = ((0..100).map(delay).min(), (0..100).map(delay).max());
        assert!(least.is_some_and(|least| least < 1_100), "{least:?}");
        assert!(most.is_some_and(|most| most > 1_450), "{most:?}");
    }

    #[test]
    fn jitter_differs_from_device_to_device() {
        let delay = |seed| Backoff::new().next_delay(&mut ChaCha20Rng::from_seed([seed; 32]));
        assert!((0..16).any(|seed| delay(seed) != delay(seed + 1)));
    }

    #[test]
    fn the_count_never_overflows_into_short_delays() {
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        let mut backoff = Backoff { failures: u32::MAX - 2, ..Backoff::new() };
        for _ in 0..5 {
            assert!(backoff.next_delay(&mut rng) >= Duration::from_secs(1024));
        }
    }
}
