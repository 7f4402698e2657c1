//! The whole way of a byte, in virtual time: the firmware application with its own TCP/IP stack, a cable with faults, a
//! router, TLS, and the emulated Cloud. No socket, no thread, no real clock: an hour takes a second, and the same setup
//! gives the same run.
//!
//! ```text
//!  aclk-firmware ── embassy-net ── Cable, Router ── rustls ── Cloud
//!      device.rs      clock.rs         aclk-lan      aclk-host
//! ```
//!
//! [`Simulation`] joins them, and lets other machines on the cable call the device's local API. Time passes only when nobody has anything left to do, and then jumps to whatever is due
//! first. What is under test is everything from the application down; `aclk-pair` is quicker where only the engine is.

mod clock;
mod device;
mod equipped;
mod neighbour;
mod pki;
mod simulation;
mod tasks;
mod watch;

pub use device::{Happened, What};
pub use neighbour::Call;
pub use pki::Signatures;
pub use simulation::{Kind, Setup, Simulation};
pub use watch::{Place, watch};
