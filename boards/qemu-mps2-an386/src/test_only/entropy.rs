//! Randomness from the host, and from what came before.

use super::file::{self, FileError};
use chacha20::ChaCha20Rng;
use core::ffi::CStr;
use rand_core::SeedableRng;
use semihosting::fs::File;
use semihosting::io::Read;
use sha2::{Digest, Sha256};

const HOST_ENTROPY: &CStr = c"/dev/urandom";
const SEED: &CStr = c"seed";
const SEED_LEN: usize = 32;

/// A generator whose seed is mixed from randomness of the host and from the seed that the last start has left, so that two
/// starts differ even if the host says the same twice.
pub(crate) fn seeded() -> Result<ChaCha20Rng, FileError> {
    let mut fresh = [0; SEED_LEN];
    let read = File::open(HOST_ENTROPY).and_then(|mut file| file.read_exact(&mut fresh));
    read.map_err(|_| FileError::Host)?;
    let mut buffer = [0; SEED_LEN + 1];
    let kept = file::read(SEED, &mut buffer)?.unwrap_or_default();
    let derive = |purpose: &[u8]| -> [u8; SEED_LEN] {
        let hash = Sha256::new().chain_update(purpose).chain_update(fresh).chain_update(kept);
        hash.finalize().into()
    };
    // Of the two neither tells anything of the other.
    file::replace(SEED, &[&derive(b"kept for the next start")])?;
    Ok(ChaCha20Rng::from_seed(derive(b"used by this start")))
}
