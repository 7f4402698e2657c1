//! The commands: each takes its arguments and returns an exit code.

pub(crate) mod claim;
pub(crate) mod cli;
#[cfg(feature = "lab")]
pub(crate) mod demo;
pub(crate) mod doctor;
#[cfg(feature = "lab")]
pub(crate) mod fleet;
pub(crate) mod help;
pub(crate) mod manual;
pub(crate) mod netdata;
#[cfg(feature = "lab")]
pub(crate) mod playground;
#[cfg(feature = "lab")]
pub(crate) mod provision;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod unclaim;

use std::fmt::Display;
use std::io::Write;

/// Writes to standard output. A reader that has gone away (`| head`) is no reason to panic.
pub(crate) fn print(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}
