//! Runs tests under Node, as `wasm-bindgen-test-runner` does. That one also drives browsers, for which it has a web server, a
//! WebDriver client and 130 crates more than this needs.

use crate::NAME;
use std::fs;
use std::path::Path;
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

/// Calls the tests, and ends with a status that says whether all have passed.
const SCRIPT: &str = include_str!("tests.cjs");

/// Runs the tests in `module` whose name has one of `names` in it; all of them if there are none.
pub(crate) fn run(module: &Path, names: &[&str]) -> Result<(), String> {
    // Beside the module, whose name is that of its content.
    let folder = module.with_extension("node");
    let mut bindgen = Bindgen::new();
    let chosen = bindgen.nodejs(true).map_err(|error| format!("{error:#}"))?;
    // `start` belongs to the library, and the tests have a hook for panics of their own.
    let made = chosen.input_path(module).out_name(NAME).typescript(false).export_wasm(true).emit_start(false);
    made.generate(&folder).map_err(|error| format!("{error:#}"))?;
    let script = folder.join("run.cjs");
    fs::write(&script, SCRIPT).map_err(|error| format!("cannot write {}: {error}", script.display()))?;
    let status = Command::new("node").arg(&script).args(names).status();
    let status = status.map_err(|error| format!("cannot start node: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("tests failed ({status})")) }
}
