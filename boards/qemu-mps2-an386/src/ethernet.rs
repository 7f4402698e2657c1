//! The Ethernet controller of the board, a LAN9118.

use crate::interrupts::{Interrupt, mask, unmask};
use aclk_cortex_m::mmio::Block;
use aclk_lan9118::Port;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;
use embassy_sync::waitqueue::AtomicWaker;

// SAFETY: the LAN9118 is there (AN386, table 3-1), and moves no memory by itself.
const CHIP: Block = unsafe { Block::at(0x4020_0000) };

static WAITING: AtomicWaker = AtomicWaker::new();
static LOST: AtomicU32 = AtomicU32::new(0);

/// How the driver reaches the chip.
#[derive(Debug)]
pub(crate) struct Mps2;

impl Port for Mps2 {
    fn read(&mut self, offset: u8) -> u32 {
        CHIP.read(offset.into())
    }

    fn write(&mut self, offset: u8, value: u32) {
        CHIP.write(offset.into(), value);
    }

    fn listen(&mut self, waker: &Waker) {
        WAITING.register(waker);
        unmask(Interrupt::Ethernet);
    }

    fn lost(&mut self, frames: u32) {
        LOST.fetch_add(frames, Ordering::Relaxed);
    }
}

/// The line is a level: it stays active until the driver has looked.
pub(crate) fn on_interrupt() {
    mask(Interrupt::Ethernet);
    WAITING.wake();
}

/// Frames that the chip has lost. Modulo 2^32.
pub(crate) fn lost_frames() -> u32 {
    LOST.load(Ordering::Relaxed)
}
