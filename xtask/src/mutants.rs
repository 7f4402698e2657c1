//! `cargo xtask mutants`: whether the tests notice a change of the code. cargo-mutants makes the changes, one at a time.
//!
//! All of them would take a day, so a sample is tried: the same for the same seed and the same code. It is not part of
//! `cargo xtask test`.

mod outcomes;
mod sample;

use crate::Command;
use crate::process::{Problem, Process, target_folder};
use outcomes::{Outcome, Outcomes};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

pub(crate) const COMMAND: Command = Command {
    name: "mutants",
    arguments: "[--sample N] [--seed S] [--again] [--only TEXT]",
    about: "changes claim, link, wire and engine of the core in N places (380 without a word) that are drawn with the seed\n\
            S (1), one at a time, and says which changes no test notices; --again: those of the last time that none\n\
            noticed; --only: those whose names contain TEXT; takes an hour or two, and needs cargo-mutants",
    run: mutants,
};

/// What is changed.
const CHANGED: [&str; 4] = ["claim", "link", "wire", "engine"];

/// How much of what is changed the tests have to notice.
const WANTED_PERCENT: f64 = 85.0;

/// Tests that look at a mutant. What a stage does not notice goes on to the next, so that slow tests meet few mutants.
struct Stage {
    about: &'static str,
    /// Of what is changed, what these tests look at.
    looks_at: &'static [&'static str],
    /// What is built and run, as arguments of `cargo test -p aclk-core`.
    targets: &'static [&'static str],
    /// Arguments of the tests themselves.
    filters: &'static [&'static str],
    /// Seconds after which a test never ends: many times what all of them take.
    timeout: u32,
}

const STAGES: [Stage; 3] = [
    Stage {
        about: "unit tests",
        // Of the engine only the back-off has some: what the rest does shows with a Cloud.
        looks_at: &["claim", "link", "wire", "engine/backoff"],
        targets: &["--lib"],
        // Nothing of what is changed is below these, and they take most of the time.
        filters: &["--skip=identity::", "--skip=modular::", "--skip=tls::"],
        timeout: 20,
    },
    Stage {
        about: "with a Cloud",
        looks_at: &CHANGED,
        targets: &[
            "--package=aclk-pair",
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
        timeout: 60,
    },
    Stage {
        about: "every fault, every proxy, a whole day, over TLS, and against the codecs of others",
        looks_at: &CHANGED,
        targets: &[
            "--package=aclk-pair",
            "--test=differential",
            "--test=gzip",
            "--test=day",
            "--test=proxy",
            "--test=tls",
            "--test=happy",
            "--test=faults",
        ],
        filters: &[],
        timeout: 900,
    },
];

fn mutants(arguments: &[String]) -> Result<(), Problem> {
    let task = Task::read(arguments)?;
    if Process::cargo("mutants --version").read().is_err() {
        return Err(Problem::Usage("cargo-mutants is not here: `cargo install --locked cargo-mutants`".to_owned()));
    }
    let files = CHANGED.map(|part| format!("--file=core/src/{part}/**"));
    let list = Process::cargo("mutants --list --colors never --package aclk-core").arguments(&files).read()?;
    let all: Vec<&str> = list.lines().collect();
    let folder = target_folder()?.join("mutants");
    let record = folder.join("outcomes.txt");
    let mut outcomes = if task.again {
        Outcomes::parse(&read(&record)?, &all).map_err(Problem::Usage)?
    } else {
        let chosen = sample::draw(&all, task.sample, task.seed);
        println!("{} of {} mutants, seed {}", chosen.len(), all.len(), task.seed);
        let chosen: Vec<&str> = chosen.into_iter().filter(|name| name.contains(&task.only)).collect();
        Outcomes::missed(&chosen)
    };
    for stage in &STAGES {
        let missed = outcomes.named(Outcome::Missed);
        let tried: Vec<&str> =
            missed.into_iter().filter(|name| stage.is_about(name) && name.contains(&task.only)).collect();
        if tried.is_empty() {
            continue;
        }
        println!("{}: {} mutants", stage.about, tried.len());
        stage.run(&tried, &folder)?;
        for outcome in Outcome::ALL {
            // There is no file if nothing came to this; and cargo-mutants 27 tries "delete field" in whole files, drawn or not.
            let names = fs::read_to_string(folder.join("mutants.out").join(outcome.file())).unwrap_or_default();
            outcomes.note(&names, outcome);
        }
        fs::write(&record, outcomes.to_string())
            .map_err(|cause| Problem::Io { attempt: format!("write {}", record.display()), cause })?;
    }
    print!("{}", outcomes.summary());
    if outcomes.percent() < WANTED_PERCENT {
        return Err(Problem::Findings(vec![format!("less than {WANTED_PERCENT} % are caught")]));
    }
    Ok(())
}

impl Stage {
    /// Whether these tests look at what the mutant `name` changes.
    fn is_about(&self, name: &str) -> bool {
        let changed = name.strip_prefix("core/src/").unwrap_or(name);
        self.looks_at.iter().any(|part| changed.strip_prefix(part).is_some_and(|rest| rest.starts_with(['/', '.'])))
    }

    fn run(&self, names: &[&str], folder: &Path) -> Result<(), Problem> {
        let only = names.iter().map(|name| format!("--re=^{}$", sample::escaped(name)));
        // Not --test-package: the run without a change, which has to succeed, does without those packages.
        let targets = self.targets.iter().map(|target| format!("--cargo-arg={target}"));
        let result = Process::cargo("mutants --package aclk-core --no-shuffle --colors never --build-timeout 600")
            // A copy is built many times with little changed, and nobody looks at it with a debugger.
            .env("CARGO_TARGET_DIR", &folder.join("build").to_string_lossy())
            .env("CARGO_INCREMENTAL", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .argument(format!("--timeout={}", self.timeout))
            .argument("--output")
            .argument(folder)
            .arguments(&files_of(names).into_iter().collect::<Vec<_>>())
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

/// The files that the mutants `names` change, as arguments of cargo-mutants.
fn files_of(names: &[&str]) -> BTreeSet<String> {
    names.iter().filter_map(|name| name.split_once(':')).map(|(file, _)| format!("--file={file}")).collect()
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Task {
    sample: usize,
    seed: u64,
    /// Those of the last time, and of them what was missed.
    again: bool,
    /// What is in the names of all that are tried.
    only: String,
}

impl Task {
    fn read(arguments: &[String]) -> Result<Self, Problem> {
        const USAGE: &str =
            "there are --sample N and --seed S, with numbers, or in their place --again, and --only TEXT";
        let mut task = Self { sample: 380, seed: 1, again: false, only: String::new() };
        let mut draws = false;
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let wrong = || Problem::Usage(format!("{name}: {USAGE}"));
            match name.as_str() {
                "--again" => task.again = true,
                "--only" => task.only = rest.next().ok_or_else(wrong)?.clone(),
                "--sample" | "--seed" => {
                    let value: u64 = rest.next().and_then(|value| value.parse().ok()).ok_or_else(wrong)?;
                    draws = true;
                    if name == "--seed" {
                        task.seed = value;
                    } else {
                        task.sample = usize::try_from(value).unwrap_or(usize::MAX);
                    }
                }
                _ => return Err(wrong()),
            }
        }
        if draws && task.again { Err(Problem::Usage(USAGE.to_owned())) } else { Ok(task) }
    }
}

fn read(path: &Path) -> Result<String, Problem> {
    fs::read_to_string(path).map_err(|cause| Problem::Io { attempt: format!("read {}", path.display()), cause })
}

#[cfg(test)]
mod tests {
    use super::{STAGES, Task, files_of};

    fn task(text: &str) -> Option<Task> {
        Task::read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn a_sample_has_a_size_and_a_seed() {
        let usual = Task { sample: 380, seed: 1, again: false, only: String::new() };
        assert_eq!(task("--seed 5 --sample 20"), Some(Task { sample: 20, seed: 5, ..task("").unwrap() }));
        assert_eq!(task("--again --only url"), Some(Task { again: true, only: "url".into(), ..task("").unwrap() }));
        assert_eq!(task(""), Some(usual));
    }

    #[test]
    fn an_option_that_is_unknown_or_no_number_is_refused() {
        for text in ["--seed x", "--sample", "--all 3", "--again --seed 3", "--seed 3 --again", "--only"] {
            assert_eq!(task(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_is_named_once() {
        let names = ["core/src/a.rs:1:2: replace x", "core/src/a.rs:3:4: delete !", "core/src/b.rs:1:1: replace y::z"];
        let files: Vec<String> = files_of(&names).into_iter().collect();
        assert_eq!(files, ["--file=core/src/a.rs", "--file=core/src/b.rs"]);
    }

    #[test]
    fn the_engine_is_not_for_unit_tests() {
        let looks = |name| STAGES.iter().map(|stage| stage.is_about(name)).collect::<Vec<_>>();
        assert_eq!(looks("core/src/engine/agent.rs:1:1: replace < with >"), [false, true, true]);
        assert_eq!(looks("core/src/engine/backoff.rs:1:1: replace < with >"), [true, true, true]);
        assert_eq!(looks("core/src/wire.rs:1:1: replace < with >"), [true, true, true]);
        assert_eq!(looks("core/src/wired/link.rs:1:1: replace < with >"), [false, false, false]);
    }
}
