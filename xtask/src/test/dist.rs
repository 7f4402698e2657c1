//! The program that is distributed: it links as it is laid out, it starts, and it is small.

use crate::process::{Problem, Process, has_target, root};
use crate::setup::STATIC;
use crate::size::limits;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn check() -> Result<(), Problem> {
    let Some(program) = build()? else { return Ok(()) };
    let (size, most) = (len(&program)?, limits::most("host", "program")?);
    println!("{size} bytes, of {most} that it may have");
    let too_large = (size > most).then(|| format!("the program that is distributed has {size} bytes"));
    Problem::unless_empty(too_large.into_iter().collect())?;
    Process::new(&program.display().to_string(), "--version").show()
}

/// Builds it and yields where it is; `None`, after saying so, if that is not possible here.
pub(crate) fn build() -> Result<Option<PathBuf>, Problem> {
    if !cfg!(target_arch = "x86_64") || !has_target(STATIC)? {
        println!("skipped: the target {STATIC} is not here (cargo xtask setup adds it)");
        return Ok(None);
    }
    let features = "--no-default-features --features link";
    Process::cargo(&format!(
        "build --package aclk --profile dist {features} --target {STATIC} --target-dir target/cross"
    ))
    .show()?;
    Ok(Some(root().join(format!("target/cross/{STATIC}/dist/aclk"))))
}

/// Its size in bytes.
pub(crate) fn len(program: &Path) -> Result<u64, Problem> {
    let metadata = fs::metadata(program);
    Ok(metadata.map_err(|cause| Problem::Io { attempt: format!("look at {}", program.display()), cause })?.len())
}
