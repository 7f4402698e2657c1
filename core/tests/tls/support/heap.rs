//! Counts allocations, of the client and nobody else.

use std::cell::Cell;

thread_local! {
    static IS_COUNTED: Cell<bool> = const { Cell::new(false) };
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// Takes note of an allocation. The allocator calls this.
pub fn count() {
    if IS_COUNTED.get() {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    }
}

/// Runs `f`, whose allocations on this thread are those of the client.
pub fn counted<T>(f: impl FnOnce() -> T) -> T {
    switch(true, f)
}

/// Runs `f`, whose allocations are those of the test, within what is counted.
pub fn uncounted<T>(f: impl FnOnce() -> T) -> T {
    switch(false, f)
}

fn switch<T>(is_counted: bool, f: impl FnOnce() -> T) -> T {
    let before = IS_COUNTED.replace(is_counted);
    let value = f();
    IS_COUNTED.set(before);
    value
}

/// How many allocations the clients of this thread have made.
pub fn allocations() -> usize {
    ALLOCATIONS.get()
}
