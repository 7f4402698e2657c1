//! Claim a device into Netdata Cloud and hold the Agent-Cloud Link (ACLK).
//!
//! `no_std`, no `unsafe`, and no heap of its own: every buffer is the caller's or has a named limit. Only the software
//! RSA key and RSA certificate chains (feature `rsa`) allocate.
//!
//! ```text
//!            plaintext bytes                       TLS records              TCP
//!  engine  <================>  driver + tls::Secure <===================> transport traits
//!  (sans-IO)                   (async, generic)                            (embedded-io / embedded-nal)
//! ```
//!
//! | floor | modules | knows of |
//! |---|---|---|
//! | top | [`driver`] | everything below |
//! | | [`engine`] beside [`tls`] | not of each other |
//! | | [`link`], [`claim`] | what is said, and in which order |
//! | | [`message`], [`settings`], [`store`], [`transport`] | |
//! | ground | [`wire`], [`identity`], [`stage`], [`clock`], [`secret`], [`text`] | nothing of ACLK |
#![no_std]
#![forbid(unsafe_code)]
// The traits here are driven by single-threaded executors too: their futures need not be `Send`.
#![allow(async_fn_in_trait)]

#[cfg(any(test, feature = "rsa"))]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod claim;
pub mod clock;
pub mod driver;
pub mod engine;
pub mod identity;
pub mod link;
pub mod message;
pub mod secret;
pub mod settings;
pub mod stage;
pub mod store;
pub mod text;
pub mod tls;
pub mod transport;
pub mod wire;
