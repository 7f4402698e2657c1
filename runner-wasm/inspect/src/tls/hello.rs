//! ClientHello and ServerHello, and their extensions (RFC 8446 4.1, 4.2).

use super::keys::Random;
use super::names::{extension_name, group_name, scheme_name, suite_name};
use super::record::version_words;
use crate::field::{Fields, bytes, field, hex, named, short_hex, text};
use crate::reader::Reader;
use crate::stream::Side;

const SERVER_NAME: u16 = 0;

/// The random of a HelloRetryRequest: SHA-256 of those words (4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The random of a hello.
pub(super) fn random(body: &Reader<'_>) -> Option<Random> {
    let mut body = body.clone();
    body.take(2)?;
    body.array()
}

/// Whether this ServerHello asks for another ClientHello.
pub(super) fn is_retry(body: &Reader<'_>) -> bool {
    random(body) == Some(RETRY)
}

/// The suite of a ServerHello.
pub(super) fn suite(body: &Reader<'_>) -> Option<u16> {
    let mut body = body.clone();
    body.take(34)?;
    body.block8()?;
    body.u16()
}

/// The host that a ClientHello names.
pub(super) fn server_name(body: &Reader<'_>) -> Option<String> {
    let mut body = body.clone();
    body.take(34)?;
    body.block8()?;
    body.block16()?;
    body.block8()?;
    let mut extensions = body.block16()?;
    loop {
        let kind = extensions.u16()?;
        let mut value = extensions.block16()?;
        if kind == SERVER_NAME {
            let mut list = value.block16()?;
            list.u8()?;
            return Some(text(list.block16()?.rest()));
        }
    }
}

pub(super) fn client(fields: &mut Fields, body: &mut Reader<'_>) -> Option<()> {
    start(fields, body)?;
    let list = body.block16()?;
    fields.add(
        field("Cipher suites", names_of(&list, suite_name), list.at()..list.end())
            .help("How the client could encrypt, best first."),
    );
    let list = body.block8()?;
    fields.add(field("Compression", if list.rest() == [0] { "none" } else { "unusual" }, list.at()..list.end()));
    extensions(fields, body, Side::Client)
}

pub(super) fn server(fields: &mut Fields, body: &mut Reader<'_>) -> Option<()> {
    if is_retry(body) {
        let at = body.at();
        fields.add(
            field("Kind", "HelloRetryRequest", at..at)
                .help("The client shall say hello again, with another key share."),
        );
    }
    start(fields, body)?;
    let at = body.at();
    let suite = body.u16()?;
    let name = named(suite_name(suite), format_args!("0x{suite:04x}"));
    fields.add(field("Cipher suite", name, at..body.at()).help("How this connection is encrypted."));
    let at = body.at();
    let compression = body.u8()?;
    fields.add(field("Compression", if compression == 0 { "none" } else { "unusual" }, at..body.at()));
    extensions(fields, body, Side::Server)
}

fn start(fields: &mut Fields, body: &mut Reader<'_>) -> Option<()> {
    let at = body.at();
    let version = body.u16()?;
    fields.add(
        field("Old version", version_words(version), at..body.at())
            .help("Always TLS 1.2; the real one is an extension."),
    );
    let at = body.at();
    let random: Random = body.array()?;
    fields.add(
        field("Random", hex(&random), at..body.at())
            .help("Different in every connection. By the client's one, the key log says whose secrets it has."),
    );
    let session = body.block8()?;
    let value = if session.is_empty() { "none".to_owned() } else { hex(session.rest()) };
    fields.add(field("Session id", value, session.at()..session.end()).help("A relic of older versions."));
    Some(())
}

/// The list of extensions in front.
pub(super) fn extensions(fields: &mut Fields, body: &mut Reader<'_>, side: Side) -> Option<()> {
    let mut list = body.block16()?;
    while !list.is_empty() && !fields.is_full() {
        let at = list.at();
        let kind = list.u16()?;
        let mut value = list.block16()?;
        let len = value.len();
        let said = extension_value(kind, &mut value, side).unwrap_or_else(|| bytes(len));
        let name = extension_name(kind).map_or_else(|| format!("extension {kind}"), str::to_owned);
        fields.add(field(format!("Extension: {name}"), said, at..list.at()).help(extension_help(kind)));
    }
    Some(())
}

fn extension_value(kind: u16, value: &mut Reader<'_>, side: Side) -> Option<String> {
    Some(match (kind, side) {
        (SERVER_NAME, Side::Client) => {
            let mut list = value.block16()?;
            list.u8()?;
            text(list.block16()?.rest())
        }
        (SERVER_NAME, Side::Server) => "understood".to_owned(),
        (10, _) => names_of(&value.block16()?, group_name),
        (13 | 50, _) => names_of(&value.block16()?, scheme_name),
        (16, _) => {
            let mut list = value.block16()?;
            let mut names = Vec::new();
            while let Some(name) = list.block8() {
                names.push(text(name.rest()));
            }
            names.join(", ")
        }
        (28, _) => bytes(value.u16()?.into()),
        (43, Side::Client) => names_of_versions(&value.block8()?),
        (43, Side::Server) => version_words(value.u16()?),
        (51, Side::Client) => {
            let mut list = value.block16()?;
            let mut shares = Vec::new();
            while let Some(group) = list.u16() {
                shares.push(share(group, &list.block16()?));
            }
            shares.join("; ")
        }
        (51, Side::Server) => {
            let group = value.u16()?;
            match value.block16() {
                Some(key) => share(group, &key),
                None => format!("please use {}", named(group_name(group), group)),
            }
        }
        _ => return None,
    })
}

fn share(group: u16, key: &Reader<'_>) -> String {
    format!("{}: {}", named(group_name(group), group), short_hex(key.rest()))
}

fn names_of(list: &Reader<'_>, name: fn(u16) -> Option<&'static str>) -> String {
    let mut list = list.clone();
    let names = core::iter::from_fn(|| list.u16());
    let names = names.map(|number| name(number).map_or_else(|| format!("0x{number:04x}"), str::to_owned));
    names.take(100).collect::<Vec<_>>().join(", ")
}

fn names_of_versions(list: &Reader<'_>) -> String {
    let mut list = list.clone();
    core::iter::from_fn(|| list.u16()).map(version_words).collect::<Vec<_>>().join(", ")
}

const fn extension_help(kind: u16) -> &'static str {
    match kind {
        SERVER_NAME => "The host the client wants. It is not encrypted: everybody on the way can read it.",
        10 => "The mathematics for the key exchange that the client knows.",
        13 => "How the server may sign.",
        16 => "What could be spoken inside.",
        43 => "The real version.",
        51 => "One half of the key exchange. With its own other half each side gets the same secret.",
        _ => "",
    }
}
