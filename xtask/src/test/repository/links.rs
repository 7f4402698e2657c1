//! Links between the Markdown files of the repository, and to its other files.

use super::Files;
use std::collections::BTreeMap;

/// Every link inside the repository that leads nowhere.
pub(super) fn broken(files: &Files) -> Vec<String> {
    let pages: BTreeMap<&str, Page> = files
        .iter()
        .filter(|(path, _)| path.ends_with(".md"))
        .filter_map(|(path, text)| Some((path.as_str(), Page::read(text.as_deref()?))))
        .collect();
    let mut findings = Vec::new();
    for (path, page) in &pages {
        for link in &page.links {
            if let Some(reason) = why_broken(files, &pages, path, &link.target) {
                findings.push(format!("{path}:{}: link to `{}`: {reason}", link.line, link.target));
            }
        }
    }
    findings
}

fn why_broken(files: &Files, pages: &BTreeMap<&str, Page>, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let Some(path) = resolve(from, path) else {
        return Some("leads out of the repository".to_owned());
    };
    if !exists(files, &path) {
        return Some(format!("there is no {path}"));
    }
    let anchor = anchor?;
    let page = pages.get(path.as_str())?;
    (!page.anchors.iter().any(|known| known == anchor)).then(|| format!("{path} has no heading for #{anchor}"))
}

/// The path from the root of the repository that `link` in the file `from` means. A link without a path means the file.
fn resolve(from: &str, link: &str) -> Option<String> {
    if link.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = match link.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => from.split('/').collect::<Vec<_>>().split_last().map(|(_, folder)| folder.to_vec())?,
    };
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn exists(files: &Files, path: &str) -> bool {
    let folder = format!("{path}/");
    path.is_empty()
        || files.contains_key(path)
        || files.range(folder.clone()..).next().is_some_and(|(next, _)| next.starts_with(&folder))
}

/// What matters of a Markdown file.
#[derive(Debug, Default)]
struct Page {
    links: Vec<Link>,
    /// The names by which its headings can be reached.
    anchors: Vec<String>,
}

#[derive(Debug)]
struct Link {
    line: usize,
    target: String,
}

impl Page {
    /// Reads inline links, reference definitions and headings; code is passed over.
    fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut fence = None;
        for (number, line) in text.lines().enumerate() {
            let start = line.trim_start();
            if let Some(mark) = fence {
                if start.starts_with(mark) {
                    fence = None;
                }
                continue;
            }
            fence = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
            if fence.is_some() {
                continue;
            }
            if let Some(heading) = heading(line) {
                page.add_anchor(heading);
            }
            let prose = without_code(line);
            let targets = inline_targets(&prose).into_iter().chain(definition(&prose));
            page.links.extend(targets.map(|target| Link { line: number + 1, target }));
        }
        page
    }

    /// A heading that occurs again is reached with a number behind its name.
    fn add_anchor(&mut self, heading: &str) {
        let name = slug(heading);
        let numbered = (1..).map(|n| format!("{name}-{n}"));
        let free = [name.clone()].into_iter().chain(numbered).find(|name| !self.anchors.contains(name));
        self.anchors.extend(free);
    }
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let depth = line.len() - text.len();
    (1..=6).contains(&depth).then_some(text)?.strip_prefix(' ').map(str::trim)
}

/// The name that GitHub gives a heading: lower case, blanks as hyphens, no other punctuation, the text of links only.
fn slug(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading;
    while let Some((before, link)) = rest.split_once("](") {
        text.push_str(before);
        rest = link.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The line without `code`; what stands between two backticks is not a link.
fn without_code(line: &str) -> String {
    let mut pieces = line.split('`');
    let mut prose = String::from(pieces.next().unwrap_or_default());
    while let (Some(_code), Some(after)) = (pieces.next(), pieces.next()) {
        prose.push_str(after);
    }
    prose
}

/// The targets of `[text](target)` and `![text](target "title")`.
fn inline_targets(line: &str) -> Vec<String> {
    line.split("](").skip(1).filter_map(|rest| Some(bare(rest.split_once(')')?.0))).collect()
}

/// The target of `[name]: target`, which has a line to itself. `[^name]:` is a footnote.
fn definition(line: &str) -> Option<String> {
    let (name, target) = line.trim_start().strip_prefix('[')?.split_once("]: ")?;
    (!name.starts_with('^') && !name.contains(']')).then(|| bare(target))
}

fn bare(target: &str) -> String {
    let target = target.split_whitespace().next().unwrap_or_default();
    target.trim_start_matches('<').trim_end_matches('>').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Page, broken};
    use crate::test::repository::Files;

    fn repository(files: &[(&str, &str)]) -> Files {
        files.iter().map(|&(path, text)| (path.to_owned(), Some(text.to_owned()))).collect()
    }

    #[test]
    fn links_to_files_folders_and_headings_resolve() {
        let files = repository(&[
            (
                "README.md",
                "[a](docs/a.md) [b](docs/a.md#the-way-of-a-byte) [c](core) [d](#e) [w](https://example.org)\n# E",
            ),
            (
                "docs/a.md",
                "## The *way* of a `byte`\n[up](../README.md \"title\") [root](/core/src/lib.rs)\n[x]: <../core/>",
            ),
            ("core/src/lib.rs", ""),
        ]);
        assert_eq!(broken(&files), [""; 0]);
    }

    #[test]
    fn a_link_to_nothing_is_found_with_its_line() {
        let files = repository(&[("docs/a.md", "one\n\nsee [b](b.md) and [c]\n\n[c]: ../../c.md\n")]);
        assert_eq!(
            broken(&files),
            [
                "docs/a.md:3: link to `b.md`: there is no docs/b.md",
                "docs/a.md:5: link to `../../c.md`: leads out of the repository",
            ]
        );
    }

    #[test]
    fn a_link_to_a_heading_that_was_renamed_is_found() {
        let files = repository(&[("a.md", "# New name\n[x](#old-name)\n")]);
        assert_eq!(broken(&files), ["a.md:2: link to `#old-name`: a.md has no heading for #old-name"]);
    }

    #[test]
    fn code_has_no_links_and_no_headings() {
        let page = Page::read("`[a](b)`\n```sh\n# not a heading\n[c](d)\n```\n~~~\n[e](f)\n~~~\n# A heading\n");
        assert!(page.links.is_empty());
        assert_eq!(page.anchors, ["a-heading"]);
    }

    #[test]
    fn headings_of_the_same_name_are_numbered() {
        assert_eq!(
            Page::read("# 2.1 Files\n# 2.1 Files\n# 2.1 Files\n").anchors,
            ["21-files", "21-files-1", "21-files-2"]
        );
    }
}
