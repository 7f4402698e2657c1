//! `cargo xtask firmware`: builds the image of a board, says what it takes, and runs it where that is possible.

pub(crate) mod emulated_cloud;
pub(crate) mod factory;
pub(crate) mod image;
pub(crate) mod machine;
pub(crate) mod story;

use crate::Command;
use crate::process::{Problem, Process, is_installed, root};
use crate::setup::{self, NIGHTLY};
use std::path::PathBuf;

pub(crate) const COMMAND: Command = Command {
    name: "firmware",
    arguments: "--board NAME [--run [--key FILE]]",
    about: "builds the image of a board and says what of flash and RAM it takes. --run (boards of QEMU): boots it, claims it\n\
            into the emulated Cloud, asks it something over its link, reboots it, unclaims it. Without --key FILE (a private\n\
            key, PEM) it makes its own first",
    run: firmware,
};

/// A board under `boards/`.
pub(crate) struct Board {
    /// Its folder, its package and its program.
    pub(crate) name: &'static str,
    target: &'static str,
    /// The machine of QEMU, if it is one.
    pub(crate) qemu: Option<&'static str>,
}

pub(crate) const BOARDS: [Board; 1] =
    [Board { name: "qemu-mps2-an386", target: "thumbv7em-none-eabi", qemu: Some("mps2-an386") }];

/// The key of the gate: making one takes longer than everything else.
pub(crate) const KEY: &str = "tests/pair/fixtures/private.pem";

/// The gate of `cargo xtask test`: the boards are built without a warning, and those of QEMU live.
pub(crate) fn check() -> Result<(), Problem> {
    if !setup::has_nightly() {
        println!("skipped: no nightly toolchain with rust-src, which builds the core library small");
        return Ok(());
    }
    for board in &BOARDS {
        board.lint()?;
        let image = board.build()?;
        image::describe(&image)?;
        if board.qemu.is_some() && !is_installed(setup::QEMU) {
            println!("skipped: {} does not run, {} is missing", board.name, setup::QEMU);
        } else if board.qemu.is_some() {
            story::tell(board, &image, Some(&root().join(KEY)))?;
        }
    }
    Ok(())
}

struct Wanted {
    board: &'static Board,
    run: bool,
    key: Option<PathBuf>,
}

fn firmware(arguments: &[String]) -> Result<(), Problem> {
    let Wanted { board, run, key } = parse(arguments)?;
    let image = board.build()?;
    image::describe(&image)?;
    if run { story::tell(board, &image, key.as_deref()) } else { Ok(()) }
}

fn parse(arguments: &[String]) -> Result<Wanted, Problem> {
    let (mut board, mut run, mut key) = (None, false, None);
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument {
            "--board" => board = Some(named(rest.next().unwrap_or_default())?),
            "--run" => run = true,
            "--key" => key = Some(rest.next().map(PathBuf::from).ok_or_else(|| usage("--key needs a file"))?),
            other => return Err(usage(&format!("`{other}` means nothing here"))),
        }
    }
    let board = board.ok_or_else(|| usage(&format!("--board is needed: {}", names())))?;
    if run && board.qemu.is_none() {
        return Err(usage(&format!("{} is not a board of QEMU: flash it as docs/firmware.md says", board.name)));
    }
    if key.is_some() && !run {
        return Err(usage("--key is for --run"));
    }
    Ok(Wanted { board, run, key })
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
        let flags = SMALL.map(|flag| format!("\"{flag}\"")).join(",");
        let small = format!("--config target.{}.rustflags=[{flags}]", self.target);
        let core = "-Zbuild-std=core,alloc -Zbuild-std-features=optimize_for_size";
        let line = format!("run {NIGHTLY} cargo build --release {} {core} {small}", self.package());
        Process::rustup(&line).within(&root().join("boards")).show()?;
        Ok(root().join("target/cross").join(self.target).join("release").join(self.name))
    }

    /// What is particular to the board has no warning, and is formatted.
    pub(crate) fn lint(&self) -> Result<(), Problem> {
        let boards = root().join("boards");
        Process::cargo(&format!("clippy {} -- -D warnings", self.package())).within(&boards).show()?;
        Process::cargo(&format!("fmt --package {} --check", self.name)).within(&boards).show()
    }

    /// Which package is meant, for which target, and where it is built. Cargo runs in `boards`, where its settings for boards
    /// are.
    fn package(&self) -> String {
        format!("--package {} --target {} --target-dir ../target/cross", self.name, self.target)
    }
}

/// Flags of the compiler that make the image smaller: a panic says what was wrong, not in which file; and `Debug`, which nobody
/// reads on a device, prints names of variants only.
const SMALL: [&str; 2] = ["-Zlocation-detail=none", "-Zfmt-debug=shallow"];

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
        assert!(matches!(parsed(&["--board", "qemu-mps2-an386", "--fly"]), Err(Problem::Usage(_))));
    }
}
