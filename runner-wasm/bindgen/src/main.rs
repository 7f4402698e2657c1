//! `aclk-bindgen web|node MODULE FOLDER`: writes `aclk_wasm.js` and `aclk_wasm_bg.wasm` for a WebAssembly module of cargo,
//! for workers of a browser or for Node. `aclk-bindgen test MODULE [NAME]`: runs the tests of wasm-bindgen-test in it.
//!
//! It is a program of its own so that only who builds the playground has to build this library, which knows the ABI of one
//! version of wasm-bindgen and no other.

mod tests;

use std::path::Path;
use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

/// What a module is called, whatever cargo calls it.
const NAME: &str = "aclk_wasm";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["web", module, folder] => write(Bindgen::new().web(true), module, folder),
        ["node", module, folder] => write(Bindgen::new().nodejs(true), module, folder),
        ["test", module, names @ ..] => tests::run(Path::new(module), names),
        _ => Err("usage: aclk-bindgen web|node MODULE FOLDER, or test MODULE [NAME]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("aclk-bindgen: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What comes of a library of others.
type Chosen<'b, E> = Result<&'b mut Bindgen, E>;

fn write<E: std::fmt::Display>(chosen: Chosen<'_, E>, module: &str, folder: &str) -> Result<(), String> {
    let bindgen = chosen.map_err(|error| format!("{error:#}"))?;
    let made = bindgen.input_path(module).out_name(NAME).typescript(false).generate(folder);
    made.map_err(|error| format!("{error:#}"))
}
