//! Makes an RSA-2048 key pair the way a device does: in small steps, with something to show in between.
//!
//! ```text
//! cargo run --release -p aclk-core --example keygen             # random numbers of the operating system
//! cargo run --release -p aclk-core --example keygen -- --seed 7 # the same key every time: to measure, never to use
//! ```
//!
//! The search for two primes draws random odd numbers of 1024 bits. Most are multiples of a small prime and go at once;
//! the rest meet a primality test, the expensive part. One odd number in 355 is prime, so 710 candidates are to be
//! expected for a key, but luck decides: twice that many, or half, are nothing special.
//!
//! The program prints the public key, which is what the Cloud gets to know when the node is claimed. The private key is
//! wiped when the program ends. A real device writes `private_pem()` to its store first.

use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use chacha20::ChaCha20Rng;
use getrandom::SysRng;
use rand_core::{CryptoRng, SeedableRng, UnwrapErr};
use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = random_numbers()?;
    let mut key = SoftwareKey::new();
    let mut steps = 0;
    let mut primes = 0;
    loop {
        // One bounded piece of work. Here the device would serve its network and feed its watchdog.
        let progress = key.generate_step(&mut *rng)?;
        steps += 1;
        if progress.primes > primes {
            primes = progress.primes;
            eprintln!("prime {primes} of 2 found, {} candidates so far", progress.candidates);
        }
        if progress.done {
            eprintln!("the key is complete after {steps} steps");
            break;
        }
    }
    print!("{}", key.public_pem()?);
    Ok(())
}

/// What the arguments ask for.
fn random_numbers() -> Result<Box<dyn CryptoRng>, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => Ok(Box::new(UnwrapErr(SysRng))),
        [option, seed] if option == "--seed" => {
            eprintln!("WARNING: whoever knows the seed knows the key. Measure with it, never use it.");
            Ok(Box::new(ChaCha20Rng::seed_from_u64(seed.parse()?)))
        }
        _ => Err("usage: keygen [--seed NUMBER]".into()),
    }
}
