//! What `cargo tree` prints, as a document.

use super::document::{Component, Document};
use std::collections::BTreeMap;

/// What `cargo tree` is to print of a package, behind its depth.
pub(super) const FORMAT: &str = "|{p}|{l}";

/// Reads the tree of `text`, with checksums from the lock file. `None` if it is not a tree of [`FORMAT`].
pub(super) fn document(text: &str, lock: &str) -> Option<Document> {
    let checksums = checksums(lock);
    let mut found: BTreeMap<String, Component> = BTreeMap::new();
    // References from the root down to the line that is read.
    let mut above: Vec<String> = Vec::new();
    let mut first = None;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (depth, rest) = line.split_once('|')?;
        let depth: usize = depth.parse().ok()?;
        let (package, licence) = rest.split_once('|')?;
        let mut words = package.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        let reference = format!("pkg:cargo/{name}@{version}");
        above.truncate(depth);
        if let Some(parent) = above.last().and_then(|parent| found.get_mut(parent))
            && !parent.needs.contains(&reference)
        {
            parent.needs.push(reference.clone());
        }
        found.entry(reference.clone()).or_insert_with(|| Component {
            reference: reference.clone(),
            name: name.to_owned(),
            version: version.to_owned(),
            licence: expression(licence),
            sha256: checksums.get(&(name, version)).map(|&sum| sum.to_owned()),
            needs: Vec::new(),
        });
        first.get_or_insert_with(|| reference.clone());
        above.push(reference);
    }
    let root = found.remove(&first?)?;
    Some(Document { name: root.name.clone(), root, components: found.into_values().collect() })
}

/// `MIT/Apache-2.0` is how licences were written before SPDX; a line that repeats a package ends in a mark.
fn expression(licence: &str) -> String {
    licence.strip_suffix(" (*)").unwrap_or(licence).replace('/', " OR ")
}

/// The checksums of a lock file by name and version. What is not from a registry has none.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    let packages = lock.split("[[package]]").skip(1);
    packages
        .filter_map(|package| {
            let value = |key: &str| package.split_once(key)?.1.split_once('"').map(|(value, _)| value);
            Some(((value("\nname = \"")?, value("\nversion = \"")?), value("\nchecksum = \"")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::document;

    const TREE: &str = "0|app v0.1.0 (/somewhere/app)|MIT\n1|a v1.0.0|MIT/Apache-2.0\n2|c v3.0.0|ISC\n1|b v2.0.0 (proc-macro)|Zlib\n\
                        2|c v3.0.0|ISC (*)\n";
    const LOCK: &str = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"x\"\nchecksum = \"00ff\"\n\n[[package]]\nname = \"app\"\n\
                        version = \"0.1.0\"\n";

    #[test]
    fn every_package_is_named_once_with_what_it_needs() {
        let document = document(TREE, LOCK).unwrap();
        assert_eq!(document.root.needs, ["pkg:cargo/a@1.0.0", "pkg:cargo/b@2.0.0"]);
        let names: Vec<_> = document.components.iter().map(|component| component.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(document.components[0].licence, "MIT OR Apache-2.0");
        assert_eq!(document.components[0].sha256.as_deref(), Some("00ff"));
        assert_eq!(document.components[1].needs, ["pkg:cargo/c@3.0.0"]);
        assert_eq!(document.components[2].licence, "ISC");
    }

    #[test]
    fn no_path_of_a_machine_is_in_it() {
        assert!(!document(TREE, LOCK).unwrap().to_string().contains("somewhere"));
    }

    #[test]
    fn what_is_not_a_tree_is_no_document() {
        assert!(document("", LOCK).is_none());
        assert!(document("error: nothing\n", LOCK).is_none());
    }
}
