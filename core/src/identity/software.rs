//! The RSA key in memory.
//!
//! # What timing can tell, and what is wiped
//!
//! RSA decryption whose duration depends on the key and on the message is enough to decrypt over a network what was not
//! meant to be (the Marvin attack, RUSTSEC-2023-0071). Here the numbers of the key meet only the arithmetic of
//! `crypto_bigint`, which takes the same time and touches the same memory for all values of one size, and the padding is
//! taken off without branching on secret data: by the `rsa` crate, whose versions up to 0.9 did not, or by our own code where the
//! feature `rsa` is off. On top of that every decryption is blinded, so that neither the Cloud nor an
//! eavesdropper chooses or knows the number that is raised to the secret exponents. The result of the shortcut through p and
//! q is checked with the public exponent before it is used, which a fault in the calculation does not survive. See
//! [`private_key`](super::private_key).
//!
//! All failures to decrypt are one: [`KeyError::Decrypt`]. There is no telling a ciphertext that is too large from one
//! with the wrong padding.
//!
//! The key, and what [`generate`](super::generate) holds, are overwritten when they are dropped, and so are the results of
//! each half of a calculation. What `crypto_bigint` leaves on the stack *during* one is not, nor what the `rsa` crate frees
//! during one. Where memory can be read by others, let the global allocator overwrite what is freed.

use super::generate::{Generation, is_stuck};
use super::key::{CIPHERTEXT_LEN, Key, KeyError, PLAINTEXT_MAX, PRIVATE_PEM_MAX, PUBLIC_PEM_LEN, Progress, PublicPem};
use super::pem::{Form, PrivateDer, encode};
use super::pkcs::PKCS8_MAX;
use super::private_key::PrivateKey;
use crate::secret::Secret;
use core::fmt;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// An RSA-2048 key pair in memory, or the place for one.
///
/// It takes 1.6 KB where it lies. Decrypting takes heap if the feature `rsa` is on, and none otherwise.
#[derive(Default)]
pub struct SoftwareKey {
    key: Option<PrivateKey>,
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

    fn held(&self) -> Result<&PrivateKey, KeyError> {
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
    #[inline(never)]
    fn generate_step(&mut self, rng: &mut dyn CryptoRng) -> Result<Progress, KeyError> {
        if self.generation.is_none() {
            self.generation = Some(Generation::new(rng)?);
        }
        let Some(generation) = &mut self.generation else { return Err(KeyError::Device) };
        let before = generation.progress();
        // The key is looked at where it is, and the search worked on where it is: this is a deep place of a stack.
        match generation.step(rng) {
            Ok(None) => Ok(generation.progress()),
            Ok(key) => {
                (self.key, self.generation) = (key, None);
                Ok(Progress { done: true, ..before })
            }
            Err(error) => {
                self.generation = None;
                Err(error)
            }
        }
    }

    fn public_pem(&self) -> Result<PublicPem, KeyError> {
        // The key has one size, and so has this.
        let mut buffer = [0; PUBLIC_PEM_LEN];
        encode(b"PUBLIC KEY", &self.held()?.to_public(), &mut buffer).ok_or(KeyError::Device)?;
        let text = core::str::from_utf8(&buffer).map_err(|_| KeyError::Device)?;
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
        key.decrypt(ciphertext, rng)
    }

    fn private_pem(&self) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError> {
        let key = self.held()?;
        Secret::fill_with(|buffer| {
            let mut der = Zeroizing::new([0; PKCS8_MAX]);
            encode(b"PRIVATE KEY", key.write_pkcs8(der.as_mut_slice())?, buffer).ok_or(KeyError::Device)
        })
    }

    /// Takes over a private key in PKCS#8 or PKCS#1 form (PEM), and gives up one that is being generated.
    ///
    /// All parts of the key are checked against each other, but not whether p and q are primes: a key of anything else
    /// decrypts nothing.
    fn import_pem(&mut self, pem: &[u8]) -> Result<(), KeyError> {
        // It stays where it is read: it is large.
        match &PrivateDer::read(pem) {
            Ok(PrivateDer { form: Form::Pkcs8, der }) => PrivateKey::read_pkcs8(der.expose(), &mut self.key)?,
            Ok(PrivateDer { form: Form::Pkcs1, der }) => PrivateKey::read_pkcs1(der.expose(), &mut self.key)?,
            Err(error) => return Err(*error),
        }
        self.generation = None;
        Ok(())
    }

    fn forget(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests;
