//! Every input of `corpus` and `regressions` through its target, on any toolchain. An input of `regressions` has once broken
//! something, and is named after it.

use aclk_fuzz::{LONGEST, TARGETS, Target};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The inputs in a folder, which need not be there.
fn inputs(kind: &str, target: &Target) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(target.name);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn is_fine(target: &Target, file: &Path) -> bool {
    let input = fs::read(file).unwrap();
    catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_ok()
}

#[test]
fn every_recorded_input_is_stood() {
    let mut bad = Vec::new();
    for target in TARGETS {
        let corpus = inputs("corpus", target);
        assert!(corpus.len() >= 4, "{} has hardly any corpus", target.name);
        let all: Vec<PathBuf> = corpus.into_iter().chain(inputs("regressions", target)).collect();
        println!("{:14} {} inputs", target.name, all.len());
        bad.extend(all.into_iter().filter(|file| !is_fine(target, file)));
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn nothing_in_the_corpus_is_of_no_target() {
    for kind in ["corpus", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind);
        for entry in fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(aclk_fuzz::find(name.to_str().unwrap()).is_some(), "{kind}/{}", name.display());
        }
    }
}

#[test]
fn every_target_has_a_program() {
    let manifest = include_str!("../fuzz/Cargo.toml");
    for target in TARGETS {
        let name = format!("name = \"{}\"\n", target.name);
        assert!(manifest.contains(&name), "no program for {}", target.name);
    }
}

/// No input is needed to see that a target stands nothing, a byte, and more than it expects.
#[test]
fn every_target_stands_hardly_anything_and_too_much() {
    for target in TARGETS {
        for input in [vec![], vec![0], vec![0xff; 3], (0..=255).collect(), vec![0; LONGEST]] {
            (target.run)(&input);
        }
    }
}
