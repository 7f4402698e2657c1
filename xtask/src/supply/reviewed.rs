//! The crates that meet bytes of strangers, and whether they are still those that somebody has looked at.
//!
//! A table of [`PAGE`] names them with their versions. A lock file with another version, or without such a crate, means: look
//! again, then change the table.

use crate::process::Problem;

/// Where the table is.
pub(super) const PAGE: &str = "docs/dependencies.md";

/// What stands in front of the table, and behind it.
const BEGIN: &str = "<!-- reviewed: begin -->";
const END: &str = "<!-- reviewed: end -->";

/// A crate of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version<'t> {
    name: &'t str,
    version: &'t str,
}

/// Compares the table of `page` with the lock files.
pub(super) fn check(page: &str, locks: &[String]) -> Result<(), Problem> {
    let reviewed = table(page);
    if reviewed.is_empty() {
        return Err(Problem::Findings(vec![format!("{PAGE}: there is no table between `{BEGIN}` and `{END}`")]));
    }
    println!("{} crates that meet bytes of strangers are of the versions that were looked at", reviewed.len());
    Problem::unless_empty(differences(&reviewed, locks))
}

/// Every row of the table: `` | `name` | version | … ``.
fn table(page: &str) -> Vec<Version<'_>> {
    let inside = page.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
    let rows = inside.map(|(table, _)| table.lines()).into_iter().flatten();
    rows.filter_map(|row| {
        let mut cells = row.split('|').skip(1).map(str::trim);
        let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some(Version { name, version: cells.next()? })
    })
    .collect()
}

/// Every crate of a lock file.
fn locked(lock: &str) -> impl Iterator<Item = Version<'_>> {
    lock.split("[[package]]").skip(1).filter_map(|package| {
        let value = |key: &str| package.split_once(key)?.1.split_once('"').map(|(value, _)| value);
        Some(Version { name: value("\nname = \"")?, version: value("\nversion = \"")? })
    })
}

fn differences(reviewed: &[Version<'_>], locks: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    for Version { name, version } in reviewed {
        let mut there = locks.iter().flat_map(|lock| locked(lock));
        if !there.any(|found| found == Version { name, version }) {
            findings.push(format!(
                "{PAGE}: {name} {version} was looked at, and is in no lock file: look at what took its place"
            ));
        }
    }
    for lock in locks {
        for Version { name, version } in locked(lock) {
            let looked_at = |known: &&Version<'_>| known.name == name;
            if reviewed.iter().any(|known| looked_at(&known)) && !reviewed.contains(&Version { name, version }) {
                findings.push(format!(
                    "{PAGE}: {name} {version} is built in, and nobody has looked at it: a row is missing"
                ));
            }
        }
    }
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    use super::{check, table};

    const PAGE: &str = "# x\n<!-- reviewed: begin -->\n| crate | version | meets |\n|---|---|---|\n| `httparse` | 1.10.1 | heads |\n\
                        | `p256` | 0.13.2 | keys |\n<!-- reviewed: end -->\n| `other` | 1 | |\n";

    fn lock(crates: &[(&str, &str)]) -> Vec<String> {
        let package =
            |(name, version): &(&str, &str)| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n");
        vec![crates.iter().map(package).collect()]
    }

    #[test]
    fn the_rows_between_the_markers_are_read() {
        let rows: Vec<_> = table(PAGE).iter().map(|row| (row.name, row.version)).collect();
        assert_eq!(rows, [("httparse", "1.10.1"), ("p256", "0.13.2")]);
    }

    #[test]
    fn what_was_looked_at_is_what_is_built_in() {
        let locks = lock(&[("httparse", "1.10.1"), ("p256", "0.13.2"), ("unknown", "7.0.0")]);
        assert!(check(PAGE, &locks).is_ok());
    }

    #[test]
    fn another_version_has_to_be_looked_at() {
        let problem = check(PAGE, &lock(&[("httparse", "1.11.0"), ("p256", "0.13.2")])).unwrap_err().to_string();
        assert!(problem.contains("httparse 1.10.1 was looked at"), "{problem}");
        assert!(problem.contains("httparse 1.11.0 is built in"), "{problem}");
    }

    #[test]
    fn a_second_version_has_to_be_looked_at() {
        let locks = lock(&[("httparse", "1.10.1"), ("p256", "0.13.2"), ("p256", "0.14.0")]);
        assert!(check(PAGE, &locks).unwrap_err().to_string().contains("p256 0.14.0 is built in"));
    }

    #[test]
    fn a_page_without_a_table_is_not_taken_for_a_review() {
        assert!(check("# x\n", &lock(&[])).is_err());
    }
}
