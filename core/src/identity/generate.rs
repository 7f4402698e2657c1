//! Making an RSA-2048 key pair, one short step at a time.
//!
//! A device has a network stack to serve and a watchdog to feed, and a key takes it seconds to minutes. So the search
//! for the two primes is a machine that does one bounded piece of work per call: it draws one candidate and divides it
//! by small primes, or runs one primality test, or puts the key together. Dropping it cancels the search.
//!
//! The rules are those of FIPS 186-5, A.1.3:
//!
//! * every candidate is drawn anew: 1024 random bits, the lowest and the two highest set, so that each prime is above
//!   √2·2¹⁰²³ and the modulus has 2048 bits;
//! * e = 65537 has an inverse modulo p - 1 and q - 1;
//! * |p - q| > 2⁹²⁴, and the private exponent d > 2¹⁰²⁴;
//! * five Miller-Rabin rounds with random bases, which leaves a composite a chance below 2⁻¹¹² (B.3.1, table B.1).
//!
//! Two filters of our own come first, and can only turn candidates away: division by small primes, and a test to the
//! base two.
//!
//! On a Cortex-M4 a key takes 1.5·10⁹ instructions on average (710 candidates, 88 tests to the base two, ten rounds),
//! anything between a third and three times of that by luck, and no step more than 23 million.
//!
//! What the search holds between two steps is wiped when it is dropped or moves on.

mod filter;

use self::filter::{has_small_factor, passes_base_two};
use super::key::{KeyError, Progress};
use super::private_key::{PRIME_LEN, PrivateKey, Residue, field, modulo_e, raise};
use core::mem;
use crypto_bigint::U1024;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Miller-Rabin rounds with random bases for a prime of 1024 bits (FIPS 186-5, table B.1, error below 2⁻¹¹²).
const ROUNDS: u8 = 5;

/// p and q differ by more than two to this power: nlen/2 - 100 (FIPS 186-5, A.1.3).
const DISTANCE_BITS: usize = 924;

/// Candidates after which the random numbers must be at fault. One candidate in 355 is prime, so two primes take 710 on
/// average; the chance that sound random numbers need this many is below 2⁻⁷⁰.
const CANDIDATES_MAX: u32 = 20_480;

/// Draws of a base after which the random numbers must be at fault.
const DRAWS_MAX: u32 = 128;

/// A candidate or a prime, wiped on drop.
type Prime = Zeroizing<U1024>;

/// The search for the two primes of a key.
pub struct Generation {
    stage: Stage,
    first: Option<Prime>,
    candidates: u32,
}

/// What the next step works on.
enum Stage {
    Draw,
    Filter(Prime),
    Confirm(Prime, u8),
    Assemble(Prime, Prime),
}

impl Generation {
    /// Starts a search.
    ///
    /// # Errors
    /// [`KeyError::Device`] if `rng` is stuck.
    pub fn new(rng: &mut dyn CryptoRng) -> Result<Self, KeyError> {
        if is_stuck(rng) {
            return Err(KeyError::Device);
        }
        Ok(Self { stage: Stage::Draw, first: None, candidates: 0 })
    }

    /// Does one piece of work: at most one modular exponentiation of 1024 bits. The key is returned once, by the last
    /// step; a step after that starts another search. The same random numbers give the same key.
    ///
    /// # Errors
    /// [`KeyError::Device`] if no two primes turn up among 20 480 candidates, which sound random numbers do not let
    /// happen.
    #[inline(never)]
    pub fn step(&mut self, rng: &mut dyn CryptoRng) -> Result<Option<PrivateKey>, KeyError> {
        self.stage = match mem::replace(&mut self.stage, Stage::Draw) {
            Stage::Draw => self.draw(rng)?,
            Stage::Filter(candidate) if passes_base_two(candidate.as_words()) => Stage::Confirm(candidate, 1),
            Stage::Filter(_) => Stage::Draw,
            Stage::Confirm(candidate, round) => {
                if !passes_random_base(&candidate, rng) {
                    Stage::Draw
                } else if round < ROUNDS {
                    Stage::Confirm(candidate, round + 1)
                } else {
                    self.found(candidate)
                }
            }
            Stage::Assemble(p, q) => {
                let key = assemble(&p, &q);
                if key.is_some() {
                    self.candidates = 0;
                    return Ok(key);
                }
                Stage::Draw
            }
        };
        Ok(None)
    }

    /// Where the search stands; never [`done`](Progress::done), which only the receiver of the key can say.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let primes = match (&self.stage, &self.first) {
            (Stage::Assemble(..), _) => 2,
            (_, Some(_)) => 1,
            (_, None) => 0,
        };
        Progress { candidates: self.candidates, primes, done: false }
    }

    fn draw(&mut self, rng: &mut dyn CryptoRng) -> Result<Stage, KeyError> {
        if self.candidates >= CANDIDATES_MAX {
            return Err(KeyError::Device);
        }
        self.candidates += 1;
        let mut bytes = Zeroizing::new([0; PRIME_LEN]);
        rng.fill_bytes(bytes.as_mut_slice());
        Ok(candidate(&mut bytes, self.first.as_ref()).map_or(Stage::Draw, Stage::Filter))
    }

    fn found(&mut self, prime: Prime) -> Stage {
        match self.first.take() {
            Some(first) => Stage::Assemble(first, prime),
            None => {
                self.first = Some(prime);
                Stage::Draw
            }
        }
    }
}

impl core::fmt::Debug for Generation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Generation").field(&self.progress()).finish()
    }
}

/// Whether a source of randomness returns the same 128 bits twice, as one that is not started or broken does. Drawing a
/// prime or a blinding value from it would never end.
pub(super) fn is_stuck(rng: &mut dyn CryptoRng) -> bool {
    let mut blocks = Zeroizing::new([[0_u8; 16]; 2]);
    for block in blocks.iter_mut() {
        rng.fill_bytes(block);
    }
    let [first, second] = *blocks;
    first == second
}

/// Makes a candidate of 128 random bytes, unless it is seen at once that it will not do as a prime beside `first`.
fn candidate(bytes: &mut [u8; PRIME_LEN], first: Option<&Prime>) -> Option<Prime> {
    let [highest, .., lowest] = bytes;
    *highest |= 0b1100_0000;
    *lowest |= 1;
    if has_small_factor(bytes) {
        return None;
    }
    let candidate = Zeroizing::new(U1024::from_be_slice(bytes));
    // e is a prime: p - 1 is not a multiple of it, or it would have no inverse.
    let e_is_invertible = modulo_e(&candidate) != 1;
    let is_far = first.is_none_or(|first| are_far_apart(first, &candidate));
    (e_is_invertible && is_far).then_some(candidate)
}

/// |p - q| > 2⁹²⁴: numbers closer than that are found by looking around the square root of the modulus.
fn are_far_apart(p: &U1024, q: &U1024) -> bool {
    let distance = Zeroizing::new(if p > q { p.wrapping_sub(q) } else { q.wrapping_sub(p) });
    *distance > U1024::ONE.shl_vartime(DISTANCE_BITS)
}

/// A round of Miller-Rabin with a random base (FIPS 186-5, B.3.1), for an odd number above 2¹⁰²³.
#[inline(never)]
fn passes_random_base(number: &U1024, rng: &mut dyn CryptoRng) -> bool {
    let less = Zeroizing::new(number.wrapping_sub(&U1024::ONE));
    let twos = less.trailing_zeros();
    let Some(mut power) = random_base(&less, rng) else { return false };
    raise(&mut power, &less.shr_vartime(twos), number);
    power == U1024::ONE || power == *less || (twos > 1 && squares_reach(&less, &power, twos - 1, number))
}

/// Whether one of the next `count` squares of `power` is `wanted`, modulo `number`.
#[inline(never)]
fn squares_reach(wanted: &U1024, power: &U1024, count: usize, number: &U1024) -> bool {
    let mut power = Residue::new(power, field(number));
    (0..count).any(|_| {
        power = power.square();
        power.retrieve() == *wanted
    })
}

/// A number above 1 and below `limit`, which has 1024 bits: one draw in two does at least.
fn random_base(limit: &U1024, rng: &mut dyn CryptoRng) -> Option<U1024> {
    (0..DRAWS_MAX).find_map(|_| {
        let mut bytes = [0; PRIME_LEN];
        rng.fill_bytes(&mut bytes);
        let base = U1024::from_be_slice(&bytes);
        (base > U1024::ONE && base < *limit).then_some(base)
    })
}

/// The key of two primes; none if its private exponent is too small.
#[inline(never)]
fn assemble(p: &U1024, q: &U1024) -> Option<PrivateKey> {
    PrivateKey::from_primes(p, q).filter(|key| key.d.bits() > U1024::BITS)
}

#[cfg(test)]
mod tests;
