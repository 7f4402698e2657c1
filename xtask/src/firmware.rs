//! `cargo xtask firmware`: builds the image of a board, says what it takes, and runs it where that is possible.

pub(crate) mod emulated_cloud;
pub(crate) mod factory;
mod http;
pub(crate) mod image;
pub(crate) mod machine;
mod network;
pub(crate) mod story;

use crate::Command;
use crate::process::{Problem, Process, is_installed, root};
use crate::setup;
use std::path::{Path, PathBuf};

pub(crate) const COMMAND: Command = Command {
    name: "firmware",
    arguments: "--board NAME [--run [--key FILE] [--chain KIND] | --run --faults]",
    about: "builds the image of a board and says what of flash and RAM it takes. --run (boards of QEMU): boots it, claims it\n\
            into the emulated Cloud, asks it something over its link, reboots it, unclaims it. Without --key FILE (a private\n\
            key, PEM) it makes its own first. --chain KIND: the keys of the certificates of the Cloud, p256 (default), p384, rsa.\n\
            --faults: boots it on a cable with faults instead, beside a time server and a Cloud that is restarted",
    run: firmware,
};

/// A board under `boards/`.
pub(crate) struct Board {
    /// Its folder, its package and its program.
    pub(crate) name: &'static str,
    /// The package it shares with its siblings, if there is one that builds for their targets only.
    family: Option<&'static str>,
    /// What it is built for.
    pub(crate) target: &'static str,
    /// The machine of QEMU, if it is one.
    pub(crate) qemu: Option<&'static str>,
    /// What its image can do.
    pub(crate) life: Life,
    /// What does not fit into the machine yet.
    larger: Option<Larger>,
}

/// What an image can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Everything: claim and link.
    Whole,
    /// It answers in its own network only.
    Local,
}

/// An image that is more than the machine has. It is linked all the same, to see what is in the way, and does not run.
struct Larger {
    /// What is in it beside the rest.
    features: &'static str,
    /// What the machine has, in bytes: flash, ...
    flash: u64,
    /// ... and RAM.
    ram: u64,
}

pub(crate) const BOARDS: [Board; 5] = [
    Board {
        name: "qemu-mps2-an386",
        family: None,
        target: "thumbv7em-none-eabi",
        qemu: Some("mps2-an386"),
        life: Life::Whole,
        larger: None,
    },
    Board {
        name: "qemu-lm3s6965evb",
        family: None,
        target: "thumbv7m-none-eabi",
        qemu: Some("lm3s6965evb"),
        life: Life::Local,
        larger: Some(Larger { features: "link", flash: 256 << 10, ram: 64 << 10 }),
    },
    Board {
        name: "esp32c3-wifi",
        family: None,
        target: "riscv32imc-unknown-none-elf",
        qemu: None,
        life: Life::Whole,
        larger: None,
    },
    Board {
        name: "w5500-evb-pico",
        family: Some("aclk-w5500"),
        target: "thumbv6m-none-eabi",
        qemu: None,
        life: Life::Whole,
        larger: None,
    },
    Board {
        name: "w5500-evb-pico2",
        family: Some("aclk-w5500"),
        target: "thumbv8m.main-none-eabi",
        qemu: None,
        life: Life::Whole,
        larger: None,
    },
];

/// What boards share, with all of its features.
const SHARED: &str = "--package aclk-cortex-m --package aclk-qemu --features aclk-qemu/link";
/// One of the targets it is for.
const SHARED_TARGET: &str = "thumbv7em-none-eabi";

/// What the keys of a certificate chain may be.
const CHAINS: [&str; 3] = ["p256", DEEPEST, "rsa"];
/// The one that is checked with most of a stack.
const DEEPEST: &str = "p384";

/// The key of the gate: making one takes longer than everything else.
pub(crate) const KEY: &str = "tests/pair/fixtures/private.pem";

/// The gate of `cargo xtask test`: the boards are built without a warning, and those of QEMU live.
pub(crate) fn check() -> Result<(), Problem> {
    if !setup::has_nightly() {
        println!("skipped: no nightly toolchain with rust-src, which builds the core library small");
        return Ok(());
    }
    lint(&format!("{SHARED} --target {SHARED_TARGET} {FOLDER}"))?;
    for board in &BOARDS {
        board.lint()?;
        let image = board.build()?;
        image::describe(&image)?;
        if board.qemu.is_some() && !is_installed(setup::QEMU) {
            println!("skipped: {} does not run, {} is missing", board.name, setup::QEMU);
        } else if board.qemu.is_some() {
            story::tell(board, &image, Some(&root().join(KEY)), DEEPEST)?;
            go_wrong(board, &image)?;
        }
    }
    Ok(())
}

/// Tells what becomes of a board whose network goes wrong, if it is one that has a link.
fn go_wrong(board: &Board, image: &Path) -> Result<(), Problem> {
    match (board.qemu, board.life) {
        (Some(machine), Life::Whole) => story::faults::tell(board, machine, image),
        _ => Ok(()),
    }
}

struct Wanted {
    board: &'static Board,
    run: bool,
    faults: bool,
    key: Option<PathBuf>,
    chain: &'static str,
}

fn firmware(arguments: &[String]) -> Result<(), Problem> {
    let Wanted { board, run, faults, key, chain } = parse(arguments)?;
    board.describe_larger()?;
    let image = board.build()?;
    image::describe(&image)?;
    match (run, faults) {
        (true, true) => go_wrong(board, &image),
        (true, false) => story::tell(board, &image, key.as_deref(), chain),
        (false, _) => Ok(()),
    }
}

fn parse(arguments: &[String]) -> Result<Wanted, Problem> {
    let (mut board, mut run, mut faults, mut key, mut chain) = (None, false, false, None, None);
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument {
            "--board" => board = Some(named(rest.next().unwrap_or_default())?),
            "--run" => run = true,
            "--faults" => faults = true,
            "--key" => key = Some(rest.next().map(PathBuf::from).ok_or_else(|| usage("--key needs a file"))?),
            "--chain" => chain = Some(kind(rest.next().unwrap_or_default())?),
            other => return Err(usage(&format!("`{other}` means nothing here"))),
        }
    }
    let board = board.ok_or_else(|| usage(&format!("--board is needed: {}", names())))?;
    if run && board.qemu.is_none() {
        return Err(usage(&format!("{} is not a board of QEMU: flash it as docs/firmware.md says", board.name)));
    }
    if (key.is_some() || chain.is_some() || faults) && !run {
        return Err(usage("--key, --chain and --faults are for --run"));
    }
    Ok(Wanted { board, run, faults, key, chain: chain.unwrap_or("p256") })
}

fn kind(name: &str) -> Result<&'static str, Problem> {
    let found = CHAINS.into_iter().find(|chain| *chain == name);
    found.ok_or_else(|| usage(&format!("there is no chain `{name}`: {}", CHAINS.join(", "))))
}

pub(crate) fn named(name: &str) -> Result<&'static Board, Problem> {
    BOARDS
        .iter()
        .find(|board| board.name == name)
        .ok_or_else(|| usage(&format!("there is no board `{name}`: {}", names())))
}

fn names() -> String {
    BOARDS.map(|board| board.name).join(", ")
}

fn usage(text: &str) -> Problem {
    Problem::Usage(text.to_owned())
}

impl Board {
    /// Builds the image in release form, and yields where it is.
    pub(crate) fn build(&self) -> Result<PathBuf, Problem> {
        self.build_with("", "", SMALL, "")
    }

    /// The same image, a little larger: panics in it are calls with a reason rather than traps.
    pub(crate) fn build_with_panics(&self) -> Result<PathBuf, Problem> {
        self.build_with("", "larger", WITH_PANICS, "/with-panics")
    }

    /// The same with more `features`, for another `map` of the memory than that of the machine, with these flags of the compiler,
    /// and in another folder of `target/cross`.
    fn build_with(&self, features: &str, map: &str, flags: &str, folder: &str) -> Result<PathBuf, Problem> {
        let small = format!("--config target.{}.rustflags=[{flags}]", self.target);
        let core = "-Zbuild-std=core,alloc -Zbuild-std-features=optimize_for_size";
        let nightly = setup::nightly();
        let line = format!("run {nightly} cargo build --release {}{folder} {features} {core} {small}", self.package());
        Process::rustup(&line).within(&root().join("boards")).env("ACLK_MAP", map).show()?;
        let target = root().join(format!("target/cross{folder}"));
        Ok(target.join(self.target).join("release").join(self.name))
    }

    /// Says what takes the room in the image that does not fit, if there is one.
    fn describe_larger(&self) -> Result<(), Problem> {
        let Some(Larger { features, flash, ram }) = self.larger else { return Ok(()) };
        let image = self.build_with(&format!("--features {features}"), "larger", SMALL, "")?;
        image::describe(&image)?;
        let takes = image::sizes(&image)?;
        println!(
            "\nwith `{features}` it takes {} of {flash} B of flash, and {} of {ram} B of RAM beside its stack: it is linked \
             against a larger map, and does not run",
            takes.flash, takes.ram
        );
        Ok(())
    }

    /// What is particular to the board has no warning, and is formatted.
    pub(crate) fn lint(&self) -> Result<(), Problem> {
        let family = self.family.map(|package| format!("--package {package} ")).unwrap_or_default();
        lint(&format!("{family}{}", self.package()))?;
        match &self.larger {
            Some(Larger { features, .. }) => lint(&format!("{} --features {features}", self.package())),
            None => Ok(()),
        }
    }

    /// Which package is meant, and for which target.
    fn package(&self) -> String {
        format!("--package {} --target {} {FOLDER}", self.name, self.target)
    }
}

/// Where boards are built, as cargo sees it: it runs in `boards`, where its settings for boards are.
const FOLDER: &str = "--target-dir ../target/cross";

/// The packages that `arguments` name have no warning, and are formatted.
fn lint(arguments: &str) -> Result<(), Problem> {
    let boards = root().join("boards");
    Process::cargo(&format!("clippy {arguments} -- -D warnings")).within(&boards).show()?;
    let mut words = arguments.split_whitespace();
    let mut packages = String::new();
    while let Some(word) = words.next() {
        if word == "--package" {
            packages.push_str(&format!(" --package {}", words.next().unwrap_or_default()));
        }
    }
    Process::cargo(&format!("fmt{packages} --check")).within(&boards).show()
}

/// Flags of the compiler that make the image smaller: `Debug`, which nobody reads on a device, prints names of variants only; and
/// a panic is a trap. Its address is kept over the restart, and `story::panicked_in` tells which function that is.
const SMALL: &str =
    "\"-Zlocation-detail=none\",\"-Zfmt-debug=shallow\",\"-Zunstable-options\",\"-Cpanic=immediate-abort\"";
/// The same with panics that are calls, by which `cargo xtask size --panics` finds them.
const WITH_PANICS: &str = "\"-Zlocation-detail=none\",\"-Zfmt-debug=shallow\"";

#[cfg(test)]
mod tests {
    use super::{Problem, parse};

    fn parsed(arguments: &[&str]) -> Result<(bool, bool), Problem> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        parse(&arguments).map(|wanted| (wanted.run, wanted.key.is_some()))
    }

    #[test]
    fn a_board_is_needed_and_has_to_exist() {
        assert!(matches!(parsed(&[]), Err(Problem::Usage(text)) if text.contains("qemu-mps2-an386")));
        assert!(matches!(parsed(&["--board", "toaster"]), Err(Problem::Usage(text)) if text.contains("toaster")));
        assert!(matches!(parsed(&["--board"]), Err(Problem::Usage(_))));
    }

    #[test]
    fn a_key_is_for_a_board_that_runs() {
        assert_eq!(parsed(&["--board", "qemu-mps2-an386", "--run", "--key", "a.pem"]).unwrap(), (true, true));
        assert_eq!(parsed(&["--board", "qemu-mps2-an386"]).unwrap(), (false, false));
        assert!(matches!(parsed(&["--board", "qemu-mps2-an386", "--key", "a.pem"]), Err(Problem::Usage(_))));
        assert!(matches!(parsed(&["--board", "qemu-mps2-an386", "--run", "--key"]), Err(Problem::Usage(_))));
        assert!(matches!(parsed(&["--board", "qemu-mps2-an386", "--run", "--chain", "dsa"]), Err(Problem::Usage(_))));
        assert!(matches!(parsed(&["--board", "qemu-mps2-an386", "--chain", "rsa"]), Err(Problem::Usage(_))));
        assert!(matches!(parsed(&["--board", "qemu-mps2-an386", "--faults"]), Err(Problem::Usage(_))));
        assert_eq!(parsed(&["--board", "qemu-mps2-an386", "--run", "--faults"]).unwrap(), (true, false));
        assert!(matches!(parsed(&["--board", "qemu-mps2-an386", "--fly"]), Err(Problem::Usage(_))));
    }
}
