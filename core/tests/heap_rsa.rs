//! An RSA key needs no heap: not to be made, read, written or dropped; to decrypt neither, unless the `rsa` crate does it,
//! which then gives everything back.
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

thread_local! {
    /// Blocks that this thread has asked for.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// Bytes that are not given back, and the most there were.
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system allocator; counting neither allocates nor changes a block.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no counter any more, and is not measured either.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        let _ = LIVE.try_with(|live| live.set(live.get().wrapping_add(layout.size())));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(LIVE.get())));
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let _ = LIVE.try_with(|live| live.set(live.get().wrapping_sub(layout.size())));
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` comes to, which must not allocate.
fn without_heap<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let before = ALLOCATIONS.get();
    let result = work();
    assert_eq!(ALLOCATIONS.get() - before, 0, "{what}");
    result
}

#[test]
fn a_key_needs_no_heap_and_decrypting_gives_it_back() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let mut key = SoftwareKey::new();
    without_heap("generation", || while !key.generate_step(&mut rng).unwrap().done {});
    let public = without_heap("public_pem", || key.public_pem().unwrap());
    let private = without_heap("private_pem", || key.private_pem().unwrap());

    let before = ALLOCATIONS.get();
    let challenge =
        RsaPublicKey::from_public_key_pem(&public).unwrap().encrypt(&mut rng, Oaep::<Sha1>::new(), &[7; 32]);
    assert_ne!(ALLOCATIONS.get(), before, "the counter does not count");
    let challenge: [u8; CIPHERTEXT_LEN] = challenge.unwrap()[..].try_into().unwrap();

    let before = ALLOCATIONS.get();
    LIVE.set(0);
    PEAK.set(0);
    let answer = key.decrypt(&challenge, &mut rng).unwrap();
    // To print allocates, too.
    let (count, live, peak) = (ALLOCATIONS.get() - before, LIVE.get(), PEAK.get());
    println!("decrypt: {count} allocations, {peak} bytes at most");
    assert_eq!(answer.expose(), [7; 32]);
    assert_eq!(count > 0, cfg!(feature = "rsa"));
    assert_eq!(live, 0, "not given back");
    // What a board has to have for it (docs/firmware-guide.md).
    assert!(peak <= 12 << 10, "{peak}");
    let mut restored = SoftwareKey::new();
    without_heap("import_pem", || restored.import_pem(private.expose()).unwrap());
    without_heap("drop", || drop((key, restored)));
}
