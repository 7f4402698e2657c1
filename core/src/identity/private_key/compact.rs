//! The private operation by code of our own (RFC 8017 5.1.2): the way through p and q, blinding, and the check of the result.

use super::{Field, PRIME_LEN, PUBLIC_EXPONENT, PrivateKey, Residue, halves, product};
use crate::identity::key::{CIPHERTEXT_LEN, KeyError, PLAINTEXT_MAX};
use crate::identity::oaep;
use crate::modular;
use crate::secret::Secret;
use crypto_bigint::subtle::ConstantTimeLess;
use crypto_bigint::{Encoding, U1024, U2048};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

impl PrivateKey {
    /// RSAES-OAEP with SHA-1.
    ///
    /// # Errors
    /// As [`private_operation`](Self::private_operation) has them, and [`KeyError::Decrypt`] if the padding is wrong.
    pub(in crate::identity) fn decrypt(
        &self,
        ciphertext: &[u8; CIPHERTEXT_LEN],
        rng: &mut dyn CryptoRng,
    ) -> Result<Secret<PLAINTEXT_MAX>, KeyError> {
        oaep::unpad(&mut *self.private_operation(ciphertext, rng)?)
    }

    /// ciphertext^d modulo n. The number that is raised to the secret exponents is blinded: neither who made the ciphertext
    /// chooses nor who watches knows it.
    ///
    /// # Errors
    /// [`KeyError::Decrypt`] if the ciphertext is not below n; [`KeyError::Device`] if the result is not right, which only a
    /// fault in the calculation or a key of numbers that are no primes can do.
    fn private_operation(
        &self,
        ciphertext: &[u8; CIPHERTEXT_LEN],
        rng: &mut dyn CryptoRng,
    ) -> Result<Zeroizing<[u8; CIPHERTEXT_LEN]>, KeyError> {
        let c = U2048::from_be_slice(ciphertext);
        if !bool::from(c.ct_lt(&self.n)) {
            return Err(KeyError::Decrypt);
        }
        let (first, field) = power(&c, &self.p, &self.dp, rng)?;
        let second = Zeroizing::new(power(&c, &self.q, &self.dq, rng)?.0.retrieve());
        // The number that is `first` modulo p and `second` modulo q: second + q·((first - second)/q mod p).
        let difference = first - Residue::new(&second, field);
        let factor = Zeroizing::new((difference * Residue::new(&self.qinv, field)).retrieve());
        let product = Zeroizing::new(product(&factor, &self.q));
        let plaintext = Zeroizing::new(product.wrapping_add(&U1024::ZERO.concat(&second)));
        let plaintext = Zeroizing::new(plaintext.to_be_bytes());
        // A fault in one of the halves would tell a factor of n to whoever sees the result.
        let mut again = Zeroizing::new([0; CIPHERTEXT_LEN]);
        modular::power(plaintext.as_slice(), PUBLIC_EXPONENT.into(), &self.n.to_be_bytes(), again.as_mut_slice());
        if *again == *ciphertext { Ok(plaintext) } else { Err(KeyError::Device) }
    }
}

/// c^exponent modulo a prime, blinded by a random r: (c·r^e)^exponent / r. And what the prime is prepared to be.
fn power(c: &U2048, prime: &U1024, exponent: &U1024, rng: &mut dyn CryptoRng) -> Result<(Residue, Field), KeyError> {
    let field = Field::new(prime);
    let mut bytes = Zeroizing::new([0; PRIME_LEN]);
    rng.fill_bytes(bytes.as_mut_slice());
    let r = Residue::new(&U1024::from_be_slice(bytes.as_slice()), field);
    let (inverse, has_inverse) = r.invert();
    if !bool::from(has_inverse) {
        return Err(KeyError::Device);
    }
    let mut blinding = r;
    for _ in 0..PUBLIC_EXPONENT.ilog2() {
        blinding = blinding.square();
    }
    blinding *= r;
    let (rest, _) = U1024::const_rem_wide(halves(c), prime);
    let blinded = Residue::new(&rest, field) * blinding;
    Ok((blinded.pow(exponent) * inverse, field))
}
