//! The hashes of signatures, and that of OAEP.

#[cfg(all(feature = "compact-rsa", not(feature = "rsa")))]
use super::sha1::sha1;
use sha2_010::Sha256;

/// Bytes of the longest hash.
#[cfg(any(feature = "p384", feature = "compact-rsa"))]
const LEN_MAX: usize = 64;
#[cfg(not(any(feature = "p384", feature = "compact-rsa")))]
const LEN_MAX: usize = 32;

/// Which hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    #[cfg(all(feature = "compact-rsa", not(feature = "rsa")))]
    Sha1,
    Sha256,
    #[cfg(any(feature = "p384", feature = "compact-rsa"))]
    Sha384,
    #[cfg(all(feature = "compact-rsa", not(feature = "rsa")))]
    Sha512,
}

/// What a hash has come to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digest {
    bytes: [u8; LEN_MAX],
    len: usize,
}

impl Digest {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn by<D: sha2_010::Digest>(parts: &[&[u8]]) -> Self {
        let mut state = D::new();
        for part in parts {
            state.update(part);
        }
        Self::new(&state.finalize())
    }

    fn new(hash: &[u8]) -> Self {
        let mut digest = Self { bytes: [0; LEN_MAX], len: 0 };
        for (slot, &byte) in digest.bytes.iter_mut().zip(hash) {
            *slot = byte;
            digest.len += 1;
        }
        digest
    }
}

impl Hash {
    /// The hash of the parts one after the other.
    pub(crate) fn of(self, parts: &[&[u8]]) -> Digest {
        match self {
            #[cfg(all(feature = "compact-rsa", not(feature = "rsa")))]
            Self::Sha1 => Digest::new(&sha1(parts)),
            Self::Sha256 => Digest::by::<Sha256>(parts),
            #[cfg(any(feature = "p384", feature = "compact-rsa"))]
            Self::Sha384 => Digest::by::<sha2_010::Sha384>(parts),
            #[cfg(all(feature = "compact-rsa", not(feature = "rsa")))]
            Self::Sha512 => Digest::by::<sha2_010::Sha512>(parts),
        }
    }

    /// Adds, by exclusive or, MGF1 of a seed (RFC 8017 B.2.1) to `masked`.
    #[cfg(all(feature = "compact-rsa", not(feature = "rsa")))]
    pub(crate) fn mask(self, seed: &[u8], masked: &mut [u8]) {
        let mut rest = masked;
        let mut counter = 0_u32;
        while !rest.is_empty() {
            let digest = self.of(&[seed, &counter.to_be_bytes()]);
            let (block, after) = rest.split_at_mut(digest.len.clamp(1, rest.len()));
            for (byte, mask) in block.iter_mut().zip(digest.as_bytes()) {
                *byte ^= mask;
            }
            rest = after;
            counter = counter.wrapping_add(1);
        }
    }
}
