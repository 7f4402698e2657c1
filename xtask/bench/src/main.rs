//! `aclk-bench count CASE` does one piece of work of the core, once, in a function that callgrind is told to count; what it
//! takes to get there is not counted. `aclk-bench list` names them all. `aclk-bench run PROGRAM ARGUMENT…` runs a program and
//! says what it took. `cargo xtask bench` calls all three.

mod codecs;
mod handshake;
mod run;
mod tls;

use std::process::ExitCode;

/// A piece of work.
struct Case {
    name: &'static str,
    /// Does it, within [`counted`].
    work: fn(),
}

const CASES: &[Case] = &[
    Case { name: "http", work: codecs::http },
    Case { name: "websocket", work: codecs::websocket },
    Case { name: "mqtt", work: codecs::mqtt },
    Case { name: "json", work: codecs::json },
    Case { name: "protobuf", work: codecs::protobuf },
    Case { name: "handshake_tls", work: tls::handshake },
    Case { name: "handshake_decrypt", work: handshake::decrypt },
    Case { name: "handshake_otp", work: handshake::otp },
    Case { name: "handshake_mqtt", work: handshake::mqtt },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let word = arguments.next().unwrap_or_default();
    match word.to_str() {
        Some("list") => CASES.iter().for_each(|case| println!("{}", case.name)),
        Some("count") => {
            let name = arguments.next().unwrap_or_default();
            let Some(case) = CASES.iter().find(|case| *case.name == *name) else {
                eprintln!("there is no case {name:?}");
                return ExitCode::FAILURE;
            };
            (case.work)();
        }
        Some("run") => return run::run(arguments),
        _ => {
            eprintln!("usage: aclk-bench list | count CASE | run PROGRAM ARGUMENT…");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Callgrind counts what happens in here, and nothing else: its option `--toggle-collect` has this name.
#[inline(never)]
fn counted<T>(work: impl FnOnce() -> T) -> T {
    std::hint::black_box(work())
}
