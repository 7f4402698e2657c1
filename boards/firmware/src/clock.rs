//! The clock of a device: monotonic time from embassy-time, time of day from SNTP or the build.

use aclk_core::clock::{Clock, Instant, Trust, WallTime};
use core::cell::Cell;

/// Time of day is unknown until it is [`set`](Self::set); until then it counts from the time of the build.
#[derive(Debug)]
pub struct DeviceClock {
    /// Unix time when the monotonic clock was at zero, in microseconds.
    epoch_us: Cell<u64>,
    trust: Cell<Trust>,
}

impl DeviceClock {
    /// A clock that has not been set. `build_unix_seconds` is a time before which it cannot be.
    #[must_use]
    pub const fn new(build_unix_seconds: u64) -> Self {
        Self { epoch_us: Cell::new(build_unix_seconds.saturating_mul(1_000_000)), trust: Cell::new(Trust::Floor) }
    }

    /// Sets the time of day: it was `unix_us` microseconds after 1970 at `instant`.
    pub fn set(&self, unix_us: u64, instant: Instant, trust: Trust) {
        self.epoch_us.set(unix_us.saturating_sub(instant.as_micros()));
        self.trust.set(trust);
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
        embassy_time::Timer::at(embassy_time::Instant::from_micros(deadline.as_micros())).await;
    }
}
