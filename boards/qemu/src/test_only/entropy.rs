//! Randomness from the host.

use super::HostError;
use chacha20::ChaCha20Rng;
use core::ffi::CStr;
use rand_core::SeedableRng;
use semihosting::fs::File;
use semihosting::io::Read;

const HOST_ENTROPY: &CStr = c"/dev/urandom";
/// In its place, if there is such a file: for runs that have to be alike.
const FIXED_ENTROPY: &CStr = c"entropy";

/// The generator of these boards.
pub type HostRng = ChaCha20Rng;

/// A generator with a seed of the host's.
///
/// # Errors
/// If the host has none.
pub fn seeded() -> Result<HostRng, HostError> {
    let mut seed = [0; 32];
    File::open(FIXED_ENTROPY).or_else(|_| File::open(HOST_ENTROPY))?.read_exact(&mut seed)?;
    Ok(HostRng::from_seed(seed))
}
