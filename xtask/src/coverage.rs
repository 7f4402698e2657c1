//! `cargo xtask coverage`: which lines of the core its tests run.

use crate::Command;
use crate::process::{Problem, Process, root, target_folder};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

pub(crate) const COMMAND: Command = Command {
    name: "coverage",
    arguments: "",
    about: "runs the tests of the core and of a pair with counters in our code, and says how many lines of the core they\n\
            run, by module; target/coverage/missed.txt has the others; needs the component llvm-tools",
    run: |_| coverage(),
};

/// How many of all lines the tests have to run.
const WANTED_PERCENT: f64 = 95.0;

/// The tests whose lines count, as arguments of cargo and of the tests themselves: all with the features of Linux, and with
/// those of boards the tests of what boards have in place of the `rsa` crate.
const TESTS: [(&str, &str); 2] = [
    ("-p aclk-core -p aclk-pair --lib --tests", ""),
    (
        "-p aclk-core --no-default-features --features compact-ecdsa,compact-rsa,p384,proxy --lib",
        "-- identity algorithms modular",
    ),
];

/// Set where cargo is to call us in place of the compiler.
const COMPILES: &str = "ACLK_COVERAGE_COMPILES";

fn coverage() -> Result<(), Problem> {
    let tools = tools()?;
    let folder = target_folder()?.join("coverage");
    let (raw, data) = (folder.join("raw"), folder.join("core.profdata"));
    let _ = fs::remove_dir_all(&raw);
    let pattern = raw.join("%p-%m.profraw");
    let ourselves = env::current_exe().map_err(|cause| Problem::Io { attempt: "find ourselves".to_owned(), cause })?;
    let mut programs = Vec::new();
    for (tests, filters) in TESTS {
        let counting = |arguments: &str| {
            Process::cargo(&format!("test --no-fail-fast {tests} {arguments}"))
                .env("RUSTC_WORKSPACE_WRAPPER", &ourselves.to_string_lossy())
                .env(COMPILES, "1")
                // RSA of our own cannot be endured otherwise.
                .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
                .env("LLVM_PROFILE_FILE", &pattern.to_string_lossy())
        };
        counting("--no-run --message-format json").show_quietly(|line| programs.extend(executable(line)))?;
        counting(filters).show()?;
    }
    let tool = |name: &str| tools.join(name).to_string_lossy().into_owned();
    Process::new(&tool("llvm-profdata"), "merge --sparse").argument(&raw).argument("-o").argument(&data).show()?;
    let mut export = Process::new(&tool("llvm-cov"), "export --format=lcov --skip-branches --skip-functions")
        .argument(format!("--instr-profile={}", data.display()));
    for program in &programs {
        export = export.argument("--object").argument(program);
    }
    let lcov = export.argument("--sources").argument(root().join("core/src")).read()?;
    let lines = lines(&lcov, |path| fs::read_to_string(path).unwrap_or_default());
    let missed = folder.join("missed.txt");
    fs::write(&missed, list(&lines))
        .map_err(|cause| Problem::Io { attempt: format!("write {}", missed.display()), cause })?;
    let modules = counts(&lines);
    print!("{}", table(&modules));
    let (ran, all) = sum(&modules);
    if percent(ran, all) < WANTED_PERCENT {
        return Err(Problem::Findings(vec![format!("the tests run less than {WANTED_PERCENT} % of all lines")]));
    }
    Ok(())
}

/// Where cargo calls us in place of the compiler: compiles with counters. Only our own crates, so that all others are
/// the same as everywhere, and built already.
pub(crate) fn compile() -> Option<ExitCode> {
    env::var_os(COMPILES)?;
    let mut arguments = env::args_os().skip(1);
    let compiler = arguments.next()?;
    let status = std::process::Command::new(compiler).arg("-Cinstrument-coverage").args(arguments).status();
    let code = status.ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
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

/// A line of the core, and whether it ran.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    /// Below `core/src`.
    path: String,
    number: usize,
    ran: bool,
}

/// The lines in a file in the form of lcov that are not part of a test; `read` reads the file at a path.
fn lines(lcov: &str, read: impl Fn(&str) -> String) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut path, mut end) = ("", 0);
    for line in lcov.lines() {
        if let Some(whole) = line.strip_prefix("SF:") {
            path = whole.split_once("core/src/").map_or(whole, |(_, path)| path);
            let is_test = path.split(['/', '.']).any(|part| matches!(part, "tests" | "testing"));
            end = if is_test { 0 } else { code(&read(whole)) };
        } else if let Some((number, count)) = line.strip_prefix("DA:").and_then(|data| data.split_once(','))
            && let Ok(number) = number.parse()
            && number <= end
        {
            lines.push(Line { path: path.to_owned(), number, ran: count != "0" });
        }
    }
    lines
}

/// How many lines of `source` are in front of its tests.
fn code(source: &str) -> usize {
    let lines: Vec<&str> = source.lines().collect();
    let tests = lines.windows(2).position(|pair| pair == ["#[cfg(test)]", "mod tests {"]);
    tests.unwrap_or(lines.len())
}

/// The lines that did not run.
fn list(lines: &[Line]) -> String {
    lines.iter().filter(|line| !line.ran).map(|line| format!("core/src/{}:{}\n", line.path, line.number)).collect()
}

/// Lines that ran, and all lines, by module.
fn counts(lines: &[Line]) -> BTreeMap<&str, (usize, usize)> {
    let mut modules = BTreeMap::new();
    for line in lines {
        let name = line.path.split(['/', '.']).next().unwrap_or_default();
        let (ran, all) = modules.entry(name).or_insert((0, 0));
        *all += 1;
        *ran += usize::from(line.ran);
    }
    modules
}

fn sum(modules: &BTreeMap<&str, (usize, usize)>) -> (usize, usize) {
    modules.values().fold((0, 0), |sum, (ran, all)| (sum.0 + ran, sum.1 + all))
}

fn percent(ran: usize, all: usize) -> f64 {
    ran as f64 * 100.0 / all.max(1) as f64
}

fn table(modules: &BTreeMap<&str, (usize, usize)>) -> String {
    let line = |name: &str, ran: usize, all: usize| {
        format!("{name:<12} {ran:>6} of {all:>6} lines  {:>5.1} %\n", percent(ran, all))
    };
    let rows: String = modules.iter().map(|(name, (ran, all))| line(name, *ran, *all)).collect();
    let (ran, all) = sum(modules);
    rows + &line("all", ran, all)
}

#[cfg(test)]
mod tests {
    use super::{code, counts, executable, lines, list, table};

    const LCOV: &str = "SF:/x/core/src/wire/url.rs\nDA:1,0\nDA:2,7\nDA:4,9\nend_of_record\n\
                        SF:/x/core/src/wire/url/tests.rs\nDA:1,0\nend_of_record\nSF:/x/core/src/stage.rs\nDA:2,1\nend_of_record\n";

    /// Two lines of code, and tests.
    fn source(_: &str) -> String {
        "fn one() {\n}\n#[cfg(test)]\nmod tests {\n}\n".to_owned()
    }

    #[test]
    fn lines_are_counted_by_module_and_those_of_tests_are_not() {
        let lines = lines(LCOV, source);
        assert_eq!(counts(&lines).into_iter().collect::<Vec<_>>(), [("stage", (1, 1)), ("wire", (1, 2))]);
        assert_eq!(list(&lines), "core/src/wire/url.rs:1\n");
    }

    #[test]
    fn tests_in_a_file_of_their_own_leave_the_whole_file_to_count() {
        assert_eq!(code("fn one() {}\n#[cfg(test)]\nmod tests;\nfn two() {}\n"), 4);
    }

    #[test]
    fn the_last_line_is_the_sum() {
        let text = table(&[("wire", (1, 2)), ("stage", (1, 2))].into());
        assert!(text.ends_with("all               2 of      4 lines   50.0 %\n"), "{text}");
    }

    #[test]
    fn programs_are_found_in_the_messages_of_cargo() {
        assert_eq!(executable(r#"{"a":1,"executable":"/t/x","fresh":true}"#).as_deref(), Some("/t/x"));
        assert_eq!(executable(r#"{"executable":null}"#), None);
    }
}
