//! What holds whatever happens.
//!
//! A [`Scenario`] is a device, its network, and a schedule of what happens to it: faults of the Cloud by name, broken
//! networks and proxies, power cuts, storage that refuses, bans, wishes of people. [`play`] lets a [`Pair`](aclk_pair::Pair)
//! live through it in virtual time, then ends all faults and waits until the device is online. What went in and out of the engine
//! is the transcript, and each [`Property`] is a rule about transcripts that knows nothing of the engine.
//!
//! [`exploration`] is the other half: not long ways by chance, but every short one.

mod evidence;
pub mod exploration;
mod heap;
mod play;
mod properties;
mod scenario;

pub use play::{ONLINE_WITHIN, Run, play};
pub use properties::{PROPERTIES, Property};
pub use scenario::{Act, Scenario, scenarios};

use proptest::test_runner::{Config, FileFailurePersistence};

/// How many cases are tried: `ACLK_PROPERTY_CASES`, or `usual` without it.
///
/// # Panics
/// If the variable is no number.
#[must_use]
pub fn cases(usual: u32) -> u32 {
    std::env::var("ACLK_PROPERTY_CASES").map_or(usual, |cases| cases.parse().expect("ACLK_PROPERTY_CASES is a number"))
}

/// How proptest is to run `cases` cases. What fails is made as small as possible, and its seed is added to
/// `regressions/NAME.txt`, from where every later run takes it first.
#[must_use]
pub fn config(name: &'static str, cases: u32) -> Config {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions/");
    let path: &'static str = format!("{folder}{name}.txt").leak();
    Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(path))),
        max_shrink_iters: 2_000,
        ..Config::default()
    }
}
