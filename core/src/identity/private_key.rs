//! An RSA-2048 private key: its parts, whether they belong together, and the private operation.
//!
//! What is calculated with secret numbers here is calculated by `crypto_bigint`: multiplication, exponentiation and
//! inversion take the same time and touch the same memory for all values of one size.
//!
//! The private operation is that of the `rsa` crate (feature `rsa`), which needs a heap. Without it (feature `compact-rsa`
//! alone) it is our own, for firmware: most of the crate's code is for keys of other sizes, 60 KB of flash.

#[cfg(not(feature = "rsa"))]
mod compact;
#[cfg(feature = "rsa")]
mod library;

use crypto_bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use crypto_bigint::subtle::{ConditionallySelectable, ConstantTimeLess};
use crypto_bigint::{Integer, Limb, NonZero, U1024, U2048, Uint, Word};
use zeroize::Zeroize;

/// The public exponent e, a prime.
pub(super) const PUBLIC_EXPONENT: u32 = 65_537;

/// Bytes of a prime.
pub(super) const PRIME_LEN: usize = 128;

/// A number modulo a prime of the key.
pub(super) type Residue = DynResidue<{ U1024::LIMBS }>;
/// A prime of the key, prepared for calculating modulo it.
pub(super) type Field = DynResidueParams<{ U1024::LIMBS }>;

// A residue has its prime along, and the numbers that are needed to calculate modulo it: 640 bytes on a board. What calculates with
// them is in functions of its own, with a few of them on the stack, and hands on the number alone.

/// A prime, or a candidate for one, prepared.
#[inline(never)]
pub(super) fn field(prime: &U1024) -> Field {
    Field::new(prime)
}

/// x = x^exponent modulo a prime, or a candidate for one.
pub(super) fn raise(x: &mut U1024, exponent: &U1024, prime: &U1024) {
    raise_in(&field(prime), x, exponent);
}

/// The powers of x that are kept meanwhile are most of a stack: the prime is prepared before.
#[inline(never)]
pub(super) fn raise_in(field: &Field, x: &mut U1024, exponent: &U1024) {
    *x = Residue::new(x, *field).pow(exponent).retrieve();
}

/// The parts of a key, as PKCS #1 has them (RFC 8017 3.2). Wiped on drop.
#[derive(Clone, PartialEq)]
pub struct PrivateKey {
    /// The modulus, p·q.
    pub(super) n: U2048,
    /// The private exponent.
    pub(super) d: U2048,
    pub(super) p: U1024,
    pub(super) q: U1024,
    /// d modulo p - 1.
    pub(super) dp: U1024,
    /// d modulo q - 1.
    pub(super) dq: U1024,
    /// 1/q modulo p.
    pub(super) qinv: U1024,
}

impl PrivateKey {
    /// The key of two primes, the larger first as OpenSSL has it, with the smallest private exponent. `None` if they are one
    /// prime, or if p - 1 or q - 1 is a multiple of e.
    #[inline(never)]
    pub(super) fn from_primes(p: &U1024, q: &U1024) -> Option<Self> {
        let (p, q) = if p > q { (*p, *q) } else { (*q, *p) };
        let (p_less, q_less) = (p.wrapping_sub(&U1024::ONE), q.wrapping_sub(&U1024::ONE));
        let common = Option::from(NonZero::new(common_divisor(&p_less, &q_less)))?;
        let least_common_multiple = product(&p_less, &q_less.div_rem(&common).0);
        let (inverse, has_inverse) = q.inv_odd_mod(&p);
        let key = Self {
            n: product(&p, &q),
            d: inverse_of_e(&least_common_multiple)?,
            dp: inverse_of_e(&p_less)?,
            dq: inverse_of_e(&q_less)?,
            qinv: inverse,
            p,
            q,
        };
        bool::from(has_inverse).then_some(key)
    }

    /// Whether the parts belong together, but for p and q being primes: a key of anything else decrypts nothing.
    #[inline(never)]
    pub(super) fn is_consistent(&self) -> bool {
        let Self { n, d, p, q, dp, dq, qinv } = self;
        if !bool::from(p.is_odd() & q.is_odd()) || product(p, q) != *n || d >= n || qinv >= p {
            return false;
        }
        let exponents_fit = [(p, dp), (q, dq)].into_iter().all(|(prime, exponent)| {
            let less = prime.wrapping_sub(&U1024::ONE);
            let (rest, _) = U1024::const_rem_wide(halves(d), &less);
            let (one, _) = U1024::const_rem_wide(exponent.mul_wide(&U1024::from_u32(PUBLIC_EXPONENT)), &less);
            rest == *exponent && one == U1024::ONE
        });
        let (one, _) = U1024::const_rem_wide(qinv.mul_wide(q), p);
        exponents_fit && one == U1024::ONE
    }
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        let Self { n: _, d, p, q, dp, dq, qinv } = self;
        d.zeroize();
        for part in [p, q, dp, dq, qinv] {
            part.zeroize();
        }
    }
}

/// The low and the high half.
fn halves(number: &U2048) -> (U1024, U1024) {
    let (high, low) = number.split();
    (low, high)
}

fn product(x: &U1024, y: &U1024) -> U2048 {
    let (low, high) = x.mul_wide(y);
    high.concat(&low)
}

/// The greatest common divisor of two numbers that are not zero.
#[inline(never)]
fn common_divisor(x: &U1024, y: &U1024) -> U1024 {
    let twos = x.bitor(y).trailing_zeros_vartime();
    let (mut x, mut odd) = (x.shr_vartime(twos), y.shr_vartime(twos));
    let is_even = !odd.is_odd();
    U1024::conditional_swap(&mut x, &mut odd, is_even);
    // The larger of two odd numbers loses the smaller one, an even one loses a factor of two: together a bit at least.
    for _ in 0..2 * U1024::BITS {
        let both_odd = x.is_odd();
        let is_smaller = x.ct_lt(&odd);
        U1024::conditional_swap(&mut x, &mut odd, both_odd & is_smaller);
        x = U1024::conditional_select(&x, &x.wrapping_sub(&odd), both_odd).shr_vartime(1);
    }
    odd.shl_vartime(twos)
}

/// 1/e modulo a number that is no multiple of e.
///
/// It is (1 + k·modulus)/e for the k below e for which that is a whole number. Dividing by e is to multiply by 1/e modulo two
/// to the bits of the number.
fn inverse_of_e<const LIMBS: usize>(modulus: &Uint<LIMBS>) -> Option<Uint<LIMBS>> {
    let e = u64::from(PUBLIC_EXPONENT);
    let rest = u64::from(modulo_e(modulus));
    if rest == 0 {
        return None;
    }
    // rest^(e-2), by Fermat; e - 2 is sixteen ones.
    let inverse = (0..u16::BITS).fold(1, |power, _| power * power % e * rest % e);
    let k = Uint::<LIMBS>::from_u64(e - inverse);
    // 1/(2¹⁶ + 1) = 1 - 2¹⁶ + 2³² - 2⁴⁸ …
    let mut words = [Word::MAX / 0xffff_ffff * 0xffff_0000; LIMBS];
    if let Some(lowest) = words.first_mut() {
        *lowest += 1;
    }
    Some(modulus.wrapping_mul(&k).wrapping_add(&Uint::ONE).wrapping_mul(&Uint::<LIMBS>::from_words(words)))
}

/// The number modulo e: 2¹⁶ is -1, so every other 16 bits count negative.
pub(super) fn modulo_e<const LIMBS: usize>(number: &Uint<LIMBS>) -> u32 {
    let mut sum = 0_i32;
    for limb in number.as_limbs() {
        for shift in (0..Limb::BITS).step_by(32) {
            let (low, high) = (limb.0 >> shift & 0xffff, limb.0 >> (shift + 16) & 0xffff);
            sum += low as i32 - high as i32;
        }
    }
    sum.rem_euclid(PUBLIC_EXPONENT as i32) as u32
}
