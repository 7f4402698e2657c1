//! Where the firmware is, for whoever watches from outside: a write to a stimulus port of the Instrumentation Trace Macrocell
//! for each thing that happens. A probe on a real board sees them, and so does the plugin that counts instructions
//! (`xtask/counter`); the processor itself takes no notice.
//!
//! Source: Armv7-M Architecture Reference Manual, C1.7.

use aclk_core::driver::Observer;
use aclk_core::engine::event::Event;
use aclk_core::identity::key::Progress;
use aclk_cortex_m::mmio::Block;
use aclk_firmware::console::Desk;

// SAFETY: the ports are there in every Armv7-M processor (B3.1.3), and what is written to one moves no memory.
const PORTS: Block = unsafe { Block::at(0xe000_0000) };
/// Bytes of a port.
const PORT_LEN: usize = 4;

// The ports, which `xtask/src/size/marks.rs` knows as well. The first sixteen are the stages, in the order of `Stage`.
const STAGES: usize = 16;
/// The first of those for a purpose, in the order of `Purpose`: which one the next stage is of.
const PURPOSE: usize = STAGES;
const CLAIMED: usize = 24;
const ONLINE: usize = 25;
const LIVE: usize = 26;
const KEY_STEP: usize = 27;
const KEY_MADE: usize = 28;
const ASKED: usize = 29;

/// Marks what happens, and tells the console.
#[derive(Debug)]
pub struct Traced<'d>(pub &'d Desk);

impl Observer for Traced<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Stage(report) => {
                if let Some(purpose) = report.purpose {
                    mark(PURPOSE + purpose as usize);
                }
                mark(report.stage as usize % STAGES);
            }
            Event::Claimed { .. } => mark(CLAIMED),
            Event::Online { .. } => mark(ONLINE),
            Event::Live { .. } => mark(LIVE),
            _ => {}
        }
        self.0.event(event);
    }

    fn key_progress(&mut self, progress: Progress) {
        mark(if progress.done { KEY_MADE } else { KEY_STEP });
        self.0.key_progress(progress);
    }
}

/// Somebody wants to know what was in use, and may want to know what it took, too.
pub fn asked() {
    mark(ASKED);
}

fn mark(port: usize) {
    PORTS.write(port * PORT_LEN, 1);
}
