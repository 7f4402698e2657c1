//! Claiming: the request that registers a node, and what the Cloud may answer (protocol.md section 1).

pub mod reply;
pub mod request;
