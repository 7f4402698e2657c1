//! The time against which certificates are checked.

use super::Policy;
use crate::clock::Trust;
use core::fmt;
use core::time::Duration;
use rustls_pki_types::UnixTime;

/// The time that counts, and whether a clock vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validation {
    /// Seconds since 1970.
    pub(crate) now: u64,
    /// Whether `now` comes from a clock; otherwise it is the build time, the earliest that it can be.
    pub(crate) is_clock: bool,
}

impl Validation {
    /// It cannot be earlier than when this program was built, so a clock that says so is not set. Believing it would
    /// refuse every certificate made since; believing the build time lets no expired one pass that the clock would not.
    pub(crate) fn of(policy: &Policy<'_>) -> Self {
        let wall = policy.wall.unix_seconds();
        Self {
            now: wall.max(policy.build_unix_seconds),
            is_clock: policy.wall.trust != Trust::Floor && wall >= policy.build_unix_seconds,
        }
    }

    pub(crate) const fn unix_time(self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(self.now))
    }
}

/// Seconds since 1970 as a date, `2026-01-02` (UTC).
pub(crate) struct Date(pub(crate) u64);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Years that begin in March have their leap day at the end; 400 of them are one period of the calendar.
        const PERIOD: u64 = 146_097;
        let days = self.0 / 86_400 + 719_468; // since 0000-03-01
        let (period, day) = (days / PERIOD, days % PERIOD);
        let year = (day - day / 1_460 + day / 36_524 - day / (PERIOD - 1)) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153; // 0 is March
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        write!(f, "{:04}-{month:02}-{day:02}", period * 400 + year + carry)
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, Validation};
    use crate::clock::{Trust, WallTime};
    use crate::tls::{Anchors, Policy};
    use std::string::ToString;

    #[test]
    fn dates_follow_the_calendar() {
        for (seconds, date) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_251_199, "2024-02-29"),
            (1_767_225_599, "2025-12-31"),
            (1_767_225_600, "2026-01-01"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
            (253_402_300_799, "9999-12-31"),
        ] {
            assert_eq!(Date(seconds).to_string(), date);
        }
    }

    #[test]
    fn time_is_never_before_the_build() {
        let at = |seconds: u64, trust| {
            let wall = WallTime { unix_us: seconds * 1_000_000, trust };
            Validation::of(&Policy { anchors: Anchors::new(&[]), wall, build_unix_seconds: 1_000 })
        };
        assert_eq!(at(2_000, Trust::Trusted), Validation { now: 2_000, is_clock: true });
        assert_eq!(at(2_000, Trust::Network), Validation { now: 2_000, is_clock: true });
        assert_eq!(at(0, Trust::Trusted), Validation { now: 1_000, is_clock: false });
        assert_eq!(at(0, Trust::Floor), Validation { now: 1_000, is_clock: false });
        assert_eq!(at(2_000, Trust::Floor), Validation { now: 2_000, is_clock: false });
    }
}
