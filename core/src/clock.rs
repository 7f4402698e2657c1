//! The one place where time comes from.
//!
//! The engine never asks for the time: every call brings a [`Now`]. Only the driver holds a [`Clock`].

use core::ops::Add;
use core::time::Duration;

/// A point of monotonic time, in microseconds since an arbitrary start (boot, usually).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The start of this clock.
    pub const START: Self = Self(0);

    /// A point `us` microseconds after the start.
    #[must_use]
    pub const fn from_micros(us: u64) -> Self {
        Self(us)
    }

    /// Microseconds since the start.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Time that passed since `earlier`; zero if `earlier` is later.
    #[must_use]
    #[inline(never)]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time (584 000 years after the start).
    #[inline(never)]
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }
}

/// Whole microseconds. `Duration` has them in 128 bits, which are dear where there is no instruction for them.
pub(crate) const fn micros(span: Duration) -> u64 {
    span.as_secs().saturating_mul(1_000_000).saturating_add(span.subsec_micros() as u64)
}

/// Whole seconds in which a time has passed: a microsecond counts as a second.
pub(crate) const fn seconds_up(span: Duration) -> u64 {
    span.as_secs().saturating_add((span.subsec_micros() > 0) as u64)
}

/// How far a wall clock can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// No clock is set: the time is that of the build, a floor below which it cannot be.
    Floor,
    /// Set from the network (SNTP) without authentication.
    Network,
    /// Set and kept by the operating system or a battery-backed clock.
    Trusted,
}

/// Days from 1970-01-01 to a day of the calendar, whose month is 1 to 12; `None` if it is earlier.
pub(crate) fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    (year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day).checked_sub(1 + 719_468)
}

/// Time of day, with the trust it deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallTime {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub unix_us: u64,
    /// Where it came from.
    pub trust: Trust,
}

impl WallTime {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.unix_us / 1_000_000
    }
}

/// What every call into the engine brings: both clocks, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Monotonic time, for every deadline.
    pub instant: Instant,
    /// Time of day, for session ids and certificates.
    pub wall: WallTime,
}

impl Now {
    /// The time of day at `instant`, past or future, in seconds since 1970 by the clock of this moment.
    #[must_use]
    pub const fn unix_seconds_at(self, instant: Instant) -> u64 {
        let (now, then) = (self.instant.as_micros(), instant.as_micros());
        let unix_us = if then < now {
            self.wall.unix_us.saturating_sub(now - then)
        } else {
            self.wall.unix_us.saturating_add(then - now)
        };
        unix_us / 1_000_000
    }
}

/// The clock on the wall of people nearby.
pub trait Zone {
    /// Seconds that local time is ahead of UTC at `unix_seconds` since 1970, daylight saving time included.
    fn ahead_of_utc(&self, unix_seconds: u64) -> i32;
}

/// Local time is UTC, as on boards.
#[derive(Debug, Clone, Copy, Default)]
pub struct Utc;

impl Zone for Utc {
    fn ahead_of_utc(&self, _: u64) -> i32 {
        0
    }
}

/// The clock of the machine.
pub trait Clock {
    /// Monotonic time.
    fn instant(&self) -> Instant;

    /// Time of day and its trust.
    fn wall(&self) -> WallTime;

    /// Resolves at `deadline`, at once if that has passed. Dropping the future cancels it.
    async fn sleep_until(&self, deadline: Instant);

    /// Both times at once.
    fn now(&self) -> Now {
        Now { instant: self.instant(), wall: self.wall() }
    }
}

impl<C: Clock> Clock for &C {
    fn instant(&self) -> Instant {
        C::instant(self)
    }

    fn wall(&self) -> WallTime {
        C::wall(self)
    }

    async fn sleep_until(&self, deadline: Instant) {
        C::sleep_until(self, deadline).await;
    }
}
