//! The figures: whole numbers by name. The name says the unit at its end: `_us` microseconds, `_bytes`, `_count`, `_instr`
//! instructions, `_per_s` a second, `_permille`.

use crate::process::{Problem, root};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

/// The figures that README and plots are made from.
const COMMITTED: &str = "docs/figures/bench.json";

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Figures(BTreeMap<String, u64>);

impl Figures {
    pub(super) fn set(&mut self, name: &str, value: u64) {
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn get(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    pub(super) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// One flat object.
    pub(super) fn json(&self) -> String {
        let mut text = String::from("{");
        for (index, (name, value)) in self.0.iter().enumerate() {
            let _ = write!(text, "{}\n  \"{name}\": {value}", if index > 0 { "," } else { "" });
        }
        text + "\n}\n"
    }

    /// Reads what [`json`](Self::json) has written.
    fn parse(text: &str) -> Option<Self> {
        let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
        let member = |line: &str| {
            let (name, value) = line.trim().split_once(':')?;
            let name = name.strip_prefix('"')?.strip_suffix('"')?;
            Some((name.to_owned(), value.trim().parse().ok()?))
        };
        inner.split(',').filter(|line| !line.trim().is_empty()).map(member).collect::<Option<_>>().map(Self)
    }

    /// Those of the repository.
    pub(super) fn committed() -> Result<Self, Problem> {
        let text = fs::read_to_string(root().join(COMMITTED))
            .map_err(|cause| Problem::Io { attempt: format!("read {COMMITTED}"), cause })?;
        Self::parse(&text)
            .ok_or_else(|| Problem::Findings(vec![format!("{COMMITTED} is not an object of whole numbers")]))
    }

    /// Makes these the ones of the repository.
    pub(super) fn commit(&self) -> Result<(), Problem> {
        fs::write(root().join(COMMITTED), self.json())
            .map_err(|cause| Problem::Io { attempt: format!("write {COMMITTED}"), cause })
    }
}

/// The middle one; of two, the lower.
pub(super) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Figures, median};

    #[test]
    fn what_is_written_is_read() {
        let mut figures = Figures::default();
        figures.set("b_us", 2);
        figures.set("a_bytes", 1_000_000);
        assert_eq!(figures.json(), "{\n  \"a_bytes\": 1000000,\n  \"b_us\": 2\n}\n");
        assert_eq!(Figures::parse(&figures.json()), Some(figures));
        assert_eq!(Figures::parse("{\"a\": 1.5}"), None);
        assert_eq!(Figures::parse("{\"a\": \"1\"}"), None);
    }

    #[test]
    fn half_of_the_others_are_below_the_median() {
        assert_eq!(median(vec![9, 1, 5]), 5);
        assert_eq!(median(vec![4, 1, 2, 3]), 2);
        assert_eq!(median(Vec::new()), 0);
    }
}
