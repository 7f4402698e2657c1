//! The clock of a device: monotonic time from embassy-time, time of day from SNTP or the build.

use aclk_core::clock::{Clock, Instant, Trust, WallTime};
use core::cell::Cell;

/// Time of day is unknown until it is [`set`](Self::set); until then it counts from the time of the build.
#[derive(Debug)]
pub struct DeviceClock {
    /// Unix time when the monotonic clock was at zero, in microseconds.
    epoch_us: Cell<u64>,
    trust: Cell<Trust>,
    /// How late somebody was woken at most, in microseconds.
    late_us: Cell<u64>,
}

impl DeviceClock {
    /// A clock that has not been set. `build_unix_seconds` is a time before which it cannot be.
    #[must_use]
    pub const fn new(build_unix_seconds: u64) -> Self {
        let epoch_us = build_unix_seconds.saturating_mul(1_000_000);
        Self { epoch_us: Cell::new(epoch_us), trust: Cell::new(Trust::Floor), late_us: Cell::new(0) }
    }

    /// Sets the time of day: it was `unix_us` microseconds after 1970 at `instant`.
    pub fn set(&self, unix_us: u64, instant: Instant, trust: Trust) {
        self.epoch_us.set(unix_us.saturating_sub(instant.as_micros()));
        self.trust.set(trust);
    }

    /// How late, at most, what was due ran since this was asked the last time, in microseconds: the executor was busy.
    pub fn take_lateness(&self) -> u64 {
        self.late_us.take()
    }
}

impl Clock for DeviceClock {
    fn instant(&self) -> Instant {
        Instant::from_micros(embassy_time::Instant::now().as_micros())
    }

    fn wall(&self) -> WallTime {
        WallTime { unix_us: self.epoch_us.get().saturating_add(self.instant().as_micros()), trust: self.trust.get() }
    }

    async fn sleep_until(&self, deadline: Instant) {
        let has_to_wait = self.instant() < deadline;
        embassy_time::Timer::at(embassy_time::Instant::from_micros(deadline.as_micros())).await;
        if has_to_wait {
            let late = self.instant().as_micros().saturating_sub(deadline.as_micros());
            self.late_us.set(self.late_us.get().max(late));
        }
    }
}
