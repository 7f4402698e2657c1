//! `aclk completions` and `aclk man`.

use super::print;
use crate::args::Args;
use crate::fault::Fault;
use crate::manual::completions::Shell;
use crate::manual::pages::{COMPLETIONS, MAN};
use crate::manual::roff::Manual;
use crate::report::screen::Screen;
use std::ffi::OsString;
use std::io::stderr;

/// `aclk completions SHELL`.
pub(crate) fn completions(arguments: Vec<OsString>) -> u8 {
    let shell = arguments.first().and_then(|first| Shell::of(first.to_str()?)).filter(|_| arguments.len() == 1);
    if let Some(shell) = shell {
        print(shell.to_string().trim_end());
        return 0;
    }
    match only_help(&COMPLETIONS, arguments) {
        Ok(true) => print(COMPLETIONS),
        Ok(false) => return fail(&Fault::usage("the name of the shell is missing").hint("write bash, zsh or fish")),
        Err(fault) => return fail(&fault.hint("write bash, zsh or fish")),
    }
    0
}

/// `aclk man`.
pub(crate) fn man(arguments: Vec<OsString>) -> u8 {
    match only_help(&MAN, arguments) {
        Ok(true) => print(MAN),
        Ok(false) => print(Manual.to_string().trim_end()),
        Err(fault) => return fail(&fault),
    }
    0
}

/// Whether help is asked for, where there is nothing else to ask for.
fn only_help(page: &'static crate::manual::Page, arguments: Vec<OsString>) -> Result<bool, Fault> {
    let mut args = Args::of(page, arguments);
    match args.next()? {
        None => Ok(false),
        Some(argument) if argument.is_help() => Ok(true),
        Some(argument) => Err(argument.unknown()),
    }
}

fn fail(fault: &Fault) -> u8 {
    Screen::new(stderr()).fault(fault);
    fault.code
}
