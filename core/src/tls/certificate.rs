//! The parts of a certificate that webpki keeps to itself: key, key usage, and names for messages to people.
//!
//! webpki has parsed a certificate before it comes here, so the structure is known to be sound; this reader still trusts
//! no length. It never decides whom to trust, except that a key usage it cannot read allows nothing.

use crate::bytes::Bytes;
use crate::clock::days;
use crate::der::{INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, element, element_of, natural, optional, whole};
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

const BIT_STRING: u8 = 0x03;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const BOOLEAN: u8 = 0x01;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// id-ce (RFC 5280 4.2): the identifiers of the extensions used here are one byte longer.
const ID_CE: [u8; 2] = [0x55, 0x1d];
const KEY_USAGE: u8 = 15;
const SUBJECT_ALT_NAME: u8 = 17;
const BASIC_CONSTRAINTS: u8 = 19;

/// id-at-commonName and id-at-organizationName (RFC 5280 appendix A.1).
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ORGANIZATION: [u8; 3] = [0x55, 0x04, 0x0a];

/// Views into a certificate; the contents of its DER elements, without tag and length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Certificate<'a> {
    pub(crate) issuer: Name<'a>,
    pub(crate) subject: Name<'a>,
    /// From when to when, as two elements.
    validity: &'a [u8],
    /// The AlgorithmIdentifier of the signature on this certificate.
    pub(crate) signed_with: &'a [u8],
    /// The AlgorithmIdentifier of its key.
    pub(crate) key_algorithm: &'a [u8],
    /// Its key, as `subjectPublicKey` holds it.
    pub(crate) key: &'a [u8],
    extensions: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// `None` if this is not the DER of a certificate.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = element_of(&mut Bytes::new(der), SEQUENCE)?;
        let mut tbs = element_of(&mut outer, SEQUENCE)?;
        let signed_with = element_of(&mut outer, SEQUENCE)?.rest();
        optional(&mut tbs, VERSION)?;
        element_of(&mut tbs, INTEGER)?; // serial number
        element_of(&mut tbs, SEQUENCE)?; // signature algorithm, again
        let issuer = Name(element_of(&mut tbs, SEQUENCE)?.rest());
        let validity = element_of(&mut tbs, SEQUENCE)?.rest();
        let subject = Name(element_of(&mut tbs, SEQUENCE)?.rest());
        let mut info = element_of(&mut tbs, SEQUENCE)?;
        let key_algorithm = element_of(&mut info, SEQUENCE)?.rest();
        let mut key = element_of(&mut info, BIT_STRING)?;
        if key.u8()? != 0 {
            return None;
        }
        let extensions = match optional(&mut tbs, EXTENSIONS)? {
            Some(mut tagged) => element_of(&mut tagged, SEQUENCE)?.rest(),
            None => &[],
        };
        Some(Self { issuer, subject, validity, signed_with, key_algorithm, key: key.rest(), extensions })
    }

    /// From when to when it is valid, in seconds since 1970.
    pub(crate) fn validity(&self) -> Option<(u64, u64)> {
        let mut both = Bytes::new(self.validity);
        Some((time(&mut both)?, time(&mut both)?))
    }

    /// What the key may be used for. Without the extension: for everything (RFC 5280 4.2.1.3).
    pub(crate) fn key_usage(&self) -> KeyUsage {
        let Some(value) = self.extension(KEY_USAGE) else { return KeyUsage(u8::MAX) };
        let usage = element_of(&mut Bytes::new(value), BIT_STRING).and_then(|mut bits| {
            bits.u8()?; // how many bits at the end are unused; they are zero
            bits.u8()
        });
        KeyUsage(usage.unwrap_or_default())
    }

    /// Whether it says of itself that it may issue certificates.
    pub(crate) fn is_ca(&self) -> bool {
        self.extension(BASIC_CONSTRAINTS)
            .and_then(|value| element_of(&mut Bytes::new(value), SEQUENCE))
            .and_then(|mut constraints| element_of(&mut constraints, BOOLEAN))
            .is_some_and(|flag| flag.rest() == [0xff])
    }

    /// The hosts it is for.
    pub(crate) fn hosts(&self) -> Hosts<'a> {
        let names = self.extension(SUBJECT_ALT_NAME).and_then(|value| element_of(&mut Bytes::new(value), SEQUENCE));
        Hosts(names.unwrap_or(Bytes::new(&[])))
    }

    fn extension(&self, id: u8) -> Option<&'a [u8]> {
        let mut list = Bytes::new(self.extensions);
        while let Some(mut extension) = element_of(&mut list, SEQUENCE) {
            let is_wanted = matches!(element_of(&mut extension, OBJECT_IDENTIFIER)?.rest(),
                [a, b, last] if [*a, *b] == ID_CE && *last == id);
            optional(&mut extension, BOOLEAN)?; // critical
            let value = element_of(&mut extension, OCTET_STRING)?;
            if is_wanted {
                return Some(value.rest());
            }
        }
        None
    }
}

/// The bits of `keyUsage` (RFC 5280 4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyUsage(u8);

impl KeyUsage {
    pub(crate) const fn digital_signature(self) -> bool {
        self.0 & 0x80 != 0
    }

    pub(crate) const fn key_cert_sign(self) -> bool {
        self.0 & 0x04 != 0
    }
}

/// The hosts of a certificate, displayed as `"a", "b" and 3 more`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hosts<'a>(Bytes<'a>);

/// Names that are printed before "and … more".
const PRINTED: usize = 2;

impl<'a> Hosts<'a> {
    pub(crate) fn is_empty(mut self) -> bool {
        self.next_host().is_none()
    }

    fn next_host(&mut self) -> Option<Host<'a>> {
        loop {
            match element(&mut self.0)? {
                (0x82, name) => return Some(Host::Name(name.rest())),
                (0x87, address) => match address.rest() {
                    &[a, b, c, d] => return Some(Host::V4(Ipv4Addr::new(a, b, c, d))),
                    address => {
                        if let Ok(octets) = <[u8; 16]>::try_from(address) {
                            return Some(Host::V6(Ipv6Addr::from(octets)));
                        }
                    }
                },
                _ => {}
            }
        }
    }
}

enum Host<'a> {
    Name(&'a [u8]),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl fmt::Display for Hosts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = *self;
        let mut count = 0_usize;
        while let Some(host) = rest.next_host() {
            count += 1;
            if count > PRINTED {
                continue;
            }
            f.write_str(if count > 1 { ", " } else { "" })?;
            match host {
                Host::Name(name) => write!(f, "\"{}\"", Printable(name))?,
                Host::V4(address) => write!(f, "\"{address}\"")?,
                Host::V6(address) => write!(f, "\"{address}\"")?,
            }
        }
        if count > PRINTED { write!(f, " and {} more", count - PRINTED) } else { Ok(()) }
    }
}

/// A distinguished name, displayed as its common name, else its organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    fn attribute(&self, wanted: [u8; 3]) -> Option<&'a [u8]> {
        let mut list = Bytes::new(self.0);
        while let Some(mut set) = element_of(&mut list, SET) {
            while let Some(mut attribute) = element_of(&mut set, SEQUENCE) {
                let is_wanted = element_of(&mut attribute, OBJECT_IDENTIFIER)?.rest() == wanted;
                let (_, value) = element(&mut attribute)?;
                if is_wanted {
                    return Some(value.rest());
                }
            }
        }
        None
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attribute(COMMON_NAME).or_else(|| self.attribute(ORGANIZATION)) {
            Some(value) => Printable(value).fmt(f),
            None => f.write_str("unnamed"),
        }
    }
}

/// Bytes that are most likely text.
struct Printable<'a>(&'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{fffd}")?;
            }
        }
        Ok(())
    }
}

/// A UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 has them: to the second, in UTC. In seconds since 1970.
fn time(bytes: &mut Bytes<'_>) -> Option<u64> {
    let (tag, text) = element(bytes)?;
    let mut text = Bytes::new(text.rest());
    let mut two = || text.take(2).and_then(decimal);
    let (century, year) = match tag {
        UTC_TIME => two().map(|year| (if year < 50 { 20 } else { 19 }, year))?,
        GENERALIZED_TIME => (two()?, two()?),
        _ => return None,
    };
    let (month, day, hour, minute, second) = (two()?, two()?, two()?, two()?, two()?);
    if text.rest() != b"Z" || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days(century * 100 + year, month, day)?;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}

/// The object identifier at the start of an AlgorithmIdentifier, displayed with dots.
pub(crate) struct Algorithm<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Algorithm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = element_of(&mut Bytes::new(self.0), OBJECT_IDENTIFIER).map_or(&[][..], |id| id.rest());
        let mut number = 0_u32;
        let mut is_first = true;
        for &byte in id {
            number = number << 7 | u32::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
            if is_first {
                let root = (number / 40).min(2);
                write!(f, "{root}.{}", number - root * 40)?;
            } else {
                write!(f, ".{number}")?;
            }
            is_first = false;
            number = 0;
        }
        if is_first { f.write_str("unknown") } else { Ok(()) }
    }
}

/// The two numbers of an `ECDSA-Sig-Value` (RFC 3279 2.2.3), big-endian without leading zeros. `None` unless this is DER.
pub(crate) fn ecdsa_signature(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut pair = whole(der, SEQUENCE)?;
    let r = positive(&mut pair)?;
    let s = positive(&mut pair)?;
    pair.end()?;
    Some((r, s))
}

/// An INTEGER that is positive.
fn positive<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    natural(bytes).filter(|number| !number.is_empty())
}

#[cfg(test)]
mod tests;
