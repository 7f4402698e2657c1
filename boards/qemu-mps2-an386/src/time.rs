//! Time for embassy: two timers of the board. One counts and never stops; the other ends when somebody is due.
//!
//! Source: Arm, Cortex-M System Design Kit, "APB timer". They count down.

use crate::interrupts::{Interrupt, unmask};
use aclk_cortex_m::mmio::Block;
use core::cell::{Cell, RefCell};
use core::task::Waker;
use cortex_m::peripheral::NVIC;
use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::{Driver, TICK_HZ, time_driver_impl};
use embassy_time_queue_utils::Queue;

// SAFETY: the timers are there (AN386, table 3-3), and move no memory by themselves.
const ALARM: Block = unsafe { Block::at(0x4000_0000) };
// SAFETY: the same.
const COUNTER: Block = unsafe { Block::at(0x4000_1000) };
const CONTROL: usize = 0x00;
const VALUE: usize = 0x04;
const RELOAD: usize = 0x08;
const INTERRUPT: usize = 0x0c;

const ENABLE: u32 = 1 << 0;
const INTERRUPT_AT_ZERO: u32 = 1 << 3;
const AT_ZERO: u32 = 1 << 0;

/// Cycles of a tick of embassy.
const CYCLES: u64 = crate::CLOCK_HZ as u64 / TICK_HZ;
const _: () = assert!(CYCLES * TICK_HZ == crate::CLOCK_HZ as u64);
/// The longest time that the alarm is set to. After that it is set again.
const ALARM_MAX: u64 = 1 << 30;

struct Timers {
    /// How often the counter has wrapped around.
    wraps: Mutex<Cell<u32>>,
    queue: Mutex<RefCell<Queue>>,
}

time_driver_impl!(static TIMERS: Timers = Timers {
    wraps: Mutex::new(Cell::new(0)),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

/// Starts the clock.
pub(crate) fn start() {
    COUNTER.write(RELOAD, u32::MAX);
    COUNTER.write(VALUE, u32::MAX);
    COUNTER.write(CONTROL, ENABLE | INTERRUPT_AT_ZERO);
    unmask(Interrupt::Timer1);
    unmask(Interrupt::Timer0);
}

pub(crate) fn on_wrap() {
    critical_section::with(|cs| {
        COUNTER.write(INTERRUPT, AT_ZERO);
        let wraps = TIMERS.wraps.borrow(cs);
        wraps.set(wraps.get().wrapping_add(1));
    });
}

pub(crate) fn on_alarm() {
    critical_section::with(|cs| {
        ALARM.write(CONTROL, 0);
        ALARM.write(INTERRUPT, AT_ZERO);
        TIMERS.wake(cs);
    });
}

impl Timers {
    /// Cycles since the start.
    fn cycles(&self, cs: CriticalSection<'_>) -> u64 {
        let wraps = self.wraps.borrow(cs).get();
        let value = COUNTER.read(VALUE);
        // It may have wrapped around without anybody having noted it yet.
        let (wraps, value) = match COUNTER.read(INTERRUPT) & AT_ZERO {
            0 => (wraps, value),
            _ => (wraps.wrapping_add(1), COUNTER.read(VALUE)),
        };
        u64::from(wraps) << 32 | u64::from(!value)
    }

    /// Wakes who is due, and sets the alarm for whoever is next.
    fn wake(&self, cs: CriticalSection<'_>) {
        let now = self.cycles(cs) / CYCLES;
        let next = self.queue.borrow(cs).borrow_mut().next_expiration(now);
        ALARM.write(CONTROL, 0);
        if next == u64::MAX {
            return;
        }
        let cycles = next.saturating_sub(now).saturating_mul(CYCLES).min(ALARM_MAX) as u32;
        if cycles < CYCLES as u32 {
            return NVIC::pend(Interrupt::Timer0);
        }
        ALARM.write(RELOAD, cycles);
        ALARM.write(VALUE, cycles);
        ALARM.write(CONTROL, ENABLE | INTERRUPT_AT_ZERO);
    }
}

impl Driver for Timers {
    fn now(&self) -> u64 {
        critical_section::with(|cs| self.cycles(cs)) / CYCLES
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            let is_next = self.queue.borrow(cs).borrow_mut().schedule_wake(at, waker);
            if is_next {
                self.wake(cs);
            }
        });
    }
}
