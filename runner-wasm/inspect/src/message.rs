//! What is said above TCP: the messages of each protocol, and what they mean.

pub(crate) mod aclk;
pub(crate) mod http;
pub(crate) mod json;
pub(crate) mod mqtt;
pub(crate) mod protobuf;
mod schema;
pub(crate) mod socks;
pub(crate) mod websocket;

use crate::field::{bytes, field, layer};
use crate::layer::data;
use crate::stream::Side;
use crate::tls;
use crate::view::{Layer, Protocol};
use core::ops::Range;

/// A message, with what has to be known beside its bytes.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// Bytes of a message that is not complete in this frame.
    Part(Protocol),
    /// Bytes that are not looked into, and why.
    Data(&'static str),
    /// So many bytes in front of this place were never seen.
    Missed(u64),
    /// A step of the talk with a SOCKS proxy.
    Socks(socks::Step),
    /// An HTTP request.
    Request,
    /// An HTTP response, and what was asked, as in `GET /api/v1/env`.
    Response(Option<String>),
    /// Bytes of a body that ends with its connection.
    Body,
    /// A WebSocket frame.
    Frame,
    /// An MQTT packet.
    Packet(mqtt::Known),
    /// A message of the TLS handshake.
    Handshake(Side),
    /// The relic of older versions of TLS.
    ChangeCipherSpec,
    /// An alert of TLS.
    Alert,
}

impl Found {
    pub(crate) const fn protocol(&self) -> Protocol {
        match self {
            Self::Part(protocol) => *protocol,
            Self::Data(_) => Protocol::Data,
            Self::Missed(_) => Protocol::Tcp,
            Self::Socks(_) => Protocol::Socks5,
            Self::Request | Self::Response(_) | Self::Body => Protocol::Http,
            Self::Frame => Protocol::Websocket,
            Self::Packet(known) if known.has_message => Protocol::Aclk,
            Self::Packet(_) => Protocol::Mqtt,
            Self::Handshake(_) | Self::ChangeCipherSpec | Self::Alert => Protocol::Tls,
        }
    }

    /// The layers of the message that is `range` of `source`.
    pub(crate) fn layers(&self, source: &[u8], range: Range<usize>) -> Vec<Layer> {
        vec![match self {
            Self::Part(protocol) => part(*protocol, source, range),
            Self::Data(why) => data(source, range, "Data", why),
            Self::Missed(count) => missed(*count, source, range),
            Self::Socks(step) => step.layer(source, range),
            Self::Request => http::request(source, range),
            Self::Response(asked) => http::response(source, range, asked.as_deref()),
            Self::Body => http::body(source, range),
            Self::Frame => websocket::layer(source, range),
            Self::Packet(known) => return mqtt::layers(source, range, known),
            Self::Handshake(side) => tls::handshake(source, range, *side),
            Self::ChangeCipherSpec => tls::change_cipher_spec(source, range),
            Self::Alert => tls::alert(source, range),
        }]
    }
}

/// What a part is shows whoever asks: there may be half a secret in it.
fn part(protocol: Protocol, source: &[u8], range: Range<usize>) -> Layer {
    let help = "These bytes belong to a message that began in another frame, or goes on in another one. It is explained in \
                the frame that completes it.";
    layer(protocol, "Part of a message", source, range, help, |fields, reader| {
        let (at, len) = (reader.at(), reader.len());
        let shown = crate::field::text(reader.take(len)?);
        let bytes = field("Bytes", bytes(len), at..reader.at());
        fields.add(if protocol == Protocol::Tls { bytes } else { crate::view::Field { reveal: Some(shown), ..bytes } });
        Some(())
    })
}

fn missed(count: u64, source: &[u8], range: Range<usize>) -> Layer {
    let help = "Bytes of the stream were acknowledged by the receiver, but the capture has not seen them. What follows in \
                this direction cannot be understood without them.";
    layer(Protocol::Tcp, "Missing bytes", source, range, help, |fields, reader| {
        fields.add(field("Missing", format!("{count} bytes"), reader.at()..reader.at()).wrong());
        Some(())
    })
}
