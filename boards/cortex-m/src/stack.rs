//! How deep the stack has been: cortex-m-rt paints it, and what has lost its paint was used.

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    /// The lowest word of the stack, by its address, ...
    static _stack_end: u32;
    /// ... and the one above the highest.
    static _stack_start: u32;
}

fn bounds() -> (*const u32, *const u32) {
    (&raw const _stack_end, &raw const _stack_start)
}

/// Bytes of all of it.
pub fn size() -> u32 {
    let (low, high) = bounds();
    (high as usize - low as usize) as u32
}

/// The most that was ever used, in bytes.
pub fn peak() -> u32 {
    let (mut word, high) = bounds();
    // SAFETY: the words from low to high are memory, and reading one disturbs nobody.
    while word < high && unsafe { word.read_volatile() } == STACK_PAINT_VALUE {
        word = word.wrapping_add(1);
    }
    (high as usize - word as usize) as u32
}

/// Uses up the stack, to show what becomes of the device: it starts anew and says why. Yields nothing that matters.
#[inline(never)]
pub fn overflow(depth: u32) -> u32 {
    let frame = core::hint::black_box([depth; 64]);
    // What follows the call keeps it from becoming a loop.
    let below = if depth == u32::MAX { 0 } else { overflow(depth + 1) };
    below ^ core::hint::black_box(frame)[0]
}
