//! A driver of embassy-net for the SMSC LAN9118 and its siblings: MAC, PHY and FIFOs in one chip, on a 32-bit memory bus.
//!
//! The chip holds frames in two FIFOs, and the processor moves them word by word: there is no DMA, and so nothing `unsafe`.
//! How its registers are reached, and how its interrupt line wakes somebody, is said by the board: [`Port`]. Unit tests put a
//! chip of software there.
//!
//! ```text
//!  embassy-net ── Driver ── Chip ── Port ──> registers, interrupt line
//! ```
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

use chip::Chip;
use core::cell::RefCell;
use core::fmt;
use core::task::{Context, Waker};
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};

/// Bytes of the largest Ethernet frame, without VLAN tag and checksum.
pub const FRAME_MAX: usize = 1514;
/// Bytes of the smallest frame that a driver may be limited to: every host takes IP packets of 576 bytes (RFC 791 3.1).
pub const FRAME_MIN: usize = 14 + 576;

/// How the chip is reached.
pub trait Port {
    /// Reads the 32-bit register at `offset` from the base address of the chip.
    fn read(&mut self, offset: u8) -> u32;

    /// Writes it.
    fn write(&mut self, offset: u8, value: u32);

    /// Wakes `waker` once the interrupt line is active, at once if it is. The line is a level, active high: whoever handles the
    /// interrupt masks it until this is called again.
    fn listen(&mut self, waker: &Waker);

    /// The chip has lost so many frames.
    fn lost(&mut self, frames: u32);
}

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

/// The network card. Frames have at most `FRAME` bytes, from [`FRAME_MIN`] to [`FRAME_MAX`]; two of them are its memory.
#[derive(Debug)]
pub struct Lan9118<P, const FRAME: usize = FRAME_MAX> {
    chip: RefCell<Chip<P>>,
    address: [u8; 6],
    incoming: [u8; FRAME],
    outgoing: [u8; FRAME],
}

impl<P: Port, const FRAME: usize> Lan9118<P, FRAME> {
    /// Resets the chip and sets it up for the hardware address `address`.
    ///
    /// # Errors
    /// If there is no chip, or it does not do as it should.
    pub fn new(port: P, address: [u8; 6]) -> Result<Self, Error> {
        Self::set_up(port, Some(address))
    }

    /// The same, for the hardware address in the EEPROM of the chip.
    ///
    /// # Errors
    /// The same, and [`Error::NoAddress`].
    pub fn with_own_address(port: P) -> Result<Self, Error> {
        Self::set_up(port, None)
    }

    fn set_up(port: P, address: Option<[u8; 6]>) -> Result<Self, Error> {
        const { assert!(FRAME >= FRAME_MIN && FRAME <= FRAME_MAX) };
        let (chip, address) = Chip::new(port, address, FRAME)?;
        Ok(Self { chip: RefCell::new(chip), address, incoming: [0; FRAME], outgoing: [0; FRAME] })
    }
}

impl<P: Port, const FRAME: usize> Driver for Lan9118<P, FRAME> {
    type RxToken<'a>
        = Received<'a, P>
    where
        Self: 'a;
    type TxToken<'a>
        = Room<'a, P>
    where
        Self: 'a;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received<'_, P>, Room<'_, P>)> {
        let chip = self.chip.get_mut();
        // Room comes first: a frame that is taken has to be answered, if need be.
        if !chip.has_room(cx.waker()) {
            return None;
        }
        let len = chip.next_frame(cx.waker())?;
        let frame = self.incoming.get_mut(..len)?;
        Some((Received { chip: &self.chip, frame }, Room { chip: &self.chip, frame: &mut self.outgoing }))
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Room<'_, P>> {
        self.chip.get_mut().has_room(cx.waker()).then_some(Room { chip: &self.chip, frame: &mut self.outgoing })
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        if self.chip.get_mut().is_link_up(cx.waker()) { LinkState::Up } else { LinkState::Down }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = FRAME;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.address)
    }
}

/// A frame that is still in the chip. Dropped, it stays there.
#[derive(Debug)]
pub struct Received<'a, P> {
    chip: &'a RefCell<Chip<P>>,
    frame: &'a mut [u8],
}

impl<P: Port> RxToken for Received<'_, P> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        self.chip.borrow_mut().take_frame(self.frame);
        f(self.frame)
    }
}

/// Room for a frame in the chip.
#[derive(Debug)]
pub struct Room<'a, P> {
    chip: &'a RefCell<Chip<P>>,
    frame: &'a mut [u8],
}

impl<P: Port> TxToken for Room<'_, P> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        // The stack keeps to the largest frame that it was told.
        let len = len.min(self.frame.len());
        let (frame, _) = self.frame.split_at_mut(len);
        let result = f(frame);
        self.chip.borrow_mut().send_frame(frame);
        result
    }
}
