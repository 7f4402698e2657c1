//! The MQTT 5 broker, limited to what the link uses (protocol.md 2.10).

pub(crate) mod encode;
pub(crate) mod judge;
pub(crate) mod link;
pub(crate) mod packet;
mod session;

pub(crate) use link::Link;
