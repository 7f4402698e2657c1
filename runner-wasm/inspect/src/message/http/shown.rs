//! HTTP for people.

use super::head::{Body, Chunks, Expect, Head, chunks};
use crate::field::{Fields, bytes, field, layer, text};
use crate::message::json;
use crate::reader::Reader;
use crate::view::{Layer, Protocol};
use core::ops::Range;

/// Headers whose value is a secret.
const SECRETS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

pub(crate) fn request(source: &[u8], range: Range<usize>) -> Layer {
    let help = "A client asks a server for something: a method, a path, headers about the request, perhaps a body.";
    shown(source, range, "HTTP request", help, Expect::Request, ["Method", "Target", "Version"])
}

pub(crate) fn response(source: &[u8], range: Range<usize>, asked: Option<&str>) -> Layer {
    let help = "The server's answer: a status with three digits (2xx went well, 4xx is the client's fault, 5xx the server's), \
                headers, perhaps a body.";
    let title = asked.map_or_else(|| "HTTP response".to_owned(), |asked| format!("HTTP response to {asked}"));
    let without_body = asked.is_some_and(|asked| asked.starts_with("HEAD ") || asked.starts_with("CONNECT "));
    shown(source, range, &title, help, Expect::Response { without_body }, ["Version", "Status", "Reason"])
}

/// Bytes of a body whose end is that of the connection.
pub(crate) fn body(source: &[u8], range: Range<usize>) -> Layer {
    let help = "This body has no length: it ends when the connection does.";
    layer(Protocol::Http, "HTTP body", source, range, help, |fields, reader| {
        let (at, len) = (reader.at(), reader.len());
        let content = text(reader.take(len)?);
        // It is not known where it begins and ends, so it is not searched for secrets.
        fields.add(crate::view::Field { reveal: Some(content), ..field("Content", bytes(len), at..reader.at()) });
        Some(())
    })
}

fn shown(
    source: &[u8],
    range: Range<usize>,
    title: &str,
    help: &str,
    expect: Expect,
    names: [&'static str; 3],
) -> Layer {
    layer(Protocol::Http, title, source, range, help, |fields, reader| explain(fields, reader, source, expect, names))
}

fn explain(
    fields: &mut Fields,
    reader: &mut Reader<'_>,
    source: &[u8],
    expect: Expect,
    names: [&'static str; 3],
) -> Option<()> {
    let base = reader.at();
    let place = |range: &Range<usize>| base.saturating_add(range.start)..base.saturating_add(range.end);
    let head = Head::parse(reader.rest())?;
    for (name, (word, range)) in names.into_iter().zip(&head.start) {
        fields.add(field(name, *word, place(range)).help(word_help(name)));
    }
    for header in &head.headers {
        let is_secret = SECRETS.iter().any(|name| header.name.eq_ignore_ascii_case(name));
        let range = if is_secret { &header.value_range } else { &header.range };
        let shown = field(header.name, text(header.value.as_bytes()), place(range));
        fields.add(shown.help(header_help(header.name)).secret_if(is_secret));
    }
    let body = head.body(expect);
    let kind = head.header("content-type").unwrap_or_default().to_owned();
    let packed = head.header("content-encoding").is_some();
    let len = head.len;
    reader.take(len)?;
    if reader.is_empty() {
        return Some(());
    }
    let (at, len) = (reader.at(), reader.len());
    let content = reader.take(len)?;
    let range = at..reader.at();
    fields.add(match body {
        Some(Body::Chunked) => chunked(content, range, &kind),
        _ if packed => field("Body", format!("{}, packed", bytes(len)), range).help("Compressed by gzip."),
        _ => plain(source, range, &kind),
    });
    Some(())
}

fn plain(source: &[u8], range: Range<usize>, kind: &str) -> crate::view::Field {
    let len = range.len();
    let mut values = Fields::default();
    let content = source.get(range.clone()).unwrap_or_default();
    let looks_like_json = content.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    if looks_like_json && json::values(&mut values, source, range.clone()) {
        return field("Body", format!("JSON, {}", bytes(len)), range).with(values);
    }
    let kind = if kind.is_empty() { "no type" } else { kind };
    let shown = field("Body", format!("{kind}, {}", bytes(len)), range.clone());
    if looks_like_json {
        // It was not searched for secrets to its end, so it is shown to whoever asks.
        return crate::view::Field { reveal: Some(text(content)), ..shown.wrong() };
    }
    let mut content_field = Fields::default();
    content_field.add(field("Content", text(content), range));
    shown.with(content_field)
}

/// The content of chunks has no range of its own: its values have that of the body.
fn chunked(content: &[u8], range: Range<usize>, kind: &str) -> crate::view::Field {
    let Chunks::End { content: parts, .. } = chunks(content) else {
        return field("Body", "chunks that make no sense", range).wrong();
    };
    let count = parts.len();
    let joined: Vec<u8> = parts.into_iter().filter_map(|part| content.get(part)).flatten().copied().collect();
    let inner = plain(&joined, 0..joined.len(), kind);
    let mut values = Fields::default();
    let mut hides = inner.reveal.is_some();
    for mut value in inner.fields {
        (value.start, value.end) = (range.start, range.end);
        hides |= value.reveal.is_some();
        values.add(value);
    }
    let value = format!("{}, in {count} chunks", inner.value);
    let reveal = hides.then(|| text(&joined));
    let body = crate::view::Field { reveal, ..field("Body", value, range) };
    body.help("The sender did not know the length when it began, so each piece has its own in front.").with(values)
}

fn word_help(name: &str) -> &'static str {
    match name {
        "Method" => "What to do: GET asks, PUT and POST bring something, CONNECT asks a proxy for a tunnel.",
        "Target" => "What it is about: a path on the server, or for CONNECT the host to reach.",
        "Status" => "The result in three digits.",
        "Reason" => "The same in words, for people.",
        _ => "",
    }
}

fn header_help(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "host" => "The name of the server: there may be several at one address.",
        "user-agent" => "The program that asks.",
        "content-length" => "How long the body is.",
        "content-type" => "What the body is.",
        "transfer-encoding" => "How the body is cut into pieces.",
        "connection" => "Whether the connection goes on, or becomes something else.",
        "upgrade" => "What the connection shall become.",
        "sec-websocket-key" => "A random number. The answer proves with it that the server understood.",
        "sec-websocket-accept" => "Made of the client's key: proof that the server speaks WebSocket.",
        "sec-websocket-protocol" => "What is spoken inside of WebSocket: MQTT.",
        "sec-websocket-version" => "13 is the only one in use.",
        "origin" => "The page that a browser would come from. Agents send it empty.",
        "authorization" | "proxy-authorization" => "User name and password, merely encoded.",
        "retry-after" => "How long to wait before the next attempt.",
        _ => "",
    }
}
