//! The chain of certificates (RFC 8446 4.4.2, RFC 5280): who it is, who says so, from when to when.

use crate::field::{Fields, bytes, field, text};
use crate::reader::Reader;
use crate::view::Field;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Certificates that are shown.
const CHAIN: usize = 10;
/// Names that are shown of one certificate.
const NAMES: usize = 50;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// The body of a Certificate message.
pub(super) fn message(fields: &mut Fields, body: &mut Reader<'_>) -> Option<()> {
    let context = body.block8()?;
    fields.add(field("Context", bytes(context.len()), context.at()..context.end()).help("Empty for servers."));
    let mut list = body.block24()?;
    let mut number: usize = 0;
    while !list.is_empty() && number < CHAIN {
        let certificate = list.block24()?;
        number = number.saturating_add(1);
        fields.add(shown(&certificate, number));
        let extensions = list.block16()?;
        if !extensions.is_empty() {
            fields.add(field("Its extensions", bytes(extensions.len()), extensions.at()..extensions.end()));
        }
    }
    Some(())
}

fn shown(certificate: &Reader<'_>, number: usize) -> Field {
    let range = certificate.at()..certificate.end();
    let mut parts = Fields::default();
    let subject = facts(&mut parts, certificate.clone());
    let help = if number == 1 {
        "The certificate of the server itself. It has to name the host, be valid today, and be signed by somebody trusted."
    } else {
        "The certificate of whoever signed the one before."
    };
    let shown = field(format!("Certificate {number}"), subject.clone().unwrap_or_else(|| bytes(range.len())), range);
    shown.help(help).wrong_if(subject.is_none()).with(parts)
}

/// Adds what is in a certificate. Yields whose it is.
fn facts(fields: &mut Fields, certificate: Reader<'_>) -> Option<String> {
    let mut outer = expect(&mut certificate.clone(), SEQUENCE)?;
    let mut body = expect(&mut outer, SEQUENCE)?;
    if body.rest().first() == Some(&0xa0) {
        element(&mut body)?; // version
    }
    element(&mut body)?; // serial number
    element(&mut body)?; // signature algorithm
    let issuer = expect(&mut body, SEQUENCE)?;
    let mut validity = expect(&mut body, SEQUENCE)?;
    let from = time(&mut validity)?;
    let until = time(&mut validity)?;
    let subject = expect(&mut body, SEQUENCE)?;
    let who = name(subject.clone());
    fields.add(field("Subject", who.as_str(), subject.at()..subject.end()).help("Whose certificate it is."));
    fields.add(field("Issuer", name(issuer.clone()), issuer.at()..issuer.end()).help("Who signed it."));
    fields.add(
        field("Valid from", from.0, from.1.at()..from.1.end())
            .help("A device whose clock is wrong may find a good certificate not yet valid, or no longer."),
    );
    fields.add(field("Valid until", until.0, until.1.at()..until.1.end()));
    element(&mut body)?; // public key
    while !body.is_empty() {
        let (tag, inner) = element(&mut body)?;
        if tag == 0xa3 {
            alternative_names(fields, inner);
        }
    }
    Some(who)
}

/// Adds the names that the certificate is for, if there are any.
fn alternative_names(fields: &mut Fields, mut extensions: Reader<'_>) -> Option<()> {
    let mut list = expect(&mut extensions, SEQUENCE)?;
    while !list.is_empty() {
        let mut extension = expect(&mut list, SEQUENCE)?;
        if expect(&mut extension, OID)?.rest() != SUBJECT_ALT_NAME {
            continue;
        }
        let mut value = loop {
            let (tag, inner) = element(&mut extension)?;
            if tag == OCTET_STRING {
                break inner;
            }
        };
        let range = value.at()..value.end();
        let mut names = expect(&mut value, SEQUENCE)?;
        let mut said = Vec::new();
        while !names.is_empty() && said.len() < NAMES {
            let (tag, name) = element(&mut names)?;
            match (tag, name.rest()) {
                (0x82, host) => said.push(text(host)),
                (0x87, address) => said.push(ip_address(address)?),
                _ => {}
            }
        }
        fields.add(
            field("Names", said.join(", "), range).help("The hosts it is for. The one we wanted has to be among them."),
        );
    }
    Some(())
}

fn ip_address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| Ipv6Addr::from(v6).to_string())
}

/// A distinguished name in words.
fn name(mut sequence: Reader<'_>) -> String {
    let mut parts = Vec::new();
    while parts.len() < 8 {
        let Some(mut set) = expect(&mut sequence, SET) else { break };
        let Some(mut pair) = expect(&mut set, SEQUENCE) else { break };
        let Some(kind) = expect(&mut pair, OID) else { break };
        let Some((_, value)) = element(&mut pair) else { break };
        match kind.rest() {
            COMMON_NAME => parts.push(text(value.rest())),
            ORGANIZATION => parts.push(format!("of {}", text(value.rest()))),
            _ => {}
        }
    }
    if parts.is_empty() { "no name".to_owned() } else { parts.join(", ") }
}

fn time<'a>(reader: &mut Reader<'a>) -> Option<(String, Reader<'a>)> {
    let (tag, value) = element(reader)?;
    let digits = core::str::from_utf8(value.rest()).ok()?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            (format!("{}{year}", if year < "50" { "20" } else { "19" }), rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.to_owned(), rest)
        }
        _ => return None,
    };
    let part = |from: usize| rest.get(from..from.saturating_add(2));
    let said = format!("{year}-{}-{} {}:{}:{} UTC", part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    Some((text(said.as_bytes()), value))
}

/// The next element, which has to have this tag.
fn expect<'a>(reader: &mut Reader<'a>, wanted: u8) -> Option<Reader<'a>> {
    let (tag, value) = element(reader)?;
    (tag == wanted).then_some(value)
}

/// The next element of DER: its tag and its content (X.690 8.1).
fn element<'a>(reader: &mut Reader<'a>) -> Option<(u8, Reader<'a>)> {
    let tag = reader.u8()?;
    let first = reader.u8()?;
    let len = match first {
        0..=0x7f => usize::from(first),
        0x81 => usize::from(reader.u8()?),
        0x82 => usize::from(reader.u16()?),
        0x83 => usize::try_from(reader.u24()?).ok()?,
        _ => return None,
    };
    Some((tag, reader.part(len)?))
}
