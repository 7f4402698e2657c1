//! What drivers of embassy-net share for Ethernet controllers that hold frames in FIFOs, from which the processor moves them word
//! by word: there is no DMA, and so nothing `unsafe`.
//!
//! A driver says how its chip is asked for frames and room ([`FifoChip`]), and is a [`Card`] of it. The board says how the registers of
//! the chip are reached, and how its interrupt wakes somebody ([`Port`]).
//!
//! ```text
//!  embassy-net ── Card ── Chip ── Port ──> registers, interrupt
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "fake")]
extern crate std;

#[cfg(feature = "fake")]
pub mod fake;

use core::cell::RefCell;
use core::task::{Context, Waker};
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};

/// Bytes of the largest Ethernet frame, without VLAN tag and checksum.
pub const FRAME_MAX: usize = 1514;
/// Bytes of the smallest frame that a driver may be limited to: every host takes IP packets of 576 bytes (RFC 791 3.1).
pub const FRAME_MIN: usize = 14 + 576;

/// How a chip is reached.
pub trait Port {
    /// Reads the 32-bit register at `offset` from the base address of the chip.
    fn read(&mut self, offset: u8) -> u32;

    /// Writes it.
    fn write(&mut self, offset: u8, value: u32);

    /// Wakes `waker` once the interrupt is active, at once if it is. It is a level, active high: whoever handles the interrupt
    /// masks it until this is called again.
    fn listen(&mut self, waker: &Waker);

    /// The chip has lost so many frames, at least.
    fn lost(&mut self, frames: u32);
}

/// A chip with a FIFO for each direction.
pub trait FifoChip {
    /// The length of the frame that [`take_frame`](Self::take_frame) will take, in bytes. If there is none, `waker` is woken later.
    fn next_frame(&mut self, waker: &Waker) -> Option<usize>;

    /// Takes the frame that [`next_frame`](Self::next_frame) has announced out of the chip.
    fn take_frame(&mut self, frame: &mut [u8]);

    /// Counts what was lost, gets going again what has stopped, and takes note of what became of frames that were sent.
    fn tidy(&mut self);

    /// Whether a frame of any length can be sent.
    fn room(&mut self) -> bool;

    /// Lets `waker` be woken when room comes to be after this call; nobody with `None`.
    fn listen_for_room(&mut self, waker: Option<&Waker>);

    /// Whether a frame of any length can be sent. If not, `waker` is woken later.
    fn has_room(&mut self, waker: &Waker) -> bool {
        self.tidy();
        if self.room() {
            return true;
        }
        self.listen_for_room(Some(waker));
        // Room that has come to be before that is found now.
        let has_room = self.room();
        if has_room {
            self.listen_for_room(None);
        }
        has_room
    }

    /// Sends `frame`. There must be room.
    fn send_frame(&mut self, frame: &[u8]);

    /// Whether there is a link. `waker` is woken when that changes.
    fn is_link_up(&mut self, waker: &Waker) -> bool;
}

/// The network card. Frames have at most `FRAME` bytes, from [`FRAME_MIN`] to [`FRAME_MAX`]; two of them are its memory.
#[derive(Debug)]
pub struct Card<C, const FRAME: usize = FRAME_MAX> {
    chip: RefCell<C>,
    address: [u8; 6],
    incoming: [u8; FRAME],
    outgoing: [u8; FRAME],
}

impl<C: FifoChip, const FRAME: usize> Card<C, FRAME> {
    /// A card of a chip that is set up, for frames of `FRAME` bytes and for the hardware address `address`.
    #[must_use]
    pub const fn new(chip: C, address: [u8; 6]) -> Self {
        const { assert!(FRAME >= FRAME_MIN && FRAME <= FRAME_MAX) };
        Self { chip: RefCell::new(chip), address, incoming: [0; FRAME], outgoing: [0; FRAME] }
    }
}

impl<C: FifoChip, const FRAME: usize> Driver for Card<C, FRAME> {
    type RxToken<'a>
        = Received<'a, C>
    where
        Self: 'a;
    type TxToken<'a>
        = Room<'a, C>
    where
        Self: 'a;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received<'_, C>, Room<'_, C>)> {
        let chip = self.chip.get_mut();
        // Room comes first: a frame that is taken has to be answered, if need be.
        if !chip.has_room(cx.waker()) {
            return None;
        }
        let len = chip.next_frame(cx.waker())?;
        let frame = self.incoming.get_mut(..len)?;
        Some((Received { chip: &self.chip, frame }, Room { chip: &self.chip, frame: &mut self.outgoing }))
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Room<'_, C>> {
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
pub struct Received<'a, C> {
    chip: &'a RefCell<C>,
    frame: &'a mut [u8],
}

impl<C: FifoChip> RxToken for Received<'_, C> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        self.chip.borrow_mut().take_frame(self.frame);
        f(self.frame)
    }
}

/// Room for a frame in the chip.
#[derive(Debug)]
pub struct Room<'a, C> {
    chip: &'a RefCell<C>,
    frame: &'a mut [u8],
}

impl<C: FifoChip> TxToken for Room<'_, C> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        // The stack keeps to the largest frame that it was told.
        let len = len.min(self.frame.len());
        let (frame, _) = self.frame.split_at_mut(len);
        let result = f(frame);
        self.chip.borrow_mut().send_frame(frame);
        result
    }
}
