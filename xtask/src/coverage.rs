//! `cargo xtask coverage`: which lines of the core its tests run.

use crate::Command;
use crate::process::{Problem, Process, root};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

pub(crate) const COMMAND: Command = Command {
    name: "coverage",
    arguments: "",
    about: "runs the tests of the core and of a pair with counters in the core, and says how many of its lines they run,\n\
            by module; needs the component llvm-tools",
    run: |_| coverage(),
};

/// The tests whose lines count.
const TESTS: &str = "test -p aclk-core -p aclk-pair --lib --tests --no-fail-fast --target-dir target/coverage";

fn coverage() -> Result<(), Problem> {
    let tools = tools()?;
    let folder = root().join("target/coverage");
    let (raw, data) = (folder.join("raw"), folder.join("core.profdata"));
    let _ = fs::remove_dir_all(&raw);
    let pattern = raw.join("%p-%m.profraw");
    let mut programs = Vec::new();
    let instrumented = |process: Process| {
        process.env("RUSTFLAGS", "-Cinstrument-coverage").env("LLVM_PROFILE_FILE", &pattern.to_string_lossy())
    };
    instrumented(Process::cargo(&format!("{TESTS} --no-run --message-format json"))).show_quietly(|line| {
        programs.extend(executable(line));
    })?;
    instrumented(Process::cargo(TESTS)).show()?;
    let tool = |name: &str| tools.join(name).to_string_lossy().into_owned();
    Process::new(&tool("llvm-profdata"), "merge --sparse").argument(&raw).argument("-o").argument(&data).show()?;
    let mut export = Process::new(&tool("llvm-cov"), "export --format=lcov --skip-branches --skip-functions")
        .argument(format!("--instr-profile={}", data.display()));
    for program in &programs {
        export = export.argument("--object").argument(program);
    }
    let lines = export.argument("--sources").argument(root().join("core/src")).read()?;
    print!("{}", table(&counts(&lines)));
    Ok(())
}

/// Where the compiler keeps the tools of LLVM.
pub(crate) fn tools() -> Result<PathBuf, Problem> {
    let sysroot = Process::new("rustc", "--print target-libdir").read()?;
    let folder = PathBuf::from(sysroot.trim()).with_file_name("bin");
    if folder.join("llvm-cov").is_file() {
        return Ok(folder);
    }
    Err(Problem::Usage("the tools of LLVM are not here: `rustup component add llvm-tools`".to_owned()))
}

/// The program that a message of cargo is about.
fn executable(message: &str) -> Option<String> {
    let rest = message.split_once("\"executable\":\"")?.1;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Lines that ran, and all lines, by module, of a file in the form of lcov. Tests do not count.
fn counts(lcov: &str) -> BTreeMap<String, (usize, usize)> {
    let mut modules = BTreeMap::new();
    let mut module = None;
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            let path = path.split_once("core/src/").map_or(path, |(_, path)| path);
            let is_test = path.split(['/', '.']).any(|part| matches!(part, "tests" | "testing"));
            let name = path.split(['/', '.']).next().unwrap_or(path).to_owned();
            module = Some(name).filter(|_| !is_test);
        } else if let (Some(name), Some(data)) = (&module, line.strip_prefix("DA:")) {
            let (ran, all) = modules.entry(name.clone()).or_insert((0, 0));
            *all += 1;
            *ran += usize::from(data.split(',').nth(1).is_some_and(|count| count != "0"));
        }
    }
    modules
}

fn table(modules: &BTreeMap<String, (usize, usize)>) -> String {
    let percent = |ran: usize, all: usize| ran as f64 * 100.0 / all.max(1) as f64;
    let line = |name: &str, ran: usize, all: usize| {
        format!("{name:<12} {ran:>6} of {all:>6} lines  {:>5.1} %\n", percent(ran, all))
    };
    let sum = modules.values().fold((0, 0), |sum, (ran, all)| (sum.0 + ran, sum.1 + all));
    let rows: String = modules.iter().map(|(name, (ran, all))| line(name, *ran, *all)).collect();
    rows + &line("all", sum.0, sum.1)
}

#[cfg(test)]
mod tests {
    use super::{counts, executable, table};

    #[test]
    fn lines_are_counted_by_module_and_those_of_tests_are_not() {
        let lcov = "SF:/x/core/src/wire/url.rs\nDA:1,0\nDA:2,7\nend_of_record\nSF:/x/core/src/wire/url/tests.rs\nDA:1,0\n\
                    end_of_record\nSF:/x/core/src/stage.rs\nDA:3,1\nend_of_record\n";
        let counts = counts(lcov);
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [("stage".into(), (1, 1)), ("wire".into(), (1, 2))]);
    }

    #[test]
    fn the_last_line_is_the_sum() {
        let text = table(&[("wire".to_owned(), (1, 2)), ("stage".to_owned(), (1, 2))].into());
        assert!(text.ends_with("all               2 of      4 lines   50.0 %\n"), "{text}");
    }

    #[test]
    fn programs_are_found_in_the_messages_of_cargo() {
        assert_eq!(executable(r#"{"a":1,"executable":"/t/x","fresh":true}"#).as_deref(), Some("/t/x"));
        assert_eq!(executable(r#"{"executable":null}"#), None);
    }
}
