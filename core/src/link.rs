//! The Agent-Cloud Link: what is said to get it up, and in which order (protocol.md section 2).
//!
//! ```text
//! /env ──> challenge ──> password ──> WebSocket ──> CONNECT ──> SUBSCRIBE ×2 ──> UpdateAgentConnection
//! ```
//!
//! Each of the first three and the WebSocket has a TLS connection of its own.

pub mod env;
pub mod error;
pub mod otp;
pub mod queries;
pub mod session;
pub mod topics;
