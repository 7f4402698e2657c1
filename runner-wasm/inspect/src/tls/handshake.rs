//! Messages of the handshake for people (RFC 8446 4).

use super::names::{message_name, scheme_name};
use super::{certificate, hello};
use crate::field::{Fields, bytes, field, named, short_hex};
use crate::reader::Reader;
use crate::stream::{Cut, Side};
use crate::view::{Layer, Protocol};
use core::ops::Range;

pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
const NEW_SESSION_TICKET: u8 = 4;
const ENCRYPTED_EXTENSIONS: u8 = 8;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_VERIFY: u8 = 15;
pub(super) const FINISHED: u8 = 20;
pub(super) const KEY_UPDATE: u8 = 24;

/// How long the message in front is.
pub(super) fn measure(bytes: &[u8]) -> Cut {
    let mut reader = Reader::new(bytes, 0..bytes.len());
    reader.u8().and_then(|_| reader.u24()).map_or(Cut::More, |len| Cut::Message(u64::from(len) + 4))
}

/// One line.
pub(super) fn headline(message: &[u8]) -> String {
    let kind = message.first().copied().unwrap_or_default();
    let name = message_name(kind).unwrap_or("unknown handshake message");
    let body = Reader::new(message, 4..message.len());
    match kind {
        CLIENT_HELLO => match hello::server_name(&body) {
            Some(host) => format!("{name} to {host}"),
            None => name.to_owned(),
        },
        SERVER_HELLO if hello::is_retry(&body) => "HelloRetryRequest".to_owned(),
        _ => name.to_owned(),
    }
}

pub(crate) fn layer(source: &[u8], range: Range<usize>, side: Side) -> Layer {
    let kind = source.get(range.start).copied().unwrap_or_default();
    let name = message_name(kind).unwrap_or("unknown message");
    crate::field::layer(Protocol::Tls, format!("TLS {name}"), source, range, help(kind), |fields, reader| {
        explain(fields, reader, side)
    })
}

fn explain(fields: &mut Fields, reader: &mut Reader<'_>, side: Side) -> Option<()> {
    let at = reader.at();
    let kind = reader.u8()?;
    fields.add(field("Message", named(message_name(kind), kind), at..reader.at()));
    let at = reader.at();
    let len = reader.u24()?;
    let body = reader.part(usize::try_from(len).ok()?)?;
    fields.add(field("Length", bytes(body.len()), at..body.at()));
    fields.all_of(body, |fields, body| match kind {
        CLIENT_HELLO => hello::client(fields, body),
        SERVER_HELLO => hello::server(fields, body),
        ENCRYPTED_EXTENSIONS => hello::extensions(fields, body, Side::Server),
        CERTIFICATE => certificate::message(fields, body),
        CERTIFICATE_VERIFY => verify(fields, body),
        FINISHED => finished(fields, body, side),
        NEW_SESSION_TICKET => ticket(fields, body),
        KEY_UPDATE => {
            let at = body.at();
            let value = if body.u8()? == 0 { "not needed" } else { "please do the same" };
            fields.add(field("Of the other side", value, at..body.at()));
            Some(())
        }
        _ => {
            let (at, len) = (body.at(), body.len());
            body.take(len)?;
            fields.add(field("Content", bytes(len), at..body.at()));
            Some(())
        }
    });
    Some(())
}

fn verify(fields: &mut Fields, body: &mut Reader<'_>) -> Option<()> {
    let at = body.at();
    let scheme = body.u16()?;
    let name = named(scheme_name(scheme), format_args!("0x{scheme:04x}"));
    fields.add(field("Scheme", name, at..body.at()).help("How it is signed."));
    let signature = body.block16()?;
    fields
        .add(field("Signature", short_hex(signature.rest()), signature.at()..signature.end()).help(
            "Over everything that was said so far. Only who has the private key of the certificate can make it.",
        ));
    Some(())
}

fn finished(fields: &mut Fields, body: &mut Reader<'_>, side: Side) -> Option<()> {
    let (at, len) = (body.at(), body.len());
    let check = short_hex(body.take(len)?);
    let help = match side {
        Side::Client => {
            "A sum over the whole handshake, with a key that only the two know. From here on the client sends data."
        }
        Side::Server => {
            "A sum over the whole handshake, with a key that only the two know: nobody has changed a byte of it."
        }
    };
    fields.add(field("Check", check, at..body.at()).help(help));
    Some(())
}

fn ticket(fields: &mut Fields, body: &mut Reader<'_>) -> Option<()> {
    let at = body.at();
    let seconds = body.u32()?;
    fields.add(field("Lifetime", format!("{seconds} s"), at..body.at()));
    let at = body.at();
    body.u32()?;
    fields.add(field("Age mask", "", at..body.at()));
    let nonce = body.block8()?;
    fields.add(field("Nonce", short_hex(nonce.rest()), nonce.at()..nonce.end()));
    let ticket = body.block16()?;
    fields.add(field("Ticket", short_hex(ticket.rest()), ticket.at()..ticket.end()).help("What to show next time."));
    hello::extensions(fields, body, Side::Server)
}

const fn help(kind: u8) -> &'static str {
    match kind {
        CLIENT_HELLO => "The client says which ciphers it knows, and sends its half of a key exchange.",
        SERVER_HELLO => {
            "The server chooses, and sends its half. From here on both can work out the same secret, and nobody else can."
        }
        ENCRYPTED_EXTENSIONS => "Further choices of the server, already encrypted.",
        CERTIFICATE => "Who the server is, as somebody confirms whom the client trusts.",
        CERTIFICATE_VERIFY => "The server proves that it has the key of its certificate.",
        FINISHED => "The end of one side's handshake.",
        NEW_SESSION_TICKET => "With it a client could begin its next connection quicker. Ours does not.",
        KEY_UPDATE => "From the next record on a new key is used.",
        _ => "A message of the TLS handshake.",
    }
}
