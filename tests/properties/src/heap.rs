//! Counts what the engine allocates: nothing, whatever a Cloud does. So its memory is what it was given.
#![allow(unsafe_code, reason = "a global allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

std::thread_local! {
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system allocator unchanged; the counters are plain cells that allocate nothing and are never
// dropped.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_WATCHED.get() {
            COUNT.set(COUNT.get() + 1);
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// From here on, or until here, the thread works for the engine.
pub(crate) fn watch(begins: bool) {
    IS_WATCHED.set(begins);
}

/// How often this thread has allocated for the engine since it was last asked.
pub(crate) fn taken() -> u64 {
    COUNT.replace(0)
}

#[cfg(test)]
mod tests {
    use super::{taken, watch};

    #[test]
    fn what_is_allocated_while_the_engine_works_is_counted() {
        taken();
        let before: Box<[u8]> = (0..100).collect();
        watch(true);
        let counted = std::hint::black_box(Box::new([0_u8; 100]));
        watch(false);
        assert_eq!((taken(), before.len() + counted.len()), (1, 200));
    }
}
