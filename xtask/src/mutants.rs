//! `cargo xtask mutants`: whether the tests notice a change of the code. cargo-mutants makes the changes, one at a time.
//!
//! All of them would take a day, so a sample is tried: the same for the same seed and the same code. It is not part of
//! `cargo xtask test`.

mod outcomes;
mod sample;

use crate::Command;
use crate::process::{Problem, Process, root};
use outcomes::{Outcome, Outcomes};
use std::path::{Path, PathBuf};
use std::{env, fs};

pub(crate) const COMMAND: Command = Command {
    name: "mutants",
    arguments: "[--sample N] [--seed S] | --again",
    about: "changes claim, link, wire and engine of the core in N places (380 without a word) that are drawn with the seed\n\
            S (1), one at a time, and says which changes no test notices; --again tries only those that none noticed the\n\
            last time; takes an hour or two, and needs cargo-mutants",
    run: mutants,
};

/// What is changed.
const CHANGED: [&str; 4] = ["claim", "link", "wire", "engine"];

/// How much of what is changed the tests have to notice.
const WANTED_PERCENT: usize = 85;

/// Tests that look at a mutant. What a stage does not notice goes on to the next, so that slow tests meet few mutants.
struct Stage {
    about: &'static str,
    packages: &'static str,
    /// What is built and run, as arguments of `cargo test`.
    targets: &'static [&'static str],
    /// Arguments of the tests themselves.
    filters: &'static [&'static str],
    /// Seconds after which a test never ends: some twenty times what all of them take.
    timeout: u32,
}

const STAGES: [Stage; 3] = [
    Stage {
        about: "unit tests",
        packages: "aclk-core",
        targets: &["--lib"],
        // Nothing of what is changed is below these, and they take most of the time.
        filters: &["--skip=identity::", "--skip=modular::", "--skip=tls::"],
        timeout: 60,
    },
    Stage {
        about: "with a Cloud, and against the codecs of others",
        packages: "aclk-core,aclk-pair",
        targets: &[
            "--test=differential",
            "--test=check",
            "--test=claim",
            "--test=heap",
            "--test=link",
            "--test=live",
            "--test=scripted",
            "--test=session",
            "--test=slow",
            "--test=small",
            "--test=state",
        ],
        filters: &[],
        timeout: 120,
    },
    Stage {
        about: "every fault, every proxy, a whole day, over TLS",
        packages: "aclk-core,aclk-pair",
        targets: &["--test=gzip", "--test=day", "--test=proxy", "--test=tls", "--test=happy", "--test=faults"],
        filters: &[],
        timeout: 900,
    },
];

fn mutants(arguments: &[String]) -> Result<(), Problem> {
    let task = Task::read(arguments)?;
    if Process::cargo("mutants --version").read().is_err() {
        return Err(Problem::Usage("cargo-mutants is not here: `cargo install --locked cargo-mutants`".to_owned()));
    }
    let files = CHANGED.map(|name| format!("--file=core/src/{name}/**"));
    let list = Process::cargo("mutants --list --colors never --package aclk-core").arguments(&files).read()?;
    let all: Vec<&str> = list.lines().collect();
    let record = folder().join("outcomes.txt");
    let mut outcomes = match task {
        Task::Sample { count, seed } => {
            let chosen = sample::draw(&all, count, seed);
            println!("{} of {} mutants, seed {seed}", chosen.len(), all.len());
            Outcomes::missed(&chosen)
        }
        Task::Again => Outcomes::parse(&read(&record)?, &all).map_err(Problem::Usage)?,
    };
    for stage in &STAGES {
        let left = outcomes.named(Outcome::Missed);
        if left.is_empty() {
            break;
        }
        println!("{}: {} mutants", stage.about, left.len());
        stage.run(&files, &left)?;
        for outcome in Outcome::ALL {
            // There is no file if nothing came to this.
            let names = fs::read_to_string(folder().join("mutants.out").join(outcome.file())).unwrap_or_default();
            outcomes.note(&names, outcome);
        }
        write(&record, &outcomes.to_string())?;
    }
    print!("{}", outcomes.summary());
    if outcomes.percent() < WANTED_PERCENT as f64 {
        return Err(Problem::Findings(vec![format!("less than {WANTED_PERCENT} % are caught")]));
    }
    Ok(())
}

impl Stage {
    fn run(&self, files: &[String], names: &[&str]) -> Result<(), Problem> {
        let only = names.iter().map(|name| format!("--re=^{}$", sample::escaped(name)));
        let targets = self.targets.iter().map(|target| format!("--cargo-arg={target}"));
        let result = Process::cargo("mutants --package aclk-core --no-shuffle --colors never --build-timeout 600")
            // A copy is built many times with little changed, and nobody looks at it with a debugger.
            .env("CARGO_TARGET_DIR", &folder().join("build").to_string_lossy())
            .env("CARGO_INCREMENTAL", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .argument(format!("--test-package={}", self.packages))
            .argument(format!("--timeout={}", self.timeout))
            .argument("--output")
            .argument(folder())
            .arguments(files)
            .arguments(&targets.collect::<Vec<_>>())
            .arguments(&only.collect::<Vec<_>>())
            .arguments(&["--", "--"])
            .arguments(self.filters)
            .show();
        match result {
            // 2: not all were caught; 3: some tests never ended.
            Err(Problem::Exit { status, .. }) if matches!(status.code(), Some(2 | 3)) => Ok(()),
            other => other,
        }
    }
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Sample { count: usize, seed: u64 },
    Again,
}

impl Task {
    fn read(arguments: &[String]) -> Result<Self, Problem> {
        if arguments == ["--again"] {
            return Ok(Self::Again);
        }
        let (mut count, mut seed) = (380, 1);
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().and_then(|value| value.parse().ok());
            match (name.as_str(), value) {
                ("--sample", Some(value)) => count = usize::try_from(value).unwrap_or(usize::MAX),
                ("--seed", Some(value)) => seed = value,
                _ => {
                    let text = format!("{name}: there are --sample N and --seed S, with numbers, and --again alone");
                    return Err(Problem::Usage(text));
                }
            }
        }
        Ok(Self::Sample { count, seed })
    }
}

/// Where everything is kept.
fn folder() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("mutants")
}

fn read(path: &Path) -> Result<String, Problem> {
    fs::read_to_string(path).map_err(|cause| Problem::Io { attempt: format!("read {}", path.display()), cause })
}

fn write(path: &Path, text: &str) -> Result<(), Problem> {
    fs::write(path, text).map_err(|cause| Problem::Io { attempt: format!("write {}", path.display()), cause })
}

#[cfg(test)]
mod tests {
    use super::Task;

    fn task(text: &str) -> Option<Task> {
        Task::read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn a_sample_has_a_size_and_a_seed() {
        assert_eq!(task("--seed 5 --sample 20"), Some(Task::Sample { count: 20, seed: 5 }));
        assert_eq!(task(""), Some(Task::Sample { count: 380, seed: 1 }));
        assert_eq!(task("--again"), Some(Task::Again));
    }

    #[test]
    fn an_option_that_is_unknown_or_no_number_is_refused() {
        for text in ["--seed x", "--sample", "--all 3", "--again --seed 3", "--seed 3 --again"] {
            assert_eq!(task(text), None, "{text}");
        }
    }
}
