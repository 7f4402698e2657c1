//! What another program takes.

use nix::sys::resource::{UsageWho, getrusage};
use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// Runs a program, without its output, and prints in microseconds how long it took and how long it and its children used
/// a processor, then the most memory of any of them in bytes.
pub(crate) fn run(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(program) = arguments.next() else {
        eprintln!("run what?");
        return ExitCode::FAILURE;
    };
    let mut command = Command::new(&program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    let begun = Instant::now();
    let status = command.status();
    let wall = begun.elapsed();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => {
            eprintln!("{}: {status}", program.display());
            return ExitCode::FAILURE;
        }
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            return ExitCode::FAILURE;
        }
    }
    // There was one child, so what all of them took is what it took.
    match getrusage(UsageWho::RUSAGE_CHILDREN) {
        Ok(usage) => {
            let us = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
            let cpu = us(usage.user_time()) + us(usage.system_time());
            println!("{} {cpu} {}", wall.as_micros(), usage.max_rss() * 1024);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("getrusage: {error}");
            ExitCode::FAILURE
        }
    }
}
