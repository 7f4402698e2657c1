//! The allocator of a worker, which counts what the device has in use: what would be the arena of a board.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// In front of each allocation stands whether it is counted.
const MARK: usize = 16;

thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
    static USED: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What is counted: bytes in use, and the most that ever were.
pub(crate) fn counted() -> (usize, usize) {
    (USED.get(), PEAK.get())
}

/// Counts what `work` allocates, until it is freed by whomever.
pub(crate) fn inside<T>(work: impl FnOnce() -> T) -> T {
    with(true, work)
}

/// Does not count what `work` allocates, though it is called from inside.
pub(crate) fn outside<T>(work: impl FnOnce() -> T) -> T {
    with(false, work)
}

fn with<T>(counts: bool, work: impl FnOnce() -> T) -> T {
    let before = COUNTS.replace(counts);
    let result = work();
    COUNTS.set(before);
    result
}

/// All WebAssembly memory of the worker, in bytes.
pub(crate) fn of_worker() -> usize {
    core::arch::wasm32::memory_size(0) * 65_536
}

/// The layout with room for the mark in front; what is behind it is aligned as was asked for.
fn marked(layout: Layout) -> Option<(Layout, usize)> {
    let gap = layout.align().max(MARK);
    let size = layout.size().checked_add(gap)?;
    Some((Layout::from_size_align(size, gap).ok()?, gap))
}

#[allow(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: memory comes from the system's allocator in a layout that has room for a mark of one byte in front, and goes back
// to it in the same layout. Alignment and size of what is handed out are those that were asked for.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((whole, gap)) = marked(layout) else { return core::ptr::null_mut() };
        // SAFETY: `whole` is not empty, because of the mark.
        let start = unsafe { System.alloc(whole) };
        if start.is_null() {
            return start;
        }
        let counts = COUNTS.get();
        if counts {
            USED.set(USED.get() + layout.size());
            PEAK.set(PEAK.get().max(USED.get()));
        }
        // SAFETY: `gap` bytes of the allocation stand in front of what the caller gets, and the last of them is the mark.
        unsafe {
            let inner = start.add(gap);
            inner.sub(1).write(u8::from(counts));
            inner
        }
    }

    unsafe fn dealloc(&self, inner: *mut u8, layout: Layout) {
        let Some((whole, gap)) = marked(layout) else { return };
        // SAFETY: `inner` came from `alloc` with this layout, so the mark stands in front of it and the allocation begins
        // `gap` bytes before it.
        unsafe {
            if inner.sub(1).read() == 1 {
                USED.set(USED.get() - layout.size());
            }
            System.dealloc(inner.sub(gap), whole);
        }
    }
}
