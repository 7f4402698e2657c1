//! TLS against real and hostile servers, in memory: no socket, no clock, no thread. `cargo xtask tables attacks` shows the
//! cases.

#![allow(unreachable_pub)] // a test binary exports nothing
#![allow(clippy::result_large_err)] // failures carry their text with them

mod allocator;
mod bare;
mod chains;
mod connection;
mod driver;
mod forged;
mod handshake;
mod hostile;
mod insecure;
#[cfg(feature = "compact-rsa")]
mod proxy;
mod rejected;
mod shown;
#[cfg(feature = "compact-rsa")]
mod stalls;
mod support;
