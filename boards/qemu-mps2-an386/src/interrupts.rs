//! The interrupts of the board and who handles them.
//!
//! Source: Arm, application note AN386, "ARM Cortex-M4 SMM on V2M-MPS2", table 3-7.

use crate::{ethernet, time, uart};
use core::ffi::c_void;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;

/// The interrupts that are used.
#[derive(Debug, Clone, Copy)]
#[repr(u16)]
pub(crate) enum Interrupt {
    /// A byte was received by UART 0.
    Uart0Receive = 0,
    /// Timer 0 has come to its end.
    Timer0 = 8,
    /// Timer 1 has wrapped around.
    Timer1 = 9,
    /// The line of the Ethernet controller is active.
    Ethernet = 13,
}

const COUNT: usize = 32;

// SAFETY: the numbers are those of the board, and less than the number of vectors below.
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

extern "C" fn uart0_receive() {
    uart::on_receive();
}

extern "C" fn timer0() {
    time::on_alarm();
}

extern "C" fn timer1() {
    time::on_wrap();
}

extern "C" fn ethernet() {
    ethernet::on_interrupt();
}

/// Where the processor finds the handlers: cortex-m-rt puts it behind its own.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [Vector; COUNT] = {
    let mut table = [const { Vector { handler: DefaultHandler } }; COUNT];
    table[Interrupt::Uart0Receive as usize] = Vector { handler: uart0_receive };
    table[Interrupt::Timer0 as usize] = Vector { handler: timer0 };
    table[Interrupt::Timer1 as usize] = Vector { handler: timer1 };
    table[Interrupt::Ethernet as usize] = Vector { handler: ethernet };
    table
};
