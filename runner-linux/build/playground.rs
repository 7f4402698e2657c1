//! The files that `cargo xtask web` has made, as a table for `command/playground/site.rs`. There need not be any.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Where `cargo xtask web` puts them, from the root of the repository.
const SITE: &str = "target/web";

/// Writes `playground.rs`: a slice of `(path, body)`, sorted by path.
pub(super) fn embed() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("..");
    let site = root.join(SITE);
    // Cargo looks at all files below a folder, but takes one that is not there for changed each time: so it is made, in
    // the repository only. Where it cannot be made, a page that comes later is seen after the next change of the program.
    let is_repository = root.join("runner-wasm").is_dir();
    if is_repository && fs::create_dir_all(&site).is_ok() {
        println!("cargo::rerun-if-changed={}", site.display());
    }
    let mut files = Vec::new();
    collect(&site, &mut files);
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let path = file.strip_prefix(&site).unwrap_or(&file).display().to_string();
        let _ = writeln!(table, "    ({path:?}, include_bytes!({:?})),", file.display().to_string());
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("playground.rs");
    fs::write(&out, table).unwrap_or_else(|error| panic!("cannot write {}: {error}", out.display()));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
