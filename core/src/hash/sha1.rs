//! SHA-1 (FIPS 180-4 6.1.2), for the two places that demand it: the proof of a WebSocket server and the padding of OAEP. It is
//! a fifth of the code of the crate's.

/// Bytes of a hash.
pub(crate) const LEN: usize = 20;

const BLOCK: usize = 64;
const WORDS: usize = BLOCK / 4;
const ROUNDS: usize = 80;

/// The SHA-1 hash of the parts one after the other.
pub(crate) fn sha1(parts: &[&[u8]]) -> [u8; LEN] {
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let (mut block, mut bytes) = ([0; BLOCK], 0_u64);
    let mut take = |byte: u8, position: usize| {
        // The position is within a block.
        if let Some(slot) = block.get_mut(position) {
            *slot = byte;
        }
        if position == BLOCK - 1 {
            compress(&mut state, &block);
        }
    };
    for &byte in parts.iter().copied().flatten() {
        take(byte, bytes as usize % BLOCK);
        bytes = bytes.wrapping_add(1);
    }
    // A one, zeros, and the number of bits: as many zeros as fill the last block.
    let len = bytes.wrapping_mul(8).to_be_bytes();
    let start = bytes as usize % BLOCK;
    let end = if start < BLOCK - len.len() { BLOCK } else { 2 * BLOCK };
    let padding = core::iter::once(0x80).chain(core::iter::repeat(0));
    let zeros = end - len.len() - start;
    for (position, byte) in (start..).zip(padding.take(zeros).chain(len)) {
        take(byte, position % BLOCK);
    }
    let mut hash = [0; LEN];
    for (slot, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *slot = u32::to_be_bytes(word);
    }
    hash
}

fn compress(state: &mut [u32; 5], block: &[u8; BLOCK]) {
    // Sixteen words of the schedule, in a ring: the one of this round makes room for that of the sixteenth from here.
    let mut words = [0; WORDS];
    for (word, &bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(bytes);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for round in 0..ROUNDS {
        let (mixed, constant) = match round {
            0..20 => (b & c | !b & d, 0x5a82_7999_u32),
            20..40 => (b ^ c ^ d, 0x6ed9_eba1),
            40..60 => (b & c | b & d | c & d, 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6),
        };
        let [word, second, eighth, thirteenth] = [0, 2, 8, 13].map(|later| words[(round + later) % WORDS]);
        words[round % WORDS] = (word ^ second ^ eighth ^ thirteenth).rotate_left(1);
        let sum = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
        (a, b, c, d, e) = (sum, a, b.rotate_left(30), c, d);
    }
    for (word, added) in state.iter_mut().zip([a, b, c, d, e]) {
        *word = word.wrapping_add(added);
    }
}

#[cfg(test)]
mod tests {
    use super::sha1;
    use proptest::prelude::*;
    use sha1::{Digest, Sha1};

    #[test]
    fn the_example_of_the_standard() {
        let expected = *b"\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d";
        assert_eq!(sha1(&[b"a", b"", b"bc"]), expected);
    }

    /// Every length around the end of a block is among them.
    #[test]
    fn a_hash_of_each_length_is_that_of_the_library() {
        let bytes = core::array::from_fn::<u8, 260, _>(|index| index as u8);
        for len in 0..=bytes.len() {
            assert_eq!(sha1(&[&bytes[..len]])[..], Sha1::digest(&bytes[..len])[..], "{len} bytes");
        }
    }

    proptest! {
        #[test]
        fn hashes_are_those_of_the_library(first in prop::collection::vec(any::<u8>(), 0..200), second in "\\PC{0,100}") {
            let expected = Sha1::new().chain_update(&first).chain_update(&second).finalize();
            prop_assert_eq!(sha1(&[&first, second.as_bytes()])[..].to_vec(), expected[..].to_vec());
        }
    }
}
