//! `aclk-bindgen web|node MODULE FOLDER`: writes `aclk_wasm.js` and `aclk_wasm_bg.wasm` for a WebAssembly module of cargo,
//! for workers of a browser or for Node. It is a program of its own so that only who builds the playground has to build
//! this library, which knows the ABI of one version of wasm-bindgen and no other.

use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, module, folder] = arguments.as_slice() else {
        eprintln!("usage: aclk-bindgen web|node MODULE FOLDER");
        return ExitCode::FAILURE;
    };
    let mut bindgen = Bindgen::new();
    let chosen = match kind.as_str() {
        "web" => bindgen.web(true),
        "node" => bindgen.nodejs(true),
        _ => {
            eprintln!("aclk-bindgen: {kind:?} is neither web nor node");
            return ExitCode::FAILURE;
        }
    };
    let made = chosen.and_then(|bindgen| bindgen.input_path(module).out_name("aclk_wasm").typescript(false).generate(folder));
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("aclk-bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}
