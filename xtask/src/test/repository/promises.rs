//! Pages that promise something: each row of their tables has a test that exists, or says why there is none.

use super::Files;
use std::ops::ControlFlow;

const PAGES: [&str; 2] = ["docs/compatibility.md", "docs/troubleshooting.md"];
/// Where a test is if its name has no file: `claim::a_test` is in `claim.rs` there, `users::files::a_test` in `users/files.rs`.
const END_TO_END: &str = "tests/e2e";
/// What the last column of these tables is called.
const COLUMN: &str = "test";
/// How a row begins its last cell that has no test; the reason follows.
const NO_TEST: &str = "none: ";
/// Fewer letters are no reason.
const REASON_MIN: usize = 10;

/// Rows that show nothing, and tests that are not there.
pub(super) fn unproven(files: &Files) -> Vec<String> {
    PAGES.iter().flat_map(|page| unproven_on(page, files)).collect()
}

fn unproven_on(page: &str, files: &Files) -> Vec<String> {
    let Some(Some(text)) = files.get(page) else { return vec![format!("{page}: there is no such file")] };
    let mut rows = 0;
    let mut findings = Vec::new();
    let mut is_table_of_tests = false;
    for (number, line) in text.lines().enumerate() {
        let Some(last) = last_cell(line) else {
            is_table_of_tests = false;
            continue;
        };
        let is_rule = !last.is_empty() && last.trim_matches('-').is_empty();
        if last == COLUMN {
            is_table_of_tests = true;
        } else if is_table_of_tests && !is_rule {
            rows += 1;
            findings.extend(faults(files, last).into_iter().map(|fault| format!("{page}:{}: {fault}", number + 1)));
        }
    }
    if rows == 0 {
        findings.push(format!("{page}: no table has a last column `{COLUMN}`"));
    }
    findings
}

/// The last cell of a row of a table; a bar in code is written `\|`.
fn last_cell(line: &str) -> Option<&str> {
    let row = line.trim_end().strip_prefix('|')?.strip_suffix('|')?;
    let bar = row.rmatch_indices('|').find(|(at, _)| !row.get(..*at).is_some_and(|before| before.ends_with('\\')));
    Some(bar.and_then(|(at, _)| row.get(at + 1..)).unwrap_or(row).trim())
}

/// What is wrong with the last cell of a row.
fn faults(files: &Files, cell: &str) -> Vec<String> {
    if let Some(reason) = cell.strip_prefix(NO_TEST) {
        let is_reason = reason.trim().len() >= REASON_MIN;
        return if is_reason { vec![] } else { vec!["there is no test, and no reason".to_owned()] };
    }
    let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    if names.is_empty() {
        return vec![format!("neither a test nor `{NO_TEST}` with a reason: {cell:?}")];
    }
    names.into_iter().filter(|name| !exists(files, name)).map(|name| format!("there is no test `{name}`")).collect()
}

/// Whether there is a test of this name.
fn exists(files: &Files, name: &str) -> bool {
    let Some((place, function)) = name.rsplit_once("::") else { return false };
    let path =
        if place.ends_with(".rs") { place.to_owned() } else { format!("{END_TO_END}/{}.rs", place.replace("::", "/")) };
    let Some(Some(text)) = files.get(&path) else { return false };
    let start = format!("fn {function}(");
    let found = text.lines().try_fold(false, |is_test, line| match line.trim_start() {
        "#[test]" => ControlFlow::Continue(true),
        line if is_test && line.starts_with(&start) => ControlFlow::Break(()),
        // Other attributes may stand between.
        line => ControlFlow::Continue(is_test && line.starts_with("#[")),
    });
    found.is_break()
}

#[cfg(test)]
mod tests {
    use super::{Files, PAGES, unproven, unproven_on};

    const PAGE: &str = PAGES[0];

    /// What is found on a page with this table, in a repository with two tests.
    fn findings(rows: &str) -> Vec<String> {
        let page = format!(
            "# Page\n\n| promise | here | test |\n|---|---|---|\n{rows}\n\n| other | table |\n|---|---|\n| a | b |\n"
        );
        let test = "#[test]\n#[ignore]\nfn it_works() {\n}\nfn a_helper() {\n}\n";
        let files = [(PAGE, page.as_str()), ("tests/e2e/users/files.rs", test), ("xtask/tests/install.rs", test)];
        unproven_on(PAGE, &files.map(|(path, text)| (path.to_owned(), Some(text.to_owned()))).into())
    }

    #[test]
    fn a_row_has_tests_that_exist_or_a_reason() {
        for row in [
            "| p | yes | `users::files::it_works` |",
            "| `a \\| b` | yes | `users::files::it_works`, `xtask/tests/install.rs::it_works` |",
            "| p | no | none: it is the Cloud's to keep |",
        ] {
            assert_eq!(findings(row), Vec::<String>::new(), "{row}");
        }
    }

    #[test]
    fn a_test_that_went_away_is_found_with_its_line() {
        for name in
            ["users::files::it_worked", "users::files::a_helper", "users::it_works", "it_works", "x.rs::it_works"]
        {
            let row = format!("| p | yes | `users::files::it_works`, `{name}` |");
            assert_eq!(findings(&row), [format!("{PAGE}:5: there is no test `{name}`")]);
        }
    }

    #[test]
    fn a_row_without_test_or_reason_is_found() {
        for row in ["| p | yes | |", "| p | yes | see below |", "| p | yes | none: |", "| p | yes | none: why |"] {
            assert_eq!(findings(row).len(), 1, "{row}");
        }
        assert_eq!(unproven(&Files::new()), PAGES.map(|page| format!("{page}: there is no such file")));
        assert_eq!(findings(""), [format!("{PAGE}: no table has a last column `test`")]);
    }
}
