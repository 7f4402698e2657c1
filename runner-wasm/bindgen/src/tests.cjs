// Calls the tests of wasm-bindgen-test that are in a module: those whose name has one of the arguments in it, or all.
//
// What it calls, and what it is called by, belongs to one version of wasm-bindgen-test (runner-wasm/Cargo.toml).

const { argv, exit } = require("node:process");

/** What stands in front of the name of a test in the exports. */
const PREFIX = "__wbgt_";

// A test that fails tells what was printed meanwhile; how it went goes to the real console.
const heard = {};
for (const method of ["debug", "log", "info", "warn", "error"]) {
  globalThis[`__wbgtest_og_console_${method}`] = console[method].bind(console);
  console[method] = (...words) => heard[method]?.(words);
}
// A panic is an exception here, and the next test goes on.
globalThis.__wbg_test_invoke = (test) => test();

const engine = require("./aclk_wasm.js");
for (const method of ["debug", "log", "info", "warn", "error"]) heard[method] = engine[`__wbgtest_console_${method}`];

const wanted = argv.slice(2).filter((word) => !word.startsWith("-"));
const tests = Object.keys(engine.__wasm).filter((name) => name.startsWith(PREFIX));
const chosen = tests.filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
if (tests.length === 0) {
  globalThis.__wbgtest_og_console_error("there is no test in this module");
  exit(1);
}
const context = new engine.WasmBindgenTestContext(false);
context.filtered_count(tests.length - chosen.length);
context.run(chosen.map((name) => engine.__wasm[name])).then(
  (passed) => exit(passed ? 0 : 1),
  (error) => {
    globalThis.__wbgtest_og_console_error(error);
    exit(1);
  },
);
