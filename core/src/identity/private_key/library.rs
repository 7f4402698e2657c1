//! The private operation by the `rsa` crate, always blinded. It takes some 10 KB of heap, all given back.

use super::{PUBLIC_EXPONENT, PrivateKey};
use crate::identity::key::{CIPHERTEXT_LEN, KeyError, PLAINTEXT_MAX};
use crate::secret::Secret;
use alloc::vec;
use crypto_bigint::Encoding;
use rand_core::CryptoRng;
use rsa::{BoxedUint, Oaep, RsaPrivateKey};
use sha1::Sha1;
use zeroize::Zeroizing;

impl PrivateKey {
    /// RSAES-OAEP with SHA-1.
    ///
    /// # Errors
    /// [`KeyError::Decrypt`] if the ciphertext is not below n or its padding is wrong; [`KeyError::Device`] if p and q are no
    /// primes, or a fault happened in the calculation.
    pub(in crate::identity) fn decrypt(
        &self,
        ciphertext: &[u8; CIPHERTEXT_LEN],
        rng: &mut dyn CryptoRng,
    ) -> Result<Secret<PLAINTEXT_MAX>, KeyError> {
        let primes = vec![number(&self.p.to_be_bytes())?, number(&self.q.to_be_bytes())?];
        let (n, d) = (number(&self.n.to_be_bytes())?, number(&self.d.to_be_bytes())?);
        let key = RsaPrivateKey::from_components(n, BoxedUint::from(PUBLIC_EXPONENT), d, primes);
        let plaintext = key.map_err(|_| KeyError::Device)?.decrypt_blinded(rng, Oaep::<Sha1>::new(), ciphertext);
        let plaintext = plaintext.map(Zeroizing::new).map_err(|_| KeyError::Decrypt)?;
        Secret::copy_of(&plaintext).map_err(|_| KeyError::Decrypt)
    }
}

/// A part of the key, of as many bits as it has bytes for. The key wipes what it is given.
fn number(bytes: &[u8]) -> Result<BoxedUint, KeyError> {
    BoxedUint::from_be_slice(bytes, u8::BITS * bytes.len() as u32).map_err(|_| KeyError::Device)
}
