//! The firmware uses no heap: not for its private key, not for the signatures of chains, not for anything else.
//!
//! One test on purpose: the allocator counts for the whole program.
#![allow(unsafe_code)]

use aclk_netsim::{Kind, Place, Setup, Signatures, Simulation, watch};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// What was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Usage {
    /// Blocks.
    allocations: u32,
    /// Bytes in use, more than at the start.
    live: isize,
    /// The most of them at a time.
    peak: isize,
}

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::World) };
    static DEVICE: Cell<Usage> = const { Cell::new(Usage { allocations: 0, live: 0, peak: 0 }) };
    static KEY: Cell<Usage> = const { Cell::new(Usage { allocations: 0, live: 0, peak: 0 }) };
}

fn count(change: impl FnOnce(&mut Usage)) {
    let cell = match PLACE.try_with(Cell::get) {
        Ok(Place::Device) => &DEVICE,
        Ok(Place::Key) => &KEY,
        Ok(Place::World) | Err(_) => return,
    };
    let _ = cell.try_with(|cell| {
        let mut usage = cell.get();
        change(&mut usage);
        usage.peak = usage.peak.max(usage.live);
        cell.set(usage);
    });
}

struct Counting;

// SAFETY: every call goes to the system allocator; counting neither allocates nor changes a block.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|usage| {
            usage.allocations += 1;
            usage.live += layout.size() as isize;
        });
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(|usage| usage.live -= layout.size() as isize);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NOTHING: (Usage, Usage) = {
    let nothing = Usage { allocations: 0, live: 0, peak: 0 };
    (nothing, nothing)
};

/// What was used since this was asked the last time, and of it, what for the key.
fn used() -> (Usage, Usage) {
    (DEVICE.take(), KEY.take())
}

#[test]
fn nothing_uses_the_heap() {
    watch(|place| PLACE.set(place));
    for signatures in [Signatures::Ecdsa, Signatures::Rsa] {
        live(signatures);
    }
}

fn live(signatures: Signatures) {
    let mut simulation = Simulation::new(Setup { device: Kind::Flash, signatures, ..Setup::default() });
    simulation.run_for(Duration::from_secs(20));
    let (device, _) = used();
    assert!(device.allocations > 0, "what the board itself sets up is counted, so the counters work");

    // The claim reads the key, and both check the chain.
    let token = simulation.cloud().token().to_owned();
    simulation.types(&format!("claim {token}\r"));
    assert!(simulation.run_until(PATIENCE, |simulation| simulation.screen().contains("live as node ")));
    assert_eq!(used(), NOTHING, "claim, link and flash: {signatures:?}");

    // Another link: a challenge is decrypted.
    for _ in 0..3 {
        simulation.cloud_down();
        simulation.run_for(Duration::from_secs(5));
        simulation.cloud_up();
        assert!(simulation.run_until(PATIENCE, |simulation| simulation.is_online()));
        assert_eq!(used(), NOTHING, "another link: {signatures:?}");
    }

    // Whoever asks the local API, whatever is typed, however long it lasts.
    for text in ["GET /api/v1/allmetrics?format=json HTTP/1.1\r\nHost: d\r\n\r\n", "\u{16}\u{3}\u{1}"] {
        let call = simulation.call(19_999, text, true);
        assert!(simulation.run_until(PATIENCE, |simulation| simulation.call_of(call).ended.is_some()));
    }
    simulation.types("status\rhelp\rclaim again\rnonsense\r");
    simulation.run_for(Duration::from_secs(3_600));
    assert_eq!(used(), NOTHING, "an hour of a live node");
}
