//! The formats on the wire: HTTP/1.1, WebSocket, MQTT 5, JSON, protobuf, URLs, the talk with a proxy.
//!
//! Nothing here knows of claiming or ACLK, and nothing here owns a socket: bytes come in, checked meaning comes out.

pub mod buffer;
pub mod http;
pub mod json;
pub mod mqtt;
pub(crate) mod parts;
pub mod protobuf;
pub mod proxy;
pub mod url;
pub mod websocket;

#[cfg(test)]
mod testing;
