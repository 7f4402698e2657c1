//! Time, and the time driver of embassy-time.
//!
//! `globalThis.performance` is there in pages, workers and Node; the driver that embassy-time brings looks at `window`,
//! which a worker has not. A test may take the clock over and move it itself.

use core::cell::{Cell, RefCell};
use core::task::Waker;
use embassy_time_driver::Driver;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the worker started, with a fraction.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    /// Milliseconds since 1970.
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
}

/// Where a clock that stands still ends: some 140 years, far beyond every test, and far below where arithmetic ends.
const END_US: u64 = 1 << 52;

thread_local! {
    /// Where the clock stands, if it is moved by [`advance`] only.
    static STANDS_AT_US: Cell<Option<u64>> = const { Cell::new(None) };
    static EPOCH_US: Cell<Option<u64>> = const { Cell::new(None) };
    static ALARMS: RefCell<Vec<(u64, Waker)>> = const { RefCell::new(Vec::new()) };
}

struct Time;

// The driver is called by name, from wherever a timer is used.
#[allow(unsafe_code, reason = "the macro exports symbols that embassy-time calls")]
mod driver {
    use super::Time;

    embassy_time_driver::time_driver_impl!(static DRIVER: Time = Time);
}

impl Driver for Time {
    fn now(&self) -> u64 {
        now_us()
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        if at <= now_us() {
            return waker.wake_by_ref();
        }
        ALARMS.with_borrow_mut(|alarms| match alarms.iter_mut().find(|(_, known)| known.will_wake(waker)) {
            // Who is woken looks at all its timers, and asks again for those that are left.
            Some((when, _)) => *when = at.min(*when),
            None => alarms.push((at, waker.clone())),
        });
    }
}

/// Microseconds since the worker started, by a clock that never runs backwards.
pub(crate) fn now_us() -> u64 {
    STANDS_AT_US.get().unwrap_or_else(|| (performance_now() * 1_000.0) as u64)
}

/// Unix time when that clock was at zero, in microseconds.
pub(crate) fn epoch_us() -> u64 {
    EPOCH_US.get().unwrap_or_else(|| {
        let epoch = ((date_now() * 1_000.0) as u64).saturating_sub(now_us());
        EPOCH_US.set(Some(epoch));
        epoch
    })
}

/// Unix time in milliseconds, of a moment of that clock.
pub(crate) fn unix_ms(at_us: u64) -> f64 {
    epoch_us().saturating_add(at_us) as f64 / 1_000.0
}

/// Wakes whoever is due. Says whether somebody was.
pub(crate) fn ring() -> bool {
    let now = now_us();
    let due: Vec<_> = ALARMS.with_borrow_mut(|alarms| alarms.extract_if(.., |(at, _)| *at <= now).collect());
    let any = !due.is_empty();
    due.into_iter().for_each(|(_, waker)| waker.wake());
    any
}

/// Milliseconds until a moment of that clock: 0 if it is past, infinity for `None`.
pub(crate) fn ms_until(at_us: Option<u64>) -> f64 {
    at_us.map_or(f64::INFINITY, |at_us| at_us.saturating_sub(now_us()) as f64 / 1_000.0)
}

/// When the next alarm rings, in microseconds.
pub(crate) fn next_alarm() -> Option<u64> {
    ALARMS.with_borrow(|alarms| alarms.iter().map(|(at, _)| *at).min())
}

/// From now on the time of this worker is moved by [`advance`] only, from `unix_ms` (milliseconds since 1970, and some 140
/// years behind it at most) on: for tests.
#[wasm_bindgen(js_name = standStill)]
pub fn stand_still(unix_ms: f64) {
    let at_us = now_us();
    STANDS_AT_US.set(Some(at_us));
    EPOCH_US.set(Some(((unix_ms * 1_000.0) as u64).min(END_US).saturating_sub(at_us)));
}

/// Moves a time that stands still by so many milliseconds, never back, and to its end at most.
#[wasm_bindgen]
pub fn advance(milliseconds: f64) {
    if let Some(at_us) = STANDS_AT_US.get() {
        let span_us = (milliseconds.max(0.0) * 1_000.0).ceil() as u64;
        STANDS_AT_US.set(Some(at_us.saturating_add(span_us).min(END_US)));
    }
}
