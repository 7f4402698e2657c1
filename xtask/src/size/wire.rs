//! Bytes on the wire, as a test in virtual time measures them (`tests/netsim/tests/wire.rs`).

use super::figures::{Figures, OF_WIRE, WIRE};
use crate::process::{Problem, Process};

/// What the lines of the test begin with.
const PREFIX: &str = "wire: ";

pub(super) fn measure() -> Result<Figures, Problem> {
    let mut figures = Figures::default();
    let call =
        "test --quiet --package aclk-netsim --features virtual-time --test wire -- --nocapture --include-ignored";
    Process::cargo(call).show_and_look(|line| {
        if let Some((name, value)) = parse(line) {
            figures.set(WIRE, name, value);
        }
    })?;
    let missing = OF_WIRE.iter().filter(|kind| figures.get(WIRE, kind.name).is_none());
    Problem::unless_empty(missing.map(|kind| format!("the test of the wire has not told: {}", kind.title)).collect())?;
    Ok(figures)
}

/// `wire: claim_tcp 3000`
fn parse(line: &str) -> Option<(&'static str, u64)> {
    let (name, value) = line.strip_prefix(PREFIX)?.split_once(' ')?;
    let kind = OF_WIRE.iter().find(|kind| kind.name == name)?;
    Some((kind.name, value.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_of_the_test_are_read_and_others_are_not() {
        assert_eq!(parse("wire: claim_tcp 3000"), Some(("claim_tcp", 3_000)));
        assert_eq!(parse("wire: nonsense 3000"), None);
        assert_eq!(parse("running 1 test"), None);
    }
}
