//! The program that is installed: built here, or brought along.

use super::options::{Cloud, Options};
use crate::process::{Problem, Process, has_target, target_folder};
use std::fs;
use std::path::PathBuf;

/// Static, so that it runs on every Linux of this architecture.
const LIBC: &str = "musl";

/// A program file.
pub(super) struct Program {
    path: PathBuf,
    has_cloud: bool,
}

impl Program {
    /// Builds it, or takes the one that was given.
    pub(super) fn make(options: &Options) -> Result<Self, Problem> {
        if let Some(path) = &options.binary {
            println!("program: {}", path.display());
            let path = path.clone();
            let has_cloud = options.cloud != Cloud::Disabled;
            let program = Self { path, has_cloud };
            program.bytes()?;
            return Ok(program);
        }
        let target = match &options.target {
            Some(target) => target.clone(),
            None => best_target()?,
        };
        println!("program: built for {target}");
        if options.cloud != Cloud::Disabled {
            match build(&target, "--features link") {
                Ok(path) => return Ok(Self { path, has_cloud: true }),
                Err(problem) if options.cloud == Cloud::Required => {
                    println!("{problem}");
                    return Err(Problem::Usage(
                        "Cloud features failed to build, and --require-cloud was given; the compiler's words are above"
                            .to_owned(),
                    ));
                }
                Err(problem) => println!(
                    "\n{problem}\n\nWARNING: Cloud features failed to build; the compiler's words are above.\n\
                     WARNING: The installation goes on without them: this machine can NOT be claimed into Netdata Cloud.\n\
                     WARNING: With --require-cloud the installation fails instead.\n"
                ),
            }
        }
        build(&target, "").map(|path| Self { path, has_cloud: false })
    }

    /// Whether it can be claimed.
    pub(super) const fn has_cloud(&self) -> bool {
        self.has_cloud
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, Problem> {
        fs::read(&self.path).map_err(|cause| Problem::Io { attempt: format!("read {}", self.path.display()), cause })
    }

    /// What it prints on standard output; `None` if it does not know these arguments, or does not run on this machine.
    pub(super) fn print(&self, arguments: &[&str]) -> Option<Vec<u8>> {
        let output = std::process::Command::new(&self.path).args(arguments).output().ok()?;
        (output.status.success() && !output.stdout.is_empty()).then_some(output.stdout)
    }
}

/// The static one of this machine's architecture if it is there, else this machine's own.
fn best_target() -> Result<String, Problem> {
    let host = Process::new("rustc", "--print host-tuple").read()?.trim().to_owned();
    let musl = format!("{}-unknown-linux-{LIBC}", host.split('-').next().unwrap_or_default());
    Ok(if has_target(&musl)? { musl } else { host })
}

/// Builds what is distributed, and says where it is.
fn build(target: &str, features: &str) -> Result<PathBuf, Problem> {
    Process::cargo(&format!("build --package aclk --profile dist --no-default-features {features} --target {target}"))
        .show()?;
    Ok(target_folder()?.join(target).join("dist/aclk"))
}
