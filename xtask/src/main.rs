//! The tasks of a developer: `cargo xtask <command>`.
//!
//! A command is a file that ends in a [`Command`] of its own, and a line in [`COMMANDS`]. It needs nothing but the
//! standard library, so that it is built in a second on a machine that has nothing yet.

mod bench;
mod container;
mod coverage;
mod deb;
mod firmware;
mod fuzz;
mod install;
mod lines;
mod miri;
mod mutants;
mod process;
mod publish;
mod setup;
mod size;
mod supply;
mod tables;
mod test;
mod web;

use process::Problem;
use std::process::ExitCode;

/// Something that `cargo xtask` can do.
struct Command {
    /// The word on the command line.
    name: &'static str,
    /// What may follow it.
    arguments: &'static str,
    /// What it does, in a line or more.
    about: &'static str,
    /// Does it.
    run: fn(&[String]) -> Result<(), Problem>,
}

const COMMANDS: &[Command] = &[
    setup::COMMAND,
    test::COMMAND,
    tables::COMMAND,
    firmware::COMMAND,
    size::COMMAND,
    coverage::COMMAND,
    miri::COMMAND,
    mutants::COMMAND,
    bench::COMMAND,
    web::COMMAND,
    fuzz::COMMAND,
    install::COMMAND,
    container::COMMAND,
    deb::COMMAND,
    publish::COMMAND,
    supply::COMMAND,
    supply::sbom::COMMAND,
    supply::reproduce::COMMAND,
    HELP,
];

const HELP: Command = Command {
    name: "help",
    arguments: "",
    about: "this text",
    run: |_| {
        print!("{}", help());
        Ok(())
    },
};

fn main() -> ExitCode {
    if let Some(code) = coverage::compile() {
        return code;
    }
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = if arguments.is_empty() { "help".to_owned() } else { arguments.remove(0) };
    match run(&name, &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("\nxtask {name}: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, arguments: &[String]) -> Result<(), Problem> {
    let name = if matches!(name, "-h" | "--help") { "help" } else { name };
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .ok_or_else(|| Problem::Usage(format!("there is no command `{name}`; `cargo xtask help` lists them")))?;
    if arguments.iter().any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        print!("{}", help());
        return Ok(());
    }
    if command.arguments.is_empty() && !arguments.is_empty() {
        return Err(Problem::Usage(format!("`{name}` takes no arguments")));
    }
    (command.run)(arguments)
}

fn help() -> String {
    let mut text = String::from("cargo xtask <command>\n");
    for command in COMMANDS {
        let call = format!("{} {}", command.name, command.arguments);
        text.push_str(&format!("\n  {}\n", call.trim_end()));
        for line in command.about.lines() {
            text.push_str(&format!("      {line}\n"));
        }
    }
    text.push_str(&format!("\ngates of `test`, in order:\n{}", test::list()));
    text
}

#[cfg(test)]
mod tests {
    use super::{Problem, help, run};

    #[test]
    fn an_unknown_command_is_a_mistake_of_the_caller() {
        assert!(matches!(run("tset", &[]), Err(Problem::Usage(_))));
    }

    #[test]
    fn a_command_without_arguments_refuses_arguments() {
        assert!(matches!(run("setup", &["now".to_owned()]), Err(Problem::Usage(_))));
    }

    #[test]
    fn the_help_names_every_command_and_every_gate() {
        let help = help();
        for word in [
            "setup", "test", "tables", "firmware", "size", "bench", "web", "install", "deb", "package", "help",
            "format", "lint", "docs", "no-std", "doctests", "tests",
        ] {
            assert!(help.contains(&format!("\n  {word}")), "no `{word}` in:\n{help}");
        }
    }
}
