//! What the boards that QEMU emulates share.
//!
//! | module | what |
//! |---|---|
//! | [`executor`] | runs tasks, and sleeps meanwhile |
//! | [`test_only`] | what a real board has in hardware: randomness and flash |
//! | `console` | what can be typed for tests, beside what can be typed for every device |
//! | `trace` | marks for who watches from outside, and counts instructions |
#![no_std]

#[cfg(feature = "link")]
pub mod console;
pub mod executor;
pub mod test_only;
#[cfg(feature = "link")]
pub mod trace;
