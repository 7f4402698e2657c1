//! Claim a device into Netdata Cloud and hold the Agent-Cloud Link (ACLK).
//!
//! `no_std`, no `unsafe`, and no heap of its own: every buffer is the caller's or has a named limit. Only the `rsa` crate
//! (feature `rsa`) allocates, while it decrypts a challenge or checks an RSA signature.
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
//! | | [`body`] over [`api`] and [`report`], over [`node`], over [`metrics`] | what the node says |
//! | | [`message`], [`settings`], [`store`], [`transport`] | |
//! | ground | [`wire`], [`identity`], [`encoding`], [`stage`], [`clock`], [`secret`], [`text`] | nothing of ACLK |
//!
//! # The engine in one page
//!
//! It is polled for what to do, and told what happened. Here the caller is a script: it has a key, a storage that never
//! fails, and a server that takes the claim. A real caller is [`driver::drive`], which does the same over traits for
//! network, clock, key and storage.
//!
//! ```
//! use aclk_core::clock::{Instant, Now, Trust, WallTime};
//! use aclk_core::engine::{Agent, Buffers};
//! use aclk_core::engine::event::{Event, Goal, Input, Output};
//! use aclk_core::identity::guid::Guid;
//! use aclk_core::secret::Secret;
//! use aclk_core::settings::{Limits, Settings, Timing};
//! use aclk_core::store::Saved;
//! use aclk_core::wire::proxy::Exceptions;
//! use aclk_core::wire::url::Url;
//!
//! let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
//! let settings = Settings {
//!     url: Url::parse("https://cloud.example").unwrap(),
//!     id,
//!     machine_guid: id,
//!     hostname: "edge-1".try_into().unwrap(),
//!     token: Secret::copy_of(b"a token of the Space").unwrap(),
//!     rooms: "".try_into().unwrap(),
//!     claim_attempts: Some(3),
//!     proxy: None,
//!     no_proxy: Exceptions::NONE,
//!     timing: Timing::DEFAULT,
//!     limits: Limits::DEVICE,
//! };
//! // Time comes with every call. It stands still in this example.
//! let wall = WallTime { unix_us: 1_700_000_000_000_000, trust: Trust::Trusted };
//! let now = Now { instant: Instant::START, wall };
//! let buffers = Buffers { receive: [0; 4096], send: [0; 4096], queries: [0; 4096] };
//! let mut agent = Agent::new(Goal::Claim, &settings, &Saved::default(), buffers, [7; 32], now);
//!
//! let mut said = String::new();
//! loop {
//!     match agent.poll() {
//!         Output::NeedKey => {
//!             let public_pem = "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n".try_into().unwrap();
//!             agent.handle(now, Input::Key { public_pem, fresh: true });
//!         }
//!         Output::Save(_) => agent.handle(now, Input::Saved),
//!         Output::Connect { host, port, .. } => {
//!             assert_eq!((host, port), ("cloud.example", 443));
//!             agent.handle(now, Input::Connected);
//!         }
//!         Output::Send(request) => said = String::from_utf8_lossy(request).into_owned(),
//!         Output::Wait(_) => {
//!             agent.receive(now, b"HTTP/1.1 204 No Content\r\n\r\n");
//!         }
//!         Output::Event(Event::Claimed { id: claimed, .. }) => assert_eq!(claimed, id),
//!         Output::Event(_) | Output::Decrypt(_) | Output::Close => {}
//!         // These are for a link.
//!         Output::Prepare(_) | Output::Body(_) => unreachable!(),
//!         Output::Done => break,
//!     }
//! }
//! assert!(said.starts_with("PUT /api/v1/spaces/nodes/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee HTTP/1.1\r\n"));
//! ```
#![no_std]
#![forbid(unsafe_code)]
// The traits here are driven by single-threaded executors too: their futures need not be `Send`.
#![allow(async_fn_in_trait)]

#[cfg(any(test, feature = "rsa"))]
extern crate alloc;
// The hostile servers of `tests/tls` are used by unit tests too, and call this crate by its name.
#[cfg(test)]
extern crate self as aclk_core;
#[cfg(test)]
#[macro_use]
extern crate std;
#[cfg(all(feature = "broken", not(test)))]
extern crate std;

/// The examples of the README are tested with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod api;
pub mod body;
#[cfg(feature = "link")]
pub mod broken;
#[cfg(feature = "link")]
mod bytes;
pub mod claim;
pub mod clock;
#[cfg(feature = "link")]
mod der;
pub mod driver;
pub mod encoding;
pub mod engine;
mod hash;
pub mod identity;
pub mod link;
pub mod message;
pub mod metrics;
#[cfg(any(feature = "compact-ecdsa", feature = "compact-rsa"))]
mod modular;
pub mod node;
pub mod report;
pub mod secret;
pub mod settings;
pub mod stage;
pub mod store;
pub mod text;
#[cfg(feature = "link")]
pub mod tls;
pub mod transport;
pub mod wire;
