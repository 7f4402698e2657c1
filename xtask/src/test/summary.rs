//! One line for the many summaries of plain `cargo test`.

use crate::process::Problem;
use std::fmt;

/// What all test programs of a run said, added up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    passed: u32,
    failed: u32,
    ignored: u32,
}

impl Sum {
    /// Adds a line like `test result: ok. 3 passed; 0 failed; 1 ignored; …`; any other line counts nothing.
    pub(super) fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for count in counts.1.split("; ") {
            match count.split_once(' ').map(|(number, what)| (number.parse().unwrap_or(0), what)) {
                Some((number, "passed")) => self.passed += number,
                Some((number, "failed")) => self.failed += number,
                Some((number, "ignored")) => self.ignored += number,
                _ => {}
            }
        }
    }

    /// An error if no test ran at all: that proves nothing.
    pub(super) fn at_least_one(&self) -> Result<(), Problem> {
        let ran = self.passed + self.failed;
        if ran > 0 { Ok(()) } else { Err(Problem::Findings(vec!["no test ran".to_owned()])) }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn the_summaries_of_all_test_programs_are_added_up() {
        let mut sum = Sum::default();
        for line in [
            "running 3 tests",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.20s",
        ] {
            sum.add(line);
        }
        assert_eq!(sum.to_string(), "6 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn a_run_without_a_test_is_a_failure() {
        let mut sum = Sum::default();
        sum.add("test result: ok. 0 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        assert!(sum.at_least_one().is_err());
        sum.add("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        assert!(sum.at_least_one().is_ok());
    }
}
