//! The private operation by code of our own (RFC 8017 5.1.2): the way through p and q, blinding, and the check of the result.

use super::{Field, PRIME_LEN, PUBLIC_EXPONENT, PrivateKey, Residue, field, halves, product, raise_in};
use crate::identity::key::{CIPHERTEXT_LEN, KeyError, PLAINTEXT_MAX};
use crate::identity::oaep;
use crate::modular::{self, Number};
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
        let (mut first, mut second) = (Zeroizing::new(U1024::ZERO), Zeroizing::new(U1024::ZERO));
        // To prepare a prime takes as long as some thirty multiplications.
        let p = field(&self.p);
        power(&c, &p, &self.dp, rng, &mut first)?;
        power(&c, &field(&self.q), &self.dq, rng, &mut second)?;
        let mut plaintext = Zeroizing::new([0; CIPHERTEXT_LEN]);
        self.join(&p, &first, &second, &mut plaintext);
        // A fault in one of the halves would tell a factor of n to whoever sees the result.
        if self.encrypts(&plaintext, ciphertext) { Ok(plaintext) } else { Err(KeyError::Device) }
    }

    /// Whether the public key makes this ciphertext of the plaintext.
    #[inline(never)]
    fn encrypts(&self, plaintext: &[u8; CIPHERTEXT_LEN], ciphertext: &[u8; CIPHERTEXT_LEN]) -> bool {
        let (mut power, mut again) = (Number::ZERO, [0; CIPHERTEXT_LEN]);
        let calculated = modular::power(plaintext, PUBLIC_EXPONENT.into(), &self.n.to_be_bytes(), &mut power);
        power.store(&mut again);
        calculated.is_some() && again == *ciphertext
    }

    /// The number that is `first` modulo p and `second` modulo q: second + q·((first - second)/q mod p).
    #[inline(never)]
    fn join(&self, p: &Field, first: &U1024, second: &U1024, joined: &mut [u8; CIPHERTEXT_LEN]) {
        let difference = Residue::new(first, *p) - Residue::new(second, *p);
        let factor = Zeroizing::new((difference * Residue::new(&self.qinv, *p)).retrieve());
        let product = Zeroizing::new(product(&factor, &self.q));
        *joined = Zeroizing::new(product.wrapping_add(&U1024::ZERO.concat(second))).to_be_bytes();
    }
}

// Functions of their own, which hand on numbers and not residues, as in `private_key`.

/// c^exponent modulo a prime, blinded by a random r: (c·r^e)^exponent / r.
#[inline(never)]
fn power(
    c: &U2048,
    prime: &Field,
    exponent: &U1024,
    rng: &mut dyn CryptoRng,
    result: &mut U1024,
) -> Result<(), KeyError> {
    let mut inverse = Zeroizing::new(U1024::ZERO);
    blind(c, prime, rng, result, &mut inverse)?;
    raise_in(prime, result, exponent);
    unblind(result, &inverse, prime);
    Ok(())
}

/// c·r^e modulo a prime, and 1/r, for a random r.
#[inline(never)]
fn blind(
    c: &U2048,
    prime: &Field,
    rng: &mut dyn CryptoRng,
    blinded: &mut U1024,
    inverse: &mut U1024,
) -> Result<(), KeyError> {
    let mut bytes = Zeroizing::new([0; PRIME_LEN]);
    rng.fill_bytes(bytes.as_mut_slice());
    let r = Residue::new(&U1024::from_be_slice(bytes.as_slice()), *prime);
    let (inverse_of_r, has_inverse) = r.invert();
    if !bool::from(has_inverse) {
        return Err(KeyError::Device);
    }
    *inverse = inverse_of_r.retrieve();
    let mut blinding = r;
    for _ in 0..PUBLIC_EXPONENT.ilog2() {
        blinding = blinding.square();
    }
    blinding *= r;
    let (rest, _) = U1024::const_rem_wide(halves(c), prime.modulus());
    *blinded = (Residue::new(&rest, *prime) * blinding).retrieve();
    Ok(())
}

/// x = x·inverse modulo a prime.
#[inline(never)]
fn unblind(x: &mut U1024, inverse: &U1024, prime: &Field) {
    *x = (Residue::new(x, *prime) * Residue::new(inverse, *prime)).retrieve();
}
