//! What boards with a Cortex-M share. Whoever links it has its allocator, its panic handler, and its handler of faults.
//!
//! | module | what |
//! |---|---|
//! | [`stack`] | how deep the stack was |
//! | [`last_words`] | why the last run ended: panics and faults restart the board |
//! | [`mmio`] | registers in memory |
//!
//! The linker script of the board has to say `_stack_end` and `_stack_start`, and the stack is best put where there is nothing
//! below it: then one that is too deep is a fault, which is told as what it is.
#![no_std]

pub mod last_words;
pub mod mmio;
pub mod stack;
