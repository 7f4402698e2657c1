//! The program without the feature `link`: it builds, nothing of the link comes with it, and a test runs it.

use crate::process::{Problem, Process, root, target_folder};
use std::fs;

/// What makes claiming and link: none of it may be among the dependencies.
const LINK_ONLY: [&str; 9] = [
    "aes-gcm",
    "crypto-primes",
    "embedded-tls",
    "p256",
    "p384",
    "rsa",
    "rustls-native-certs",
    "rustls-webpki",
    "tokio-tun",
];

const FEATURES: &str = "--package aclk --no-default-features";

pub(super) fn check() -> Result<(), Problem> {
    let tree = Process::cargo(&format!("tree {FEATURES} --edges normal,build --prefix none")).read()?;
    Problem::unless_empty(found(&tree).map(|name| format!("a build without cloud depends on {name}")).collect())?;
    super::cargo::workspace(&format!("clippy {FEATURES} -- -D warnings")).show()?;
    super::cargo::workspace(&format!("build {FEATURES}")).show()?;
    // The next build of the whole program takes its place, and the test of this one has to find it.
    let folder = root().join(target_folder()?);
    let (from, to) = (folder.join("debug/aclk"), folder.join("without-cloud"));
    fs::create_dir_all(&to)
        .and_then(|()| fs::copy(&from, to.join("aclk")))
        .map_err(|cause| Problem::Io { attempt: format!("copy {} to {}", from.display(), to.display()), cause })?;
    Ok(())
}

/// What of [`LINK_ONLY`] stands in the output of `cargo tree`.
fn found(tree: &str) -> impl Iterator<Item = &'static str> {
    LINK_ONLY.into_iter().filter(|name| tree.lines().any(|line| line.split(' ').next() == Some(name)))
}

#[cfg(test)]
mod tests {
    use super::found;

    #[test]
    fn a_dependency_is_known_by_its_whole_name() {
        let tree = "aclk v0.1.0 (here)\nrsa-pss v0.1.0\nrsa v0.10.0 (*)\nrustls-webpki-roots v1.0.0\n";
        assert_eq!(found(tree).collect::<Vec<_>>(), ["rsa"]);
    }
}
