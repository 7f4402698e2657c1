//! The oldest Rust that builds everything: what the manifests say, and whether that is true.

use super::read;
use crate::process::{Problem, Process};

/// The manifests that say it; all others take it from one of these.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "boards/Cargo.toml", "runner-wasm/bindgen/Cargo.toml"];

/// All manifests say the same, and what builds is that version. With a newer compiler, and that one beside it, the core and the
/// program are checked with the old one; without it, that is said.
pub(super) fn check() -> Result<(), Problem> {
    let mut said = Vec::new();
    for manifest in MANIFESTS {
        let text = read(manifest)?;
        let version = stated(&text).ok_or_else(|| finding(format!("{manifest}: no rust-version")))?;
        said.push((manifest, version.to_owned()));
    }
    let oldest = said[0].1.clone();
    if let Some((manifest, other)) = said.iter().find(|(_, version)| *version != oldest) {
        return Err(finding(format!("{manifest}: rust-version is {other}, and {oldest} in {}", MANIFESTS[0])));
    }
    let compiler = Process::new("rustc", "--version").read()?;
    if is_of(&compiler, &oldest) {
        println!("oldest Rust: {oldest}, which is what everything here is built with");
    } else if Process::rustup(&format!("run {oldest} rustc --version")).read().is_ok() {
        println!("oldest Rust: {oldest}");
        let line = format!("run {oldest} cargo check --package aclk-core --package aclk --target-dir target/oldest");
        Process::rustup(&line).show()?;
    } else {
        println!("skipped: {oldest} is the oldest Rust, and not here: rustup toolchain install {oldest}");
    }
    Ok(())
}

/// What a manifest says.
fn stated(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""))?;
    line.strip_suffix('"')
}

/// Whether `rustc --version` is a release of `version`, such as `1.95`.
fn is_of(compiler: &str, version: &str) -> bool {
    let number = compiler.split_whitespace().nth(1).unwrap_or_default();
    number.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn finding(text: String) -> Problem {
    Problem::Findings(vec![text])
}

#[cfg(test)]
mod tests {
    use super::{is_of, stated};

    #[test]
    fn the_version_of_a_manifest_and_of_a_compiler_are_compared() {
        assert_eq!(stated("[workspace.package]\nrust-version = \"1.95\"\n"), Some("1.95"));
        assert_eq!(stated("rust-version.workspace = true\n"), None);
        assert!(is_of("rustc 1.95.0 (abc 2026-01-01)", "1.95"));
        assert!(!is_of("rustc 1.96.0 (abc 2026-01-01)", "1.95"));
        assert!(!is_of("rustc 1.950.0 (abc 2026-01-01)", "1.95"));
        assert!(!is_of("", "1.95"));
    }
}
