//! What must hold for the files of the repository, whatever is in them.

mod links;
mod promises;
mod strangers;

use crate::process::{Problem, Process, is_automatic, root};
use std::collections::BTreeMap;
use std::fs;

/// The text files of the repository by path, with `/` between folders. Files that are not UTF-8 have no text.
type Files = BTreeMap<String, Option<String>>;

/// The two commands that a newcomer finds in the README, and how far down they may stand.
const COMMANDS: [&str; 2] = ["cargo run --release -- demo", TEST_COMMAND];
const TEST_COMMAND: &str = "cargo xtask test";
const FIRST_SCREEN: usize = 30;

pub(super) fn check() -> Result<(), Problem> {
    let Ok(files) = files() else {
        println!("skipped: not a git checkout, so it is not known which files belong to it");
        return Ok(());
    };
    println!("{} files", files.len());
    let mut findings = links::broken(&files);
    findings.extend(strangers::found(&files));
    findings.extend(commands(&files));
    findings.extend(promises::unproven(&files));
    if is_automatic() {
        findings.extend(lock_file());
    }
    Problem::unless_empty(findings)
}

/// All files that git knows or would take with the next `git add`.
fn files() -> Result<Files, Problem> {
    let names = Process::new("git", "ls-files -z --cached --others --exclude-standard").read()?;
    let read =
        |name: &str| fs::read(root().join(name)).ok().map(|bytes| (name.to_owned(), String::from_utf8(bytes).ok()));
    Ok(names.split('\0').filter(|name| !name.is_empty()).filter_map(read).collect())
}

/// The README offers its commands on the first screen, and automatic builds run the one it names.
fn commands(files: &Files) -> Vec<String> {
    let text = |name: &str| files.get(name).and_then(Option::as_deref).unwrap_or_default();
    let shown = |command: &&str| text("README.md").lines().take(FIRST_SCREEN).any(|line| line.trim_end() == *command);
    let mut findings: Vec<String> = COMMANDS
        .iter()
        .filter(|command| !shown(command))
        .map(|command| {
            format!("README.md: `{command}` does not stand on a line of its own in the first {FIRST_SCREEN}")
        })
        .collect();
    if !text(".ci/run").lines().any(|line| line == TEST_COMMAND) {
        findings.push(format!(".ci/run: does not run `{TEST_COMMAND}`"));
    }
    findings
}

/// Building has brought Cargo.lock up to date. In a fresh clone that means: what was committed was not.
fn lock_file() -> Option<String> {
    let changes = Process::new("git", "status --porcelain -- Cargo.lock").read().ok()?;
    (!changes.trim().is_empty()).then(|| "Cargo.lock: does not agree with the manifests; commit the new one".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Files, commands};

    fn repository(readme: &str, ci: &str) -> Files {
        [("README.md", readme), (".ci/run", ci)].map(|(name, text)| (name.to_owned(), Some(text.to_owned()))).into()
    }

    #[test]
    fn a_readme_with_both_commands_on_its_first_screen_is_fine() {
        let readme = "# aclk\n```sh\ncargo run --release -- demo\ncargo xtask test\n```\n";
        assert!(commands(&repository(readme, "set -e\ncargo xtask test\n")).is_empty());
    }

    #[test]
    fn a_command_further_down_is_not_found_by_a_newcomer() {
        let readme = format!("cargo xtask test\n{}cargo run --release -- demo\n", "\n".repeat(40));
        let findings = commands(&repository(&readme, "cargo xtask test\n"));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].contains("demo"));
    }

    #[test]
    fn automatic_builds_run_the_command_of_the_readme() {
        let readme = "cargo run --release -- demo\ncargo xtask test\n";
        assert_eq!(commands(&repository(readme, "cargo test\n")), [".ci/run: does not run `cargo xtask test`"]);
    }
}
