//! What we offered and what the server made of it (RFC 8446 4.1.2 - 4.1.4).
//!
//! embedded-tls reads a ServerHello without looking at its version, random, session id, cipher suite, compression method
//! or the group of the key share, and takes a HelloRetryRequest for a ServerHello. So the record guard reads our own
//! ClientHello on its way out, and checks every field of the answer before embedded-tls sees it.

use super::guarantees::{Guarantee, holds};
use super::refusal::{Refusal, Why};
use crate::bytes::Bytes;
use heapless::Vec;

/// `legacy_version` of both hellos.
const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

const SUPPORTED_VERSIONS: u16 = 43;
const COOKIE: u16 = 44;
const KEY_SHARE: u16 = 51;

const SECP256R1: u16 = 0x0017;
/// An uncompressed point of P-256: the byte 4 and two coordinates (RFC 8446 4.2.8.2).
const POINT: usize = 65;

/// The random of a ServerHello that is a HelloRetryRequest: SHA-256 of those words (RFC 8446 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
/// The last eight bytes of the random of a server that could do TLS 1.3 but was asked for TLS 1.2, or for less.
const DOWNGRADED: [&[u8]; 2] = [b"DOWNGRD\x01", b"DOWNGRD\x00"];

/// What our ClientHello offered, as far as the answer has to fit it.
#[derive(Debug, Default)]
pub(crate) struct Offer {
    session: Vec<u8, 32>,
    suites: Vec<u16, 4>,
    extensions: Vec<u16, 16>,
    groups: Vec<u16, 4>,
}

impl Offer {
    /// Reads the one handshake message of our first record. `None` if it is not a ClientHello that fits the limits here,
    /// which no version of embedded-tls that passes our tests sends.
    pub(crate) fn read(message: &[u8]) -> Option<Self> {
        let mut message = Bytes::new(message);
        let mut offer = Self::default();
        if message.u8()? != CLIENT_HELLO {
            return None;
        }
        let mut hello = message.vec24()?;
        hello.take(2 + 32)?; // version, random
        offer.session = Vec::from_slice(hello.vec8()?.rest()).ok()?;
        let mut suites = hello.vec16()?;
        while !suites.is_empty() {
            offer.suites.push(suites.u16()?).ok()?;
        }
        hello.vec8()?; // compression methods
        let mut extensions = hello.vec16()?;
        while !extensions.is_empty() {
            let kind = extensions.u16()?;
            let mut body = extensions.vec16()?;
            offer.extensions.push(kind).ok()?;
            if kind == KEY_SHARE {
                let mut shares = body.vec16()?;
                while !shares.is_empty() {
                    offer.groups.push(shares.u16()?).ok()?;
                    shares.vec16()?;
                }
            }
        }
        Some(offer)
    }

    /// Checks the first record of the server, all of it, against RFC 8446 4.1.3.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn check(&self, record: &[u8]) -> Result<(), Refusal> {
        let mut record = Bytes::new(record);
        let kind = record.u8().ok_or(Why::HelloMalformed)?;
        if kind != SERVER_HELLO {
            return Err(Why::HelloMessage.with(kind.into()));
        }
        let len = record.u24().ok_or(Why::HelloSplit)?;
        let hello = record.take(len).ok_or(Why::HelloSplit)?;
        let hello = Hello::read(hello).ok_or(Why::HelloMalformed)?;
        let extensions = Extensions::read(hello.extensions)?;

        if holds(Guarantee::Said) && *hello.random == RETRY {
            return Err(extensions.retry());
        }
        if !holds(Guarantee::Messages) {
            return Ok(());
        }
        if DOWNGRADED.iter().any(|mark| hello.random.ends_with(mark)) {
            return Err(Why::Downgrade.into());
        }
        match extensions.version {
            Some(TLS13) => {}
            Some(version) => return Err(Why::Version.with(version)),
            None => return Err(Why::OldVersion.into()),
        }
        // Only now: servers of TLS 1.2 put their certificate into the same record.
        if !record.is_empty() {
            return Err(Why::HelloNotAlone.into());
        }
        if hello.version != TLS12 {
            return Err(Why::LegacyVersion.with(hello.version));
        }
        if hello.session != self.session.as_slice() {
            return Err(Why::SessionId.into());
        }
        if !self.suites.contains(&hello.suite) {
            return Err(Why::CipherSuite.with(hello.suite));
        }
        if hello.compression != 0 {
            return Err(Why::Compression.with(hello.compression.into()));
        }
        if let Some(kind) = extensions.unexpected.or(extensions.cookie) {
            return Err(Why::Extension.with(kind));
        }
        let share = extensions.share.ok_or(Why::NoKeyShare)?;
        self.check_share(share)
    }

    fn check_share(&self, mut share: Bytes<'_>) -> Result<(), Refusal> {
        let group = share.u16().ok_or(Why::HelloMalformed)?;
        if group != SECP256R1 || !self.groups.contains(&group) {
            return Err(Why::KeyShareGroup.with(group));
        }
        let point = share.vec16().ok_or(Why::HelloMalformed)?;
        share.end().ok_or(Why::HelloMalformed)?;
        if point.rest().len() != POINT || !point.rest().starts_with(&[4]) {
            return Err(Why::KeyShare.into());
        }
        Ok(())
    }

    /// Whether we named the host (SNI), so that the server may acknowledge it.
    pub(crate) fn names_host(&self) -> bool {
        self.extensions.contains(&0)
    }
}

/// The fields of a ServerHello.
struct Hello<'a> {
    version: u16,
    random: &'a [u8; 32],
    session: &'a [u8],
    suite: u16,
    compression: u8,
    extensions: Bytes<'a>,
}

impl<'a> Hello<'a> {
    fn read(hello: &'a [u8]) -> Option<Self> {
        let mut hello = Bytes::new(hello);
        let read = Self {
            version: hello.u16()?,
            random: hello.take(32)?.try_into().ok()?,
            session: hello.vec8()?.rest(),
            suite: hello.u16()?,
            compression: hello.u8()?,
            // A ServerHello of TLS 1.2 may end here.
            extensions: if hello.is_empty() { hello } else { hello.vec16()? },
        };
        hello.end().map(|()| read)
    }
}

/// The extensions of a ServerHello.
#[derive(Default)]
struct Extensions<'a> {
    version: Option<u16>,
    share: Option<Bytes<'a>>,
    /// A cookie, which only a HelloRetryRequest may carry.
    cookie: Option<u16>,
    /// The first extension that does not belong into a ServerHello that answers ours.
    unexpected: Option<u16>,
}

impl<'a> Extensions<'a> {
    fn read(mut list: Bytes<'a>) -> Result<Self, Refusal> {
        let mut extensions = Self::default();
        while !list.is_empty() {
            let kind = list.u16().ok_or(Why::HelloMalformed)?;
            let mut body = list.vec16().ok_or(Why::HelloMalformed)?;
            let is_new = match kind {
                SUPPORTED_VERSIONS => {
                    let version = body.u16().ok_or(Why::HelloMalformed)?;
                    body.end().ok_or(Why::HelloMalformed)?;
                    extensions.version.replace(version).is_none()
                }
                KEY_SHARE => extensions.share.replace(body).is_none(),
                COOKIE => extensions.cookie.replace(kind).is_none(),
                _ => {
                    extensions.unexpected.get_or_insert(kind);
                    true
                }
            };
            if holds(Guarantee::Messages) && !is_new {
                return Err(Why::DuplicateExtension.with(kind));
            }
        }
        Ok(extensions)
    }

    /// What a HelloRetryRequest with these extensions asks for.
    fn retry(&self) -> Refusal {
        match self.share.and_then(|mut share| share.u16()) {
            // RFC 8446 4.1.4: it must ask for a change.
            Some(SECP256R1) => Why::RetrySame.into(),
            Some(group) => Why::RetryGroup.with(group),
            None => Why::RetryCookie.into(),
        }
    }
}
