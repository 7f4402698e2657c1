//! The RSA key in memory.
//!
//! # What timing can tell, and what cannot be wiped
//!
//! The `rsa` crate up to 0.9 had private key operations whose duration depended on the key and on the message, enough
//! to decrypt over a network what was not meant to be (the Marvin attack, RUSTSEC-2023-0071). From the release
//! candidates of 0.10 on it calculates with `crypto_bigint`, whose exponentiation takes the same time and touches the
//! same memory for all values of one size, and it checks OAEP without branching on secret data. We use nothing older.
//! On top of that every decryption here is blinded: the ciphertext is multiplied by r^e for a fresh random r before the
//! private exponent sees it, and the result by 1/r after, so that neither the Cloud nor an eavesdropper chooses or
//! knows the number that is calculated with. The result of the shortcut through p and q is checked with the public
//! exponent before it leaves the crate, which a fault in the calculation does not survive.
//!
//! All failures to decrypt are one: [`KeyError::Decrypt`]. There is no telling a ciphertext that is too large from one
//! with the wrong padding.
//!
//! On drop, the private exponent and the primes are overwritten, and so is everything this module and
//! [`generate`](super::generate) hold. What `rsa` and `crypto_bigint` free *during* a calculation is not overwritten by
//! them, and neither is the copy of p that the precomputed 1/q carries. Where memory can be read by others, let the
//! global allocator overwrite what is freed.

use super::generate::{Generation, PUBLIC_EXPONENT, is_stuck};
use super::key::{CIPHERTEXT_LEN, Key, KeyError, PLAINTEXT_MAX, PRIVATE_PEM_MAX, PUBLIC_PEM_LEN, Progress, PublicPem};
use super::pem::{Form, PrivateDer};
use crate::secret::Secret;
use alloc::vec;
use core::fmt;
use crypto_bigint::BoxedUint;
use rand_core::CryptoRng;
use rsa::pkcs1::{self, RsaPrivateKeyRef, UintRef};
use rsa::pkcs8::der::pem::{LineEnding, encode};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, PrivateKeyInfoRef};
use rsa::traits::PrivateKeyParts;
use rsa::{Oaep, RsaPrivateKey};
use sha1::Sha1;
use zeroize::Zeroizing;

const MODULUS_BITS: u32 = 2048;
const PRIME_BITS: u32 = 1024;

/// An RSA-2048 key pair in memory, or the place for one.
///
/// It takes 3.3 KB of heap. Making or reading one takes up to 5.2 KB including those, decrypting 6.2 KB beside them, and
/// writing the PEM 2.7 KB, all given back at the end of the call (`tests/heap_rsa.rs` prints and limits them). On a
/// Cortex-M4, decrypting takes 61 million instructions and reading 5 million.
#[derive(Default)]
pub struct SoftwareKey {
    key: Option<RsaPrivateKey>,
    generation: Option<Generation>,
}

impl SoftwareKey {
    /// No key yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { key: None, generation: None }
    }

    /// Gives up a key that is being generated and wipes what was found so far. A key that is held stays.
    pub fn cancel_generation(&mut self) {
        self.generation = None;
    }

    fn held(&self) -> Result<&RsaPrivateKey, KeyError> {
        self.key.as_ref().ok_or(KeyError::Missing)
    }
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftwareKey")
            .field("is_present", &self.is_present())
            .field("generation", &self.generation)
            .finish()
    }
}

impl Key for SoftwareKey {
    fn is_present(&self) -> bool {
        self.key.is_some()
    }

    /// See [`Generation::step`]. After [`Progress::done`], the next call starts over.
    fn generate_step(&mut self, rng: &mut dyn CryptoRng) -> Result<Progress, KeyError> {
        let mut generation = match self.generation.take() {
            Some(generation) => generation,
            None => Generation::new(rng)?,
        };
        let before = generation.progress();
        if let Some(key) = generation.step(rng)? {
            self.key = Some(key);
            return Ok(Progress { done: true, ..before });
        }
        let progress = generation.progress();
        self.generation = Some(generation);
        Ok(progress)
    }

    fn public_pem(&self) -> Result<PublicPem, KeyError> {
        // With a modulus of 2048 bits and this exponent nothing can fail: the length is always the same.
        let der = self.held()?.as_public_key().to_public_key_der().map_err(|_| KeyError::Device)?;
        let mut buffer = [0; PUBLIC_PEM_LEN];
        let text = encode("PUBLIC KEY", LineEnding::LF, der.as_bytes(), &mut buffer).map_err(|_| KeyError::Device)?;
        PublicPem::try_from(text).map_err(|_| KeyError::Device)
    }

    fn decrypt(
        &self,
        ciphertext: &[u8; CIPHERTEXT_LEN],
        rng: &mut dyn CryptoRng,
    ) -> Result<Secret<PLAINTEXT_MAX>, KeyError> {
        let key = self.held()?;
        if is_stuck(rng) {
            return Err(KeyError::Device);
        }
        let plaintext = key
            .decrypt_blinded(rng, Oaep::<Sha1>::new(), ciphertext)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Decrypt)?;
        Secret::copy_of(&plaintext).map_err(|_| KeyError::Decrypt)
    }

    fn private_pem(&self) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError> {
        let der = self.held()?.to_pkcs8_der().map_err(|_| KeyError::Device)?;
        Secret::fill_with(|buffer| {
            let text = encode("PRIVATE KEY", LineEnding::LF, der.as_bytes(), buffer).map_err(|_| KeyError::Device)?;
            Ok(text.len())
        })
    }

    /// Takes over a private key in PKCS#8 or PKCS#1 form (PEM), and gives up one that is being generated.
    ///
    /// All parts of the key are checked against each other, but not whether p and q are primes: a key of anything else
    /// decrypts nothing.
    fn import_pem(&mut self, pem: &[u8]) -> Result<(), KeyError> {
        let PrivateDer { form, der } = PrivateDer::read(pem)?;
        let key = match form {
            Form::Pkcs8 => from_pkcs8(der.expose())?,
            Form::Pkcs1 => from_pkcs1(der.expose())?,
        };
        self.key = Some(key);
        self.generation = None;
        Ok(())
    }

    fn forget(&mut self) {
        *self = Self::new();
    }
}

fn from_pkcs8(der: &[u8]) -> Result<RsaPrivateKey, KeyError> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Format)?;
    if info.algorithm.oid != pkcs1::ALGORITHM_OID {
        return Err(KeyError::Unsupported);
    }
    if info.algorithm != pkcs1::ALGORITHM_ID {
        return Err(KeyError::Format);
    }
    from_pkcs1(info.private_key.as_bytes())
}

fn from_pkcs1(der: &[u8]) -> Result<RsaPrivateKey, KeyError> {
    let parts = RsaPrivateKeyRef::try_from(der).map_err(|_| KeyError::Format)?;
    let n = number(parts.modulus, MODULUS_BITS)?;
    let e = number(parts.public_exponent, u32::BITS)?;
    if n.bits_vartime() != MODULUS_BITS || e != BoxedUint::from(PUBLIC_EXPONENT) || parts.other_prime_infos.is_some() {
        return Err(KeyError::Unsupported);
    }
    let d = number(parts.private_exponent, MODULUS_BITS)?;
    let p = number(parts.prime1, PRIME_BITS)?;
    let q = number(parts.prime2, PRIME_BITS)?;
    let key = RsaPrivateKey::from_components(n, e, d, vec![p, q]).map_err(|_| KeyError::Inconsistent)?;
    // The crate calculates these three itself and ignores what the file says. A file in which they differ is damaged.
    let exponent1 = Zeroizing::new(number(parts.exponent1, PRIME_BITS)?);
    let exponent2 = Zeroizing::new(number(parts.exponent2, PRIME_BITS)?);
    let coefficient = Zeroizing::new(number(parts.coefficient, PRIME_BITS)?);
    let is_consistent = key.dp() == Some(&exponent1)
        && key.dq() == Some(&exponent2)
        && key.qinv().map(|qinv| Zeroizing::new(qinv.retrieve())).as_ref() == Some(&coefficient);
    if is_consistent { Ok(key) } else { Err(KeyError::Inconsistent) }
}

/// A part of a key that must fit `bits`: if it does not, the key is larger than 2048 bits or its primes differ in size.
fn number(part: UintRef<'_>, bits: u32) -> Result<BoxedUint, KeyError> {
    BoxedUint::from_be_slice(part.as_bytes(), bits).map_err(|_| KeyError::Unsupported)
}

#[cfg(test)]
mod tests;
