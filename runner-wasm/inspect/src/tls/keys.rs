//! The key log, and the keys that follow from its secrets (RFC 8446 7).

use super::HEADER;
use crate::stream::Side;
use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm, Nonce, Tag};
use hkdf_012::Hkdf;
use sha2_010::{Sha256, Sha384};
use std::collections::BTreeMap;

/// Bytes of the number by which a connection is known.
pub(crate) const RANDOM: usize = 32;
/// Bytes of the tag behind what is encrypted.
const TAG: usize = 16;
/// Connections whose secrets are known.
const CONNECTIONS: usize = 4096;

/// By which a connection is known: the random of its ClientHello.
pub(crate) type Random = [u8; RANDOM];

/// Whose secret, and for which part of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Epoch {
    Handshake,
    Application,
}

/// A key log in the format of `SSLKEYLOGFILE` (draft-ietf-tls-keylogfile).
#[derive(Default)]
pub(crate) struct KeyLog {
    text: String,
    secrets: BTreeMap<Random, Secrets>,
}

/// What is known of one connection.
#[derive(Default)]
struct Secrets([Option<Vec<u8>>; 4]);

const fn slot(side: Side, epoch: Epoch) -> usize {
    match (side, epoch) {
        (Side::Client, Epoch::Handshake) => 0,
        (Side::Server, Epoch::Handshake) => 1,
        (Side::Client, Epoch::Application) => 2,
        (Side::Server, Epoch::Application) => 3,
    }
}

fn label_slot(label: &str) -> Option<usize> {
    Some(match label {
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET" => slot(Side::Client, Epoch::Handshake),
        "SERVER_HANDSHAKE_TRAFFIC_SECRET" => slot(Side::Server, Epoch::Handshake),
        "CLIENT_TRAFFIC_SECRET_0" => slot(Side::Client, Epoch::Application),
        "SERVER_TRAFFIC_SECRET_0" => slot(Side::Server, Epoch::Application),
        _ => return None,
    })
}

impl KeyLog {
    /// Adds lines. What is no secret of TLS 1.3 is kept as text and means nothing here. Beyond `limit` bytes, the oldest
    /// lines are forgotten. Says whether there was a secret among them.
    pub(crate) fn add(&mut self, lines: &str, limit: usize) -> bool {
        let mut has_secrets = false;
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            has_secrets |= self.secret(line).is_some();
            if line.len() < limit {
                self.text.push_str(line);
                self.text.push('\n');
            }
        }
        if self.text.len() > limit {
            // A quarter at a time, so that it is rarely moved.
            let surplus = self.text.len().saturating_sub(limit - limit / 4);
            let end = self.text.char_indices().find(|(at, char)| *at >= surplus && *char == '\n').map(|(at, _)| at);
            self.text.drain(..end.map_or(self.text.len(), |at| at.saturating_add(1)));
        }
        has_secrets
    }

    fn secret(&mut self, line: &str) -> Option<()> {
        let mut words = line.split_ascii_whitespace();
        let slot = label_slot(words.next()?)?;
        let random: Random = unhex(words.next()?)?.try_into().ok()?;
        let secret = unhex(words.next()?).filter(|secret| matches!(secret.len(), 32 | 48))?;
        if self.secrets.len() >= CONNECTIONS && !self.secrets.contains_key(&random) {
            self.secrets.pop_first();
        }
        *self.secrets.entry(random).or_default().0.get_mut(slot)? = Some(secret);
        Some(())
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn get(&self, random: &Random, side: Side, epoch: Epoch) -> Option<&[u8]> {
        self.secrets.get(random)?.0.get(slot(side, epoch))?.as_deref()
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 128 {
        return None;
    }
    let value = |digit: u8| (digit as char).to_digit(16).and_then(|value| u8::try_from(value).ok());
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(value(*high)? << 4 | value(*low)?),
            _ => None,
        })
        .collect()
}

/// The cipher suites that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    Aes128GcmSha256,
    Aes256GcmSha384,
}

impl Suite {
    pub(crate) const fn of(number: u16) -> Option<Self> {
        match number {
            0x1301 => Some(Self::Aes128GcmSha256),
            0x1302 => Some(Self::Aes256GcmSha384),
            _ => None,
        }
    }

    const fn key_len(self) -> usize {
        match self {
            Self::Aes128GcmSha256 => 16,
            Self::Aes256GcmSha384 => 32,
        }
    }

    /// HKDF-Expand-Label without a context (7.1).
    fn expand(self, secret: &[u8], label: &str, len: usize) -> Option<Vec<u8>> {
        let label_len = u8::try_from(label.len().checked_add(6)?).ok()?;
        let mut info = u16::try_from(len).ok()?.to_be_bytes().to_vec();
        info.push(label_len);
        info.extend_from_slice(b"tls13 ");
        info.extend_from_slice(label.as_bytes());
        info.push(0);
        let mut made = vec![0; len];
        match self {
            Self::Aes128GcmSha256 => Hkdf::<Sha256>::from_prk(secret).ok()?.expand(&info, &mut made).ok()?,
            Self::Aes256GcmSha384 => Hkdf::<Sha384>::from_prk(secret).ok()?.expand(&info, &mut made).ok()?,
        }
        Some(made)
    }
}

enum Cipher {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
}

/// What decrypts the records of one side in one epoch.
pub(crate) struct Keys {
    suite: Suite,
    cipher: Cipher,
    iv: [u8; 12],
    secret: Vec<u8>,
    sequence: u64,
}

impl Keys {
    /// The keys that follow from a secret (7.3); `None` if it does not fit the suite.
    pub(crate) fn new(suite: Suite, secret: &[u8]) -> Option<Self> {
        let key = suite.expand(secret, "key", suite.key_len())?;
        let iv = suite.expand(secret, "iv", 12)?.try_into().ok()?;
        let cipher = match suite {
            Suite::Aes128GcmSha256 => Cipher::Aes128(Box::new(Aes128Gcm::new_from_slice(&key).ok()?)),
            Suite::Aes256GcmSha384 => Cipher::Aes256(Box::new(Aes256Gcm::new_from_slice(&key).ok()?)),
        };
        Some(Self { suite, cipher, iv, secret: secret.to_vec(), sequence: 0 })
    }

    /// The keys behind a KeyUpdate (7.2).
    pub(crate) fn update(&self) -> Option<Self> {
        let secret = self.suite.expand(&self.secret, "traffic upd", self.secret.len())?;
        Self::new(self.suite, &secret)
    }

    /// The content of a record, its type and padding included (5.2). Records have to come in their order.
    pub(crate) fn decrypt(&mut self, record: &[u8]) -> Option<Vec<u8>> {
        let (header, sealed) = record.split_at_checked(HEADER)?;
        let mut nonce = self.iv;
        for (byte, sequence) in nonce.iter_mut().skip(4).zip(self.sequence.to_be_bytes()) {
            *byte ^= sequence;
        }
        self.sequence = self.sequence.wrapping_add(1);
        let (content, tag) = sealed.split_last_chunk::<TAG>()?;
        let mut content = content.to_vec();
        let (nonce, tag) = (Nonce::from_slice(&nonce), Tag::from_slice(tag));
        let opened = match &self.cipher {
            Cipher::Aes128(cipher) => cipher.decrypt_in_place_detached(nonce, header, &mut content, tag),
            Cipher::Aes256(cipher) => cipher.decrypt_in_place_detached(nonce, header, &mut content, tag),
        };
        opened.is_ok().then_some(content)
    }
}
