//! The interrupts of the board and who handles them.
//!
//! Source: Texas Instruments, LM3S6965 data sheet, "Interrupts".

use crate::{ethernet, time, uart};
use core::ffi::c_void;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;

/// The interrupts that are used.
#[derive(Debug, Clone, Copy)]
#[repr(u16)]
pub(crate) enum Interrupt {
    /// UART 0 has received a byte.
    Uart0 = 5,
    /// Timer 0 A has come to its end.
    Timer0A = 19,
    /// The Ethernet controller has something to tell.
    Ethernet = 42,
}

const COUNT: usize = 44;

// SAFETY: the numbers are those of the chip, and less than the number of vectors below.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self as u16
    }
}

/// Lets `interrupt` through.
pub(crate) fn unmask(interrupt: Interrupt) {
    // SAFETY: no critical section is made by masking single interrupts here, so that none can be broken.
    unsafe { NVIC::unmask(interrupt) };
}

/// Keeps `interrupt` back.
pub(crate) fn mask(interrupt: Interrupt) {
    NVIC::mask(interrupt);
}

#[repr(C)]
union Vector {
    handler: unsafe extern "C" fn(),
    none: *const c_void,
}

// SAFETY: nobody but the processor reads it.
unsafe impl Sync for Vector {}

unsafe extern "C" {
    fn DefaultHandler();
}

extern "C" fn uart0() {
    uart::on_receive();
}

extern "C" fn timer0a() {
    time::on_alarm();
}

extern "C" fn ethernet() {
    ethernet::on_interrupt();
}

/// Where the processor finds the handlers: cortex-m-rt puts it behind its own.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [Vector; COUNT] = {
    let mut table = [const { Vector { handler: DefaultHandler } }; COUNT];
    table[Interrupt::Uart0 as usize] = Vector { handler: uart0 };
    table[Interrupt::Timer0A as usize] = Vector { handler: timer0a };
    table[Interrupt::Ethernet as usize] = Vector { handler: ethernet };
    table
};
