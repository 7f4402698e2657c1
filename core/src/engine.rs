//! The sans-IO engine: everything above TLS, from the claim to the link (see [`Agent`]).
//!
//! It owns no socket, clock, random number generator or storage. Two calls move it: [`Agent::handle`] and
//! [`Agent::receive`] bring what happened, [`Agent::poll`] tells what to do next. The same inputs always give the same
//! outputs.

mod agent;
pub mod backoff;
mod context;
pub mod event;
mod steps;

pub use agent::{Agent, QUERIES_MIN, RECEIVE_MIN, SEND_MIN};
pub use context::{Buffer, Buffers};
