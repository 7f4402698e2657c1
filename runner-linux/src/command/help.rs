//! `aclk help`, `aclk --version`, and what is said about everything else.

use super::print;
use crate::fault::{Fault, exit};
use crate::manual::help::Overview;
use crate::manual::pages;
use crate::report::screen::Screen;
use std::ffi::OsString;
use std::io::stderr;

/// The longest word that is repeated in a message.
const WORD_MAX: usize = 20;

/// Prints the overview, or the page of a command.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let word = arguments.first().map(|first| first.to_string_lossy());
    match word.as_deref() {
        None | Some("help" | "version" | "aclk") => print(Overview),
        #[cfg(feature = "lab")]
        Some("cloud") => print(aclk_cloud::command::HELP),
        Some(word) => match pages::find(word) {
            Some(page) => print(page),
            None => return unknown(word),
        },
    }
    0
}

/// Prints the version.
pub(crate) fn version() -> u8 {
    print(format_args!("aclk {}", env!("CARGO_PKG_VERSION")));
    0
}

/// The command exists, and not here.
#[cfg(not(feature = "lab"))]
pub(crate) fn unavailable(command: &str) -> u8 {
    let fault = Fault::usage(format_args!("\"{command}\" is not part of this build")).code(exit::UNAVAILABLE);
    Screen::new(stderr()).fault(&fault.hint("build with the feature \"lab\" to have it"));
    exit::UNAVAILABLE
}

/// Nobody knows this command. A long one could be a token, so it is not repeated.
pub(crate) fn unknown(command: &str) -> u8 {
    let is_word = command.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && command.len() <= WORD_MAX;
    let fault = if is_word {
        Fault::usage(format_args!("unknown command \"{command}\""))
    } else {
        Fault::usage("unknown command (not shown, as it could be a secret)")
    };
    Screen::new(stderr()).fault(&fault.hint("see \"aclk --help\""));
    exit::USAGE
}
