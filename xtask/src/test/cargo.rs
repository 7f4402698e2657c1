//! The gates that are a call of cargo over the whole workspace.
//!
//! They share one target folder, one profile and one set of flags, so that a dependency is checked once and built once.

use super::summary::Sum;
use crate::process::{Problem, Process, is_automatic};
use crate::setup::has_nextest;
use std::io::{self, IsTerminal};

/// What proptest draws its scenarios from.
const SEED: &str = "PROPTEST_RNG_SEED";

pub(super) fn format() -> Result<(), Problem> {
    // Left alone, rustfmt colours what it writes into a file too.
    let colour = if io::stdout().is_terminal() { "always" } else { "never" };
    Process::cargo(&format!("fmt --all --check -- --color {colour}")).show()
}

pub(super) fn lint() -> Result<(), Problem> {
    workspace("clippy --workspace --all-targets -- -D warnings").show()?;
    // What is distributed has fewer features.
    workspace("clippy -p aclk --no-default-features --features link -- -D warnings").show()
}

/// What a user of the crates sees: private items are left out, so that a public text that points to one is an error.
pub(super) fn docs() -> Result<(), Problem> {
    workspace("doc --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings").show()
}

pub(super) fn doctests() -> Result<(), Problem> {
    workspace("test --workspace --doc --no-fail-fast").show()
}

/// By itself: with the rest of the workspace there would be two time drivers in one program.
pub(super) fn netsim() -> Result<(), Problem> {
    workspace("clippy -p aclk-netsim --features virtual-time --all-targets -- -D warnings").show()?;
    workspace("test -p aclk-netsim --features virtual-time").show()
}

/// What has to do with signatures and RSA, once more with our own code: in the other gates crates decrypt and verify.
pub(super) fn compact_rsa() -> Result<(), Problem> {
    const FEATURES: &str = "test -p aclk-core --no-default-features --features compact-ecdsa,compact-rsa,p384,proxy";
    for tests in
        ["--lib -- identity algorithms modular", "--test heap_rsa", "--test rsa_openssl", "--test rsa_wycheproof"]
    {
        workspace(&format!("{FEATURES} {tests}")).show()?;
    }
    workspace(&format!("{FEATURES} --test tls -- forged handshake chains")).show()
}

/// The properties notice a rule that is broken on purpose, and a build for users cannot have that.
pub(super) fn broken() -> Result<(), Problem> {
    workspace("test -p aclk-properties --features broken --test broken").show()?;
    let release = "check -p aclk-core --release --no-default-features --target-dir target/cross --features";
    workspace(&format!("{release} link")).show()?;
    match workspace(&format!("{release} broken")).read() {
        Ok(_) => Err(Problem::Findings(vec!["a build with optimisation takes the feature `broken`".to_owned()])),
        Err(_) => Ok(()),
    }
}

pub(super) fn build_tests() -> Result<(), Problem> {
    if has_nextest() {
        workspace("nextest run --workspace --no-run").show()
    } else {
        workspace("test --workspace --lib --bins --tests --no-run").show()
    }
}

pub(super) fn tests() -> Result<(), Problem> {
    if has_nextest() {
        return workspace("nextest run --workspace").show();
    }
    let mut sum = Sum::default();
    let outcome = workspace("test --workspace --lib --bins --tests --no-fail-fast").show_and_look(|line| sum.add(line));
    println!("\n{sum}");
    outcome?;
    sum.at_least_one()
}

/// Where nobody edits and builds again, incremental compilation only costs time and disk.
pub(super) fn workspace(arguments: &str) -> Process {
    let mut process = Process::cargo(arguments);
    // What a change is refused for should be its own: the same scenarios are drawn each time. Campaigns draw others
    // (docs/testing.md), and so does `cargo test`.
    if std::env::var_os(SEED).is_none() {
        process = process.env(SEED, "1");
    }
    if is_automatic() { process.env("CARGO_INCREMENTAL", "0") } else { process }
}
