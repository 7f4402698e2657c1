//! The time of embassy-time: one for each thread, and it stands still until it is told to move.

use crate::watch::outside;
use core::cell::{Cell, RefCell};
use core::task::Waker;
use embassy_time_driver::Driver;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
    static ALARMS: RefCell<Vec<(u64, Waker)>> = const { RefCell::new(Vec::new()) };
}

struct VirtualTime;

// The driver is called by name, from wherever a timer is used.
#[cfg(feature = "virtual-time")]
#[allow(unsafe_code)]
mod driver {
    use super::VirtualTime;

    embassy_time_driver::time_driver_impl!(static DRIVER: VirtualTime = VirtualTime);
}

impl Driver for VirtualTime {
    fn now(&self) -> u64 {
        NOW.get()
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        if at <= NOW.get() {
            waker.wake_by_ref();
        } else {
            outside(|| ALARMS.with_borrow_mut(|alarms| alarms.push((at, waker.clone()))));
        }
    }
}

/// Starts again at zero, without any alarm.
pub(crate) fn reset() {
    NOW.set(0);
    ALARMS.take();
}

/// When the next alarm rings, in microseconds.
pub(crate) fn next_alarm() -> Option<u64> {
    ALARMS.with_borrow(|alarms| alarms.iter().map(|(at, _)| *at).min())
}

/// Moves the time to `now`, in microseconds, and rings what is due.
pub(crate) fn advance(now: u64) {
    NOW.set(now);
    let due: Vec<(u64, Waker)> = ALARMS.with_borrow_mut(|alarms| alarms.extract_if(.., |(at, _)| *at <= now).collect());
    for (_, waker) in due {
        waker.wake();
    }
}

/// For [`VirtualTime`] where no driver is linked.
#[cfg(not(feature = "virtual-time"))]
const _: fn() = || {
    let _ = VirtualTime.now();
};
