//! Two quick looks at a candidate, which turn away nearly all composites.
//!
//! They decide nothing else: a candidate that passes still has to pass the Miller-Rabin rounds. That is why arithmetic of
//! our own (`modular`) is good enough here.
//!
//! What the number of primes is worth on a Cortex-M4 (`opt-level = "z"`): a division by one prime takes 720
//! instructions there, the test to the base two 14 million, and a round of `crypto_primes` 22 million.
//!
//! | odd primes | largest | a table of them | tests to the base two | instructions for a key, on average |
//! |---:|---:|---:|---:|---:|
//! | 53 | 251 | 53 bytes | 142 | 2.21·10⁹ |
//! | 256 | 1 621 | 256 bytes | 107 | 1.75·10⁹ |
//! | **1024** | 8 167 | 1 024 bytes | 88 | 1.54·10⁹ |
//! | 2048 | 17 881 | 2 048 bytes | 81 | 1.50·10⁹ |
//! | 4096 | 38 891 | 4 096 bytes | 75 | 1.54·10⁹ |

use crate::modular::{Modulus, Word, subtract_if};
use zeroize::Zeroizing;

/// Words of a candidate of 1024 bits.
const WORDS: usize = 1024 / Word::BITS as usize;

/// How many odd primes candidates are divided by: 3 to 8167.
pub(super) const SMALL_PRIMES: usize = 1024;

/// A number of 1024 bits, lowest word first.
type Number = [Word; WORDS];

/// Whether a number of 1024 bits (big-endian) is a multiple of one of the small primes.
///
/// The division instruction of many processors takes longer for some values than for others; that, and how many primes
/// were tried, tells a little about candidates that are thrown away, and next to nothing about the two that are kept.
pub(super) fn has_small_factor(number: &[u8; 128]) -> bool {
    let (pairs, _) = number.as_chunks::<2>();
    // A remainder is below 2¹⁶, so 32 bits hold it with the next 16.
    small_primes().any(|prime| {
        pairs.iter().fold(0, |rest, &pair| ((rest << 16) | u32::from(u16::from_be_bytes(pair))) % prime) == 0
    })
}

/// The odd primes from 3 on. They are found anew each time, which is a fiftieth of a search; a table of them would be a
/// kilobyte.
pub(super) fn small_primes() -> impl Iterator<Item = u32> {
    (3..).step_by(2).filter(|&number| is_prime(number)).take(SMALL_PRIMES)
}

fn is_prime(odd: u32) -> bool {
    let mut divisor = 3;
    while divisor * divisor <= odd {
        if odd.is_multiple_of(divisor) {
            return false;
        }
        divisor += 2;
    }
    true
}

/// Euler's test to the base two: for a prime n, 2^((n-1)/2) is 1 or -1 modulo n. Hardly any composite passes.
///
/// The number is odd and above 2¹⁰²³, lowest word first. Takes the same steps for each.
///
/// It saves a good third of a Miller-Rabin round of `crypto_primes`, of which the search for a key would be full: to
/// multiply by this base is to double, and a square needs half the products of a multiplication.
pub(super) fn passes_base_two(number: &[Word]) -> bool {
    let Ok(words) = Number::try_from(number) else { return false };
    let words = Zeroizing::new(words);
    let modulus = Modulus::new(words.as_slice());
    // Numbers are in Montgomery form with R = 2¹⁰²⁴: one is R mod n, and that is R - n because n is above R/2.
    let mut one: Zeroizing<Number> = Zeroizing::new([0; WORDS]);
    subtract_if(1, one.as_mut_slice(), words.as_slice());
    let mut minus_one = words.clone();
    subtract_if(1, minus_one.as_mut_slice(), one.as_slice());
    let mut power = one.clone();
    let mut wide = Zeroizing::new([0; 2 * WORDS]);
    // The bits of n without the lowest are those of (n-1)/2. Highest first: square for each, double where it is set.
    for (index, &word) in words.iter().enumerate().rev() {
        let lowest = u32::from(index == 0);
        for bit in (lowest..Word::BITS).rev() {
            modulus.square(power.as_mut_slice(), wide.as_mut_slice());
            modulus.double_if((word >> bit) & 1, power.as_mut_slice());
        }
    }
    *power == *one || *power == *minus_one
}
