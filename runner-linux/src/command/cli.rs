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
    let command = match arguments.first().and_then(|first| first.to_str()) {
        None if arguments.is_empty() => "aclk-state ",
        Some("json" | "--json" | "-json") if arguments.len() == 1 => "aclk-state json ",
        _ => match Args::of(&pages::ACLK_STATE, arguments).next() {
            Ok(Some(argument)) if matches!(argument.name(), "help" | "h") => {
                print(pages::ACLK_STATE);
                return 0;
            }
            Ok(Some(argument)) => return fail(&argument.unknown(), exit::USAGE),
            Ok(None) => "aclk-state ",
            Err(fault) => return fail(&fault, exit::USAGE),
        },
    };
    ask(command, status::exit::NOT_RUNNING)
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
