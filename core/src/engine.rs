//! The sans-IO engine: everything above TLS, from the claim to the link (see [`Agent`]).
//!
//! It owns no socket, clock, random number generator or storage. Two calls move it: [`Agent::handle`] and
//! [`Agent::receive`] bring what happened, [`Agent::poll`] tells what to do next. The same inputs always give the same
//! outputs.

#[cfg(feature = "link")]
mod agent;
#[cfg(feature = "link")]
pub mod backoff;
#[cfg(feature = "link")]
mod context;
pub mod event;
#[cfg(feature = "link")]
mod steps;

#[cfg(feature = "link")]
pub use agent::{Agent, QUERIES_MIN, RECEIVE_MIN, SEND_MIN};
#[cfg(feature = "link")]
pub use context::{Buffer, Buffers};
