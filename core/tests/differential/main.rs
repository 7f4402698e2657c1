//! Our codecs against those of others: what one side writes the other reads as the same, and what one refuses the other
//! refuses too. Where they differ, a table says how and why; a difference that is not in it is an error, and so is an
//! entry that no longer occurs.
//!
//! | here | against |
//! |---|---|
//! | `wire::mqtt` | mqtt-protocol-core |
//! | `wire::websocket` | tungstenite |
//! | `wire::http` | ureq-proto: its framing and bodies; heads are httparse there as here |
//! | `wire::json` | serde_json |
//!
//! Whether a document is JSON at all is compared next to `wire::json`, and RSA with OpenSSL in `rsa_openssl.rs`.

#![allow(unreachable_pub)] // a test binary exports nothing

mod compare;
mod http;
mod json;
mod mqtt;
mod support;
mod websocket;
