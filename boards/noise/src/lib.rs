//! A seed from a source that is only somewhat random, for chips that have no generator of true randomness: a ring oscillator
//! that is looked at now and then, say.
//!
//! Three things happen to its bits:
//!
//! 1. They are **tested**. In each window of 1024 bits, each is compared with those 1 to 64 places before it. Two bits of a good
//!    source are alike half of the time. A source that stands still, prefers one value, or repeats itself, as an oscillator does that
//!    has locked to the clock which samples it, is alike too often or too seldom at one of the distances, and no seed is made of it.
//! 2. They are **debiased** (von Neumann): of two bits that differ, the first counts; two that are alike are dropped.
//! 3. They are **hashed** with SHA-256, together with what tells this device from its siblings. Of 65 536 bits there are some
//!    16 000 left for a seed of 256, so that each needs to hold no more than a sixtieth of a bit that nobody knows.
//!
//! What this cannot do: tell a good source from a generator somebody has put in its place, or make a source random that is not.
//! The tests are in the spirit of NIST SP 800-90B section 4.4, whose proportion test sees no periods; they are no certificate.
#![no_std]
#![forbid(unsafe_code)]

use core::fmt;
use sha2_010::{Digest, Sha256};

#[cfg(test)]
mod tests;

/// Bytes of a seed.
pub const SEED_LEN: usize = 32;

/// Bits that are asked of the source, whatever they are.
pub const BITS: u32 = WINDOWS * WINDOW;

/// Bits in a window, and how many windows there are.
const WINDOW: u32 = 1024;
const WINDOWS: u32 = 64;

/// How far apart bits are that are compared with each other.
const DISTANCES: usize = u64::BITS as usize;

/// In how many of a window bits may be alike at most: a share of 0.7. A good source exceeds it once in 10^32 windows; one of
/// independent bits that prefers a value does when that comes more than 82 times of 100.
const ALIKE_MAX: u16 = 717;
/// And at least.
const ALIKE_MIN: u16 = WINDOW as u16 - ALIKE_MAX;

/// How many bits have to be left after debiasing: an eighth of those asked for. A good source leaves a quarter.
const LEFT_MIN: u32 = BITS / 8;

/// Why there is no seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoiseError {
    /// Bits so many places apart are alike too often: the source stands still, prefers a value, or repeats itself.
    Alike(u8),
    /// They differ too often.
    Opposite(u8),
    /// Nearly all pairs of bits were alike.
    TooFew,
}

impl fmt::Display for NoiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alike(distance) => {
                write!(f, "the source of randomness repeats itself: bits {distance} apart are alike")
            }
            Self::Opposite(distance) => {
                write!(f, "the source of randomness repeats itself: bits {distance} apart differ")
            }
            Self::TooFew => f.write_str("the source of randomness hardly changes"),
        }
    }
}

impl core::error::Error for NoiseError {}

/// Makes a seed of [`BITS`] bits of `source`. `device` tells this device from others, a serial number say: should their sources
/// ever say the same, their seeds still differ. It need not be secret.
///
/// # Errors
/// [`NoiseError`], if the source is no good. The seed must then not be replaced by anything weaker.
pub fn seed(mut source: impl FnMut() -> bool, device: &[u8]) -> Result<[u8; SEED_LEN], NoiseError> {
    let mut hash = Sha256::new();
    hash.update(device);
    let (mut test, mut left) = (Test::new(), Left::default());
    for _ in 0..BITS / 2 {
        let (first, second) = (source(), source());
        test.take(first)?;
        test.take(second)?;
        if first != second {
            left.push(first, &mut hash);
        }
    }
    if left.count < LEFT_MIN { Err(NoiseError::TooFew) } else { Ok(hash.finalize().into()) }
}

/// Bits on their way into the hash, which takes bytes.
#[derive(Default)]
struct Left {
    byte: u8,
    count: u32,
}

impl Left {
    fn push(&mut self, bit: bool, hash: &mut Sha256) {
        self.byte = self.byte << 1 | u8::from(bit);
        self.count = self.count.saturating_add(1);
        if self.count.is_multiple_of(u8::BITS) {
            hash.update([self.byte]);
        }
    }
}

/// Compares each bit with those before it.
struct Test {
    /// The last bits, the newest lowest.
    before: u64,
    /// Bits of this window that were seen.
    seen: u32,
    /// How many of them were like the one so many places before, less one.
    alike: [u16; DISTANCES],
}

impl Test {
    const fn new() -> Self {
        Self { before: 0, seen: 0, alike: [0; DISTANCES] }
    }

    fn take(&mut self, bit: bool) -> Result<(), NoiseError> {
        // A set bit where one before is the same as this.
        let same = if bit { self.before } else { !self.before };
        for (distance, alike) in self.alike.iter_mut().enumerate() {
            *alike = alike.saturating_add(u16::from(same >> distance & 1 == 1));
        }
        self.before = self.before << 1 | u64::from(bit);
        self.seen = self.seen.saturating_add(1);
        if self.seen < WINDOW { Ok(()) } else { self.judge() }
    }

    /// Judges a window and begins the next.
    fn judge(&mut self) -> Result<(), NoiseError> {
        self.seen = 0;
        for (distance, alike) in (1..).zip(&mut self.alike) {
            match core::mem::take(alike) {
                count if count > ALIKE_MAX => return Err(NoiseError::Alike(distance)),
                count if count < ALIKE_MIN => return Err(NoiseError::Opposite(distance)),
                _ => {}
            }
        }
        Ok(())
    }
}
