//! The engine of the playground: a device and a Cloud as WebAssembly, each in a worker of its own, and a cable between
//! them. The page is in `runner-wasm/www`; its workers call what is exported here, and pass the frames on.
//!
//! ```text
//!  worker "device"                            worker "cloud"
//!  ┌──────────────────────┐   MessagePort    ┌────────────────────────────────────────────┐
//!  │ Device               │ <==============> │ World: Cable ── Router ── rustls ── Cloud  │
//!  │ aclk-firmware, flash │  Ethernet frames │  tapped by aclk-inspect; another machine   │
//!  └──────────────────────┘                  └────────────────────────────────────────────┘
//! ```
//!
//! Nothing here waits: `Device` and `World` are told what happens, are asked to `step`, and say when they want to be
//! called again. So the same code runs in the workers of a browser by its clock, and in a test under Node in virtual time
//! (`clock`). [`campaign`] needs neither: it is `aclk-pair`, and runs natively too.
//!
//! What goes to the page goes as JSON, in the types of `www/src/bridge/types.ts`.

pub mod campaign;

#[cfg(target_arch = "wasm32")]
mod clock;
#[cfg(target_arch = "wasm32")]
mod device;
#[cfg(target_arch = "wasm32")]
mod executor;
#[cfg(target_arch = "wasm32")]
mod heap;
#[cfg(target_arch = "wasm32")]
mod identity;
#[cfg(target_arch = "wasm32")]
mod input;
#[cfg(target_arch = "wasm32")]
mod random;
#[cfg(target_arch = "wasm32")]
mod world;

#[cfg(target_arch = "wasm32")]
pub use self::{campaign::export::Campaign, clock::*, device::Device, identity::claim_archive, world::World};

/// Before anything else: a panic becomes an exception with its words, which the worker tells the page.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
}
