//! `cargo xtask fuzz`: every target of `tests/fuzz` under libFuzzer, and a table of what came of it.
//!
//! The programs are built by the script of ClusterFuzzLite, so that what runs here is what runs there. What the fuzzer finds
//! beyond the corpus of the repository stays in `target/fuzz/corpus` and is where the next run begins.

mod report;

use crate::Command;
use crate::process::{Problem, Process, is_installed, root};
use crate::setup::{has_nightly, nightly};
use report::Row;
use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::Mutex;
use std::thread;

pub(crate) const COMMAND: Command = Command {
    name: "fuzz",
    arguments: "[--seconds N] [--target NAME]… [--jobs N] [--seed N]",
    about: "attacks every target of tests/fuzz, or those that are named, for so many seconds each (60), and prints\n\
            executions, coverage and findings; fails if there is a finding (docs/fuzzing.md)",
    run: |arguments| {
        let options = Options::read(arguments)?;
        if let Some(missing) = missing() {
            return Err(Problem::Usage(missing));
        }
        run(&options)
    },
};

/// Where everything goes, from the root of the repository.
const FOLDER: &str = "target/fuzz";
/// Seconds for each target in the gate.
const SMOKE: u32 = 20;
/// An input that takes longer, in seconds, is a finding.
const TIMEOUT: u32 = 20;
/// A target that needs more memory, in MiB, is a finding.
const MEMORY: u32 = 1_024;

/// The gate: the programs are built, and 20 seconds each find nothing.
pub(crate) fn check() -> Result<(), Problem> {
    if let Some(missing) = missing() {
        println!("skipped: fuzzing: {missing}");
        return Ok(());
    }
    // The same seed each time: what a change is refused for should be its own.
    run(&Options { seconds: SMOKE, targets: Vec::new(), jobs: cores(), seed: 1 })
}

/// What is not here and has to be; `None` if everything is.
fn missing() -> Option<String> {
    if !has_nightly() {
        return Some(format!("the toolchain {} is not here (cargo xtask setup adds it)", nightly()));
    }
    let absent = ["bash", "c++", "zip"].into_iter().find(|program| !is_installed(program))?;
    Some(format!("{absent} is missing (Debian packages bash, g++ and zip)"))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// For each target.
    seconds: u32,
    /// Names; all if there are none.
    targets: Vec<String>,
    /// Targets at a time.
    jobs: usize,
    /// What libFuzzer draws its randomness from; with 0 it chooses.
    seed: u32,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, Problem> {
        let mut options = Self { seconds: 60, targets: Vec::new(), jobs: cores(), seed: 0 };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().ok_or_else(|| Problem::Usage(format!("{name} needs a value")))?;
            let number = || value.parse::<u32>().ok().filter(|number| *number > 0);
            let no_number = || Problem::Usage(format!("{name} is a number of 1 or more, not {value}"));
            match name.as_str() {
                "--seconds" => options.seconds = number().ok_or_else(no_number)?,
                "--seed" => options.seed = number().ok_or_else(no_number)?,
                "--jobs" => options.jobs = number().ok_or_else(no_number)? as usize,
                "--target" => options.targets.push(value.clone()),
                _ => return Err(Problem::Usage(format!("`fuzz` has no option {name}"))),
            }
        }
        Ok(options)
    }

    /// The targets in their order.
    fn chosen(&self) -> Result<VecDeque<String>, Problem> {
        let all = targets()?;
        if let Some(unknown) = self.targets.iter().find(|name| !all.contains(name)) {
            return Err(Problem::Usage(format!("there is no target {unknown}; the targets are {}", all.join(", "))));
        }
        Ok(all.into_iter().filter(|name| self.targets.is_empty() || self.targets.contains(name)).collect())
    }
}

/// The names of all programs.
fn targets() -> Result<Vec<String>, Problem> {
    let manifest = root().join("tests/fuzz/fuzz/Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .map_err(|cause| Problem::Io { attempt: format!("read {}", manifest.display()), cause })?;
    let programs = text.split("[[bin]]").skip(1);
    Ok(programs.filter_map(|program| program.split('"').nth(1)).map(str::to_owned).collect())
}

fn run(options: &Options) -> Result<(), Problem> {
    let chosen = options.chosen()?;
    let sanitizer = std::env::var("SANITIZER").unwrap_or_else(|_| "none".to_owned());
    let out = root().join(FOLDER).join("out");
    Process::new("bash", ".clusterfuzzlite/build.sh")
        .env("SANITIZER", &sanitizer)
        .env("OUT", &out.to_string_lossy())
        .show()?;
    println!(
        "{} targets, {} s each, {} at a time, sanitizer: {sanitizer}",
        chosen.len(),
        options.seconds,
        options.jobs
    );
    let (queue, rows) =
        (Mutex::new(chosen.iter().cloned().enumerate().collect::<VecDeque<_>>()), Mutex::new(Vec::new()));
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some((place, name)) = next() {
                    let row = attack(&name, options);
                    if let Ok(mut rows) = rows.lock() {
                        rows.push((place, row));
                    }
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap_or_default();
    rows.sort_by_key(|(place, _)| *place);
    let rows = rows.into_iter().map(|(_, row)| row).collect::<Result<Vec<Row>, Problem>>()?;
    println!("{}", report::table(&rows));
    let findings: Vec<String> = rows.iter().filter_map(|row| row.finding(FOLDER)).collect();
    Problem::unless_empty(findings)
}

/// Runs one target, and says what came of it.
fn attack(name: &str, options: &Options) -> Result<Row, Problem> {
    let io = |attempt: String| move |cause| Problem::Io { attempt, cause };
    let folder = root().join(FOLDER);
    let (found, findings) = (folder.join("corpus").join(name), folder.join("findings"));
    for made in [&found, &findings] {
        fs::create_dir_all(made).map_err(io(format!("make {}", made.display())))?;
    }
    let inputs = root().join("tests/fuzz");
    let kept: Vec<PathBuf> = ["corpus", "regressions"]
        .map(|kind| inputs.join(kind).join(name))
        .into_iter()
        .filter(|it| it.is_dir())
        .collect();
    let output = process::Command::new(folder.join("out").join(name))
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-seed={}", options.seed))
        .arg(format!("-timeout={TIMEOUT}"))
        .arg(format!("-rss_limit_mb={MEMORY}"))
        .arg(format!("-artifact_prefix={}/{name}-", findings.display()))
        .args(["-max_len=8192", "-print_final_stats=1"])
        .arg(&found)
        .args(kept)
        .stdin(process::Stdio::null())
        .output()
        .map_err(io(format!("run the target {name}")))?;
    let row = Row::read(name, &String::from_utf8_lossy(&output.stderr), output.status.success());
    println!("{row}");
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::{Options, targets};

    fn read(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::read(&words).map_err(|problem| problem.to_string())
    }

    #[test]
    fn options_are_read_and_mistakes_are_named() {
        let options = read("--seconds 5 --target mqtt --target json --jobs 3 --seed 7").unwrap();
        assert_eq!((options.seconds, options.jobs, options.seed), (5, 3, 7));
        assert_eq!(Vec::from(options.chosen().unwrap()), ["mqtt", "json"]);
        assert_eq!(read("").unwrap().seconds, 60);
        assert_eq!(read("--seconds 0").unwrap_err(), "--seconds is a number of 1 or more, not 0");
        assert_eq!(read("--seconds").unwrap_err(), "--seconds needs a value");
        assert_eq!(read("--fast 1").unwrap_err(), "`fuzz` has no option --fast");
    }

    #[test]
    fn a_target_that_is_not_there_is_told_with_those_that_are() {
        let problem = read("--target mqtt5").unwrap().chosen().unwrap_err().to_string();
        assert!(problem.starts_with("there is no target mqtt5; the targets are http_reply, websocket, "), "{problem}");
        assert!(targets().unwrap().len() >= 18);
    }
}
