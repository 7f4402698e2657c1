//! A driver of embassy-net for the Ethernet controller of Stellaris LM3S microcontrollers (LM3S6965 and others): MAC, PHY and
//! FIFOs on the chip. QEMU emulates it.
//!
//! The controller holds frames in two FIFOs, and the processor moves them word by word: nothing here is `unsafe`. How its
//! registers are reached, and how its interrupt wakes somebody, is said by the board: [`Port`]. Unit tests put a chip of
//! software there.
//!
//! ```text
//!  embassy-net ── Driver ── Chip ── Port ──> registers, interrupt
//! ```
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

use chip::Chip;
use core::cell::RefCell;
use core::fmt;
use core::task::{Context, Waker};
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};

/// Bytes of the largest Ethernet frame, without VLAN tag and checksum.
pub const FRAME_MAX: usize = 1514;
/// Bytes of the smallest frame that a driver may be limited to: every host takes IP packets of 576 bytes (RFC 791 3.1).
pub const FRAME_MIN: usize = 14 + 576;

/// How the controller is reached.
pub trait Port {
    /// Reads the 32-bit register at `offset` from the base address of the controller.
    fn read(&mut self, offset: u8) -> u32;

    /// Writes it.
    fn write(&mut self, offset: u8, value: u32);

    /// Wakes `waker` once the interrupt is active, at once if it is. It is a level: whoever handles the interrupt masks it until
    /// this is called again.
    fn listen(&mut self, waker: &Waker);

    /// The controller has lost so many frames, at least.
    fn lost(&mut self, frames: u32);
}

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

/// The network card. Frames have at most `FRAME` bytes, from [`FRAME_MIN`] to [`FRAME_MAX`]; two of them are its memory.
#[derive(Debug)]
pub struct StellarisMac<P, const FRAME: usize = FRAME_MAX> {
    chip: RefCell<Chip<P>>,
    address: [u8; 6],
    incoming: [u8; FRAME],
    outgoing: [u8; FRAME],
}

impl<P: Port, const FRAME: usize> StellarisMac<P, FRAME> {
    /// Sets the controller up for the hardware address `address`. `clock_hz` is the clock of the processor.
    #[must_use]
    pub fn new(port: P, address: [u8; 6], clock_hz: u32) -> Self {
        const { assert!(FRAME >= FRAME_MIN && FRAME <= FRAME_MAX) };
        let chip = RefCell::new(Chip::new(port, address, clock_hz, FRAME));
        Self { chip, address, incoming: [0; FRAME], outgoing: [0; FRAME] }
    }

    /// The same, for the hardware address that is in its registers.
    ///
    /// # Errors
    /// [`Error::NoAddress`].
    pub fn with_own_address(mut port: P, clock_hz: u32) -> Result<Self, Error> {
        let address = chip::own_address(&mut port)?;
        Ok(Self::new(port, address, clock_hz))
    }
}

impl<P: Port, const FRAME: usize> Driver for StellarisMac<P, FRAME> {
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
