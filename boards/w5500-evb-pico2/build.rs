//! Where the linker finds the memory of the board, and when this was built.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    fs::copy("memory.x", out.join("memory.x")).expect("memory.x can be copied");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rustc-env=BUILD_UNIX_SECONDS={}", build_unix_seconds());
}

/// A reproducible build says what time it is; any other is built now.
fn build_unix_seconds() -> u64 {
    match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.trim().parse().unwrap_or_else(|_| panic!("SOURCE_DATE_EPOCH is not a number: {text:?}")),
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs()),
    }
}
