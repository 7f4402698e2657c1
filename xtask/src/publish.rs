//! The two crates that are for others: `cargo xtask package`, and the gate that looks at their manifests.
//!
//! One cannot be published without the other, so both are packed in one call: cargo then takes the first from what it has
//! just packed, and no registry has to have it.

use crate::Command;
use crate::process::{Problem, Process};

pub(crate) const COMMAND: Command = Command {
    name: "package",
    arguments: "",
    about: "packs the crates aclk-core and aclk-firmware, builds them from what was packed, and does everything\n\
            else of publishing but the last step",
    run: |_| Process::cargo(&format!("publish --dry-run {CRATES}")).show(),
};

const CRATES: &str = "--package aclk-core --package aclk-firmware";

/// Whether they can be packed: every file that the manifests name is there, and every dependency has a version. Building
/// from what was packed is for [`COMMAND`], as it takes a minute.
pub(crate) fn check() -> Result<(), Problem> {
    Process::cargo(&format!("package --no-verify --allow-dirty {CRATES}")).show()
}
