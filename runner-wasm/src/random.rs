//! Randomness of the browser: `crypto.getRandomValues`.

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;

/// A generator with a seed of its own.
///
/// # Errors
/// If the browser has no randomness, which none does.
pub(crate) fn generator() -> Result<ChaCha20Rng, &'static str> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| "the browser has no randomness")?;
    Ok(ChaCha20Rng::from_seed(seed))
}
