//! Tells the program when it was built: no certificate is checked at an earlier time.

use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=BUILD_UNIX_SECONDS={}", build_unix_seconds());
}

/// A reproducible build says what time it is; any other is built now.
fn build_unix_seconds() -> u64 {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.trim().parse().unwrap_or_else(|_| panic!("SOURCE_DATE_EPOCH is not a number: {text:?}")),
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs()),
    }
}
