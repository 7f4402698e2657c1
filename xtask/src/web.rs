//! `cargo xtask web`: the playground, as a folder that any static host can serve.
//!
//! The engine is Rust: cargo builds it, `runner-wasm/bindgen` makes a JavaScript module of it. The page is TypeScript:
//! `tsc` checks it, `esbuild` puts it together; both come from npm, in the versions of the lock file.

use crate::Command;
use crate::process::{Problem, Process, has_target, is_installed, root, target_folder};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) const COMMAND: Command = Command {
    name: "web",
    arguments: "",
    about: "builds the playground into target/web, a folder for any static host; needs Node.js and npm.\n\
            What is built of the program afterwards has it inside: aclk playground",
    run: |_| match missing()? {
        Some(missing) => Err(Problem::Usage(missing)),
        None => build().map(drop),
    },
};

const TARGET: &str = "wasm32-unknown-unknown";
/// Where everything goes, from the root of the repository.
const SITE: &str = "target/web";
/// Where the module for the tests under Node goes.
const NODE: &str = "target/web-node";
/// Where the tool is built that makes them.
const TOOLS: &str = "target/tools";
/// The page.
const PAGE: &str = "runner-wasm/www";
/// Bytes that the module may have where it is compressed, as it is sent.
const COMPRESSED_MAX: u64 = 1_500_000;

/// The gate: it can be built, is small, and the engine does under Node what it is there for.
pub(crate) fn check() -> Result<(), Problem> {
    if let Some(missing) = missing()? {
        println!("skipped: the playground: {missing}");
        return Ok(());
    }
    let module = build()?;
    exports()?;
    bindgen("node", &module, NODE)?;
    Process::new("node", "--test --test-reporter=spec runner-wasm/tests/node/").env("ACLK_WASM_NODE", NODE).show()
}

/// What is not here and has to be; `None` if everything is.
fn missing() -> Result<Option<String>, Problem> {
    if !has_target(TARGET)? {
        return Ok(Some(format!("the target {TARGET} is not here (cargo xtask setup adds it)")));
    }
    let absent: Vec<&str> = ["node", "npm"].into_iter().filter(|program| !is_installed(program)).collect();
    Ok((!absent.is_empty()).then(|| format!("{} missing (Debian packages nodejs and npm)", absent.join(" and "))))
}

/// Builds all of it, and yields where the module of cargo is.
fn build() -> Result<PathBuf, Problem> {
    Process::cargo(&format!("build --package aclk-wasm --lib --profile web --target {TARGET}")).show()?;
    let module = target_folder()?.join(TARGET).join("web/aclk_wasm.wasm");
    let site = root().join(SITE);
    // What an earlier build had and this one has not is not served.
    if let Err(cause) = fs::remove_dir_all(&site)
        && cause.kind() != io::ErrorKind::NotFound
    {
        return Err(Problem::Io { attempt: format!("remove {}", site.display()), cause });
    }
    bindgen("web", &module, &format!("{SITE}/wasm"))?;
    page()?;
    measure(&site.join("wasm/aclk_wasm_bg.wasm"))?;
    println!("{SITE} is ready for any static host");
    Ok(module)
}

/// Makes a JavaScript module of the library for browsers or for Node.
fn bindgen(kind: &str, module: &Path, folder: &str) -> Result<(), Problem> {
    let tool = format!(
        "run --quiet --release --locked --manifest-path runner-wasm/bindgen/Cargo.toml --target-dir {TOOLS} --"
    );
    Process::cargo(&tool).argument(kind).argument(module).argument(folder).show()
}

/// Tests of what is exported, in Rust: in the same profile, so that only they themselves are built.
fn exports() -> Result<(), Problem> {
    let tool = root().join(TOOLS).join("release/aclk-bindgen");
    // A list, since the path may have a blank in it.
    let runner = format!("target.{TARGET}.runner=[{:?}, \"test\"]", tool.display().to_string());
    let call = format!("test --quiet --package aclk-wasm --test exports --profile web --target {TARGET} --config");
    Process::cargo(&call).argument(runner).show()
}

/// Checks the page, and puts it together.
fn page() -> Result<(), Problem> {
    let page = root().join(PAGE);
    let age = |path: &str| fs::metadata(page.join(path)).and_then(|metadata| metadata.modified()).ok();
    // npm leaves this behind when it is done.
    if age("node_modules/.package-lock.json") < age("package-lock.json") {
        Process::new("npm", "ci --no-fund --no-audit").within(&page).persist()?;
    }
    Process::new("npm", "run --silent check").within(&page).show()?;
    Process::new("npm", "run --silent bundle --").argument(root().join(SITE)).within(&page).show()
}

/// Says how large the module is, and whether that is too much.
fn measure(module: &Path) -> Result<(), Problem> {
    let script = "const z = require('node:zlib'), b = require('node:fs').readFileSync(process.argv[1]); \
                  const q = { params: { [z.constants.BROTLI_PARAM_QUALITY]: 9 } }; \
                  console.log(b.length, z.gzipSync(b, { level: 9 }).length, z.brotliCompressSync(b, q).length)";
    let sizes = Process::new("node", "-e").argument(script).argument(module).read()?;
    let sizes: Vec<u64> = sizes.split_whitespace().filter_map(|size| size.parse().ok()).collect();
    let [plain, gzip, brotli] = sizes.as_slice() else {
        return Err(Problem::Findings(vec!["node does not say how large the engine is".to_owned()]));
    };
    println!("engine: {plain} bytes; {gzip} as gzip, {brotli} as brotli, of {COMPRESSED_MAX} that it may have");
    let too_large = (*gzip > COMPRESSED_MAX).then(|| format!("the engine has {gzip} bytes as gzip"));
    Problem::unless_empty(too_large.into_iter().collect())
}
