//! The crates that must do without an operating system, on every target and with every choice of features.
//!
//! Each is checked alone: a build of the whole workspace would join the features of all its members, and a dependency
//! that quietly needs `std` would go unseen. The builds have a target folder of their own, so that they do not disturb
//! those of the workspace.

use crate::process::{Problem, Process, root};
use crate::setup::{SMALL_TARGETS, TARGETS};
use std::fs;

/// A crate without `std`, without `unsafe`.
struct Package {
    name: &'static str,
    /// Its first source file, from the root of the repository.
    source: &'static str,
    /// The choices of features that must build.
    features: &'static [&'static str],
    /// Those that must build where there are no atomic instructions, too: all without the `rsa` crate, whose arithmetic needs
    /// them.
    small: &'static [&'static str],
}

const PACKAGES: [Package; 2] = [
    Package {
        name: "aclk-core",
        source: "core/src/lib.rs",
        features: &[
            "",
            "--no-default-features",
            "--no-default-features --features link",
            "--no-default-features --features rsa",
            "--no-default-features --features compact-rsa",
            "--no-default-features --features compact-ecdsa,p384",
        ],
        small: &["--no-default-features --features compact-ecdsa,compact-rsa,p384,proxy"],
    },
    Package {
        name: "aclk-firmware",
        source: "boards/firmware/src/lib.rs",
        features: &["", "--no-default-features"],
        small: &[
            "--no-default-features --features alloc,compact-ecdsa,compact-rsa,p384,proxy",
            "--no-default-features",
        ],
    },
];

/// What the first source file must say, so that the compiler sees to it.
const PROMISES: [&str; 2] = ["#![no_std]", "#![forbid(unsafe_code)]"];

pub(super) fn check() -> Result<(), Problem> {
    let host = Process::new("rustc", "--print host-tuple").read()?;
    let targets = named(TARGETS.into_iter().chain([host.trim()]));
    let small = named(SMALL_TARGETS);
    for package in &PACKAGES {
        promises(package)?;
        for (choices, targets) in [(package.features, &targets), (package.small, &small)] {
            for features in choices {
                Process::cargo(&format!(
                    "clippy --package {} --lib {features}{targets} --target-dir target/cross -- -D warnings",
                    package.name
                ))
                .show()?;
            }
        }
    }
    Ok(())
}

fn named<'t>(targets: impl IntoIterator<Item = &'t str>) -> String {
    targets.into_iter().map(|target| format!(" --target {target}")).collect()
}

fn promises(package: &Package) -> Result<(), Problem> {
    let path = root().join(package.source);
    let source = fs::read_to_string(&path)
        .map_err(|cause| Problem::Io { attempt: format!("read {}", package.source), cause })?;
    Problem::unless_empty(
        missing_promises(&source).map(|promise| format!("{}: there is no {promise}", package.source)).collect(),
    )
}

fn missing_promises(source: &str) -> impl Iterator<Item = &'static str> {
    PROMISES.into_iter().filter(move |promise| source.lines().all(|line| line.trim_end() != *promise))
}

#[cfg(test)]
mod tests {
    use super::missing_promises;

    #[test]
    fn a_promise_that_is_commented_out_or_weaker_does_not_count() {
        let source = "//! A crate.\n#![no_std]\n// #![forbid(unsafe_code)]\n#![deny(unsafe_code)]\n";
        assert!(missing_promises(source).eq(["#![forbid(unsafe_code)]"]));
    }

    #[test]
    fn both_promises_satisfy() {
        assert_eq!(missing_promises("#![no_std]\n#![forbid(unsafe_code)]\n").count(), 0);
    }
}
