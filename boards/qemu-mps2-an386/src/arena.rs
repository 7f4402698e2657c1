//! The memory that RSA allocates from, and nothing else: a first-fit list over one array.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering};
use embedded_alloc::LlffHeap;

/// Bytes of the arena.
pub(crate) const SIZE: usize = 12 << 10;

#[repr(align(8))]
struct Memory(UnsafeCell<MaybeUninit<[u8; SIZE]>>);

// SAFETY: only the allocator takes it, once.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new(MaybeUninit::uninit()));

struct Counting {
    heap: LlffHeap,
    peak: AtomicU32,
}

#[global_allocator]
static ARENA: Counting = Counting { heap: LlffHeap::empty(), peak: AtomicU32::new(0) };

/// Gives the allocator its memory. To be called once, before anything allocates.
pub(crate) fn start() {
    // SAFETY: the memory is that long, nobody else uses it, and this is called once: a second time panics.
    unsafe { ARENA.heap.init(MEMORY.0.get() as usize, SIZE) };
}

/// What is taken now, and the most that ever was, in bytes.
pub(crate) fn used() -> (u32, u32) {
    (ARENA.heap.used() as u32, ARENA.peak.load(Ordering::Relaxed))
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
