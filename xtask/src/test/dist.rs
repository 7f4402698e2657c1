//! The program that is distributed: it links as it is laid out, it starts, and it is small.

use crate::process::{Problem, Process, has_target, root};
use crate::setup::STATIC;
use std::fs;

/// The most that it may have, in bytes.
const LIMIT: u64 = 2_500_000;

pub(super) fn check() -> Result<(), Problem> {
    if !cfg!(target_arch = "x86_64") || !has_target(STATIC)? {
        println!("skipped: the target {STATIC} is not here (cargo xtask setup adds it)");
        return Ok(());
    }
    let features = "--no-default-features --features link";
    Process::cargo(&format!(
        "build --package aclk --profile dist {features} --target {STATIC} --target-dir target/cross"
    ))
    .show()?;
    let program = root().join(format!("target/cross/{STATIC}/dist/aclk"));
    let size = fs::metadata(&program)
        .map_err(|cause| Problem::Io { attempt: format!("look at {}", program.display()), cause })?
        .len();
    println!("{size} bytes, of {LIMIT} that it may have");
    let too_large = (size > LIMIT).then(|| format!("the program that is distributed has {size} bytes"));
    Problem::unless_empty(too_large.into_iter().collect())?;
    Process::new(&program.display().to_string(), "--version").show()
}
