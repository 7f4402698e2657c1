//! What stands around the targets: a small device, an engine with a script in the place of its Cloud, and a TLS server that
//! says anything.

pub(crate) mod device;
pub(crate) mod engine;
pub(crate) mod tls;
pub(crate) mod wait;
