//! Messages of the Agent-Cloud Link (protocol.md 3): protobuf, or HTTP in an envelope of JSON.

use super::protobuf;
use super::schema::{self, Message};
use super::{http, json};
use crate::field::{Fields, bytes, field, layer};
use crate::reader::Reader;
use crate::stream::Side;
use crate::view::{Layer, Protocol};
use core::ops::Range;

/// Divides the envelope from the HTTP inside (protocol.md 3.3).
const DIVIDER: &[u8] = b"\r\n\r\n";

/// What a payload is.
enum Kind {
    Protobuf(&'static Message),
    Envelope,
}

fn kind(topic: Option<&str>, payload: &[u8]) -> Option<Kind> {
    if payload.starts_with(b"{\"type\":\"http\"") || payload.starts_with(b"{ \"type\": \"http\"") {
        return Some(Kind::Envelope);
    }
    let name = topic?.rsplit('/').next()?;
    if name == "cmd" {
        return Some(Kind::Envelope);
    }
    schema::of_topic(name).map(Kind::Protobuf)
}

/// One line about the message; `None` if it is none of the link.
pub(crate) fn headline(topic: Option<&str>, side: Side, payload: &[u8]) -> Option<String> {
    match kind(topic, payload)? {
        Kind::Protobuf(message) => {
            let short = (message.short)(&Reader::new(payload, 0..payload.len()));
            Some(if short.is_empty() { message.name.to_owned() } else { format!("{}: {short}", message.name) })
        }
        Kind::Envelope => {
            let inside = divide(payload).and_then(|at| payload.get(at..)).unwrap_or_default();
            let head = http::Head::parse(inside);
            Some(match (head.as_ref().map(http::Head::words), side) {
                (Some((method, target)), Side::Server) => format!("query: {method} {target}"),
                (Some((_, status)), Side::Client) => format!("answer to a query: {status}"),
                (None, Side::Server) => "query".to_owned(),
                (None, Side::Client) => "answer to a query".to_owned(),
            })
        }
    }
}

/// Where the HTTP inside of an envelope starts.
fn divide(payload: &[u8]) -> Option<usize> {
    let at = payload.windows(DIVIDER.len()).position(|window| window == DIVIDER)?;
    at.checked_add(DIVIDER.len())
}

/// The layers of a payload that was published to `topic`.
pub(crate) fn layers(topic: Option<&str>, source: &[u8], range: Range<usize>) -> Vec<Layer> {
    let payload = source.get(range.clone()).unwrap_or_default();
    match kind(topic, payload) {
        Some(Kind::Protobuf(message)) => vec![protobuf_layer(message, source, range)],
        Some(Kind::Envelope) => envelope(source, range),
        None => Vec::new(),
    }
}

fn protobuf_layer(message: &'static Message, source: &[u8], range: Range<usize>) -> Layer {
    layer(Protocol::Aclk, message.name, source, range, message.help, |fields, reader| {
        protobuf::explain(fields, reader, Some(message))
    })
}

/// What a payload that is shown inside of something else says, in a word and in its fields.
pub(crate) fn message_fields(topic: &str, source: &[u8], range: Range<usize>) -> (String, Fields) {
    let mut fields = Fields::default();
    let payload = source.get(range.clone()).unwrap_or_default();
    let Some(Kind::Protobuf(message)) = kind(Some(topic), payload) else {
        return (bytes(range.len()), fields);
    };
    fields.all_of(Reader::new(source, range), |fields, reader| protobuf::explain(fields, reader, Some(message)));
    (message.name.to_owned(), fields)
}

fn envelope(source: &[u8], range: Range<usize>) -> Vec<Layer> {
    let help = "The Cloud asks the device's HTTP API through the link, and the device answers the same way. An envelope of \
                JSON in front says which answer belongs to which request, and where to send it.";
    let payload = source.get(range.clone()).unwrap_or_default();
    let inside = divide(payload).map(|at| range.start.saturating_add(at)).unwrap_or(range.end);
    let head_end = if inside == range.end { range.end } else { inside.saturating_sub(DIVIDER.len()) };
    let head = range.start..head_end;
    let mut layers =
        vec![layer(Protocol::Aclk, "HTTP over the link", source, range.start..inside, help, |fields, reader| {
            let understood = json::values(fields, source, head.clone());
            if !understood {
                fields.add(field("Envelope", "not JSON", head).wrong());
            }
            let len = reader.len();
            reader.take(len).map(|_| ())
        })];
    if inside < range.end {
        let inner = source.get(inside..range.end).unwrap_or_default();
        let is_response = inner.starts_with(b"HTTP/");
        layers.push(if is_response {
            http::response(source, inside..range.end, None)
        } else {
            http::request(source, inside..range.end)
        });
    }
    layers
}
