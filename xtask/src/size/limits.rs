//! What may not be exceeded: boards/limits.toml, with a line for each figure and its reason.

use super::figures::{Figures, grouped};
use crate::process::{Problem, root};
use std::fs;

const FILE: &str = "boards/limits.toml";

/// A line of the file.
#[derive(Debug, PartialEq, Eq)]
struct Limit<'t> {
    group: &'t str,
    name: &'t str,
    most: u64,
    reason: &'t str,
}

/// What is beyond its limit, and what has none; a sentence each.
pub(super) fn exceeded(figures: &Figures) -> Result<Vec<String>, Problem> {
    Ok(beyond(figures, &limits(&read()?)?))
}

/// The most that a figure may be.
pub(crate) fn most(group: &str, name: &str) -> Result<u64, Problem> {
    let text = read()?;
    let limits = limits(&text)?;
    let found = limits.iter().find(|limit| limit.group == group && limit.name == name).map(|limit| limit.most);
    found.ok_or_else(|| Problem::Findings(vec![format!("{FILE}: no limit for {group}.{name}")]))
}

fn read() -> Result<String, Problem> {
    fs::read_to_string(root().join(FILE)).map_err(|cause| Problem::Io { attempt: format!("read {FILE}"), cause })
}

fn limits(text: &str) -> Result<Vec<Limit<'_>>, Problem> {
    parse(text).map_err(|line| Problem::Findings(vec![format!("{FILE}:{line}")]))
}

fn beyond(figures: &Figures, limits: &[Limit<'_>]) -> Vec<String> {
    let judge = |(group, name, value): (&str, &'static str, u64)| {
        let Some(limit) = limits.iter().find(|limit| limit.group == group && limit.name == name) else {
            return Some(format!("{FILE}: no limit for {group}.{name}, which is {}", grouped(value)));
        };
        let (is, most, reason) = (grouped(value), grouped(limit.most), limit.reason);
        (value > limit.most).then(|| format!("{group}.{name} is {is}, the limit in {FILE} is {most}: {reason}"))
    };
    figures.iter().filter_map(judge).collect()
}

/// The lines, or what is wrong with the first one that makes no sense.
fn parse(text: &str) -> Result<Vec<Limit<'_>>, String> {
    let mut limits = Vec::new();
    let mut group = "";
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let wrong = |what: &str| format!("{}: {what}", index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            group = name;
            continue;
        }
        let (limit, reason) = line.split_once('#').unwrap_or((line, ""));
        let (name, most) = limit.split_once('=').ok_or_else(|| wrong("neither [group] nor name = limit # reason"))?;
        let most = most.trim().replace('_', "").parse().map_err(|_| wrong("the limit is not a number"))?;
        let (name, reason) = (name.trim(), reason.trim());
        if reason.is_empty() {
            return Err(wrong("a limit needs its reason, after #"));
        }
        if group.is_empty() || limits.iter().any(|limit: &Limit<'_>| limit.group == group && limit.name == name) {
            return Err(wrong("a limit stands once, below its [group]"));
        }
        limits.push(Limit { group, name, most, reason });
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::super::figures::Figures;
    use super::{Limit, beyond, parse};

    const TEXT: &str = "# What may not be exceeded.\n\n[board]\nflash = 320_000 # the goal\nram=1 # small\n";

    #[test]
    fn a_limit_has_a_group_and_a_reason() {
        let limits = parse(TEXT).unwrap();
        assert_eq!(limits.first(), Some(&Limit { group: "board", name: "flash", most: 320_000, reason: "the goal" }));
        assert_eq!(limits.len(), 2);
        for wrong in
            ["flash = 1 # why", "[a]\nflash = 1", "[a]\nflash = x # why", "[a]\nx = 1 # a\nx = 2 # b", "[a]\nx"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_beyond_its_limit_or_has_none_is_found() {
        let limits = parse(TEXT).unwrap();
        let mut figures = Figures::default();
        figures.set("board", "flash", 320_000);
        assert_eq!(beyond(&figures, &limits), [""; 0]);
        figures.set("board", "flash", 320_001);
        figures.set("other", "flash", 1);
        let found = beyond(&figures, &limits);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().any(|line| line.contains("320 001") && line.ends_with("the goal")), "{found:?}");
        assert!(found.iter().any(|line| line.contains("other.flash")), "{found:?}");
    }
}
