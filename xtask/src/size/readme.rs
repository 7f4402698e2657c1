//! The table, on the terminal and in README.md between two marks.

use super::figures::{Figures, HOST, Kind, OF_BOARDS, OF_HOST, OF_WIRE, WIRE};
use crate::firmware::BOARDS;
use crate::process::{Problem, root};
use std::fs;

const FILE: &str = "README.md";
const BEGIN: &str = "<!-- size:begin -->\n";
const END: &str = "<!-- size:end -->";
/// Parts in a hundred that a figure may differ from what the README says before that counts as out of date.
const TOLERANCE: u64 = 5;
/// The same for resident memory, where the kernel decides how much of a file it maps. The limit of limits.toml holds all the same.
const TOLERANCE_RESIDENT: u64 = 15;

/// The figures as tables of Markdown.
pub(super) fn table(figures: &Figures) -> String {
    let boards: Vec<&str> = BOARDS.iter().map(|board| board.name).filter(|board| figures.has(board)).collect();
    let mut tables = Vec::new();
    if !boards.is_empty() {
        let titles: Vec<String> = boards.iter().map(|board| format!("`{board}`")).collect();
        tables.push(rows(&titles, &boards, &OF_BOARDS, figures));
    }
    let others = [(WIRE, &OF_WIRE[..], "on the wire"), (HOST, &OF_HOST[..], "on Linux, and in a browser")];
    for (group, kinds, title) in others {
        if figures.has(group) {
            tables.push(rows(&[title.to_owned()], &[group], kinds, figures));
        }
    }
    tables.join("\n")
}

fn rows(titles: &[String], groups: &[&str], kinds: &[Kind], figures: &Figures) -> String {
    let mut text = format!("| | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(groups.len()));
    for kind in kinds {
        let values: Vec<Option<u64>> = groups.iter().map(|group| figures.get(group, kind.name)).collect();
        if values.iter().any(Option::is_some) {
            let shown: Vec<String> =
                values.iter().map(|value| value.map_or_else(String::new, |value| kind.unit.show(value))).collect();
            text.push_str(&format!("| {} | {} |\n", kind.title, shown.join(" | ")));
        }
    }
    text
}

/// Puts the table into the README.
pub(super) fn write(figures: &Figures) -> Result<(), Problem> {
    let text = read()?;
    let old = between(&text)?;
    let new = text.replacen(&format!("{BEGIN}{old}{END}"), &format!("{BEGIN}{}{END}", table(figures)), 1);
    fs::write(root().join(FILE), new).map_err(|cause| Problem::Io { attempt: format!("write {FILE}"), cause })
}

/// What of the README is not true any more, a sentence each.
pub(super) fn outdated(figures: &Figures) -> Result<Vec<String>, Problem> {
    let text = read()?;
    let mut findings = differences(between(&text)?, &table(figures));
    if !findings.is_empty() {
        findings.push(format!("{FILE} is not current: `cargo xtask size --seeds 20 --write` makes it so"));
    }
    Ok(findings)
}

fn read() -> Result<String, Problem> {
    fs::read_to_string(root().join(FILE)).map_err(|cause| Problem::Io { attempt: format!("read {FILE}"), cause })
}

fn between(text: &str) -> Result<&str, Problem> {
    let found = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(table, _)| table);
    found
        .ok_or_else(|| Problem::Findings(vec![format!("{FILE}: no line {} with a line {END} below", BEGIN.trim_end())]))
}

/// Rows of `now` that `before` does not have, or with numbers that are too different. What could not be measured here is left
/// out of `now` and may be in `before`.
fn differences(before: &str, now: &str) -> Vec<String> {
    let now = now.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |"));
    let differs = |line: &&str| {
        let title = |line: &str| line.split('|').nth(1).map(str::trim).map(str::to_owned);
        let old = before.lines().find(|old| title(old) == title(line));
        !old.is_some_and(|old| alike(old, line))
    };
    now.filter(differs).map(|line| format!("{FILE}: not as measured: {line}")).collect()
}

fn alike(before: &str, now: &str) -> bool {
    let cells = |line: &str| -> Vec<String> { line.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let (before, now) = (cells(before), cells(now));
    let is_resident = now.get(1).is_some_and(|title| title.contains("resident"));
    let tolerance = if is_resident { TOLERANCE_RESIDENT } else { TOLERANCE };
    before.len() == now.len() && before.iter().zip(&now).all(|(before, now)| near(before, now, tolerance))
}

fn near(before: &str, now: &str, tolerance: u64) -> bool {
    // Tenths and whole numbers are both whole here, if both are written alike.
    let number = |text: &str| -> (String, Option<u64>) {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        (text.chars().filter(|c| c.is_alphabetic() || *c == '.').collect(), digits.parse().ok())
    };
    match (number(before), number(now)) {
        ((form, Some(before)), (now_form, Some(now))) if form == now_form => {
            // A number with one digit before its point may lie on the border of two.
            let rounding = u64::from(form.contains('.'));
            before.abs_diff(now) * 100 <= (before.max(now) * tolerance).max(100 * rounding)
        }
        // What could not be measured here is as it was.
        (_, (_, None)) if now.is_empty() => true,
        _ => before == now,
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::Figures;
    use super::{differences, table};

    fn figures(flash: u64) -> Figures {
        let mut figures = Figures::default();
        figures.set("qemu-mps2-an386", "flash", flash);
        figures.set("qemu-mps2-an386", "query", 1_250_000);
        figures.set("wire", "claim_tcp", 3_000);
        figures
    }

    #[test]
    fn the_table_has_what_was_measured() {
        let text = table(&figures(521_236));
        assert!(text.starts_with("| | `qemu-mps2-an386` |\n|---|---|\n| flash | 521 236 B |\n"), "{text}");
        assert!(text.contains("| a query over the link | 1.2 M |\n"), "{text}");
        assert!(text.contains("| | on the wire |\n|---|---|\n| claim, TCP payload | 3 000 B |\n"), "{text}");
    }

    #[test]
    fn small_differences_are_none() {
        let before = table(&figures(521_236));
        assert_eq!(differences(&before, &table(&figures(530_000))), [""; 0]);
        assert_eq!(differences(&before, &table(&Figures::default())), [""; 0]);
        assert_eq!(differences(&before, &table(&figures(560_000))).len(), 1);
        assert_eq!(differences("", &before).len(), 3);
        let row = |bytes: &str| format!("| memory of that program, resident | {bytes} B |\n");
        assert_eq!(differences(&row("2 146 304"), &row("1 900 000")), [""; 0]);
        assert_eq!(differences(&row("2 146 304"), &row("1 800 000")).len(), 1);
        let with_query = |instructions| {
            let mut figures = figures(521_236);
            figures.set("qemu-mps2-an386", "query", instructions);
            table(&figures)
        };
        assert_eq!(differences(&before, &with_query(1_251_000)), [""; 0], "1.3 M is next to 1.2 M");
        assert_eq!(differences(&before, &with_query(1_400_000)).len(), 1);
    }
}
