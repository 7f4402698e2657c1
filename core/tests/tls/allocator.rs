//! The allocator of these tests, which counts what the client allocates.

use crate::support::heap;
use std::alloc::{GlobalAlloc, Layout, System};

#[global_allocator]
static HEAP: Counting = Counting;

struct Counting;

// SAFETY: everything is left to the allocator of the system; counting neither allocates nor has a destructor.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        heap::count();
        // SAFETY: the caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `alloc` got it from the system.
        unsafe { System.dealloc(pointer, layout) }
    }
}
