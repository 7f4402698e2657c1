//! Registers in memory.

/// A block of 32-bit registers of the board.
#[derive(Debug, Clone, Copy)]
pub struct Block(usize);

impl Block {
    /// The block at `base`.
    ///
    /// # Safety
    /// There must be registers, none of which changes memory, at the offsets that are read and written.
    pub const unsafe fn at(base: usize) -> Self {
        Self(base)
    }

    /// The register at `offset`.
    #[must_use]
    pub fn read(self, offset: usize) -> u32 {
        // SAFETY: whoever made the block has promised that there is a register.
        unsafe { ((self.0 + offset) as *const u32).read_volatile() }
    }

    /// Writes the register at `offset`.
    pub fn write(self, offset: usize, value: u32) {
        // SAFETY: whoever made the block has promised that there is a register, which changes no memory.
        unsafe { ((self.0 + offset) as *mut u32).write_volatile(value) };
    }
}
