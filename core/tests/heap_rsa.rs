//! How much heap an RSA key takes, and that nothing of it stays behind.
//!
//! One test on purpose: the allocator counts for the whole program.
#![allow(unsafe_code)]

use aclk_core::identity::key::{CIPHERTEXT_LEN, Key};
use aclk_core::identity::software::SoftwareKey;
use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use rsa::pkcs8::DecodePublicKey;
use rsa::{Oaep, RsaPublicKey};
use sha1::Sha1;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What one thread did with the heap while it was [`measured`].
#[derive(Clone, Copy, Default)]
struct Usage {
    /// Bytes in use at the end, more than at the start.
    live: isize,
    /// The most bytes in use at a time, more than at the start.
    peak: isize,
    /// How many blocks were asked for.
    allocations: usize,
    /// Bytes of blocks that were not zero when the block was given back, secret or not.
    unwiped: usize,
}

thread_local! {
    static USAGE: Cell<Option<Usage>> = const { Cell::new(None) };
}

struct Counting;

fn count(change: impl FnOnce(&mut Usage)) {
    // A thread that is ending has no counters any more, and is not measured either.
    let _ = USAGE.try_with(|cell| {
        if let Some(mut usage) = cell.get() {
            change(&mut usage);
            usage.peak = usage.peak.max(usage.live);
            cell.set(Some(usage));
        }
    });
}

// SAFETY: every call goes to the system allocator; counting neither allocates nor changes a block.
unsafe impl GlobalAlloc for Counting {
    // Always zeroed, so that `dealloc` may read all of it. The defaults of the other methods come through here.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|usage| {
            usage.live += layout.size() as isize;
            usage.allocations += 1;
        });
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(|usage| {
            usage.live -= layout.size() as isize;
            // SAFETY: the block is still valid, was zeroed by `alloc`, and nobody else has it any more.
            usage.unwiped +=
                unsafe { std::slice::from_raw_parts(block, layout.size()) }.iter().filter(|&&b| b != 0).count();
        });
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` does with the heap.
fn measured<T>(work: impl FnOnce() -> T) -> (T, Usage) {
    USAGE.set(Some(Usage::default()));
    let result = work();
    (result, USAGE.take().unwrap_or_default())
}

#[test]
fn a_key_needs_little_heap_and_leaves_none_behind() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);

    // A search that is cancelled when it holds a prime: all it held is zero when it goes back to the heap.
    let mut cancelled = SoftwareKey::new();
    while cancelled.generate_step(&mut rng).unwrap().primes == 0 {}
    let ((), cancel) = measured(|| cancelled.cancel_generation());

    let mut key = SoftwareKey::new();
    let (candidates, generation) = measured(|| {
        loop {
            let progress = key.generate_step(&mut rng).unwrap();
            if progress.done {
                return progress.candidates;
            }
        }
    });
    let (public, public_pem) = measured(|| key.public_pem().unwrap());
    let (private, private_pem) = measured(|| key.private_pem().unwrap());
    let challenge =
        RsaPublicKey::from_public_key_pem(&public).unwrap().encrypt(&mut rng, Oaep::<Sha1>::new(), &[7; 32]);
    let challenge: [u8; CIPHERTEXT_LEN] = challenge.unwrap()[..].try_into().unwrap();
    let (answer, decryption) = measured(|| key.decrypt(&challenge, &mut rng).unwrap());
    assert_eq!(answer.expose(), [7; 32]);
    let mut restored = SoftwareKey::new();
    let ((), import) = measured(|| restored.import_pem(private.expose()).unwrap());
    let ((), drop_generated) = measured(|| drop(key));
    let ((), drop_restored) = measured(|| drop(restored));

    println!("heap of a software RSA-2048 key, {candidates} candidates, words of {} bits", crypto_bigint::Word::BITS);
    println!(
        "| {:<28} | {:>10} | {:>11} | {:>10} | {:>13} |",
        "", "peak bytes", "allocations", "left bytes", "freed unwiped"
    );
    println!("|{0:-<30}|{0:->11}:|{0:->12}:|{0:->11}:|{0:->14}:|", "");
    for (what, usage) in [
        ("generation", generation),
        ("generation, cancelled", cancel),
        ("public_pem", public_pem),
        ("private_pem", private_pem),
        ("decrypt", decryption),
        ("import_pem", import),
        ("drop of the generated key", drop_generated),
        ("drop of the imported key", drop_restored),
    ] {
        let Usage { live, peak, allocations, unwiped } = usage;
        println!("| {what:<28} | {peak:>10} | {allocations:>11} | {live:>10} | {unwiped:>13} |");
    }

    const GENERATION: isize = 8 * 1024;
    const CALCULATION: isize = 16 * 1024;
    assert!(generation.peak <= GENERATION, "generation: {} bytes", generation.peak);
    for (what, usage) in
        [("public_pem", public_pem), ("private_pem", private_pem), ("decrypt", decryption), ("import_pem", import)]
    {
        assert!(usage.peak <= CALCULATION, "{what}: {} bytes", usage.peak);
    }
    for (what, usage) in [("public_pem", public_pem), ("private_pem", private_pem), ("decrypt", decryption)] {
        assert_eq!(usage.live, 0, "{what} keeps heap");
    }
    assert!(generation.live > 0 && import.live > 0);
    assert_eq!(generation.live + drop_generated.live, 0, "a generated key leaves heap behind");
    assert_eq!(import.live + drop_restored.live, 0, "an imported key leaves heap behind");
    assert!(cancel.live < 0 && cancel.unwiped <= 1, "a cancelled search leaves {} bytes of a prime", cancel.unwiped);
}
