//! `cargo xtask deb`: a package for Debian and its relatives (docs/packaging.md).
//!
//! Its content is what `cargo xtask install --prefix /usr` makes, so that there is one table of what goes where. What the
//! package says of itself stands in `runner-linux/Cargo.toml`, its scripts are in `packaging/deb`.

use crate::Command;
use crate::install::stage;
use crate::process::{Problem, Process, root};
use std::fs;
use std::path::Path;

pub(crate) const COMMAND: Command = Command {
    name: "deb",
    arguments: "[OPTION…]",
    about: "makes a .deb by cargo-deb, which is installed if it is missing; of the options of `install` it takes\n\
            --binary, --target, --disable-cloud and --require-cloud\n\
            --fast            compress less\n\
            --output PATH     file or folder of the package (default target/debian)\n\
            --maintainer WHO  who answers for the package, as in \"Name <address>\"",
    run: |arguments| deb(arguments.to_vec()),
};

/// Where the content of the package is put together; `runner-linux/Cargo.toml` names its files.
const STAGE: &str = "target/deb/files";

fn deb(mut arguments: Vec<String>) -> Result<(), Problem> {
    let output = take(&mut arguments, "--output")?;
    let compression = if take_flag(&mut arguments, "--fast") { "--fast" } else { "" };
    let maintainer = take(&mut arguments, "--maintainer")?;
    if let Some(other) = arguments.iter().find(|argument| !is_of_install(argument)) {
        return Err(Problem::Usage(format!("`deb` does not take {other}; `cargo xtask help` has its options")));
    }
    make_cargo_deb()?;
    let folder = root().join(STAGE);
    empty(&folder)?;
    if !arguments.iter().any(|argument| argument == "--disable-cloud") {
        arguments.push("--require-cloud".to_owned());
    }
    stage(folder, &arguments)?;
    let mut process = Process::cargo(&format!("deb --package aclk --no-build --no-strip --quiet {compression}"));
    let options = [("--target", take(&mut arguments, "--target")?), ("--output", output), ("--maintainer", maintainer)];
    for (name, value) in options {
        if let Some(value) = value {
            process = process.argument(name).argument(value);
        }
    }
    process.show()
}

/// An option that says what the program is.
fn is_of_install(argument: &str) -> bool {
    let name = argument.split('=').next().unwrap_or_default();
    !name.starts_with('-') || matches!(name, "--binary" | "--target" | "--disable-cloud" | "--require-cloud")
}

/// Takes an option without a value away, and says whether it was there.
fn take_flag(arguments: &mut Vec<String>, name: &str) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != name);
    arguments.len() < before
}

/// Takes an option and its value away.
fn take(arguments: &mut Vec<String>, name: &str) -> Result<Option<String>, Problem> {
    let is_it =
        |argument: &String| argument == name || argument.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
    let Some(at) = arguments.iter().position(is_it) else { return Ok(None) };
    let argument = arguments.remove(at);
    match argument.split_once('=') {
        Some((_, value)) => Ok(Some(value.to_owned())),
        None if at < arguments.len() => Ok(Some(arguments.remove(at))),
        None => Err(Problem::Usage(format!("{name} needs a value"))),
    }
}

/// Installs cargo-deb if it is missing.
pub(crate) fn make_cargo_deb() -> Result<(), Problem> {
    if Process::cargo("deb --version").read().is_ok() {
        return Ok(());
    }
    // Without optimisation: it is built in a third of the time, and has little to do.
    Process::cargo("install cargo-deb --version 3.8.0 --locked --debug").persist()
}

fn empty(folder: &Path) -> Result<(), Problem> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(Problem::Io { attempt: format!("empty {}", folder.display()), cause })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::take;

    #[test]
    fn an_option_is_taken_with_its_value_wherever_that_stands() {
        let line = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut arguments = line("--binary x --output=y --maintainer z");
        assert_eq!(take(&mut arguments, "--output").unwrap().as_deref(), Some("y"));
        assert_eq!(take(&mut arguments, "--maintainer").unwrap().as_deref(), Some("z"));
        assert_eq!(take(&mut arguments, "--target").unwrap(), None);
        assert_eq!(arguments, line("--binary x"));
        assert!(take(&mut line("--output"), "--output").is_err());
    }
}
