//! `cargo xtask tables`: what those tests say that are tables, a line per case and nothing else.

use crate::Command;
use crate::process::{Problem, Process};

pub(crate) const COMMAND: Command = Command {
    name: "tables",
    arguments: "[TABLE…]",
    about: "runs the tests that are tables and shows their cases, of all or of those that are named:\n\
            attacks (on TLS, and what is tolerated), guarantees (attacks that work without one), networks (bad ones),\n\
            proxies (what they can do wrong)",
    run: tables,
};

/// Tests that print a line per case.
struct Table {
    /// The word on the command line.
    name: &'static str,
    about: &'static str,
    /// How cargo runs them.
    call: &'static str,
}

const TABLES: [Table; 4] = [
    Table {
        name: "attacks",
        about: "attacks on TLS and certificates and why they fail, and what is tolerated and why",
        call: "test --package aclk-core --test tls -- --nocapture --test-threads 1",
    },
    Table {
        name: "guarantees",
        about: "attack | what becomes of it | what becomes of it without a guarantee of design.md 3.4",
        call: "test --package aclk-core --lib guarantees -- --nocapture --test-threads 1",
    },
    Table {
        name: "networks",
        about: "bad networks, and how long it takes to come online",
        call: "test --package aclk-netsim --features virtual-time every_device -- --nocapture",
    },
    Table {
        name: "proxies",
        about: "proxies of every kind, what each can do wrong, and what the device says of it",
        call: "test --package aclk-pair --test proxy every_fault -- --nocapture",
    },
];

fn tables(names: &[String]) -> Result<(), Problem> {
    if let Some(name) = names.iter().find(|name| TABLES.iter().all(|table| table.name != **name)) {
        let known: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        return Err(Problem::Usage(format!("there is no table `{name}`; the tables are {}", known.join(", "))));
    }
    for table in TABLES.iter().filter(|table| names.is_empty() || names.iter().any(|name| name == table.name)) {
        println!("\n=== {}: {}", table.name, table.about);
        let output = Process::cargo(table.call).read()?;
        output.lines().filter_map(case).for_each(|line| println!("{line}"));
    }
    Ok(())
}

/// What is left of a line of the output if that of the test runner is taken away.
fn case(line: &str) -> Option<&str> {
    let line = match line.strip_prefix("test ") {
        Some(rest) => rest.split_once(" ... ")?.1,
        None => line,
    };
    let is_noise = line.starts_with("running ") || matches!(line.trim(), "" | "ok");
    (!is_noise).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::{case, tables};
    use crate::process::Problem;

    #[test]
    fn only_cases_are_shown() {
        let output = "\nrunning 2 tests\ntest a::b ... refused: one: why\nrefused: two: why\nok\ntest a::c ... ok\n\
                      test a::d ... \n1. Title\n  three | why | what\n\ntest result: ok. 2 passed; 0 failed\n\n";
        let cases: Vec<&str> = output.lines().filter_map(case).collect();
        assert_eq!(cases, ["refused: one: why", "refused: two: why", "1. Title", "  three | why | what"]);
    }

    #[test]
    fn an_unknown_table_is_refused_before_anything_runs() {
        assert!(matches!(tables(&["attacks".to_owned(), "attack".to_owned()]), Err(Problem::Usage(_))));
    }
}
