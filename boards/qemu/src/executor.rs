//! The executor: polls whatever was woken, and sleeps until the next interrupt otherwise.
//!
//! That of embassy for Cortex-M sleeps with WFE, which QEMU does not do: it would keep a processor of the host busy.

use core::sync::atomic::{AtomicBool, Ordering};
use embassy_executor::Spawner;
use embassy_executor::raw::Executor;
use static_cell::StaticCell;

static EXECUTOR: StaticCell<Executor> = StaticCell::new();
static IS_WOKEN: AtomicBool = AtomicBool::new(false);

/// Called by the executor when a task was woken, by an interrupt or by another task.
#[unsafe(export_name = "__pender")]
fn pend(_: *mut ()) {
    IS_WOKEN.store(true, Ordering::Release);
}

/// Runs what `start` spawns, for ever.
pub fn run(start: impl FnOnce(Spawner)) -> ! {
    let executor = EXECUTOR.init_with(|| Executor::new(core::ptr::null_mut()));
    start(executor.spawner());
    loop {
        IS_WOKEN.store(false, Ordering::Relaxed);
        // SAFETY: it is polled from here only, and nothing that it polls comes here.
        unsafe { executor.poll() };
        // An interrupt that comes from here on ends the sleep even though it is handled after it.
        critical_section::with(|_| {
            if !IS_WOKEN.load(Ordering::Acquire) {
                cortex_m::asm::wfi();
            }
        });
    }
}
