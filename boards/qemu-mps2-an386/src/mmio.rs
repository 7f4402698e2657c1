//! Registers in memory.

/// A block of 32-bit registers of the board.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block(usize);

impl Block {
    /// The block at `base`.
    ///
    /// # Safety
    /// There must be registers, none of which changes memory, at the offsets that are read and written.
    pub(crate) const unsafe fn at(base: usize) -> Self {
        Self(base)
    }

    pub(crate) fn read(self, offset: usize) -> u32 {
        // SAFETY: whoever made the block has promised that there is a register.
        unsafe { ((self.0 + offset) as *const u32).read_volatile() }
    }

    pub(crate) fn write(self, offset: usize, value: u32) {
        // SAFETY: whoever made the block has promised that there is a register, which changes no memory.
        unsafe { ((self.0 + offset) as *mut u32).write_volatile(value) };
    }
}
