//! `aclk aclk-state`, and `netdatacli`: a running daemon is asked.

use super::{print, status};
use crate::args::Args;
use crate::fault::{Fault, exit};
use crate::manual::pages;
use crate::paths::Paths;
use crate::report::screen::Screen;
use crate::socket::{COMMAND_MAX, client, commands};
use std::ffi::OsString;
use std::io::{Write, stderr};

/// Nobody answers, as in the original (protocol.md 5.2).
const NO_ANSWER: u8 = 255;

/// `aclk aclk-state [json]`.
pub(crate) fn state(arguments: Vec<OsString>) -> u8 {
    match wants_json(arguments) {
        Ok(Some(true)) => ask("aclk-state json ", status::exit::NOT_RUNNING),
        Ok(Some(false)) => ask("aclk-state ", status::exit::NOT_RUNNING),
        Ok(None) => {
            print(pages::ACLK_STATE);
            0
        }
        Err(fault) => fail(&fault, exit::USAGE),
    }
}

/// `None` if it is the help that is asked for.
fn wants_json(arguments: Vec<OsString>) -> Result<Option<bool>, Fault> {
    // The original has the word without hyphens.
    let (words, options): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|argument| argument == "json");
    let mut json = !words.is_empty();
    let mut args = Args::of(&pages::ACLK_STATE, options);
    while let Some(argument) = args.next()? {
        match argument.name() {
            "help" | "h" => return Ok(None),
            "json" => {
                argument.flag()?;
                json = true;
            }
            _ => return Err(argument.unknown()),
        }
    }
    Ok(Some(json))
}

/// `netdatacli COMMAND [ARGUMENTS]`.
pub(crate) fn netdatacli(arguments: Vec<OsString>) -> u8 {
    let Some(words) = arguments.iter().map(|argument| argument.to_str()).collect::<Option<Vec<_>>>() else {
        return fail(&Fault::usage("the command is not text in UTF-8"), exit::USAGE);
    };
    match words.first() {
        None => {
            let fault = Fault::usage("a command is missing").hint("see \"netdatacli help\"");
            return fail(&fault, exit::USAGE);
        }
        // No daemon is needed for that.
        Some(&("help" | "--help" | "-h")) => {
            print(commands::HELP);
            return 0;
        }
        Some(_) => {}
    }
    let command: String = words.iter().flat_map(|word| [*word, " "]).collect();
    if command.len() >= COMMAND_MAX {
        return fail(&Fault::usage("the command is too long"), exit::USAGE);
    }
    ask(&command, NO_ANSWER)
}

fn ask(command: &str, no_answer: u8) -> u8 {
    match client::ask(&Paths::from_env(), command) {
        Ok(reply) => {
            if !reply.stdout.is_empty() {
                print(printable(&reply.stdout));
            }
            if !reply.stderr.is_empty() {
                let _ = writeln!(stderr(), "{}", printable(&reply.stderr));
            }
            reply.code
        }
        Err(fault) => fail(&fault, no_answer),
    }
}

fn fail(fault: &Fault, code: u8) -> u8 {
    Screen::new(stderr()).fault(fault);
    code
}

/// Without what could command a terminal: whoever runs this may be more than the user of the daemon. One line feed at the
/// end is that of [`print`](super::print()).
fn printable(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn an_answer_cannot_command_the_terminal() {
        assert_eq!(printable("a\u{1b}[2J\tb\nc\n"), "a[2J\tb\nc");
    }
}
