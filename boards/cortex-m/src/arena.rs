//! The memory that RSA allocates from, and nothing else: a first-fit list over one array.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use embedded_alloc::LlffHeap;
use portable_atomic::{AtomicU32, Ordering};

/// `SIZE` bytes for the arena, in a `static` of the board.
#[repr(align(8))]
#[derive(Debug)]
pub struct Memory<const SIZE: usize>(UnsafeCell<MaybeUninit<[u8; SIZE]>>);

// SAFETY: only the allocator takes it, once.
unsafe impl<const SIZE: usize> Sync for Memory<SIZE> {}

impl<const SIZE: usize> Memory<SIZE> {
    /// Takes no flash.
    #[must_use]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }
}

impl<const SIZE: usize> Default for Memory<SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

struct Counting {
    heap: LlffHeap,
    peak: AtomicU32,
}

#[global_allocator]
static ARENA: Counting = Counting { heap: LlffHeap::empty(), peak: AtomicU32::new(0) };

/// Gives the allocator its memory. To be called once, before anything allocates: a second time panics.
pub fn start<const SIZE: usize>(memory: &'static Memory<SIZE>) {
    // SAFETY: the memory is that long, and nobody else can use it.
    unsafe { ARENA.heap.init(memory.0.get() as usize, SIZE) };
}

/// What is taken now, the most that ever was, and all of it, in bytes.
pub fn used() -> (u32, u32, u32) {
    let used = ARENA.heap.used();
    (used as u32, ARENA.peak.load(Ordering::Relaxed), used.saturating_add(ARENA.heap.free()) as u32)
}

// SAFETY: it hands everything on to a heap that keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        let pointer = unsafe { self.heap.alloc(layout) };
        self.peak.fetch_max(self.heap.used() as u32, Ordering::Relaxed);
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // What RSA gives back may be part of the key.
        for offset in 0..layout.size() {
            // SAFETY: the caller gives back as many bytes, and uses them no more.
            let byte = unsafe { pointer.add(offset) };
            // SAFETY: the same.
            unsafe { byte.write_volatile(0) };
        }
        // SAFETY: the caller keeps the contract.
        unsafe { self.heap.dealloc(pointer, layout) };
    }
}
