//! A driver of embassy-net for the Ethernet controller of Stellaris LM3S microcontrollers (LM3S6965 and others): MAC, PHY and
//! FIFOs on the chip. QEMU emulates it.
//!
//! What it shares with other drivers is in `aclk_fifo_ethernet`. How the registers of the controller are reached, and how its
//! interrupt wakes somebody, is said by the board: [`Port`]. Unit tests put a chip of software there.
//!
//! What was lost, for want of room or because it was damaged on the wire, is told to [`Port::lost`]. A chip without a PHY, as
//! QEMU's is, has a link that is always up.
//!
//! Source: Texas Instruments, "Stellaris LM3S6965 Microcontroller Data Sheet", chapter "Ethernet Controller".
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod chip;
mod registers;
#[cfg(test)]
mod tests;

pub use aclk_fifo_ethernet::{Card, FRAME_MAX, FRAME_MIN, Port};
pub use chip::Chip;
use core::fmt;

/// Why there is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// There is no hardware address in the registers of the controller, where the start of the board has to put it.
    NoAddress,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("the Ethernet controller has no hardware address"),
        }
    }
}

impl core::error::Error for Error {}

/// The network card.
pub type StellarisMac<P, const FRAME: usize = FRAME_MAX> = Card<Chip<P>, FRAME>;

/// Sets the controller up for the hardware address `address`. `clock_hz` is the clock of the processor.
#[must_use]
pub fn new<P: Port, const FRAME: usize>(port: P, address: [u8; 6], clock_hz: u32) -> StellarisMac<P, FRAME> {
    Card::new(Chip::new(port, address, clock_hz, FRAME), address)
}

/// The same, for the hardware address that is in its registers.
///
/// # Errors
/// [`Error::NoAddress`].
pub fn with_own_address<P: Port, const FRAME: usize>(
    mut port: P,
    clock_hz: u32,
) -> Result<StellarisMac<P, FRAME>, Error> {
    let address = chip::own_address(&mut port)?;
    Ok(new(port, address, clock_hz))
}
