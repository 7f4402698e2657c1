//! The serial console: UART 0 of the board.
//!
//! Source: Arm, Cortex-M System Design Kit, "APB UART".

use crate::interrupts::{Interrupt, unmask};
use aclk_cortex_m::mmio::Block;
use core::convert::Infallible;
use core::fmt;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;
use embedded_io_async::{ErrorType, Read, Write};

// SAFETY: the UART is there (AN386, table 3-3), and moves no memory by itself.
const UART: Block = unsafe { Block::at(0x4000_4000) };
const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const INTERRUPT: usize = 0x0c;
const DIVIDER: usize = 0x10;

const SEND_FULL: u32 = 1 << 0;
const RECEIVE_FULL: u32 = 1 << 1;
const SEND: u32 = 1 << 0;
const RECEIVE: u32 = 1 << 1;
const INTERRUPT_ON_RECEIVE: u32 = 1 << 3;
const RECEIVED: u32 = 1 << 1;

const BAUD: u32 = 115_200;

/// Bytes that were typed and not read yet. While it is full the UART keeps what comes next, and the emulator what comes then.
static TYPED: Pipe<CriticalSectionRawMutex, 64> = Pipe::new();

/// Switches it on.
pub(crate) fn start() {
    UART.write(DIVIDER, crate::CLOCK_HZ / BAUD);
    UART.write(CONTROL, SEND | RECEIVE | INTERRUPT_ON_RECEIVE);
    unmask(Interrupt::Uart0Receive);
}

/// Moves what was typed out of the UART, as far as there is room.
pub(crate) fn on_receive() {
    UART.write(INTERRUPT, RECEIVED);
    while UART.read(STATE) & RECEIVE_FULL != 0 && TYPED.free_capacity() > 0 {
        let byte = UART.read(DATA) as u8;
        let _ = TYPED.try_write(&[byte]);
    }
}

/// What somebody types.
#[derive(Debug)]
pub(crate) struct Keyboard;

impl ErrorType for Keyboard {
    type Error = Infallible;
}

impl Read for Keyboard {
    /// Giving up a read loses nothing.
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let len = TYPED.read(buffer).await;
        // There is room for what the UART holds back.
        critical_section::with(|_| on_receive());
        Ok(len)
    }
}

/// What is printed. It waits until the last byte is on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer;

fn print(bytes: &[u8]) {
    for byte in bytes {
        while UART.read(STATE) & SEND_FULL != 0 {}
        UART.write(DATA, (*byte).into());
    }
}

impl fmt::Write for Printer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print(text.as_bytes());
        Ok(())
    }
}

impl ErrorType for Printer {
    type Error = Infallible;
}

impl Write for Printer {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        print(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
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
