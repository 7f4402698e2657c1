//! What the workers call, each function with what it is meant for and with nonsense: that is refused with a sentence that
//! names it, or has no effect, and never is a trap. `cargo xtask test web` runs this under Node.
#![cfg(target_arch = "wasm32")]

mod bench;
mod campaign;
mod clock;
mod device;
mod identity;
mod inspector;
mod world;
