//! Words that tie the project to one machine or one workplace.

use super::Files;

/// Files that name registries because a tool writes them.
const WRITTEN_BY_TOOLS: [&str; 2] = ["Cargo.lock", "package-lock.json"];

// In pieces, so that this file does not find itself.

/// Folders that exist on a developer's machine only.
const MACHINE_PATHS: [&str; 3] = [concat!("/", "work/"), concat!("/", "farm/"), concat!("/", "root/")];

/// Hosts of package registries: which one serves a build is for the machine to say.
const REGISTRIES: [&str; 6] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("deb.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

pub(super) fn found(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, text) in files {
        let name = path.rsplit('/').next().unwrap_or(path);
        for (line, content) in text.iter().flat_map(|text| text.lines()).enumerate() {
            for word in MACHINE_PATHS.iter().filter(|word| starts_a_path(content, word)) {
                findings.push(format!("{path}:{}: `{word}` is a folder of one machine", line + 1));
            }
            for word in REGISTRIES.iter().filter(|word| content.contains(**word)) {
                if !WRITTEN_BY_TOOLS.contains(&name) {
                    findings.push(format!("{path}:{}: `{word}` is the host of a package registry", line + 1));
                }
            }
        }
    }
    findings
}

/// Whether `folder` stands in `text` as the start of a path, and not in the middle of a longer one.
fn starts_a_path(text: &str, folder: &str) -> bool {
    text.match_indices(folder).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}'))
    })
}

#[cfg(test)]
mod tests {
    use super::{MACHINE_PATHS, REGISTRIES, found};
    use crate::test::repository::Files;

    fn findings(path: &str, text: String) -> Vec<String> {
        found(&Files::from([(path.to_owned(), Some(text))]))
    }

    #[test]
    fn a_machine_path_is_found_with_its_line() {
        for folder in MACHINE_PATHS {
            let text = format!("first\nsee `{folder}main`\n");
            assert_eq!(findings("docs/a.md", text), [format!("docs/a.md:2: `{folder}` is a folder of one machine")]);
        }
    }

    #[test]
    fn the_middle_of_another_path_is_not_a_machine_path() {
        let folder = MACHINE_PATHS[0];
        assert!(findings("a.rs", format!("docs{folder}plan.md target/x.{folder} ${{TMP}}{folder}")).is_empty());
    }

    #[test]
    fn a_registry_may_be_named_by_the_lock_file_only() {
        let text = format!("source = \"{}\"", REGISTRIES[0]);
        assert_eq!(findings("README.md", text.clone()).len(), 1);
        assert!(findings("Cargo.lock", text).is_empty());
    }
}
