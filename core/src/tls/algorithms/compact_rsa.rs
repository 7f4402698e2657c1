//! RSA signatures (RFC 8017 8.1 and 8.2) by code of our own: numbers that are public, all of them. No heap.

use crate::der::{SEQUENCE, natural, whole};
use crate::hash::Hash;
use crate::modular::{self, BYTES_MAX, Number};
use core::ops::RangeInclusive;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// Bits of a modulus: smaller keys are broken or will be, larger ones only cost time.
const MODULUS_BITS: RangeInclusive<usize> = 2_048..=8 * BYTES_MAX;

/// The least and the largest exponent: a larger one only costs time.
const EXPONENTS: RangeInclusive<u64> = 3..=(1 << 33) - 1;

pub(super) const PKCS1_SHA256: &dyn SignatureVerificationAlgorithm =
    &Rsa { id: alg_id::RSA_PKCS1_SHA256, hash: Hash::Sha256, padding: Padding::Pkcs1 };
pub(super) const PKCS1_SHA384: &dyn SignatureVerificationAlgorithm =
    &Rsa { id: alg_id::RSA_PKCS1_SHA384, hash: Hash::Sha384, padding: Padding::Pkcs1 };
pub(super) const PKCS1_SHA512: &dyn SignatureVerificationAlgorithm =
    &Rsa { id: alg_id::RSA_PKCS1_SHA512, hash: Hash::Sha512, padding: Padding::Pkcs1 };
/// `rsa_pss_rsae_sha256`.
pub(crate) const PSS_SHA256: &dyn SignatureVerificationAlgorithm =
    &Rsa { id: alg_id::RSA_PSS_SHA256, hash: Hash::Sha256, padding: Padding::Pss };
/// `rsa_pss_rsae_sha384`.
pub(crate) const PSS_SHA384: &dyn SignatureVerificationAlgorithm =
    &Rsa { id: alg_id::RSA_PSS_SHA384, hash: Hash::Sha384, padding: Padding::Pss };
/// `rsa_pss_rsae_sha512`.
pub(crate) const PSS_SHA512: &dyn SignatureVerificationAlgorithm =
    &Rsa { id: alg_id::RSA_PSS_SHA512, hash: Hash::Sha512, padding: Padding::Pss };

#[derive(Debug)]
struct Rsa {
    id: AlgorithmIdentifier,
    hash: Hash,
    padding: Padding,
}

#[derive(Debug, Clone, Copy)]
enum Padding {
    /// EMSA-PKCS1-v1_5.
    Pkcs1,
    /// EMSA-PSS with MGF1 of the same hash and a salt as long as it (RFC 8446 4.2.3).
    Pss,
}

impl Rsa {
    fn verify(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        let (n, e) = public_key(key)?;
        if signature.len() != n.len() {
            return None;
        }
        let mut power = Number::ZERO;
        modular::power(signature, e, n, &mut power)?;
        self.is_encoded(&power, n, message)
    }

    /// Whether a number is the message as it is encoded for a modulus. A function of its own: the stack of [`modular::power`] and
    /// the bytes here are not needed at the same time.
    #[inline(never)]
    fn is_encoded(&self, number: &Number, n: &[u8], message: &[u8]) -> Option<()> {
        let mut encoded = [0; BYTES_MAX];
        let encoded = encoded.get_mut(..n.len())?;
        number.store(encoded);
        let hash = self.hash.of(&[message]);
        match self.padding {
            Padding::Pkcs1 => pkcs1(encoded, self.hash, hash.as_bytes()),
            Padding::Pss => pss(encoded, bits(n) - 1, self.hash, hash.as_bytes()),
        }
    }
}

/// Modulus and exponent of an RSAPublicKey (RFC 8017 A.1.1), if they are acceptable.
fn public_key(der: &[u8]) -> Option<(&[u8], u64)> {
    let mut content = whole(der, SEQUENCE)?;
    let n = natural(&mut content)?;
    let e = natural(&mut content)?;
    content.end()?;
    if e.len() > size_of::<u64>() {
        return None;
    }
    let e = e.iter().fold(0, |e, &byte| e << 8 | u64::from(byte));
    (MODULUS_BITS.contains(&bits(n)) && EXPONENTS.contains(&e) && e & 1 == 1).then_some((n, e))
}

/// Bits of a number without leading zero bytes.
fn bits(number: &[u8]) -> usize {
    (number.len() * 8).saturating_sub(number.first().map_or(0, |highest| highest.leading_zeros() as usize))
}

/// RFC 8017 9.2: zero, one, at least eight times 255, zero, and the DigestInfo.
fn pkcs1(encoded: &[u8], algorithm: Hash, hash: &[u8]) -> Option<()> {
    // The last byte of 2.16.840.1.101.3.4.2 …
    let id = match algorithm {
        Hash::Sha256 => 1,
        Hash::Sha384 => 2,
        Hash::Sha512 => 3,
        Hash::Sha1 => return None,
    };
    let len = u8::try_from(hash.len()).ok()?;
    let info = [
        0x30,
        17 + len,
        0x30,
        0x0d,
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        0x02,
        id,
        0x05,
        0x00,
        0x04,
        len,
    ];
    let padding = encoded.strip_suffix(hash)?.strip_suffix(&info)?.strip_suffix(&[0])?.strip_prefix(&[0, 1])?;
    (padding.len() >= 8 && padding.iter().all(|&byte| byte == 0xff)).then_some(())
}

/// RFC 8017 9.1.2 for `bits` bits.
fn pss(encoded: &mut [u8], bits: usize, algorithm: Hash, hash: &[u8]) -> Option<()> {
    // A modulus of one bit more than whole bytes has a byte too many.
    let (excess, encoded) = encoded.split_at_mut_checked(encoded.len().checked_sub(bits.div_ceil(8))?)?;
    let (trailer, encoded) = encoded.split_last_mut()?;
    let (block, hashed) = encoded.split_at_mut_checked(encoded.len().checked_sub(hash.len())?)?;
    let unused = !(0xff_u8 >> (8 * block.len() + 8 * hash.len() + 8 - bits));
    if *trailer != 0xbc || excess.iter().any(|&byte| byte != 0) || block.first()? & unused != 0 {
        return None;
    }
    algorithm.mask(hashed, block);
    *block.first_mut()? &= !unused;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(hash.len())?)?;
    let (&one, zeros) = padding.split_last()?;
    if one != 1 || zeros.iter().any(|&byte| byte != 0) {
        return None;
    }
    (algorithm.of(&[&[0; 8], hash, salt]).as_bytes() == hashed).then_some(())
}

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.verify(key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.id
    }
}
