//! Two quick looks at a candidate, which turn away nearly all composites.
//!
//! They decide nothing else: a candidate that passes still has to pass the Miller-Rabin rounds of `crypto_primes`. That
//! is why arithmetic of our own is good enough here.
//!
//! What the size of the table is worth on a Cortex-M4 (`opt-level = "z"`): a division by one prime takes 720
//! instructions there, the test to the base two 14 million, and a round of `crypto_primes` 22 million.
//!
//! | odd primes | largest | flash | tests to the base two | instructions for a key, on average |
//! |---:|---:|---:|---:|---:|
//! | 53 | 251 | 53 bytes | 142 | 2.21·10⁹ |
//! | 256 | 1 621 | 256 bytes | 107 | 1.75·10⁹ |
//! | **1024** | 8 167 | 1 024 bytes | 88 | 1.54·10⁹ |
//! | 2048 | 17 881 | 2 048 bytes | 81 | 1.50·10⁹ |
//! | 4096 | 38 891 | 4 096 bytes | 75 | 1.54·10⁹ |

use crypto_bigint::{WideWord, Word};
use zeroize::Zeroizing;

/// Words of a candidate of 1024 bits.
const WORDS: usize = 1024 / Word::BITS as usize;

/// How many odd primes candidates are divided by: 3 to 8167.
pub(super) const SMALL_PRIMES: usize = 1024;

/// Half the distance from each small prime to the one before, starting from 1: one byte per prime.
static HALF_GAPS: [u8; SMALL_PRIMES] = half_gaps();

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

/// The odd primes from 3 on.
pub(super) fn small_primes() -> impl Iterator<Item = u32> {
    HALF_GAPS.iter().scan(1, |prime, &half_gap| {
        *prime += 2 * u32::from(half_gap);
        Some(*prime)
    })
}

/// Euler's test to the base two: for a prime n, 2^((n-1)/2) is 1 or -1 modulo n. Hardly any composite passes.
///
/// The number is odd and above 2¹⁰²³, lowest word first. Takes the same steps for each.
///
/// It saves a good third of a Miller-Rabin round of `crypto_primes`, of which the search for a key would be full: to
/// multiply by this base is to double, and a square needs half the products of a multiplication.
pub(super) fn passes_base_two(number: &[Word]) -> bool {
    let Ok(modulus) = Number::try_from(number) else { return false };
    let modulus = Zeroizing::new(modulus);
    let inverse = negated_inverse(*modulus.first().unwrap_or(&1));
    // Numbers are in Montgomery form with R = 2¹⁰²⁴: one is R mod n, and that is R - n because n is above R/2.
    let mut one = Zeroizing::new([0; WORDS]);
    subtract_if(1, &mut one, &modulus);
    let mut minus_one = modulus.clone();
    subtract_if(1, &mut minus_one, &one);
    let mut power = one.clone();
    let mut wide = Zeroizing::new([0; 2 * WORDS]);
    // The bits of n without the lowest are those of (n-1)/2. Highest first: square for each, double where it is set.
    for (index, &word) in modulus.iter().enumerate().rev() {
        let lowest = u32::from(index == 0);
        for bit in (lowest..Word::BITS).rev() {
            square(&mut power, &mut wide, &modulus, inverse);
            double_if((word >> bit) & 1, &mut power, &modulus);
        }
    }
    *power == *one || *power == *minus_one
}

/// -1/x modulo 2 to the bits of a word, for an odd x, by Newton's iteration: x is its own inverse modulo 8, and each
/// round doubles the bits.
fn negated_inverse(x: Word) -> Word {
    let mut inverse = x;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul((2 as Word).wrapping_sub(x.wrapping_mul(inverse)));
    }
    inverse.wrapping_neg()
}

/// x = x²/R modulo n: Montgomery's reduction of a square.
fn square(x: &mut Number, wide: &mut [Word; 2 * WORDS], modulus: &Number, inverse: Word) {
    wide.fill(0);
    // Each product of two different words once, …
    for (index, &word) in x.iter().enumerate() {
        let (_, later) = x.split_at(index + 1);
        let (_, row) = wide.split_at_mut(2 * index + 1);
        add_product(row, later, word, 0);
    }
    // … doubled, and the squares of the words added.
    let (pairs, _) = wide.as_chunks_mut::<2>();
    let mut carry = 0;
    for ([low, high], &word) in pairs.iter_mut().zip(x.iter()) {
        let square = WideWord::from(word) * WideWord::from(word);
        carry = split(2 * WideWord::from(*low) + WideWord::from(square as Word) + carry, low);
        carry = split(2 * WideWord::from(*high) + (square >> Word::BITS) + carry, high);
    }
    // Adding the right multiple of n makes the lowest word zero; once for each word, and the lower half is.
    let mut carry = 0;
    for index in 0..WORDS {
        let (_, row) = wide.split_at_mut(index);
        let factor = row.first().map_or(0, |lowest| lowest.wrapping_mul(inverse));
        carry = add_product(row, modulus, factor, carry);
    }
    let (_, high) = wide.split_at(WORDS);
    x.copy_from_slice(high);
    reduce(carry, x, modulus);
}

/// x = 2x modulo n if `bit` is 1.
fn double_if(bit: Word, x: &mut Number, modulus: &Number) {
    let mask = bit.wrapping_neg();
    let mut carry = 0;
    for word in x.iter_mut() {
        carry = split(WideWord::from(*word) + WideWord::from(*word & mask) + carry, word);
    }
    reduce(carry as Word, x, modulus);
}

/// x = x mod n for an x below 2n, of which `carry` is the bit above the words.
fn reduce(carry: Word, x: &mut Number, modulus: &Number) {
    let mut borrow = 0;
    for (&x, &n) in x.iter().zip(modulus) {
        borrow = borrowed(x, n, borrow).1;
    }
    // x is below n if there is a borrow and no carry to take it from.
    subtract_if(1 ^ (borrow & !carry), x, modulus);
}

/// x = x - y modulo R if `bit` is 1.
fn subtract_if(bit: Word, x: &mut Number, y: &Number) {
    let mask = bit.wrapping_neg();
    let mut borrow = 0;
    for (x, &y) in x.iter_mut().zip(y) {
        (*x, borrow) = borrowed(*x, y & mask, borrow);
    }
}

/// x - y - borrow, and the next borrow.
fn borrowed(x: Word, y: Word, borrow: Word) -> (Word, Word) {
    let difference = WideWord::from(x).wrapping_sub(WideWord::from(y) + WideWord::from(borrow));
    (difference as Word, (difference >> Word::BITS) as Word & 1)
}

/// Adds x·factor to as many words of a row, and `carry` to the word above them; returns the carry of that word.
fn add_product(row: &mut [Word], x: &[Word], factor: Word, carry: Word) -> Word {
    let Some((row, above)) = row.split_at_mut_checked(x.len()) else { return 0 };
    let (fours, rest) = row.as_chunks_mut::<4>();
    let (x_fours, x_rest) = x.as_chunks::<4>();
    let mut product = 0;
    for ([a, b, c, d], &[w, x, y, z]) in fours.iter_mut().zip(x_fours) {
        product = accumulate(a, w, factor, product);
        product = accumulate(b, x, factor, product);
        product = accumulate(c, y, factor, product);
        product = accumulate(d, z, factor, product);
    }
    for (word, &x) in rest.iter_mut().zip(x_rest) {
        product = accumulate(word, x, factor, product);
    }
    above
        .first_mut()
        .map_or(0, |word| split(WideWord::from(*word) + WideWord::from(product) + WideWord::from(carry), word) as Word)
}

#[inline(always)]
fn accumulate(word: &mut Word, x: Word, factor: Word, carry: Word) -> Word {
    split(WideWord::from(x) * WideWord::from(factor) + WideWord::from(*word) + WideWord::from(carry), word) as Word
}

/// Stores the low half of a sum in `word` and returns the high half, the carry.
#[inline(always)]
fn split(sum: WideWord, word: &mut Word) -> WideWord {
    *word = sum as Word;
    sum >> Word::BITS
}

/// The table of small primes, made by the compiler.
const fn half_gaps() -> [u8; SMALL_PRIMES] {
    let mut gaps = [0; SMALL_PRIMES];
    let (mut found, mut last, mut number) = (0, 1_u32, 3_u32);
    while found < SMALL_PRIMES {
        let mut divisor = 3;
        while divisor * divisor <= number && !number.is_multiple_of(divisor) {
            divisor += 2;
        }
        if divisor * divisor > number {
            // Fits a byte: primes below 65 536 are at most 72 apart.
            gaps[found] = ((number - last) / 2) as u8;
            last = number;
            found += 1;
        }
        number += 2;
    }
    assert!(last <= u16::MAX as u32, "the division is for primes of 16 bits");
    gaps
}
