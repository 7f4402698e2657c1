//! Writes `corpus` and `fixtures`, the same in every run: `cargo run -p aclk-fuzz --example seeds`. What a fuzzer has found
//! beyond them stays in `target/fuzz/corpus`; what has broken something is kept by hand in `regressions`.

mod certificates;
mod made;
mod record;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

/// Inputs of a target, by name.
struct Corpus(PathBuf);

impl Corpus {
    fn add(&self, target: &str, name: &str, input: &[u8]) {
        assert!(aclk_fuzz::find(target).is_some() && input.len() <= aclk_fuzz::LONGEST, "{target}/{name}");
        let folder = self.0.join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), input).unwrap();
    }
}

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let certificates = certificates::make();
    let fixture = |name: &str, bytes: &[u8]| fs::write(here.join("fixtures").join(name), bytes).unwrap();
    fs::create_dir_all(here.join("fixtures")).unwrap();
    fixture("authority.der", &certificates.authority);
    fixture("leaf.der", &certificates.leaf);
    fixture("leaf-below.der", &certificates.below);
    fixture("leaf.key", &certificates.leaf_key);

    let corpus = Corpus(here.join("corpus"));
    let _ = fs::remove_dir_all(&corpus.0);
    made::recorded(&corpus, &record::conversation());
    made::certificates(&corpus, &certificates);
    made::documents(&corpus);
    made::talks(&corpus);
    made::firmware(&corpus);
    println!("written to {}", corpus.0.display());
}
