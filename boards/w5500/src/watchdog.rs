//! The watchdog: a chip that hangs is started anew, and so is an executor that does not come round.
//!
//! The watchdog of the chip waits for eight seconds at most, and a step of RSA may take an RP2040 nearly as long. So it is fed by an
//! interrupt, as long as the executor has come round not too long ago: eight seconds are for a chip that takes no interrupts, and more
//! for an executor that is stuck.

use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use critical_section::Mutex;
use embassy_rp::clocks::clk_sys_freq;
use embassy_rp::watchdog::Watchdog;
use embassy_time::{Duration, Timer};

/// What the chip waits for.
const CHIP: Duration = Duration::from_secs(8);
/// How many interrupts there are in a second: the counter has 24 bits.
const TICKS: u32 = 10;
/// So many of them after the executor has come round, it is stuck.
const STUCK: u32 = 60 * TICKS;
/// How often it shows that it is not.
const SHOWN_EVERY: Duration = Duration::from_secs(1);

static GUARD: Mutex<RefCell<Option<Watchdog>>> = Mutex::new(RefCell::new(None));
/// Interrupts that are left.
static LEFT: AtomicU32 = AtomicU32::new(STUCK);

/// Starts the watchdog, and shows it for ever that the executor comes round.
pub(crate) async fn run(mut guard: Watchdog, mut timer: SYST) -> ! {
    guard.start(CHIP);
    critical_section::with(|section| GUARD.borrow_ref_mut(section).replace(guard));
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(clk_sys_freq() / TICKS - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
    loop {
        LEFT.store(STUCK, Ordering::Relaxed);
        Timer::after(SHOWN_EVERY).await;
    }
}

#[exception]
fn SysTick() {
    // Nobody else writes between the two: the executor does not run meanwhile.
    let left = LEFT.load(Ordering::Relaxed);
    if left > 0 {
        LEFT.store(left - 1, Ordering::Relaxed);
        critical_section::with(|section| {
            if let Some(guard) = &mut *GUARD.borrow_ref_mut(section) {
                guard.feed(CHIP);
            }
        });
    }
}
