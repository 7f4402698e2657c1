//! TLS 1.3 (RFC 8446): records, the secrets of a key log, the handshake.

mod certificate;
mod flow;
mod handshake;
mod hello;
mod keys;
mod names;
mod record;

pub(crate) use flow::Flow;
pub(crate) use handshake::layer as handshake;
pub(crate) use keys::KeyLog;
pub(crate) use record::{Record, alert, change_cipher_spec};

/// Bytes of a record's header (5.1).
const HEADER: usize = 5;
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
