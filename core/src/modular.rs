//! Arithmetic modulo an odd number, in Montgomery form, with room that the caller lends.
//!
//! It is for numbers that are public, those of signatures where the feature `rsa` is off or `compact-ecdsa` is on; and for the
//! first look at candidates for a prime, which decides nothing. Every function takes the same steps for all values of one size. What a private key is calculated with is the
//! arithmetic of `crypto_bigint`: [`identity::private_key`](crate::identity).

/// A machine word, and one twice as long.
#[cfg(not(target_pointer_width = "64"))]
mod word {
    pub(crate) type Word = u32;
    pub(super) type Wide = u64;
}
#[cfg(target_pointer_width = "64")]
mod word {
    pub(crate) type Word = u64;
    pub(super) type Wide = u128;
}

use word::Wide;
pub(crate) use word::Word;

/// Bytes of the longest modulus of [`power`]: 8192 bits.
#[cfg(any(test, all(feature = "compact-rsa", not(feature = "rsa"))))]
pub(crate) const BYTES_MAX: usize = 1024;

#[cfg(any(test, not(feature = "rsa"), feature = "compact-ecdsa"))]
pub(crate) const WORD_BYTES: usize = size_of::<Word>();
#[cfg(any(test, all(feature = "compact-rsa", not(feature = "rsa"))))]
const WORDS_MAX: usize = BYTES_MAX / WORD_BYTES;

/// An odd modulus n, lowest word first; R is two to the number of its bits, whole words.
pub(crate) struct Modulus<'m> {
    words: &'m [Word],
    /// -1/n modulo 2 to the bits of a word.
    inverse: Word,
}

impl<'m> Modulus<'m> {
    pub(crate) fn new(words: &'m [Word]) -> Self {
        Self { words, inverse: negated_inverse(words.first().copied().unwrap_or(1)) }
    }

    /// x = x²/R. `wide` has twice the words of the modulus; what was in it is lost.
    pub(crate) fn square(&self, x: &mut [Word], wide: &mut [Word]) {
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
            let square = Wide::from(word) * Wide::from(word);
            carry = split(2 * Wide::from(*low) + Wide::from(square as Word) + carry, low);
            carry = split(2 * Wide::from(*high) + (square >> Word::BITS) + carry, high);
        }
        self.reduce_wide(x, wide);
    }

    /// x = x·y/R, with `wide` as above.
    #[cfg(any(test, not(feature = "rsa"), feature = "compact-ecdsa"))]
    pub(crate) fn multiply(&self, x: &mut [Word], y: &[Word], wide: &mut [Word]) {
        wide.fill(0);
        for (index, &word) in x.iter().enumerate() {
            let (_, row) = wide.split_at_mut(index);
            add_product(row, y, word, 0);
        }
        self.reduce_wide(x, wide);
    }

    /// x = wide/R, of which the words are used up: Montgomery's reduction.
    fn reduce_wide(&self, x: &mut [Word], wide: &mut [Word]) {
        // Adding the right multiple of n makes the lowest word zero; once for each word, and the lower half is.
        let mut carry = 0;
        for index in 0..self.words.len() {
            let (_, row) = wide.split_at_mut(index);
            let factor = row.first().map_or(0, |lowest| lowest.wrapping_mul(self.inverse));
            carry = add_product(row, self.words, factor, carry);
        }
        let (_, high) = wide.split_at(self.words.len());
        x.copy_from_slice(high);
        self.reduce(carry, x);
    }

    /// x = 2x if `bit` is 1.
    pub(crate) fn double_if(&self, bit: Word, x: &mut [Word]) {
        let mask = bit.wrapping_neg();
        let mut carry = 0;
        for word in x.iter_mut() {
            carry = split(Wide::from(*word) + Wide::from(*word & mask) + carry, word);
        }
        self.reduce(carry as Word, x);
    }

    /// x = x + y.
    #[cfg(feature = "compact-ecdsa")]
    pub(crate) fn add(&self, x: &mut [Word], y: &[Word]) {
        let mut carry = 0;
        for (x, &y) in x.iter_mut().zip(y) {
            carry = split(Wide::from(*x) + Wide::from(y) + carry, x);
        }
        self.reduce(carry as Word, x);
    }

    /// x = R² mod n, which brings numbers into Montgomery form, with `wide` as above. `None` if the highest word of x is not
    /// there.
    #[cfg(any(test, not(feature = "rsa"), feature = "compact-ecdsa"))]
    pub(crate) fn square_of_r(&self, x: &mut [Word], wide: &mut [Word]) -> Option<()> {
        // The highest power of two below n, doubled until it is R: one, in Montgomery form.
        let highest = self.words.iter().rposition(|&word| word != 0)?;
        let bit = self.words.get(highest)?.checked_ilog2()?;
        x.fill(0);
        *x.get_mut(highest)? = 1 << bit;
        let bits = self.words.len() * Word::BITS as usize;
        for _ in highest * Word::BITS as usize + bit as usize..bits {
            self.double_if(1, x);
        }
        // R² is 2 to the bits of R, in Montgomery form.
        for bit in (0..=bits.checked_ilog2()?).rev() {
            self.square(x, wide);
            self.double_if((bits >> bit) as Word & 1, x);
        }
        Some(())
    }

    /// x = x mod n for an x below 2n, of which `carry` is the bit above the words.
    fn reduce(&self, carry: Word, x: &mut [Word]) {
        // x is below n if there is a borrow and no carry to take it from.
        subtract_if(1 ^ (borrow(x, self.words) & !carry), x, self.words);
    }
}

/// x = x - y modulo R if `bit` is 1.
pub(crate) fn subtract_if(bit: Word, x: &mut [Word], y: &[Word]) {
    let mask = bit.wrapping_neg();
    let mut borrow = 0;
    for (x, &y) in x.iter_mut().zip(y) {
        (*x, borrow) = borrowed(*x, y & mask, borrow);
    }
}

/// Whether x is below y.
#[cfg(any(test, not(feature = "rsa"), feature = "compact-ecdsa"))]
pub(crate) fn is_below(x: &[Word], y: &[Word]) -> bool {
    borrow(x, y) == 1
}

/// 1 if x is below y.
fn borrow(x: &[Word], y: &[Word]) -> Word {
    x.iter().zip(y).fold(0, |borrow, (&x, &y)| borrowed(x, y, borrow).1)
}

/// x - y - borrow, and the next borrow.
fn borrowed(x: Word, y: Word, borrow: Word) -> (Word, Word) {
    let difference = Wide::from(x).wrapping_sub(Wide::from(y) + Wide::from(borrow));
    (difference as Word, (difference >> Word::BITS) as Word & 1)
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
    above.first_mut().map_or(0, |word| split(Wide::from(*word) + Wide::from(product) + Wide::from(carry), word) as Word)
}

#[inline(always)]
fn accumulate(word: &mut Word, x: Word, factor: Word, carry: Word) -> Word {
    split(Wide::from(x) * Wide::from(factor) + Wide::from(*word) + Wide::from(carry), word) as Word
}

/// Stores the low half of a sum in `word` and returns the high half, the carry.
#[inline(always)]
fn split(sum: Wide, word: &mut Word) -> Wide {
    *word = sum as Word;
    sum >> Word::BITS
}

/// A number of up to 8192 bits.
#[cfg(any(test, all(feature = "compact-rsa", not(feature = "rsa"))))]
pub(crate) struct Number([Word; WORDS_MAX]);

#[cfg(any(test, all(feature = "compact-rsa", not(feature = "rsa"))))]
impl Number {
    pub(crate) const ZERO: Self = Self([0; WORDS_MAX]);

    /// Its lowest bytes, as many as fit, big-endian.
    pub(crate) fn store(&self, bytes: &mut [u8]) {
        let low_first = self.0.iter().flat_map(|word| word.to_le_bytes());
        for (slot, byte) in bytes.iter_mut().rev().zip(low_first) {
            *slot = byte;
        }
    }
}

/// base^exponent mod n, for public numbers, big-endian, into `result`, which has to be zero.
///
/// `None` if n is even, one, starts with a zero byte or has more than 8192 bits, if the base is not below n, or if the exponent
/// is zero. Takes 4 KB of stack.
// At the end of the longest chain of certificates there is nothing deeper than this: what need not be here is not.
#[cfg(any(test, all(feature = "compact-rsa", not(feature = "rsa"))))]
#[inline(never)]
pub(crate) fn power(base: &[u8], exponent: u64, n: &[u8], result: &mut Number) -> Option<()> {
    if n.first().is_none_or(|&highest| highest == 0)
        || n.len() > BYTES_MAX
        || n.last()? & 1 == 0
        || n == [1]
        || exponent == 0
    {
        return None;
    }
    let count = n.len().div_ceil(WORD_BYTES);
    let (mut n_words, mut base_words, mut wide) = ([0; WORDS_MAX], [0; WORDS_MAX], [0; 2 * WORDS_MAX]);
    let n_words = load(n_words.get_mut(..count)?, n)?;
    let base = load(base_words.get_mut(..count)?, base)?;
    let (x, wide) = (result.0.get_mut(..count)?, wide.get_mut(..2 * count)?);
    if !is_below(base, n_words) {
        return None;
    }
    let modulus = Modulus::new(n_words);
    modulus.square_of_r(x, wide)?;
    modulus.multiply(base, x, wide);
    x.copy_from_slice(base);
    for bit in (0..exponent.ilog2()).rev() {
        modulus.square(x, wide);
        if (exponent >> bit) & 1 == 1 {
            modulus.multiply(x, base, wide);
        }
    }
    // Out of Montgomery form: divided by R.
    wide.fill(0);
    wide.get_mut(..count)?.copy_from_slice(x);
    modulus.reduce_wide(x, wide);
    Some(())
}

/// The words of a big-endian number, lowest first. `None` if there are too few for it.
#[cfg(any(test, not(feature = "rsa"), feature = "compact-ecdsa"))]
pub(crate) fn load<'w>(words: &'w mut [Word], number: &[u8]) -> Option<&'w mut [Word]> {
    if number.len() > words.len() * WORD_BYTES {
        return None;
    }
    for (word, bytes) in words.iter_mut().zip(number.rchunks(WORD_BYTES)) {
        *word = bytes.iter().fold(0, |word, &byte| word << 8 | Word::from(byte));
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, Number, power};
    use proptest::prelude::*;
    use rsa::BoxedUint;
    use rsa::traits::PublicKeyParts as _;
    use std::vec::Vec;

    /// The same by the `rsa` crate.
    fn reference(base: &[u8], exponent: u64, n: &[u8]) -> Vec<u8> {
        let bits = n.len() as u32 * 8;
        let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).unwrap();
        let key = rsa::RsaPublicKey::new_unchecked(number(n), BoxedUint::from(exponent));
        let power = rsa::hazmat::rsa_encrypt(&key, &number(base)).unwrap();
        let bytes = power.to_be_bytes();
        bytes[bytes.len() - key.n_bytes().len()..].to_vec()
    }

    fn calculated(base: &[u8], exponent: u64, n: &[u8]) -> Option<Vec<u8>> {
        let (mut number, mut result) = (Number::ZERO, std::vec![0xaa; n.len()]);
        power(base, exponent, n, &mut number)?;
        number.store(&mut result);
        Some(result)
    }

    #[test]
    fn what_cannot_be_calculated_is_none() {
        assert_eq!(calculated(&[2], 3, &[101]), Some(std::vec![8]));
        assert_eq!(calculated(&[100], 2, &[101]), Some(std::vec![1]));
        for (base, exponent, n) in [
            (&[2][..], 3, &[100][..]),
            (&[2], 3, &[0, 101]),
            (&[2], 3, &[]),
            (&[101], 3, &[101]),
            (&[102], 3, &[101]),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 0], 3, &[101]),
            (&[2], 0, &[101]),
            (&[2], 3, &[0xff; BYTES_MAX + 1]),
        ] {
            assert_eq!(calculated(base, exponent, n), None);
        }
        assert!(calculated(&[2], 3, &[0xff; BYTES_MAX]).is_some());
    }

    proptest! {
        #[test]
        fn powers_are_those_of_the_library(
            mut n in prop::collection::vec(prop_oneof![Just(0), Just(0xff), any::<u8>()], 1..300),
            mut base in prop::collection::vec(prop_oneof![Just(0), Just(0xff), any::<u8>()], 300),
            exponent in prop_oneof![Just(65_537), 1..1_u64 << 33],
        ) {
            n[0] |= 3;
            *n.last_mut().unwrap() |= 1;
            base.truncate(n.len());
            base[0] %= n[0];
            prop_assert_eq!(calculated(&base, exponent, &n), Some(reference(&base, exponent, &n)));
        }
    }
}
