//! The two crates that are for others: `cargo xtask package`, and the gate that looks at their manifests.
//!
//! One cannot be published without the other, so both are packed in one call: cargo then takes the first from what it has
//! just packed, and no registry has to have it.

use crate::Command;
use crate::process::{Problem, Process, target_folder};

pub(crate) const COMMAND: Command = Command {
    name: "package",
    arguments: "",
    about: "packs the crates aclk-core and aclk-firmware, builds them from what was packed, and does everything\n\
            else of publishing but the last step",
    run: |_| rehearse(),
};

const CRATES: &str = "--package aclk-core --package aclk-firmware";

/// In a folder of its own for each call: cargo keeps what it has unpacked by the place of the package and its version, and
/// would build the second crate with the first as it was the last time.
fn rehearse() -> Result<(), Problem> {
    let folder = target_folder()?.join(format!("publish-{}", std::process::id()));
    let outcome =
        Process::cargo(&format!("publish --dry-run {CRATES}")).argument("--target-dir").argument(&folder).show();
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

/// Whether they can be packed: every file that the manifests name is there, and every dependency has a version. Building
/// from what was packed is for [`COMMAND`], as it takes a minute.
pub(crate) fn check() -> Result<(), Problem> {
    Process::cargo(&format!("package --no-verify --allow-dirty {CRATES}")).show()
}
