//! `cargo xtask sbom`: a bill of materials for everything that is delivered, in CycloneDX 1.5.
//!
//! What cargo would really build in is asked of `cargo tree`, feature by feature and target by target; the checksums are those of
//! the lock files. The same sources give the same bytes: no serial number, no date, no path of a machine.

mod document;
mod tree;

use super::read;
use crate::Command;
use crate::firmware::BOARDS;
use crate::process::{Problem, Process, root};
use document::{Component, Document};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

pub(crate) const COMMAND: Command = Command {
    name: "sbom",
    arguments: "[--output FOLDER]",
    about: "writes a bill of materials (CycloneDX 1.5, JSON) for each program, image and page, to target/sbom",
    run: |arguments| match arguments {
        [] => write_all(root().join("target/sbom")),
        [name, folder] if name == "--output" => write_all(PathBuf::from(folder)),
        _ => Err(Problem::Usage("`sbom` takes --output FOLDER and nothing else".to_owned())),
    },
};

/// Something that is delivered.
struct Product {
    name: String,
    /// The folder of its workspace.
    workspace: &'static str,
    /// What is built, as `cargo build` would be told.
    build: String,
    /// Packages that are not from cargo: the lock file of npm.
    page: Option<&'static str>,
}

fn products() -> Vec<Product> {
    let product =
        |name: &str, workspace, build: String| Product { name: name.to_owned(), workspace, build, page: None };
    let static_target = crate::setup::STATIC;
    let mut products = vec![
        product("aclk", ".", "--package aclk --target x86_64-unknown-linux-gnu".to_owned()),
        product(
            "aclk-link-only",
            ".",
            format!("--package aclk --no-default-features --features link --target {static_target}"),
        ),
        Product {
            page: Some("runner-wasm/www/package-lock.json"),
            ..product("playground", ".", "--package aclk-wasm --target wasm32-unknown-unknown".to_owned())
        },
    ];
    products.extend(
        BOARDS
            .iter()
            .map(|board| product(board.name, "boards", format!("--package {} --target {}", board.name, board.target))),
    );
    products
}

fn write_all(folder: PathBuf) -> Result<(), Problem> {
    let done = |attempt: String, result: std::io::Result<()>| result.map_err(|cause| Problem::Io { attempt, cause });
    done(format!("make {}", folder.display()), fs::create_dir_all(&folder))?;
    for product in products() {
        let document = product.document()?;
        let path = folder.join(format!("{}.cdx.json", product.name));
        done(format!("write {}", path.display()), fs::write(&path, document.to_string()))?;
        println!("{}: {} components", path.display(), document.components.len());
    }
    Ok(())
}

impl Product {
    fn document(&self) -> Result<Document, Problem> {
        let line = format!("tree {} --locked --edges normal --prefix depth --charset ascii", self.build);
        let text = Process::cargo(&line)
            .argument("--format")
            .argument(tree::FORMAT)
            .within(&root().join(self.workspace))
            .read()?;
        let checksums = read(&format!("{}/Cargo.lock", self.workspace))?;
        let mut document = tree::document(&text, &checksums).ok_or_else(|| unreadable(&self.name))?;
        document.name.clone_from(&self.name);
        let rustc = Process::new("rustc", "--version").read()?;
        document.components.push(standard_library(&rustc));
        if let Some(page) = self.page {
            document.components.extend(npm(&read(page)?));
        }
        Ok(document)
    }
}

fn unreadable(name: &str) -> Problem {
    Problem::Findings(vec![format!("{name}: cargo does not say what is in it")])
}

/// What the compiler brings along. Images of boards are built with a nightly version of it.
fn standard_library(rustc: &str) -> Component {
    let version = rustc.split_whitespace().nth(1).unwrap_or("unknown").to_owned();
    Component {
        reference: format!("pkg:generic/rust-std@{version}"),
        name: "rust-std".to_owned(),
        version,
        licence: "MIT OR Apache-2.0".to_owned(),
        sha256: None,
        needs: Vec::new(),
    }
}

/// The packages of a lock file of npm (version 3) that are not for developers only.
fn npm(lock: &str) -> Vec<Component> {
    let mut components = Vec::new();
    for package in lock.split("\n    \"node_modules/").skip(1) {
        let Some((name, rest)) = package.split_once("\": {") else { continue };
        let fields: BTreeMap<&str, &str> = rest
            .lines()
            .take_while(|line| *line != "    }" && *line != "    },")
            .filter_map(|line| line.strip_prefix("      \"")?.split_once("\": "))
            .map(|(key, value)| (key, value.trim_end_matches(',').trim_matches('"')))
            .collect();
        if fields.contains_key("dev") || fields.contains_key("optional") {
            continue;
        }
        let field = |key: &str| fields.get(key).copied().unwrap_or("unknown").to_owned();
        components.push(Component {
            reference: format!("pkg:npm/{name}@{}", field("version")),
            name: name.to_owned(),
            version: field("version"),
            licence: field("license"),
            sha256: None,
            needs: Vec::new(),
        });
    }
    components
}

#[cfg(test)]
mod tests {
    use super::npm;

    #[test]
    fn what_is_for_developers_is_not_in_the_page() {
        let lock = "{\n  \"packages\": {\n    \"\": {\n      \"name\": \"page\"\n    },\n    \"node_modules/a\": {\n      \"version\": \"1.2.3\",\n      \
                    \"license\": \"MIT\"\n    },\n    \"node_modules/b\": {\n      \"version\": \"4.0.0\",\n      \"dev\": true,\n      \"license\": \
                    \"MIT\"\n    }\n  }\n}\n";
        let packages: Vec<_> = npm(lock).into_iter().map(|package| (package.reference, package.licence)).collect();
        assert_eq!(packages, [("pkg:npm/a@1.2.3".to_owned(), "MIT".to_owned())]);
    }
}
