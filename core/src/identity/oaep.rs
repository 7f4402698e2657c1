//! The padding of RSAES-OAEP with SHA-1, MGF1-SHA-1 and an empty label (RFC 8017 7.1.2).

use super::key::{CIPHERTEXT_LEN, KeyError, PLAINTEXT_MAX};
use crate::hash::Hash;
use crate::secret::Secret;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Bytes of a SHA-1 hash, and so of the seed.
const HASH_LEN: usize = 20;

/// Takes the padding off. Which of its parts is wrong, if one is, takes no part in how long that takes.
///
/// # Errors
/// [`KeyError::Decrypt`], for all that can be wrong.
pub(super) fn unpad(padded: &mut [u8; CIPHERTEXT_LEN]) -> Result<Secret<PLAINTEXT_MAX>, KeyError> {
    let [first, rest @ ..] = padded;
    let (seed, block) = rest.split_at_mut(HASH_LEN);
    Hash::Sha1.mask(block, seed);
    Hash::Sha1.mask(seed, block);
    let (label, message) = block.split_at(HASH_LEN);

    // Zeros, a one, and what was meant.
    let mut is_good = first.ct_eq(&0) & label.ct_eq(Hash::Sha1.of(&[]).as_bytes());
    let mut is_padding = Choice::from(1);
    let mut start = 0_u32;
    for (index, byte) in message.iter().enumerate() {
        let ends_here = is_padding & byte.ct_eq(&1);
        start.conditional_assign(&(index as u32 + 1), ends_here);
        is_good &= !is_padding | ends_here | byte.ct_eq(&0);
        is_padding &= !ends_here;
    }
    if bool::from(is_good & !is_padding) {
        Secret::copy_of(message.get(start as usize..).unwrap_or_default()).map_err(|_| KeyError::Decrypt)
    } else {
        Err(KeyError::Decrypt)
    }
}
