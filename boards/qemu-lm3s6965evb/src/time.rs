//! Time for embassy: SysTick counts and never stops; timer 0 ends when somebody is due. (The timers of the chip could count,
//! too, but QEMU's cannot be read.)
//!
//! Source: Armv7-M Architecture Reference Manual, B3.3; Texas Instruments, LM3S6965 data sheet, "General-Purpose Timers".

use crate::interrupts::{Interrupt, unmask};
use crate::system::CLOCK_HZ;
use aclk_cortex_m::mmio::Block;
use core::cell::{Cell, RefCell};
use core::task::Waker;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{NVIC, SCB, SYST};
use cortex_m_rt::exception;
use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::{Driver, TICK_HZ, time_driver_impl};
use embassy_time_queue_utils::Queue;

// SAFETY: timer 0 is there, and moves no memory by itself.
const ALARM: Block = unsafe { Block::at(0x4003_0000) };
const CONFIGURATION: usize = 0x00;
const MODE_A: usize = 0x04;
const CONTROL: usize = 0x0c;
const INTERRUPT_MASK: usize = 0x18;
const INTERRUPT_CLEAR: usize = 0x24;
const LOAD_A: usize = 0x28;

/// One timer of 32 bits in place of two.
const WHOLE: u32 = 0;
const ONCE: u32 = 1;
const ENABLE_A: u32 = 1 << 0;
const AT_ZERO_A: u32 = 1 << 0;

/// What SysTick counts down from.
const RELOAD: u32 = 0x00ff_ffff;
/// Cycles of a tick of embassy.
const CYCLES: u64 = CLOCK_HZ as u64 / TICK_HZ;
const _: () = assert!(CYCLES * TICK_HZ == CLOCK_HZ as u64);
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
pub(crate) fn start(mut counter: SYST) {
    ALARM.write(CONTROL, 0);
    ALARM.write(CONFIGURATION, WHOLE);
    ALARM.write(MODE_A, ONCE);
    ALARM.write(INTERRUPT_MASK, AT_ZERO_A);
    counter.set_clock_source(SystClkSource::Core);
    counter.set_reload(RELOAD);
    counter.clear_current();
    counter.enable_interrupt();
    counter.enable_counter();
    unmask(Interrupt::Timer0A);
}

/// The counter has wrapped around.
#[exception]
fn SysTick() {
    critical_section::with(|cs| {
        let wraps = TIMERS.wraps.borrow(cs);
        wraps.set(wraps.get().wrapping_add(1));
    });
}

pub(crate) fn on_alarm() {
    critical_section::with(|cs| {
        ALARM.write(CONTROL, 0);
        ALARM.write(INTERRUPT_CLEAR, AT_ZERO_A);
        TIMERS.wake(cs);
    });
}

impl Timers {
    /// Cycles since the start.
    fn cycles(&self, cs: CriticalSection<'_>) -> u64 {
        let wraps = self.wraps.borrow(cs).get();
        let value = SYST::get_current();
        // It may have wrapped around without anybody having noted it yet.
        let (wraps, value) =
            if SCB::is_pendst_pending() { (wraps.wrapping_add(1), SYST::get_current()) } else { (wraps, value) };
        u64::from(wraps) * u64::from(RELOAD + 1) + u64::from(RELOAD - value)
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
            return NVIC::pend(Interrupt::Timer0A);
        }
        ALARM.write(LOAD_A, cycles);
        ALARM.write(CONTROL, ENABLE_A);
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
