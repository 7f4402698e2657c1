//! What the build scripts of boards share. All of it panics if it cannot do its work: that ends the build, with the reason.
#![forbid(unsafe_code)]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Lets a Cortex-M board be linked by cortex-m-rt's `link.x`, with `map` (a file beside the build script) as its `memory.x`.
pub fn cortex_m(map: &str) {
    let out = out();
    fs::copy(map, out.join("memory.x")).unwrap_or_else(|error| panic!("{map} cannot be copied: {error}"));
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rerun-if-changed={map}");
    println!("cargo::rerun-if-changed=build.rs");
}

/// For a board that has the whole table of its interrupts in its own source: their names are not for the linker.
pub fn own_interrupts() {
    fs::write(out().join("device.x"), "").unwrap_or_else(|error| panic!("device.x cannot be written: {error}"));
}

/// Lets `include!(concat!(env!("OUT_DIR"), "/build_unix_seconds"))` be when this was built, a number of seconds since 1970: no
/// certificate is checked at an earlier time.
pub fn time() {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let written = fs::write(out().join("build_unix_seconds"), build_unix_seconds().to_string());
    written.unwrap_or_else(|error| panic!("build_unix_seconds cannot be written: {error}"));
}

/// Lets `env!("TIME_SERVER")` be the name or the address of the time server: `ACLK_TIME_SERVER` in the environment of the build,
/// pool.ntp.org without it. Empty for none.
pub fn time_server() {
    println!("cargo::rerun-if-env-changed=ACLK_TIME_SERVER");
    let server = env::var("ACLK_TIME_SERVER").unwrap_or_else(|_| TIME_SERVER.to_owned());
    println!("cargo::rustc-env=TIME_SERVER={}", server.trim());
}

/// Servers that volunteers run. A product asks them for a name of its own, <https://www.ntppool.org/vendors.html>.
const TIME_SERVER: &str = "pool.ntp.org";

/// A reproducible build says what time it is; any other is built now.
fn build_unix_seconds() -> u64 {
    match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.trim().parse().unwrap_or_else(|_| panic!("SOURCE_DATE_EPOCH is not a number: {text:?}")),
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs()),
    }
}

fn out() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").unwrap_or_else(|| panic!("this is for build scripts: cargo says where")))
}
