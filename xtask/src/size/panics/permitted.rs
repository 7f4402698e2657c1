//! The list of places that may panic: boards/panics.txt.

use super::Place;
use crate::process::{Problem, root};
use std::collections::BTreeSet;
use std::fs;

const FILE: &str = "boards/panics.txt";
/// Stands for any file or function.
const ANY: &str = "*";

/// A line of it: file, function and what panics, each of which may be any, and why that is all right.
#[derive(Debug, PartialEq, Eq)]
struct Permit<'t> {
    file: &'t str,
    function: &'t str,
    how: &'t str,
}

impl Permit<'_> {
    fn covers(&self, place: &Place) -> bool {
        [(self.file, &place.file), (self.function, &place.function), (self.how, &place.how)]
            .iter()
            .all(|(permit, is)| *permit == ANY || permit == *is)
    }
}

/// The places that are not in the list, a sentence each. If they are of `all` images, lines that none needs are told, too, but are
/// no mistake: what the compiler can prove changes with the code around.
pub(super) fn judge(places: &BTreeSet<Place>, all: bool) -> Result<Vec<String>, Problem> {
    let text = fs::read_to_string(root().join(FILE))
        .map_err(|cause| Problem::Io { attempt: format!("read {FILE}"), cause })?;
    let permits = parse(&text).map_err(|line| Problem::Findings(vec![format!("{FILE}:{line}")]))?;
    for permit in permits.iter().filter(|permit| all && !places.iter().any(|place| permit.covers(place))) {
        println!("{FILE}: not needed any more, as it seems: {} {} {}", permit.file, permit.function, permit.how);
    }
    Ok(strangers(places, &permits))
}

fn strangers(places: &BTreeSet<Place>, permits: &[Permit<'_>]) -> Vec<String> {
    let strange = places.iter().filter(|place| !permits.iter().any(|permit| permit.covers(place)));
    strange
        .map(|Place { file, function, how, line }| {
            format!("{file}:{line} may panic, and is not in {FILE}: {file} {function} {how}")
        })
        .collect()
}

/// The lines, or what is wrong with the first one that makes no sense.
fn parse(text: &str) -> Result<Vec<Permit<'_>>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(index, line)| {
            let wrong = || format!("{}: not a file, a function, what panics, and # with the reason", index + 1);
            let (place, reason) = line.split_once('#').ok_or_else(wrong)?;
            let mut words = place.split_whitespace();
            match (words.next(), words.next(), words.next(), words.next()) {
                (Some(file), Some(function), Some(how), None) if !reason.trim().is_empty() => {
                    Ok(Permit { file, function, how })
                }
                _ => Err(wrong()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Permit, Place, parse, strangers};

    #[test]
    fn a_line_is_a_place_and_a_reason() {
        let text = "# Comment.\n\ncore/src/a.rs put panic_fmt # it is never full\n* * resumed # nobody does\n";
        let permits = parse(text).unwrap();
        assert_eq!(permits.first(), Some(&Permit { file: "core/src/a.rs", function: "put", how: "panic_fmt" }));
        for wrong in ["a b c", "a b c #", "a b # x", "a b c d # x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let place = |file: &str, how: &str| Place {
            file: file.into(),
            function: "put".into(),
            how: how.into(),
            line: "1".into(),
        };
        let places = [place("core/src/a.rs", "panic_fmt"), place("core/src/b.rs", "resumed")].into();
        assert_eq!(strangers(&places, &permits), [""; 0]);
        let places = [place("core/src/b.rs", "panic_fmt")].into();
        assert_eq!(strangers(&places, &permits).len(), 1);
    }
}
