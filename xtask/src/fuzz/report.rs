//! What libFuzzer says at the end, and how it is shown.

use std::fmt;

/// What came of a target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    name: String,
    executions: u64,
    per_second: u64,
    /// Edges of the program that were taken.
    coverage: u64,
    /// Inputs that each take a way of their own.
    inputs: u64,
    finding: Option<Finding>,
}

/// Something that is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// The first line that says what.
    what: String,
    /// The input, if the program has written one.
    input: Option<String>,
}

impl Row {
    /// Reads what the program has printed.
    pub(super) fn read(name: &str, log: &str, is_success: bool) -> Self {
        let stat = |key: &str| log.lines().find_map(|line| number(line.strip_prefix(key)?));
        let status = |key: &str| {
            let lines = log.lines().filter(|line| line.starts_with('#'));
            lines.rev().find_map(|line| number(line.split_once(key)?.1))
        };
        let what = || {
            let is_cause =
                |line: &&str| line.contains(" panicked at ") || line.starts_with("==") && line.contains("ERROR: ");
            let mut lines = log.lines().skip_while(|line| !is_cause(line));
            let cause = lines.next().unwrap_or("it ended with an error").to_owned();
            // The words of a panic are on the line behind.
            if cause.contains("panicked") { format!("{cause} {}", lines.next().unwrap_or_default()) } else { cause }
        };
        let input =
            log.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path.to_owned()));
        Self {
            name: name.to_owned(),
            executions: stat("stat::number_of_executed_units:").unwrap_or(0),
            per_second: stat("stat::average_exec_per_sec:").unwrap_or(0),
            coverage: status(" cov: ").unwrap_or(0),
            inputs: status(" corp: ").unwrap_or(0),
            finding: (!is_success).then(|| Finding { what: what(), input }),
        }
    }

    /// What is wrong, and how to see it again.
    pub(super) fn finding(&self, folder: &str) -> Option<String> {
        let Finding { what, input } = self.finding.as_ref()?;
        let name = &self.name;
        let again = match input {
            Some(input) => format!(
                "  again: {folder}/out/{name} {input}\n  to keep it: tests/fuzz/regressions/{name}/NAME-OF-THE-DEFECT"
            ),
            None => format!("  it left no input: {folder}/out/{name}"),
        };
        Some(format!("{name}: {what}\n{again}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, executions, per_second, coverage, inputs, finding } = self;
        let findings = u8::from(finding.is_some());
        write!(f, "{name:14} {executions:>11} {per_second:>8} {coverage:>8} {inputs:>7} {findings:>8}")
    }
}

/// All rows, with a head and a sum.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "\n{:14} {:>11} {:>8} {:>8} {:>7} {:>8}\n",
        "target", "executions", "per s", "coverage", "inputs", "findings"
    );
    rows.iter().for_each(|row| text += &format!("{row}\n"));
    let executions: u64 = rows.iter().map(|row| row.executions).sum();
    let findings = rows.iter().filter(|row| row.finding.is_some()).count();
    text + &format!("{:14} {executions:>11} {:>8} {:>8} {:>7} {findings:>8}", "together", "", "", "")
}

/// The number in front.
fn number(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Row;

    const GOOD: &str = "INFO: Seed: 1\n#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb\n\
        #9\tNEW    cov: 120 ft: 13 corp: 7/2Kb lim: 4 exec/s: 3 rss: 30Mb L: 1/1 MS: 1 x-\n\
        stat::number_of_executed_units: 4711\nstat::average_exec_per_sec:     157\n";

    #[test]
    fn the_last_figures_count() {
        let row = Row::read("mqtt", GOOD, true);
        assert_eq!((row.executions, row.per_second, row.coverage, row.inputs), (4711, 157, 120, 7));
        assert_eq!(row.finding("f"), None);
    }

    #[test]
    fn a_finding_is_told_with_its_input_and_how_to_see_it_again() {
        let log = format!(
            "{GOOD}thread '<unnamed>' (7) panicked at src/a.rs:1:2:\nit broke\n==1== ERROR: libFuzzer: deadly signal\n\
            artifact_prefix='f/'; Test unit written to f/mqtt-crash-1\n"
        );
        let told = Row::read("mqtt", &log, false).finding("out").unwrap();
        assert!(told.starts_with("mqtt: thread '<unnamed>' (7) panicked at src/a.rs:1:2: it broke\n"), "{told}");
        assert!(told.contains("again: out/out/mqtt f/mqtt-crash-1\n"), "{told}");
    }

    #[test]
    fn a_program_that_dies_without_a_word_is_a_finding() {
        let told = Row::read("mqtt", "", false).finding("out").unwrap();
        assert!(told.contains("it ended with an error") && told.contains("it left no input"), "{told}");
    }
}
