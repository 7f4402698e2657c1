//! A driver of embassy-net for the SMSC LAN9118 and its siblings: MAC, PHY and FIFOs in one chip, on a 32-bit memory bus.
//!
//! What it shares with other drivers is in `aclk_fifo_ethernet`. How the registers of the chip are reached, and how its interrupt
//! line wakes somebody, is said by the board: [`Port`]. Unit tests put a chip of software there.
//!
//! What the chip lost, for want of room or because it was damaged on the wire, is told to [`Port::lost`].
//!
//! Source: SMSC, "LAN9118 High-Performance Single-Chip 10/100 Non-PCI Ethernet Controller", revision 1.5; its sections are
//! named in the code.
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

/// Why there is no network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The register that always has the same value has this one: there is no such chip, or the bus is set up wrongly.
    NoChip(u32),
    /// The chip is another one: its identity and revision.
    Unknown(u32),
    /// The register at this offset says for too long that the chip is busy.
    Stuck(u8),
    /// There is no hardware address in the EEPROM of the chip, or there is no EEPROM.
    NoAddress,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChip(value) => write!(f, "no LAN9118 answers: its byte test reads {value:#010x}"),
            Self::Unknown(id) => write!(f, "not a chip of the LAN9118 family: its identity is {id:#010x}"),
            Self::Stuck(offset) => write!(f, "the LAN9118 is busy for ever: register {offset:#04x}"),
            Self::NoAddress => f.write_str("the LAN9118 has no hardware address in an EEPROM"),
        }
    }
}

impl core::error::Error for Error {}

/// The network card.
pub type Lan9118<P, const FRAME: usize = FRAME_MAX> = Card<Chip<P>, FRAME>;

/// Resets the chip and sets it up for the hardware address `address`.
///
/// # Errors
/// If there is no chip, or it does not do as it should.
pub fn new<P: Port, const FRAME: usize>(port: P, address: [u8; 6]) -> Result<Lan9118<P, FRAME>, Error> {
    let (chip, address) = Chip::new(port, Some(address), FRAME)?;
    Ok(Card::new(chip, address))
}

/// The same, for the hardware address in the EEPROM of the chip.
///
/// # Errors
/// The same, and [`Error::NoAddress`].
pub fn with_own_address<P: Port, const FRAME: usize>(port: P) -> Result<Lan9118<P, FRAME>, Error> {
    let (chip, address) = Chip::new(port, None, FRAME)?;
    Ok(Card::new(chip, address))
}
