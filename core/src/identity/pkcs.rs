//! Keys as DER: `PrivateKeyInfo` (PKCS #8, RFC 5208), `RSAPrivateKey` (PKCS #1, RFC 8017 A.1.2) and `SubjectPublicKeyInfo`
//! (RFC 5280 4.1).

use super::key::KeyError;
use super::private_key::{PUBLIC_EXPONENT, PrivateKey};
use crate::bytes::Bytes;
use crate::der::{INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, element_of, natural, optional, whole};
use crypto_bigint::{Encoding, Limb, U2048, Uint, Word};
use zeroize::Zeroizing;

/// rsaEncryption (RFC 8017 A.1), without tag and length.
const RSA_ENCRYPTION: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// NULL, the parameters of rsaEncryption.
const NULL: [u8; 2] = [0x05, 0x00];
/// Tags of the attributes, and of the public key, that may follow the private key in PKCS #8.
const ATTRIBUTES: u8 = 0xa0;
const PUBLIC_KEY: u8 = 0x81;

/// The most bytes of a key of 2048 bits as PKCS #8: 1 219, rounded up.
pub(super) const PKCS8_MAX: usize = 1_280;

/// What comes before the modulus in the SubjectPublicKeyInfo of an RSA key of 2048 bits, …
const PUBLIC_HEAD: [u8; 33] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00,
];
/// … and after it, for the exponent 65537.
const PUBLIC_TAIL: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];
/// Bytes of that SubjectPublicKeyInfo.
const PUBLIC_LEN: usize = 294;

impl PrivateKey {
    /// Reads PKCS #8 into `place`. What is there stays there if that fails.
    ///
    /// # Errors
    /// [`KeyError::Format`], [`KeyError::Unsupported`], [`KeyError::Inconsistent`].
    pub(super) fn read_pkcs8(der: &[u8], place: &mut Option<Self>) -> Result<(), KeyError> {
        let (mut algorithm, key) = private_key_info(der).ok_or(KeyError::Format)?;
        let id = element_of(&mut algorithm, OBJECT_IDENTIFIER).ok_or(KeyError::Format)?;
        if id.rest() != RSA_ENCRYPTION {
            return Err(KeyError::Unsupported);
        }
        if algorithm.rest() != NULL {
            return Err(KeyError::Format);
        }
        Self::read_pkcs1(key, place)
    }

    /// Reads PKCS #1 into `place`. What is there stays there if that fails.
    ///
    /// # Errors
    /// [`KeyError::Format`]; [`KeyError::Unsupported`] unless the key has 2048 bits, two primes of 1024 and the exponent
    /// 65537; [`KeyError::Inconsistent`] if its parts contradict each other.
    // Not a part of the caller, and no result of it: a key is 1.2 KB of a stack, at a place where that is deep.
    #[inline(never)]
    pub(super) fn read_pkcs1(der: &[u8], place: &mut Option<Self>) -> Result<(), KeyError> {
        let [version, n, e, d, p, q, dp, dq, qinv] = numbers(der).ok_or(KeyError::Format)?;
        let is_2048_bits = n.len() == U2048::BYTES && n.first().is_some_and(|&highest| highest >= 0x80);
        if !version.is_empty() || e != exponent() || !is_2048_bits {
            return Err(KeyError::Unsupported);
        }
        let key = Self {
            n: number(n)?,
            d: number(d)?,
            p: number(p)?,
            q: number(q)?,
            dp: number(dp)?,
            dq: number(dq)?,
            qinv: number(qinv)?,
        };
        if !key.is_consistent() {
            return Err(KeyError::Inconsistent);
        }
        *place = Some(key);
        Ok(())
    }

    /// Writes PKCS #8 to the end of a buffer, and returns what was written.
    ///
    /// # Errors
    /// [`KeyError::Device`] if that is too short: [`PKCS8_MAX`] bytes are enough.
    pub(super) fn write_pkcs8<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], KeyError> {
        let end = buffer.len();
        let mut writer = Backwards { buffer, at: end };
        let Self { n, d, p, q, dp, dq, qinv } = self;
        for part in [qinv, dq, dp, q, p] {
            writer.natural(part.as_words())?;
        }
        writer.natural(d.as_words())?;
        writer.natural(&[Limb::from_u32(PUBLIC_EXPONENT).0])?;
        writer.natural(n.as_words())?;
        writer.natural(&[])?;
        writer.head(SEQUENCE, end)?;
        writer.head(OCTET_STRING, end)?;
        let algorithm_end = writer.at;
        writer.bytes(&NULL)?;
        let id_end = writer.at;
        writer.bytes(&RSA_ENCRYPTION)?;
        writer.head(OBJECT_IDENTIFIER, id_end)?;
        writer.head(SEQUENCE, algorithm_end)?;
        writer.natural(&[])?;
        writer.head(SEQUENCE, end)?;
        let Backwards { buffer, at } = writer;
        Ok(buffer.get(at..).unwrap_or_default())
    }

    /// The public half as SubjectPublicKeyInfo.
    pub(super) fn to_public(&self) -> [u8; PUBLIC_LEN] {
        let mut der = [0; PUBLIC_LEN];
        let modulus = self.n.to_be_bytes();
        for (slot, byte) in der.iter_mut().zip(PUBLIC_HEAD.iter().chain(&modulus).chain(&PUBLIC_TAIL)) {
            *slot = *byte;
        }
        der
    }
}

/// The content of the AlgorithmIdentifier, and the private key, in a PrivateKeyInfo of either version (RFC 5958).
fn private_key_info(der: &[u8]) -> Option<(Bytes<'_>, &[u8])> {
    let mut info = whole(der, SEQUENCE)?;
    let version = natural(&mut info)?;
    let algorithm = element_of(&mut info, SEQUENCE)?;
    let key = element_of(&mut info, OCTET_STRING)?;
    optional(&mut info, ATTRIBUTES)?;
    match version {
        [] => {}
        [1] => _ = optional(&mut info, PUBLIC_KEY)?,
        _ => return None,
    }
    info.end()?;
    Some((algorithm, key.rest()))
}

/// The numbers of an RSAPrivateKey with two primes, the version among them.
fn numbers(der: &[u8]) -> Option<[&[u8]; 9]> {
    let mut content = whole(der, SEQUENCE)?;
    let mut numbers = [&[][..]; 9];
    for number in &mut numbers {
        *number = natural(&mut content)?;
    }
    // A key of more than two primes has them here, and another version.
    if numbers.first().is_some_and(|version| version.is_empty()) {
        content.end()?;
    }
    Some(numbers)
}

/// e, big-endian.
fn exponent() -> [u8; 3] {
    let [_, exponent @ ..] = PUBLIC_EXPONENT.to_be_bytes();
    exponent
}

/// A part of the key that must fit: if it does not, the key is larger than 2048 bits or its primes differ in size.
fn number<const LIMBS: usize>(bytes: &[u8]) -> Result<Uint<LIMBS>, KeyError>
where
    Uint<LIMBS>: Encoding,
{
    let mut padded = Zeroizing::new([0; U2048::BYTES]);
    let padded = padded.get_mut(..Uint::<LIMBS>::BYTES).ok_or(KeyError::Unsupported)?;
    let start = padded.len().checked_sub(bytes.len()).ok_or(KeyError::Unsupported)?;
    padded.get_mut(start..).ok_or(KeyError::Unsupported)?.copy_from_slice(bytes);
    Ok(Uint::from_be_slice(padded))
}

/// Writes from the end of a buffer to its start: what is inside an element is there before its length is written.
struct Backwards<'b> {
    buffer: &'b mut [u8],
    /// Where what was written begins.
    at: usize,
}

impl Backwards<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), KeyError> {
        let start = self.at.checked_sub(bytes.len()).ok_or(KeyError::Device)?;
        self.buffer.get_mut(start..self.at).ok_or(KeyError::Device)?.copy_from_slice(bytes);
        self.at = start;
        Ok(())
    }

    /// Tag and length of what was written since `end`.
    fn head(&mut self, tag: u8, end: usize) -> Result<(), KeyError> {
        match end.saturating_sub(self.at) {
            len @ 0..=0x7f => self.bytes(&[tag, len as u8]),
            len @ 0x80..=0xff => self.bytes(&[tag, 0x81, len as u8]),
            len => {
                let [high, low] = u16::try_from(len).map_err(|_| KeyError::Device)?.to_be_bytes();
                self.bytes(&[tag, 0x82, high, low])
            }
        }
    }

    /// An INTEGER that is not negative, of the words of a number, lowest first.
    fn natural(&mut self, words: &[Word]) -> Result<(), KeyError> {
        let end = self.at;
        for word in words {
            self.bytes(&word.to_be_bytes())?;
        }
        let written = self.buffer.get(self.at..end).unwrap_or_default();
        self.at += written.iter().take_while(|&&byte| byte == 0).count();
        if self.buffer.get(self.at..end).and_then(<[u8]>::first).is_none_or(|&highest| highest >= 0x80) {
            self.bytes(&[0])?;
        }
        self.head(INTEGER, end)
    }
}
