//! The serial line: UART 0 of the board, a PL011.
//!
//! Source: Texas Instruments, LM3S6965 data sheet, "Universal Asynchronous Receivers/Transmitters".

use crate::interrupts::{Interrupt, unmask};
use crate::system::CLOCK_HZ;
use aclk_cortex_m::mmio::Block;
use core::fmt;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;

// SAFETY: the UART is there, and moves no memory by itself.
const UART: Block = unsafe { Block::at(0x4000_c000) };
const DATA: usize = 0x00;
const FLAGS: usize = 0x18;
const DIVIDER: usize = 0x24;
const DIVIDER_FRACTION: usize = 0x28;
const LINE: usize = 0x2c;
const CONTROL: usize = 0x30;
const INTERRUPT_MASK: usize = 0x38;
const INTERRUPT_CLEAR: usize = 0x44;

const SEND_FULL: u32 = 1 << 5;
const RECEIVE_EMPTY: u32 = 1 << 4;
const EIGHT_BITS: u32 = 0b11 << 5;
const ENABLE: u32 = 1 << 9 | 1 << 8 | 1 << 0;
const RECEIVED: u32 = 1 << 4;

const BAUD: u32 = 115_200;
/// The divider in 64ths.
const DIVIDER_64: u32 = (CLOCK_HZ * 4 + BAUD / 2) / BAUD;

/// Bytes that were typed and not read yet. While it is full the UART keeps what comes next, and the emulator what comes then.
static TYPED: Pipe<CriticalSectionRawMutex, 32> = Pipe::new();

/// Switches it on.
pub(crate) fn start() {
    UART.write(DIVIDER, DIVIDER_64 / 64);
    UART.write(DIVIDER_FRACTION, DIVIDER_64 % 64);
    UART.write(LINE, EIGHT_BITS);
    UART.write(CONTROL, ENABLE);
    UART.write(INTERRUPT_MASK, RECEIVED);
    unmask(Interrupt::Uart0);
}

/// Moves what was typed out of the UART, as far as there is room.
pub(crate) fn on_receive() {
    UART.write(INTERRUPT_CLEAR, RECEIVED);
    while UART.read(FLAGS) & RECEIVE_EMPTY == 0 && TYPED.free_capacity() > 0 {
        let byte = UART.read(DATA) as u8;
        let _ = TYPED.try_write(&[byte]);
    }
}

/// The next byte that somebody types.
pub(crate) async fn typed() -> u8 {
    let mut byte = [0];
    TYPED.read(&mut byte).await;
    // There is room for what the UART holds back.
    critical_section::with(|_| on_receive());
    let [byte] = byte;
    byte
}

/// Prints, and waits until the last byte is on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer;

impl fmt::Write for Printer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            while UART.read(FLAGS) & SEND_FULL != 0 {}
            UART.write(DATA, byte.into());
        }
        Ok(())
    }
}

/// Prints a line.
macro_rules! say {
    ($($argument:tt)*) => {{
        // Printing cannot fail.
        let _ = core::fmt::Write::write_fmt(&mut $crate::uart::Printer, format_args!("{}\r\n", format_args!($($argument)*)));
    }};
}
pub(crate) use say;
