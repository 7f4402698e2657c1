//! The Ethernet controller of the chip.

use crate::interrupts::{Interrupt, mask, unmask};
use aclk_cortex_m::mmio::Block;
use aclk_stellaris_mac::Port;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;
use embassy_sync::waitqueue::AtomicWaker;

// SAFETY: the controller is there (LM3S6965 data sheet, "Memory Map"), and moves no memory by itself.
const CHIP: Block = unsafe { Block::at(0x4004_8000) };

static WAITING: AtomicWaker = AtomicWaker::new();
static LOST: AtomicU32 = AtomicU32::new(0);

/// How the driver reaches it.
#[derive(Debug)]
pub(crate) struct Lm3s6965;

impl Port for Lm3s6965 {
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

/// The interrupt is a level: it stays active until the driver has looked.
pub(crate) fn on_interrupt() {
    mask(Interrupt::Ethernet);
    WAITING.wake();
}

/// Frames that the controller has lost. Modulo 2^32.
pub(crate) fn lost_frames() -> u32 {
    LOST.load(Ordering::Relaxed)
}
