//! `cargo xtask supply`: what our programs and images are made of, beside our own code (docs/dependencies.md).

pub(crate) mod reproduce;
mod reviewed;
mod rust_version;
pub(crate) mod sbom;

use crate::Command;
use crate::process::{Problem, Process, root};
use std::fs;

pub(crate) const COMMAND: Command = Command {
    name: "supply",
    arguments: "[--advisories]",
    about: "licences, sources and versions of all dependencies by cargo-deny, which is installed if it is missing; the\n\
            reviews of docs/dependencies.md against the lock files; the oldest Rust. --advisories: also asks the database\n\
            of RustSec for known weaknesses, for which it needs the internet",
    run: |arguments| match arguments {
        [] => check(),
        [only] if only == "--advisories" => check().and_then(|()| advisories()),
        _ => Err(Problem::Usage("`supply` takes --advisories and nothing else".to_owned())),
    },
};

/// A workspace, and what cargo-deny looks at in it.
struct Workspace {
    manifest: &'static str,
    lock: &'static str,
    checks: &'static str,
}

/// Boards bring the versions that the vendors of their chips chose, and tools run on the machine of a developer only: how often a
/// crate is in these is not ours to say.
const WORKSPACES: [Workspace; 3] = [
    Workspace { manifest: "Cargo.toml", lock: "Cargo.lock", checks: "bans licenses sources" },
    Workspace { manifest: "boards/Cargo.toml", lock: "boards/Cargo.lock", checks: "licenses sources" },
    Workspace {
        manifest: "runner-wasm/bindgen/Cargo.toml",
        lock: "runner-wasm/bindgen/Cargo.lock",
        checks: "licenses sources",
    },
];

/// The gate of `cargo xtask test`.
pub(crate) fn check() -> Result<(), Problem> {
    rust_version::check()?;
    let locks: Result<Vec<String>, Problem> = WORKSPACES.iter().map(|workspace| read(workspace.lock)).collect();
    reviewed::check(&read(reviewed::PAGE)?, &locks?)?;
    make_cargo_deny()?;
    for Workspace { manifest, checks, .. } in &WORKSPACES {
        deny(manifest, checks)?;
    }
    Ok(())
}

fn advisories() -> Result<(), Problem> {
    WORKSPACES.iter().try_for_each(|Workspace { manifest, .. }| deny(manifest, "advisories"))
}

fn deny(manifest: &str, checks: &str) -> Result<(), Problem> {
    let line =
        format!("--manifest-path {manifest} --config deny.toml --workspace check --hide-inclusion-graph {checks}");
    Process::cargo(&format!("deny {line}")).show()
}

/// Installs cargo-deny if it is missing: without optimisation, as it has little to do.
fn make_cargo_deny() -> Result<(), Problem> {
    if Process::cargo("deny --version").read().is_ok() {
        return Ok(());
    }
    Process::cargo("install cargo-deny --version 0.20.2 --locked --debug").persist()
}

fn read(path: &str) -> Result<String, Problem> {
    fs::read_to_string(root().join(path)).map_err(|cause| Problem::Io { attempt: format!("read {path}"), cause })
}
