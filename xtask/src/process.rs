//! Running other programs, and what can go wrong with it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{env, fmt, io, thread};

/// Before what has failed is tried again.
const PAUSE: Duration = Duration::from_secs(10);

/// Why a task did not succeed.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The command line of xtask makes no sense.
    Usage(String),
    /// A program could not be started, or a file not read.
    Io {
        /// What was attempted.
        attempt: String,
        /// Why it failed.
        cause: io::Error,
    },
    /// A program ended with an error, which it has printed itself.
    Exit {
        /// The program and its arguments.
        line: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// What a check found, a line each.
    Findings(Vec<String>),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => f.write_str(text),
            Self::Io { attempt, cause } => write!(f, "cannot {attempt}: {cause}"),
            Self::Exit { line, status } => write!(f, "`{line}` failed ({status})"),
            Self::Findings(lines) => f.write_str(&lines.join("\n")),
        }
    }
}

impl Problem {
    /// `Ok` if nothing was found.
    pub(crate) fn unless_empty(findings: Vec<String>) -> Result<(), Self> {
        if findings.is_empty() { Ok(()) } else { Err(Self::Findings(findings)) }
    }
}

/// The root of the repository, as cargo tells; without cargo, the current folder.
pub(crate) fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    xtask.as_deref().and_then(Path::parent).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Whether an automatic build runs this, rather than a person.
pub(crate) fn is_automatic() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// A program about to run in the root of the repository, with no input.
pub(crate) struct Process {
    command: Command,
    line: String,
}

impl Process {
    /// `program` with `arguments` (split at blanks).
    pub(crate) fn new(program: &str, arguments: &str) -> Self {
        Self::of(Command::new(program), program, arguments)
    }

    /// The cargo that runs us, with `arguments` (split at blanks).
    pub(crate) fn cargo(arguments: &str) -> Self {
        let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut process = Self::of(Command::new(program), "cargo", arguments);
        process.forget_ourselves();
        process
    }

    /// `cargo run` describes xtask to us. Build scripts look at the same variables: with them in the environment the
    /// same crate would be built again after every change between `cargo xtask test` and `cargo test`.
    fn forget_ourselves(&mut self) {
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(describes_the_running_package) {
                self.command.env_remove(name);
            }
        }
    }

    /// rustup with `arguments` (split at blanks), for what needs another toolchain than ours.
    pub(crate) fn rustup(arguments: &str) -> Self {
        let mut process = Self::of(Command::new("rustup"), "rustup", arguments);
        process.forget_ourselves();
        process
    }

    fn of(mut command: Command, name: &str, arguments: &str) -> Self {
        let mut line = name.to_owned();
        for argument in arguments.split_whitespace() {
            command.arg(argument);
            line.push(' ');
            line.push_str(argument);
        }
        command.current_dir(root()).stdin(Stdio::null());
        Self { command, line }
    }

    /// The same, with one more argument, which may have blanks in it.
    pub(crate) fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument.as_ref());
        self.line.push(' ');
        self.line.push_str(&argument.as_ref().to_string_lossy());
        self
    }

    /// The same, with more arguments.
    pub(crate) fn arguments(self, arguments: &[impl AsRef<OsStr>]) -> Self {
        arguments.iter().fold(self, Self::argument)
    }

    /// The same, with a variable in its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The same, in another folder.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Starts it, to be talked with: its standard output is piped. Whoever starts it ends it.
    pub(crate) fn start(mut self, input: Stdio, errors: Stdio) -> Result<Child, Problem> {
        println!("$ {}", self.line);
        let child = self.command.stdin(input).stdout(Stdio::piped()).stderr(errors).spawn();
        child.map_err(|cause| Problem::Io { attempt: format!("run `{}`", self.line), cause })
    }

    /// Runs it and shows what it prints. Errors are printed to standard output as well, so that a log of one stream
    /// has everything, in order.
    pub(crate) fn show(mut self) -> Result<(), Problem> {
        println!("$ {}", self.line);
        let status = self.command.stderr(io::stdout()).status();
        self.judge(status)
    }

    /// Runs it and shows what it prints; if it fails, up to three times more, each after a pause. For what needs the network, which
    /// may be away for a moment, or a lock that somebody else holds.
    pub(crate) fn persist(mut self) -> Result<(), Problem> {
        for _ in 0..3 {
            println!("$ {}", self.line);
            if self.command.stderr(io::stdout()).status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            println!("trying again in {} s", PAUSE.as_secs());
            thread::sleep(PAUSE);
        }
        self.show()
    }

    /// Runs it, and hands every line of its standard output to `look`; only its errors are shown.
    pub(crate) fn show_quietly(mut self, mut look: impl FnMut(&str)) -> Result<(), Problem> {
        println!("$ {}", self.line);
        let output = self.command.stderr(Stdio::inherit()).output();
        match output {
            Ok(output) => {
                String::from_utf8_lossy(&output.stdout).lines().for_each(&mut look);
                self.judge(Ok(output.status))
            }
            Err(cause) => self.judge(Err(cause)),
        }
    }

    /// Runs it, shows what it prints, and hands every line of its standard output to `look`.
    pub(crate) fn show_and_look(mut self, mut look: impl FnMut(&str)) -> Result<(), Problem> {
        println!("$ {}", self.line);
        let child = self.command.stderr(io::stdout()).stdout(Stdio::piped()).spawn();
        let status = child.and_then(|mut child| {
            if let Some(output) = child.stdout.take() {
                for line in io::BufRead::lines(io::BufReader::new(output)) {
                    let line = line?;
                    look(&line);
                    println!("{line}");
                }
            }
            child.wait()
        });
        self.judge(status)
    }

    /// Runs it quietly and returns its standard output.
    pub(crate) fn read(mut self) -> Result<String, Problem> {
        match self.command.stderr(Stdio::null()).output() {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                self.judge(Ok(output.status)).map(|()| text)
            }
            Err(cause) => self.judge(Err(cause)).map(|()| String::new()),
        }
    }

    fn judge(self, status: io::Result<ExitStatus>) -> Result<(), Problem> {
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Problem::Exit { line: self.line, status }),
            Err(cause) => Err(Problem::Io { attempt: format!("run `{}`", self.line), cause }),
        }
    }
}

fn describes_the_running_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || matches!(name, "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME")
}

/// Whether the compiler has what it needs for `target`. Asks it instead of rustup, which is not everywhere.
pub(crate) fn has_target(target: &str) -> Result<bool, Problem> {
    let folder = Process::new("rustc", &format!("--print target-libdir --target {target}")).read()?;
    Ok(Path::new(folder.trim()).is_dir())
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder() -> Result<PathBuf, Problem> {
    let metadata = Process::cargo("metadata --no-deps --format-version 1").read()?;
    let folder = metadata.split_once("\"target_directory\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let (folder, _) = folder.ok_or_else(|| Problem::Usage("cargo does not say where it builds".to_owned()))?;
    Ok(PathBuf::from(folder.replace("\\\\", "\\")))
}

/// Whether `program` is on the search path, or where administrators keep theirs.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::{Problem, Process, is_installed};

    #[test]
    fn a_program_that_fails_is_named() {
        let problem = Process::cargo("no-such-subcommand").read().unwrap_err();
        assert!(matches!(problem, Problem::Exit { .. }));
        assert!(problem.to_string().starts_with("`cargo no-such-subcommand` failed"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let problem = Process::new("no-such-program", "--now").read().unwrap_err();
        assert!(problem.to_string().starts_with("cannot run `no-such-program --now`: "));
        assert!(!is_installed("no-such-program"));
    }

    #[test]
    fn what_a_program_prints_is_seen_line_by_line() {
        let mut first = None;
        Process::cargo("--version").show_and_look(|line| first = first.take().or(Some(line.to_owned()))).unwrap();
        assert!(first.unwrap().starts_with("cargo "));
    }
}
