//! `cargo xtask setup`: everything the other commands need and a plain Rust installation may lack.

use crate::Command;
use crate::coverage;
use crate::deb::make_cargo_deb;
use crate::process::{Problem, Process, has_target, is_installed};
use std::path::Path;

pub(crate) const COMMAND: Command = Command {
    name: "setup",
    arguments: "",
    about: "adds Rust targets and components that are missing; as root on Debian installs the tools that tests\n\
            use, elsewhere says which are missing",
    run: |_| setup(),
};

/// Where the core must build without an operating system; the host is always there.
pub(crate) const TARGETS: [&str; 2] = ["thumbv7em-none-eabi", "wasm32-unknown-unknown"];

/// Where more boards are built for, and, of these, those without atomic instructions.
pub(crate) const BOARD_TARGETS: [&str; 4] =
    ["thumbv7m-none-eabi", "thumbv8m.main-none-eabi", SMALL_TARGETS[0], SMALL_TARGETS[1]];
pub(crate) const SMALL_TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"];

/// Where the static program of the container image is built for.
pub(crate) const STATIC: &str = "x86_64-unknown-linux-musl";

/// A component of the Rust distribution and the subcommand of cargo it brings.
const COMPONENTS: [(&str, &str); 2] = [("rustfmt", "fmt"), ("clippy", "clippy")];

/// A program that tests start, and what is not tested without it.
struct Tool {
    program: &'static str,
    package: &'static str,
    used_for: &'static str,
}

/// The emulator of boards.
pub(crate) const QEMU: &str = "qemu-system-arm";

/// Says which line an address of an image is of.
pub(crate) const ADDR2LINE: &str = "arm-none-eabi-addr2line";

/// The toolchain that can build the core library itself, small: only then does the firmware fit. That of a day, as the sizes in
/// boards/limits.toml are those of one compiler: with another one the same source may be larger than the map.
const NIGHTLY: &str = "nightly-2026-10-30";
/// Taken where that one is not to be had.
const ANY_NIGHTLY: &str = "nightly";

const TOOLS: [Tool; 30] = [
    Tool { program: "openssl", package: "openssl", used_for: "keys and challenges compared with OpenSSL's" },
    Tool { program: "curl", package: "curl", used_for: "the emulated Cloud as the original claiming script sees it" },
    Tool { program: "ip", package: "iproute2", used_for: "the link over TAP in a network namespace" },
    Tool { program: "strace", package: "strace", used_for: "claims that are killed at every file operation" },
    Tool { program: "nginx", package: "nginx", used_for: "the spine through nginx as TLS end" },
    Tool { program: "gnutls-serv", package: "gnutls-bin", used_for: "TLS with GnuTLS at the other end" },
    Tool { program: "mosquitto", package: "mosquitto", used_for: "the link to a broker that is not ours" },
    Tool {
        program: "mosquitto_sub",
        package: "mosquitto-clients",
        used_for: "what a broker that is not ours passes on",
    },
    Tool { program: "chromium", package: "chromium", used_for: "the pages of Cloud and device in a browser" },
    Tool {
        program: "chromedriver",
        package: "chromium-driver",
        used_for: "the pages of Cloud and device in a browser",
    },
    Tool { program: "node", package: "nodejs", used_for: "the playground" },
    Tool { program: "npm", package: "npm", used_for: "the playground" },
    Tool { program: "danted", package: "dante-server", used_for: "claim and link through a SOCKS5 proxy" },
    Tool { program: "tinyproxy", package: "tinyproxy-bin", used_for: "claim and link through an HTTP proxy" },
    Tool { program: "squid", package: "squid", used_for: "claim and link through a busy HTTP proxy" },
    Tool { program: "tshark", package: "tshark", used_for: "the captures of the inspector as Wireshark reads them" },
    Tool { program: "strip", package: "binutils", used_for: "the package for Debian" },
    Tool { program: "setpriv", package: "util-linux", used_for: "what the user of the daemon may do" },
    Tool { program: QEMU, package: "qemu-system-arm", used_for: "the firmware on an emulated board" },
    Tool { program: ADDR2LINE, package: "binutils-arm-none-eabi", used_for: "what of firmware may panic" },
    Tool { program: "mandoc", package: "mandoc", used_for: "the man page checked" },
    Tool { program: "zsh", package: "zsh", used_for: "completions in zsh" },
    Tool { program: "fish", package: "fish", used_for: "completions in fish" },
    Tool { program: "podman", package: "podman", used_for: "the container image" },
    Tool { program: "runc", package: "runc", used_for: "the container image" },
    Tool { program: "faketime", package: "faketime", used_for: "what is said about a clock that is wrong" },
    Tool {
        program: "python3",
        package: "python3-minimal",
        used_for: "what is said about system calls that are refused",
    },
    Tool { program: "zip", package: "zip", used_for: "the fuzz targets" },
    Tool { program: "valgrind", package: "valgrind", used_for: "the instructions of codecs and handshake" },
    Tool { program: "ps", package: "procps", used_for: "memory and threads of the running daemon" },
];

/// Makes the machine ready, and says on the way what it has and what it lacks.
pub(crate) fn setup() -> Result<(), Problem> {
    components()?;
    targets()?;
    make_nightly();
    extras();
    tools()?;
    if is_installed("dpkg-deb") {
        make_cargo_deb()?;
        println!("cargo-deb: here");
    } else {
        println!("cargo-deb: not needed without dpkg, so this is skipped: the package for Debian");
    }
    if has_nextest() {
        println!("test runner: cargo nextest");
    } else {
        println!("test runner: cargo test (cargo-nextest is used where it is installed)");
    }
    Ok(())
}

/// Whether tests can run under cargo-nextest.
pub(crate) fn has_nextest() -> bool {
    Process::cargo("nextest --version").read().is_ok()
}

fn components() -> Result<(), Problem> {
    for (component, subcommand) in COMPONENTS {
        if Process::cargo(&format!("{subcommand} --version")).read().is_err() {
            Process::new("rustup", &format!("component add {component}")).persist()?;
        }
        println!("component {component}: here");
    }
    Ok(())
}

/// The nightly toolchain that is here with the source of the core library; that which is wanted if none is.
pub(crate) fn nightly() -> &'static str {
    [NIGHTLY, ANY_NIGHTLY].into_iter().find(|toolchain| has_source(toolchain)).unwrap_or(NIGHTLY)
}

/// Whether there is a nightly toolchain with the source of the core library.
pub(crate) fn has_nightly() -> bool {
    has_source(nightly())
}

fn has_source(toolchain: &str) -> bool {
    let folder = Process::rustup(&format!("run {toolchain} rustc --print sysroot")).read();
    folder.is_ok_and(|folder| Path::new(folder.trim()).join("lib/rustlib/src/rust/library/core").is_dir())
}

/// It is for firmware only: who cannot have it tests everything else.
fn make_nightly() {
    for toolchain in [NIGHTLY, ANY_NIGHTLY] {
        if has_source(NIGHTLY) || has_source(toolchain) {
            break;
        }
        let install = format!("toolchain install {toolchain} --profile minimal --component rust-src");
        let _ = Process::new("rustup", &install).persist();
    }
    let state = if has_nightly() { "here" } else { "MISSING, so no firmware is built" };
    println!("toolchain {} with rust-src: {state}", nightly());
}

/// What `cargo xtask miri` and `cargo xtask coverage` need. No gate does, so it is no error if they are not to be had.
fn extras() {
    let nightly = nightly();
    let has_miri = || Process::rustup(&format!("run {nightly} cargo miri --version")).read().is_ok();
    let extras: [(&str, &str, &dyn Fn() -> bool); 2] =
        [("miri", &format!("--toolchain {nightly}"), &has_miri), ("llvm-tools", "", &|| coverage::tools().is_ok())];
    for (component, toolchain, is_here) in extras {
        if !is_here() {
            let _ = Process::new("rustup", &format!("component add {component} {toolchain}")).show();
        }
        let state = if is_here() { "here" } else { "MISSING, no gate needs it" };
        println!("component {component}: {state}");
    }
}

fn targets() -> Result<(), Problem> {
    for target in TARGETS.into_iter().chain(BOARD_TARGETS).chain([STATIC]) {
        if !has_target(target)? {
            Process::new("rustup", &format!("target add {target}")).persist()?;
        }
        println!("target {target}: here");
    }
    Ok(())
}

fn tools() -> Result<(), Problem> {
    let missing = missing_tools();
    if !missing.is_empty() && is_root() && is_installed("apt-get") {
        let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
        apt("update")?;
        // Tests start these programs themselves; a service on this machine is not wanted.
        let _guard = NoServices::new();
        apt(&format!("install --yes --no-install-recommends {}", packages.join(" ")))?;
    }
    for tool in &TOOLS {
        if is_installed(tool.program) {
            println!("tool {}: here", tool.program);
        } else {
            println!(
                "tool {}: MISSING (Debian package {}), so this is skipped: {}",
                tool.program, tool.package, tool.used_for
            );
        }
    }
    Ok(())
}

/// While it exists, packages that are installed do not start their services.
struct NoServices {
    ours: bool,
}

/// What the scripts of Debian's packages ask before they start anything; 101 means "do not".
const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServices {
    fn new() -> Self {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(POLICY);
        // One that is there already is the administrator's decision, in a container usually the same as ours.
        let ours = file.is_ok_and(|mut file| file.write_all(b"#!/bin/sh\nexit 101\n").is_ok());
        Self { ours }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = std::fs::remove_file(POLICY)
        {
            println!("{POLICY} was made for the installation and has to be removed by hand: {error}");
        }
    }
}

fn missing_tools() -> Vec<&'static Tool> {
    TOOLS.iter().filter(|tool| !is_installed(tool.program)).collect()
}

fn is_root() -> bool {
    Process::new("id", "-u").read().is_ok_and(|id| id.trim() == "0")
}

/// One call of apt-get, repeated while another process may hold one of its locks.
fn apt(arguments: &str) -> Result<(), Problem> {
    Process::new("apt-get", &format!("-qq -o DPkg::Lock::Timeout=120 {arguments}"))
        .env("DEBIAN_FRONTEND", "noninteractive")
        .persist()
}
