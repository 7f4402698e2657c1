//! The clocks of this machine.

use aclk_core::clock::{Clock, Instant, Now, Trust, WallTime};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When this program was built, in seconds since 1970.
pub(crate) const BUILD_UNIX_SECONDS: u64 = parse(env!("BUILD_UNIX_SECONDS"));

/// The longest sleep in one piece. Timers stand still while a machine is suspended, our clock does not: after waking up
/// a deadline is noticed within this time.
const NAP: Duration = Duration::from_secs(10);

/// Time since boot, suspension included, and the system's time of day.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HostClock;

impl Clock for HostClock {
    fn instant(&self) -> Instant {
        let time = clock_gettime(ClockId::Boottime);
        // Neither part of a clock that counts from boot is ever negative.
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or_default();
        Instant::from_micros(seconds.saturating_mul(1_000_000).saturating_add(nanoseconds / 1_000))
    }

    fn wall(&self) -> WallTime {
        let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        wall(u64::try_from(age.as_micros()).unwrap_or(u64::MAX))
    }

    async fn sleep_until(&self, deadline: Instant) {
        loop {
            let left = deadline.since(self.instant());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(NAP)).await;
        }
    }
}

/// The clock that a node is kept by, for others who use it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeClock(fn() -> Now);

impl NodeClock {
    /// The clock behind `now`.
    pub(crate) const fn new(now: fn() -> Now) -> Self {
        Self(now)
    }
}

impl Clock for NodeClock {
    fn instant(&self) -> Instant {
        (self.0)().instant
    }

    fn wall(&self) -> WallTime {
        (self.0)().wall
    }

    fn now(&self) -> Now {
        (self.0)()
    }

    /// By the timers of the system: a device has few, and needs them itself.
    async fn sleep_until(&self, deadline: Instant) {
        let left = deadline.since(self.instant());
        HostClock.sleep_until(HostClock.instant() + left).await;
    }
}

/// A time of day before this program was built means that nobody has set the clock.
const fn wall(unix_us: u64) -> WallTime {
    let floor = BUILD_UNIX_SECONDS.saturating_mul(1_000_000);
    if unix_us < floor {
        WallTime { unix_us: floor, trust: Trust::Floor }
    } else {
        WallTime { unix_us, trust: Trust::Trusted }
    }
}

const fn parse(digits: &str) -> u64 {
    match u64::from_str_radix(digits, 10) {
        Ok(value) => value,
        Err(_) => panic!("BUILD_UNIX_SECONDS is not a number"),
    }
}

/// Seconds since 1970 as `2025-11-22T11:19:00Z` (RFC 3339).
pub(crate) fn rfc3339(unix_seconds: u64) -> String {
    let (day, second) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day) = civil(day);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a day since 1970-01-01, counted in eras of 400 years that start on 1 March.
const fn civil(day: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    // 1970-01-01 is day 719 468 since 0000-03-01.
    let day = day + 719_468;
    let (era, day) = (day / ERA, day % ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March, which have 31, 30, 31, 30, 31 days in turn.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year + if month >= 10 { 1 } else { 0 };
    (year, if month < 10 { month + 3 } else { month - 9 }, day)
}

#[cfg(test)]
mod tests {
    use super::{BUILD_UNIX_SECONDS, HostClock, rfc3339, wall};
    use aclk_core::clock::{Clock, Trust};
    use std::time::Duration;

    #[test]
    fn a_clock_that_nobody_has_set_is_not_trusted() {
        assert_eq!(wall(0).trust, Trust::Floor);
        assert_eq!(wall(0).unix_seconds(), BUILD_UNIX_SECONDS);
        assert_eq!(wall(BUILD_UNIX_SECONDS * 1_000_000).trust, Trust::Trusted);
        assert_eq!(wall(u64::MAX).unix_us, u64::MAX);
    }

    #[test]
    fn a_deadline_that_has_passed_does_not_wait_and_one_ahead_does() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let clock = HostClock;
            clock.sleep_until(aclk_core::clock::Instant::START).await;
            let deadline = clock.instant() + Duration::from_millis(5);
            clock.sleep_until(deadline).await;
            assert!(clock.instant() >= deadline);
        });
    }

    #[test]
    fn times_are_written_as_in_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_735_689_600, "2025-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
