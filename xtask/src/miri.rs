//! `cargo xtask miri`: the unit tests of the core in an interpreter that sees what no processor tells: undefined behaviour, also in
//! dependencies, and leaks.

use crate::Command;
use crate::process::{Problem, Process};
use crate::setup::nightly;

pub(crate) const COMMAND: Command = Command {
    name: "miri",
    arguments: "[FILTER…]",
    about: "runs the unit tests of the core in Miri, all that are not too slow for it, or those whose names contain a\n\
            filter; takes long, and the component miri of a nightly toolchain",
    run: miri,
};

/// What is left out, and why: an interpreter is some thousand times as slow as a processor, or knows nothing outside itself.
const TOO_SLOW: [&str; 10] = [
    // RSA with 2048 bits: decrypting, primes, signatures.
    "identity::",
    "modular::",
    "tls::algorithms",
    // Handshakes with curves, by cryptography in assembler that Miri cannot run.
    "tls::guarantees",
    "tls::certificate",
    // Minutes each: thousands of cases, every length, answers of hundreds of kilobytes.
    "api::",
    "hash::sha1::tests::a_hash_of_each_length",
    "queries::tests::requests_that_need_no_acknowledgement_never_take_the_room",
    "wire::json::tests::wellformed",
    "wire::http::tests::splitting",
];

/// Cases of a property test: each is worth minutes otherwise.
const CASES: &str = "8";

fn miri(filters: &[String]) -> Result<(), Problem> {
    let nightly = nightly();
    if Process::rustup(&format!("run {nightly} cargo miri --version")).read().is_err() {
        return Err(Problem::Usage(format!(
            "Miri is not here: `rustup component add miri rust-src --toolchain {nightly}`"
        )));
    }
    let skipped: Vec<String> = TOO_SLOW.iter().map(|name| format!("--skip={name}")).collect();
    Process::rustup(&format!("run {nightly} cargo miri test -p aclk-core --lib --target-dir target/miri --"))
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env("PROPTEST_CASES", CASES)
        .arguments(&skipped)
        .arguments(filters)
        .show()
}
