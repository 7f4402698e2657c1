//! RSA signatures (RFC 8017 8.1 and 8.2). The only part of TLS that allocates.

use core::fmt;
use core::ops::RangeInclusive;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// Bits of a modulus: smaller keys are broken or will be, larger ones only cost time. The public exponent has 33 bits at
/// most (`rsa` sees to that), so that the work is bounded.
const MODULUS_BITS: RangeInclusive<u32> = 2_048..=8_192;

pub(super) const PKCS1_SHA256: &dyn SignatureVerificationAlgorithm =
    &Rsa { id: alg_id::RSA_PKCS1_SHA256, verify: |key, message, signature| pkcs1::<Sha256>(key, message, signature) };
pub(super) const PKCS1_SHA384: &dyn SignatureVerificationAlgorithm =
    &Rsa { id: alg_id::RSA_PKCS1_SHA384, verify: |key, message, signature| pkcs1::<Sha384>(key, message, signature) };
pub(super) const PKCS1_SHA512: &dyn SignatureVerificationAlgorithm =
    &Rsa { id: alg_id::RSA_PKCS1_SHA512, verify: |key, message, signature| pkcs1::<Sha512>(key, message, signature) };
/// `rsa_pss_rsae_sha256`.
pub(crate) const PSS_SHA256: &dyn SignatureVerificationAlgorithm = &Rsa {
    id: alg_id::RSA_PSS_SHA256,
    verify: |key, message, signature| key.verify(Pss::<Sha256>::new_with_salt(32), &Sha256::digest(message), signature),
};
/// `rsa_pss_rsae_sha384`.
pub(crate) const PSS_SHA384: &dyn SignatureVerificationAlgorithm = &Rsa {
    id: alg_id::RSA_PSS_SHA384,
    verify: |key, message, signature| key.verify(Pss::<Sha384>::new_with_salt(48), &Sha384::digest(message), signature),
};
/// `rsa_pss_rsae_sha512`.
pub(crate) const PSS_SHA512: &dyn SignatureVerificationAlgorithm = &Rsa {
    id: alg_id::RSA_PSS_SHA512,
    verify: |key, message, signature| key.verify(Pss::<Sha512>::new_with_salt(64), &Sha512::digest(message), signature),
};

struct Rsa {
    id: AlgorithmIdentifier,
    verify: fn(&RsaPublicKey, message: &[u8], signature: &[u8]) -> rsa::Result<()>,
}

fn pkcs1<D: Digest + rsa::pkcs8::AssociatedOid>(
    key: &RsaPublicKey,
    message: &[u8],
    signature: &[u8],
) -> rsa::Result<()> {
    key.verify(Pkcs1v15Sign::new::<D>(), &D::digest(message), signature)
}

impl fmt::Debug for Rsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rsa({:?})", self.id)
    }
}

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = RsaPublicKey::from_pkcs1_der(key).map_err(|_| InvalidSignature)?;
        if !MODULUS_BITS.contains(&key.n().bits()) {
            return Err(InvalidSignature);
        }
        (self.verify)(&key, message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.id
    }
}
