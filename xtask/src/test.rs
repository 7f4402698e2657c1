//! `cargo xtask test`: every gate a change has to pass, cheapest first.
//!
//! All gates run even if one fails, so that one run shows everything. On success the last lines are the summary of the
//! test runner.

mod cargo;
pub(crate) mod dist;
mod no_std;
mod repository;
mod summary;
mod without_cloud;

use crate::Command;
use crate::bench;
use crate::container;
use crate::firmware;
use crate::fuzz;
use crate::process::Problem;
use crate::{publish, setup, size, supply, web};
use std::time::{Duration, Instant};

pub(crate) const COMMAND: Command = Command {
    name: "test",
    arguments: "[GATE…]",
    about: "runs every gate, or only those that are named, after making the machine ready like `setup`",
    run: test,
};

/// Something that must hold before a change is taken.
struct Gate {
    /// The word on the command line.
    name: &'static str,
    /// What must hold.
    about: &'static str,
    /// Finds out.
    run: fn() -> Result<(), Problem>,
}

/// The gate after which nothing more is said: the summary of the test runner is the end.
const LAST: &str = "tests";

const GATES: &[Gate] = &[
    Gate { name: "setup", about: "targets and tools are here", run: setup::setup },
    Gate { name: "format", about: "rustfmt would change nothing", run: cargo::format },
    Gate {
        name: "repository",
        about: "links resolve, promises have tests, nothing points to one machine",
        run: repository::check,
    },
    Gate { name: "lint", about: "clippy has nothing to say", run: cargo::lint },
    Gate {
        name: "without-cloud",
        about: "the program builds without claiming and link, and nothing of them is in it",
        run: without_cloud::check,
    },
    Gate { name: "docs", about: "rustdoc has nothing to say", run: cargo::docs },
    Gate { name: "no-std", about: "the core builds without an operating system", run: no_std::check },
    Gate { name: "packages", about: "the crates for others can be packed", run: publish::check },
    Gate {
        name: "supply",
        about: "dependencies have licences and versions we know, and those that meet bytes of strangers were looked at",
        run: supply::check,
    },
    Gate { name: "doctests", about: "the examples in the documentation work", run: cargo::doctests },
    Gate {
        name: "netsim",
        about: "the whole way works in virtual time, which links with no other test",
        run: cargo::netsim,
    },
    Gate {
        name: "compact-rsa",
        about: "RSA and ECDSA of our own pass the tests of the crates",
        run: cargo::compact_rsa,
    },
    Gate {
        name: "broken",
        about: "rules that are broken on purpose are noticed by the properties",
        run: cargo::broken,
    },
    Gate {
        name: "firmware",
        about: "the firmware lives on an emulated board, from claim to unclaim",
        run: firmware::check,
    },
    Gate { name: "fuzz", about: "the fuzz targets are built, and find nothing in a few seconds", run: fuzz::check },
    // Before what measures the playground, and what has it inside.
    Gate { name: "web", about: "the playground is built, small, and its engine lives under Node", run: web::check },
    Gate { name: "dist", about: "the program that is distributed starts and is small", run: dist::check },
    Gate { name: "size", about: "nothing takes more than it may, and the README says what it takes", run: size::check },
    Gate {
        name: "bench",
        about: "codecs and handshake take as many instructions as before, and the README has the figures",
        run: bench::check,
    },
    Gate { name: "build", about: "the tests compile", run: cargo::build_tests },
    Gate { name: "container", about: "the image is made, and does what the documentation says", run: container::check },
    Gate { name: LAST, about: "the tests pass", run: cargo::tests },
];

/// One line per gate, for the help.
pub(crate) fn list() -> String {
    GATES.iter().map(|gate| format!("  {:<15}{}\n", gate.name, gate.about)).collect()
}

fn test(names: &[String]) -> Result<(), Problem> {
    let gates = choose(names)?;
    let start = Instant::now();
    let mut failed = Vec::new();
    for gate in gates {
        println!("\n=== {}: {}", gate.name, gate.about);
        let begin = Instant::now();
        let outcome = (gate.run)();
        let took = format!("{} ({} since the start)", in_words(begin.elapsed()), in_words(start.elapsed()));
        match outcome {
            Ok(()) if gate.name == LAST => {}
            Ok(()) => println!("--- {}: ok, {took}", gate.name),
            Err(problem) => {
                println!("{problem}\n--- {}: FAILED, {took}", gate.name);
                failed.push(gate.name);
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let names = failed.join(" ");
    Err(Problem::Findings(vec![format!("failed: {names}; only these again: cargo xtask test {names}")]))
}

/// The gates of these names, in the order of the table; all if there are no names.
fn choose(names: &[String]) -> Result<Vec<&'static Gate>, Problem> {
    if let Some(name) = names.iter().find(|name| GATES.iter().all(|gate| gate.name != **name)) {
        return Err(Problem::Usage(format!("there is no gate `{name}`; the gates are\n{}", list().trim_end())));
    }
    let wanted = |gate: &&Gate| names.is_empty() || names.iter().any(|name| name == gate.name);
    Ok(GATES.iter().filter(wanted).collect())
}

/// `0.4 s`, `2 min 05 s`.
fn in_words(span: Duration) -> String {
    match span.as_secs() {
        0..60 => format!("{:.1} s", span.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{GATES, LAST, choose, in_words};
    use std::time::Duration;

    fn chosen(names: &[&str]) -> Vec<&'static str> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        choose(&names).unwrap().iter().map(|gate| gate.name).collect()
    }

    #[test]
    fn without_names_every_gate_runs_and_the_tests_are_last() {
        assert_eq!(chosen(&[]).len(), GATES.len());
        assert_eq!(chosen(&[]).last(), Some(&LAST));
    }

    #[test]
    fn named_gates_run_in_their_usual_order() {
        assert_eq!(chosen(&["lint", "format"]), ["format", "lint"]);
    }

    #[test]
    fn an_unknown_gate_is_refused_before_anything_runs() {
        assert!(choose(&["format".to_owned(), "fmt".to_owned()]).is_err());
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(in_words(Duration::from_millis(400)), "0.4 s");
        assert_eq!(in_words(Duration::from_secs(125)), "2 min 05 s");
    }
}
