//! Where the linker finds the memory of the board, and when this was built.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    // An image that does not fit is linked all the same if somebody wants to know why.
    let map = if env::var_os("ACLK_MAP").is_some_and(|map| map == "larger") { "larger.x" } else { "memory.x" };
    fs::copy(map, out.join("memory.x")).expect("the map can be copied");
    // The names of the interrupts are not for the linker: src/interrupts.rs has the whole table.
    fs::write(out.join("device.x"), "").expect("device.x can be written");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rerun-if-changed=larger.x");
    println!("cargo::rerun-if-env-changed=ACLK_MAP");
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
