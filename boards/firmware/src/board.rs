//! What a board knows of itself.

/// The arena that all allocations come from, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arena {
    /// What is taken now.
    pub used: u32,
    /// The most that was ever taken.
    pub peak: u32,
    /// All of it.
    pub size: u32,
}

/// The stack, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stack {
    /// The deepest it ever was.
    pub peak: u32,
    /// All of it.
    pub size: u32,
}

/// A board, as far as it can be measured. It is asked every second, and must not block. What it does not know is a gap.
pub trait Board {
    /// The arena.
    fn arena(&self) -> Option<Arena> {
        None
    }

    /// The stack.
    fn stack(&self) -> Option<Stack> {
        None
    }

    /// Frames that the driver has lost since it started, for want of room or because they were damaged. Modulo 2^32.
    fn lost_frames(&self) -> Option<u32> {
        None
    }
}

/// A board that knows nothing of itself.
impl Board for () {}
