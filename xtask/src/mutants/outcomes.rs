//! What became of each mutant.

use std::collections::BTreeMap;
use std::fmt;

/// What tests do with a changed core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// One fails.
    Caught,
    /// One never ends, which is noticed as well.
    Timeout,
    /// None notices.
    Missed,
    /// There are no tests: it does not compile.
    Unviable,
}

impl Outcome {
    pub(super) const ALL: [Self; 4] = [Self::Caught, Self::Timeout, Self::Missed, Self::Unviable];

    fn name(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Timeout => "timeout",
            Self::Missed => "missed",
            Self::Unviable => "unviable",
        }
    }

    /// The file in which cargo-mutants lists those that came to this.
    pub(super) fn file(self) -> String {
        format!("{}.txt", self.name())
    }
}

/// The outcome of each mutant, by its name. As text: a line for each, the outcome first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcomes(BTreeMap<String, Outcome>);

impl Outcomes {
    /// No test has noticed any of `names` yet.
    pub(super) fn missed(names: &[&str]) -> Self {
        Self(names.iter().map(|name| ((*name).to_owned(), Outcome::Missed)).collect())
    }

    /// What `to_string` made of them. All have to be among `possible`.
    pub(super) fn parse(text: &str, possible: &[&str]) -> Result<Self, String> {
        let mut outcomes = BTreeMap::new();
        for line in text.lines() {
            let (outcome, name) = line.split_once(' ').unwrap_or((line, ""));
            let outcome = Outcome::ALL.into_iter().find(|known| known.name() == outcome);
            let outcome = outcome.ok_or_else(|| format!("an unknown outcome: {line}"))?;
            if !possible.contains(&name) {
                return Err(format!("the code has changed since, draw a sample anew: {name} is no more"));
            }
            outcomes.insert(name.to_owned(), outcome);
        }
        Ok(Self(outcomes))
    }

    /// Takes note that the mutants in `names`, a line each, came to `outcome`.
    pub(super) fn note(&mut self, names: &str, outcome: Outcome) {
        for name in names.lines() {
            if let Some(known) = self.0.get_mut(name) {
                *known = outcome;
            }
        }
    }

    /// Those that came to `outcome`.
    pub(super) fn named(&self, outcome: Outcome) -> Vec<&str> {
        self.0.iter().filter(|(_, known)| **known == outcome).map(|(name, _)| name.as_str()).collect()
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.named(outcome).len()
    }

    fn viable(&self) -> usize {
        self.0.len() - self.count(Outcome::Unviable)
    }

    /// How many of a hundred that compile are noticed.
    pub(super) fn percent(&self) -> f64 {
        let noticed = self.count(Outcome::Caught) + self.count(Outcome::Timeout);
        noticed as f64 * 100.0 / self.viable().max(1) as f64
    }

    pub(super) fn summary(&self) -> String {
        let missed = self.named(Outcome::Missed);
        let mut text: String = missed.iter().map(|name| format!("missed {name}\n")).collect();
        text += &format!(
            "{} mutants: {} do not compile; of the other {}, {} are caught, {} of them since a test never ends: {:.1} %\n",
            self.0.len(),
            self.count(Outcome::Unviable),
            self.viable(),
            self.viable() - missed.len(),
            self.count(Outcome::Timeout),
            self.percent()
        );
        text
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, outcome)| writeln!(f, "{} {name}", outcome.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Outcomes};

    #[test]
    fn what_does_not_compile_counts_as_nothing_and_what_never_ends_as_caught() {
        let mut outcomes = Outcomes::missed(&["a", "b", "c", "d", "e"]);
        outcomes.note("a\n", Outcome::Unviable);
        outcomes.note("b\nc\n", Outcome::Caught);
        outcomes.note("d\nsomething else\n", Outcome::Timeout);
        assert_eq!(outcomes.percent(), 75.0);
        let expected = "missed e\n5 mutants: 1 do not compile; of the other 4, 3 are caught, 1 of them since a test \
                        never ends: 75.0 %\n";
        assert_eq!(outcomes.summary(), expected);
    }

    #[test]
    fn they_are_read_as_they_were_written() {
        let mut outcomes = Outcomes::missed(&["x.rs:1: replace f", "y.rs:2: delete !"]);
        outcomes.note("x.rs:1: replace f", Outcome::Caught);
        let text = outcomes.to_string();
        let possible = ["x.rs:1: replace f", "y.rs:2: delete !", "z"];
        assert_eq!(Outcomes::parse(&text, &possible), Ok(outcomes));
        assert!(Outcomes::parse(&text, &possible[1..]).is_err());
        assert!(Outcomes::parse("lost z", &possible).is_err());
    }
}
