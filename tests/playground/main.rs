//! The playground in a real browser, as people use it: `aclk playground` serves what `cargo xtask web` has built. Its
//! pictures are kept in `target/screenshots`.

#[path = "../cloud/tests/page/browser.rs"]
mod browser;

mod campaign;
mod capture;
mod downloads;
mod faults;
mod identity;
mod keyboard;
mod layout;
mod pictures;
mod serving;
mod stories;
mod story;
mod visit;
