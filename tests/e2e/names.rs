//! What people type and what they read: the documented names, lines, messages and exit codes.

mod answers;
mod manual;
mod netdata;
mod scripted;
mod verbose;

use crate::support::*;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The program under another name, as a link to it gives it.
pub(crate) fn named<S: AsRef<std::ffi::OsStr>>(machine: &Machine, name: &str, arguments: &[S]) -> Command {
    let mut command = machine.command(arguments);
    command.arg0(format!("/usr/sbin/{name}"));
    command
}
