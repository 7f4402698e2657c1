//! A forge for certificates without rules: every field can be wrong.

use super::pki::Identity;
use super::script::vector;
use rcgen::{KeyPair, PublicKeyData, SigningKey};
use rustls::pki_types::CertificateDer;
use std::prelude::v1::*;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const BOOLEAN: u8 = 0x01;

/// id-ce and one byte more (RFC 5280 4.2.1).
pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
pub const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
/// 1.3.6.1.4.1.99999.1, which nobody knows.
pub const UNKNOWN: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x86, 0x8d, 0x1f, 0x01];

/// ecdsa-with-SHA256, as an AlgorithmIdentifier without its tag.
pub const ECDSA_SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// ecdsa-with-SHA1.
pub const ECDSA_SHA1: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
/// sha1WithRSAEncryption.
#[cfg(feature = "compact-rsa")]
pub const RSA_SHA1: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 5, 0];
/// sha256WithRSAEncryption.
#[cfg(feature = "compact-rsa")]
pub const RSA_SHA256: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 5, 0];

/// A DER element.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = match content.len() {
        len @ 0..128 => vec![len as u8],
        len @ 128..256 => vec![0x81, len as u8],
        len => [&[0x82], u16::try_from(len).unwrap().to_be_bytes().as_slice()].concat(),
    };
    [&[tag], len.as_slice(), content].concat()
}

/// Something that signs, by whatever algorithm it says.
pub type Signer<'k> = Box<dyn Fn(&[u8]) -> Vec<u8> + 'k>;

/// The signer that `key` is.
pub fn by(key: &KeyPair) -> Signer<'_> {
    Box::new(|message| key.sign(message).unwrap())
}

/// A certificate that is about to be signed.
pub struct Forged {
    /// `None` is version 1.
    pub version: Option<u8>,
    pub issuer: String,
    pub subject: String,
    pub not_before: &'static str,
    pub not_after: &'static str,
    /// SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// Identifier, critical, content.
    pub extensions: Vec<(&'static [u8], bool, Vec<u8>)>,
    /// The signature algorithm, inside and outside.
    pub algorithm: [&'static [u8]; 2],
}

impl Forged {
    /// A certificate authority that is all right.
    pub fn authority(subject: &str, issuer: &str, key: &impl PublicKeyData) -> Self {
        let extensions = vec![
            (BASIC_CONSTRAINTS, true, der(SEQUENCE, &der(BOOLEAN, &[0xff]))),
            (KEY_USAGE, true, der(BIT_STRING, &[1, 0x06])),
        ];
        Self { extensions, ..Self::plain(subject, issuer, key.subject_public_key_info()) }
    }

    /// A server named "localhost" that is all right.
    pub fn server(issuer: &str, key: &impl PublicKeyData) -> Self {
        let extensions = vec![(SUBJECT_ALT_NAME, false, names(&["localhost"]))];
        Self { extensions, ..Self::plain("server", issuer, key.subject_public_key_info()) }
    }

    fn plain(subject: &str, issuer: &str, public_key: Vec<u8>) -> Self {
        Self {
            version: Some(2),
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            not_before: "250101000000Z",
            not_after: "260101000000Z",
            public_key,
            extensions: Vec::new(),
            algorithm: [ECDSA_SHA256, ECDSA_SHA256],
        }
    }

    /// Adds an extension.
    pub fn with(mut self, id: &'static [u8], critical: bool, content: Vec<u8>) -> Self {
        self.extensions.push((id, critical, content));
        self
    }

    /// Puts this in the place of an extension.
    pub fn instead(mut self, id: &'static [u8], critical: bool, content: Vec<u8>) -> Self {
        self.extensions.retain(|(known, ..)| *known != id);
        self.with(id, critical, content)
    }

    /// Leaves an extension out.
    pub fn without(mut self, id: &'static [u8]) -> Self {
        self.extensions.retain(|(known, ..)| *known != id);
        self
    }

    /// Signs it.
    pub fn signed(&self, signer: &Signer<'_>) -> CertificateDer<'static> {
        let algorithm = |id: &[u8]| der(SEQUENCE, id);
        let mut body: Vec<Vec<u8>> = Vec::new();
        body.extend(self.version.map(|version| der(0xa0, &der(INTEGER, &[version]))));
        body.push(der(INTEGER, &[0x2a]));
        body.push(algorithm(self.algorithm[0]));
        body.push(name(&self.issuer));
        let time = |text: &str| der(UTC_TIME, text.as_bytes());
        body.push(der(SEQUENCE, &[time(self.not_before), time(self.not_after)].concat()));
        body.push(name(&self.subject));
        body.push(self.public_key.clone());
        if !self.extensions.is_empty() {
            let list: Vec<u8> = self.extensions.iter().flat_map(extension).collect();
            body.push(der(0xa3, &der(SEQUENCE, &list)));
        }
        let body = der(SEQUENCE, &body.concat());
        let signature = der(BIT_STRING, &[&[0], signer(&body).as_slice()].concat());
        der(SEQUENCE, &[body, algorithm(self.algorithm[1]), signature].concat()).into()
    }
}

fn extension((id, critical, content): &(&'static [u8], bool, Vec<u8>)) -> Vec<u8> {
    let critical = if *critical { der(BOOLEAN, &[0xff]) } else { Vec::new() };
    der(SEQUENCE, &[der(OBJECT_IDENTIFIER, id), critical, der(OCTET_STRING, content)].concat())
}

fn name(common_name: &str) -> Vec<u8> {
    let attribute = [der(OBJECT_IDENTIFIER, &[0x55, 4, 3]), der(UTF8_STRING, common_name.as_bytes())].concat();
    der(SEQUENCE, &der(SET, &der(SEQUENCE, &attribute)))
}

/// A subjectAltName of host names.
pub fn names(names: &[&str]) -> Vec<u8> {
    der(SEQUENCE, &names.iter().flat_map(|name| der(0x82, name.as_bytes())).collect::<Vec<_>>())
}

/// A nameConstraints extension that excludes these host names.
pub fn excluded(name: &str) -> Vec<u8> {
    der(SEQUENCE, &der(0xa1, &der(SEQUENCE, &der(0x82, name.as_bytes()))))
}

/// A server with this chain.
pub fn identity(chain: Vec<CertificateDer<'static>>, key: KeyPair) -> Identity {
    Identity { chain, key }
}

/// The Certificate message that carries `chain` is so long.
pub fn length_on_the_wire(chain: &[CertificateDer<'static>]) -> usize {
    chain.iter().map(|der| vector(3, der).len() + 2).sum::<usize>() + 8
}
