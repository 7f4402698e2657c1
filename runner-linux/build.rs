//! Tells the program when it was built: no certificate is checked at an earlier time. Lays out the one that is distributed.
//! Puts the page of the playground into the one that has a laboratory.

#[path = "build/playground.rs"]
mod playground;

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rustc-env=BUILD_UNIX_SECONDS={}", build_unix_seconds());
    if env::var_os("CARGO_FEATURE_LAB").is_some() {
        playground::embed();
    }
    if is_distributed() {
        println!("cargo::rerun-if-changed=link.ld");
        println!("cargo::rustc-link-arg-bins=-T{}/link.ld", env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
        // What has to be added to addresses at the start, in an eighth of the space.
        println!("cargo::rustc-link-arg-bins=-z");
        println!("cargo::rustc-link-arg-bins=pack-relative-relocs");
    }
}

/// Whether this is the profile `dist`, the only one that is built for size, for the system that it is meant for.
fn is_distributed() -> bool {
    let is = |name, value: &str| env::var(name).is_ok_and(|text| text == value);
    is("OPT_LEVEL", "z") && is("CARGO_CFG_TARGET_ENV", "musl")
}

/// A reproducible build says what time it is; any other is built now.
fn build_unix_seconds() -> u64 {
    match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.trim().parse().unwrap_or_else(|_| panic!("SOURCE_DATE_EPOCH is not a number: {text:?}")),
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs()),
    }
}
