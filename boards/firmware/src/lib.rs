//! The application that runs on every device with a TCP/IP stack of its own: microcontrollers, a TAP device on Linux,
//! the emulated Ethernet cable, the browser.
//!
//! [`run_with_driver`] is one droppable future: poll it on any executor; drop it and the device is switched off. [`run`]
//! is for those with another task for the network stack. It waits for an address, sets the clock by SNTP, claims the node
//! if it is not claimed, and keeps the link up. Meanwhile it answers the local HTTP API ([`local_api`]), which Linux serves
//! on its own sockets too.
//!
//! ```text
//!  Driver (Ethernet) ── embassy-net ── EmbassyNetwork ── aclk_core::driver ── engine
//!                            └── SNTP ── DeviceClock ─────────┘
//! ```
//!
//! What it measures is in [`BoardDevice`]: the [`Board`] says what it knows of itself, [`Counters`] count the network, and
//! an application may add charts of its own.
//!
//! IPv4 only. No platform and no time driver is chosen here; the final binary does that.
#![no_std]
#![forbid(unsafe_code)]
#![allow(async_fn_in_trait, reason = "one task runs everything, so no future here need be `Send`")]

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
extern crate alloc;
#[cfg(test)]
extern crate std;

/// The example of the README is tested with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "link")]
pub mod anchors;
#[cfg(feature = "link")]
mod app;
mod board;
mod board_device;
mod clock;
#[cfg(feature = "link")]
pub mod console;
mod counters;
#[cfg(feature = "link")]
pub mod flash;
#[cfg(feature = "link")]
mod from_flash;
mod guard;
mod local;
pub mod local_api;
pub mod meter;
mod network;
#[cfg(all(feature = "alloc", feature = "link", target_has_atomic = "ptr"))]
mod one_task;
pub mod sntp;

/// Every limit of the application that costs memory, in bytes unless it says otherwise. docs/firmware-guide.md adds them up.
#[cfg(feature = "link")]
pub mod limits {
    pub use crate::app::{QUERIES, RECEIVE, SEND, TCP_RECEIVE, TCP_SEND, TLS_WRITE};
    pub use crate::console::{LINE_LEN, LINE_MAX, LINES_LEN};
    pub use crate::flash::RECORD_MAX;
    pub use crate::local_api::SOCKETS as API_SOCKETS;
    pub use aclk_core::tls::RECORD_READ_LEN;
}

#[cfg(feature = "link")]
pub use app::{Device, Machine, Memory, SOCKETS, run};
pub use board::{Arena, Board, Stack};
pub use board_device::{BoardDevice, CUSTOM_CHARTS_MAX, CUSTOM_DIMENSIONS_MAX, Custom, chart};
pub use clock::DeviceClock;
pub use counters::Counters;
#[cfg(feature = "link")]
pub use from_flash::{Ended, Equipment, Product, SharedNode, run_from_flash};
pub use guard::{Checked, Guarded};
pub use local::run_local_api;
pub use network::{EmbassyNetwork, NetError};
#[cfg(all(feature = "alloc", feature = "link", target_has_atomic = "ptr"))]
pub use one_task::run_with_driver;
