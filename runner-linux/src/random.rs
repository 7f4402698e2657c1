//! Randomness from the operating system.

use crate::fault::Fault;
use aclk_core::stage::Stage;
use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;

/// 32 bytes nobody can guess.
pub(crate) fn seed() -> Result<[u8; 32], Fault> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Fault::new(Stage::Key, format_args!("the system gives no random numbers: {error}")))?;
    Ok(seed)
}

/// A generator with a seed from the operating system: the search for primes asks too often to ask the system itself.
pub(crate) fn rng() -> Result<ChaCha20Rng, Fault> {
    Ok(ChaCha20Rng::from_seed(seed()?))
}

#[cfg(test)]
pub(crate) fn host_rng() -> ChaCha20Rng {
    rng().unwrap()
}
