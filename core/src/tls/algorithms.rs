//! The signature algorithms of certificate chains and of the handshake.
//!
//! P-256 with SHA-256 is always there. Feature `p384` adds P-384, feature `compact-ecdsa` checks both by our own code; features `rsa` and `compact-rsa` add RSA from 2048 to 8192
//! bits, with PKCS #1 v1.5 (chains only) and PSS, by the `rsa` crate or by our own code. SHA-384 with P-256 comes along with either, because both bring SHA-384 anyway.

use super::certificate::ecdsa_signature;
use crate::hash::Hash;
use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

#[cfg(feature = "compact-ecdsa")]
mod compact_ecdsa;
#[cfg(all(feature = "compact-rsa", not(feature = "rsa")))]
mod compact_rsa;
#[cfg(not(feature = "compact-ecdsa"))]
mod ecdsa;
#[cfg(feature = "rsa")]
mod rsa;

#[cfg(feature = "compact-ecdsa")]
use compact_ecdsa as ecdsa;
#[cfg(all(feature = "compact-rsa", not(feature = "rsa")))]
use compact_rsa as rsa;
#[cfg(feature = "compact-rsa")]
pub(crate) use rsa::{PSS_SHA256, PSS_SHA384, PSS_SHA512};

/// What is accepted as a signature on a certificate, what is common first.
pub(crate) const CHAIN: &[&dyn SignatureVerificationAlgorithm] = &[
    P256_SHA256,
    #[cfg(feature = "p384")]
    P384_SHA384,
    #[cfg(any(feature = "p384", feature = "compact-rsa"))]
    P256_SHA384,
    #[cfg(feature = "p384")]
    P384_SHA256,
    #[cfg(feature = "compact-rsa")]
    rsa::PKCS1_SHA256,
    #[cfg(feature = "compact-rsa")]
    rsa::PKCS1_SHA384,
    #[cfg(feature = "compact-rsa")]
    rsa::PKCS1_SHA512,
    #[cfg(feature = "compact-rsa")]
    PSS_SHA256,
    #[cfg(feature = "compact-rsa")]
    PSS_SHA384,
    #[cfg(feature = "compact-rsa")]
    PSS_SHA512,
];

/// Signatures that are checked for one chain. A real chain needs four at most; webpki alone would check a hundred for a
/// hostile one, which is minutes on a small processor.
pub(crate) const SIGNATURES: u8 = 16;

/// `ecdsa_secp256r1_sha256`.
pub(crate) const P256_SHA256: &dyn SignatureVerificationAlgorithm =
    &Ecdsa { verify: ecdsa::p256, hash: Hash::Sha256, key: alg_id::ECDSA_P256, signature: alg_id::ECDSA_SHA256 };
#[cfg(any(feature = "p384", feature = "compact-rsa"))]
const P256_SHA384: &dyn SignatureVerificationAlgorithm =
    &Ecdsa { verify: ecdsa::p256, hash: Hash::Sha384, key: alg_id::ECDSA_P256, signature: alg_id::ECDSA_SHA384 };
/// `ecdsa_secp384r1_sha384`.
#[cfg(feature = "p384")]
pub(crate) const P384_SHA384: &dyn SignatureVerificationAlgorithm =
    &Ecdsa { verify: ecdsa::p384, hash: Hash::Sha384, key: alg_id::ECDSA_P384, signature: alg_id::ECDSA_SHA384 };
#[cfg(feature = "p384")]
const P384_SHA256: &dyn SignatureVerificationAlgorithm =
    &Ecdsa { verify: ecdsa::p384, hash: Hash::Sha256, key: alg_id::ECDSA_P384, signature: alg_id::ECDSA_SHA256 };

/// `Some` if key, hash and the two numbers of a signature belong together on some curve. The key is an uncompressed point, the
/// only form that CAs issue and others accept.
type Verify = fn(key: &[u8], hash: &[u8], r: &[u8], s: &[u8]) -> Option<()>;

/// ECDSA (FIPS 186-5; RFC 5480 for keys, RFC 3279 2.2.3 for signatures).
#[derive(Debug)]
struct Ecdsa {
    verify: Verify,
    hash: Hash,
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let (r, s) = ecdsa_signature(signature).ok_or(InvalidSignature)?;
        let hash = self.hash.of(&[message]);
        (self.verify)(key, hash.as_bytes(), r, s).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// An algorithm that works only as long as there are checks left.
pub(crate) struct Metered<'a> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    left: &'a AtomicU8,
}

impl<'a> Metered<'a> {
    pub(crate) const fn new(algorithm: &'static dyn SignatureVerificationAlgorithm, left: &'a AtomicU8) -> Self {
        Self { algorithm, left }
    }
}

impl fmt::Debug for Metered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.algorithm.fmt(f)
    }
}

impl SignatureVerificationAlgorithm for Metered<'_> {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let left = self.left.load(Relaxed).checked_sub(1).ok_or(InvalidSignature)?;
        self.left.store(left, Relaxed);
        self.algorithm.verify_signature(key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}

#[cfg(test)]
mod tests;
