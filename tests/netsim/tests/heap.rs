//! Once its key is there, the firmware uses the heap for its private key and for RSA signatures of chains only, and gives all
//! of it back each time.
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

/// What was used since this was asked the last time.
fn used() -> (Usage, Usage) {
    (DEVICE.take(), KEY.take())
}

#[test]
fn the_heap_is_for_rsa_only_and_back_at_its_level_each_time() {
    watch(|place| PLACE.set(place));
    for signatures in [Signatures::Ecdsa, Signatures::Rsa] {
        live(signatures);
    }
}

fn live(signatures: Signatures) {
    // What the firmware may take beside the private key: nothing, or what it takes to check an RSA signature.
    let is_right = |usage: Usage| match signatures {
        Signatures::Ecdsa => usage == Usage::default(),
        Signatures::Rsa => usage.allocations > 0 && usage.live == 0 && usage.peak < 8 << 10,
    };
    let mut simulation = Simulation::new(Setup { device: Kind::Flash, signatures, ..Setup::default() });
    simulation.run_for(Duration::from_secs(20));
    let (device, _) = used();
    assert!(device.allocations > 0, "what the board itself sets up is counted, so the counters work");

    // The claim reads the key, which is the last that stays.
    let token = simulation.cloud().token().to_owned();
    simulation.types(&format!("claim {token}\r"));
    assert!(simulation.run_until(PATIENCE, |simulation| simulation.screen().contains("live as node ")));
    let (device, key) = used();
    assert!(is_right(device), "claim, link and flash: {signatures:?} {device:?}");
    assert!(key.allocations > 0 && key.live > 0 && key.peak < 12 << 10, "{key:?}");

    // Another link: a challenge is decrypted.
    for _ in 0..3 {
        simulation.cloud_down();
        simulation.run_for(Duration::from_secs(5));
        simulation.cloud_up();
        assert!(simulation.run_until(PATIENCE, |simulation| simulation.is_online()));
        let (device, key) = used();
        assert!(is_right(device), "{signatures:?} {device:?}");
        assert!(key.allocations > 0 && key.live == 0, "back at its level: {key:?}");
    }

    // Whoever asks the local API, whatever is typed, however long it lasts.
    for text in ["GET /api/v1/allmetrics?format=json HTTP/1.1\r\nHost: d\r\n\r\n", "\u{16}\u{3}\u{1}"] {
        let call = simulation.call(19_999, text, true);
        assert!(simulation.run_until(PATIENCE, |simulation| simulation.call_of(call).ended.is_some()));
    }
    simulation.types("status\rhelp\rclaim again\rnonsense\r");
    simulation.run_for(Duration::from_secs(3_600));
    assert_eq!(used(), (Usage::default(), Usage::default()), "an hour of a live node");
}
