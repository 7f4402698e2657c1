//! `cargo xtask size`: what everything takes: memory of boards, instructions, bytes on the wire, the program for Linux.
//!
//! What is measured and how: docs/firmware.md, "What it takes". What may not be exceeded: boards/limits.toml.

mod counter;
mod device;
mod figures;
mod heap;
pub(crate) mod host;
pub(crate) mod limits;
mod panics;
mod readme;
mod wire;

use crate::Command;
use crate::firmware::{BOARDS, Board, Life, named};
use crate::process::{Problem, is_installed, root};
use crate::setup::{self, QEMU};
use figures::Figures;
use std::fs;
use std::path::PathBuf;
use std::thread;

pub(crate) const COMMAND: Command = Command {
    name: "size",
    arguments: "[--board NAME] [--panics | --seeds N | --write]",
    about: "measures what everything takes: flash, RAM and stack of each board, how many instructions a key, a\n\
            challenge, a handshake, the claim, the link and a query cost, bytes on the wire, the program for Linux. Prints a\n\
            table, writes target/size.json, fails beyond boards/limits.toml, and where firmware may panic that is not in\n\
            boards/panics.txt. --panics: only the latter. --seeds N: a key from each of N seeds, and their mean. --write:\n\
            puts the table into README.md",
    run: size,
};

/// Seeds of keys that automatic builds measure.
const SEEDS: u32 = 1;
/// Where the figures are written for programs to read.
const JSON: &str = "target/size.json";

struct Wanted {
    board: Option<&'static Board>,
    seeds: u32,
    write: bool,
    only_panics: bool,
}

fn size(arguments: &[String]) -> Result<(), Problem> {
    let wanted = parse(arguments)?;
    let boards: Vec<&Board> = wanted.board.map_or_else(emulated, |only| vec![only]);
    if wanted.only_panics {
        return Problem::unless_empty(panics::judge(&with_panics(&boards)?, wanted.board.is_none())?);
    }
    let (figures, wrong) = measure(&boards, wanted.seeds)?;
    if wanted.write {
        readme::write(&figures)?;
    }
    judge(&figures, wrong, wanted.board.is_none())
}

/// The boards that QEMU emulates. The others are measured only if they are named.
fn emulated() -> Vec<&'static Board> {
    BOARDS.iter().filter(|board| board.qemu.is_some()).collect()
}

/// The gate of `cargo xtask test`: nothing is beyond its limit, and the table of the README is current.
pub(crate) fn check() -> Result<(), Problem> {
    let (figures, wrong) = measure(&emulated(), SEEDS)?;
    judge(&figures, wrong, true)
}

/// Measures everything that this machine has the tools for, and says what is skipped. Beside the figures it yields what is wrong
/// with images: that they allocate, or may panic where they are not permitted to.
fn measure(boards: &[&Board], seeds: u32) -> Result<(Figures, Vec<String>), Problem> {
    // A day in virtual time is half a minute of one processor, in which the other one has something to do, too.
    let wire = thread::spawn(wire::measure);
    let mut figures = Figures::default();
    let wrong = measure_boards(&mut figures, boards, seeds);
    let host = wrong.as_ref().map_or(Ok(()), |_| host::measure(&mut figures));
    let wire = wire.join().map_err(|_| Problem::Findings(vec!["the bytes on the wire are not measured".to_owned()]))?;
    let wrong = wrong?;
    host?;
    figures.extend(wire?);
    Ok((figures, wrong))
}

/// Builds the images.
fn images<'b>(boards: &[&'b Board]) -> Result<Vec<(&'b Board, PathBuf)>, Problem> {
    boards.iter().map(|board| Ok((*board, board.build()?))).collect()
}

/// The same, in which panics are calls: as traps they say less of where they come from.
fn with_panics<'b>(boards: &[&'b Board]) -> Result<Vec<(&'b Board, PathBuf)>, Problem> {
    boards.iter().map(|board| Ok((*board, board.build_with_panics()?))).collect()
}

fn measure_boards(figures: &mut Figures, boards: &[&Board], seeds: u32) -> Result<Vec<String>, Problem> {
    if !setup::has_nightly() {
        println!("skipped: no nightly toolchain with rust-src, which builds the core library small");
        return Ok(Vec::new());
    }
    let images = images(boards)?;
    for (board, image) in &images {
        device::image(figures, board, image)?;
        if board.life == Life::Whole && board.qemu.is_some() && is_installed(QEMU) {
            device::run(figures, board, image, seeds)?;
        } else {
            println!("skipped: what {} does is not measured, it does not claim and link here", board.name);
        }
    }
    let mut findings = heap::judge(&images)?;
    findings.extend(panics::judge(&with_panics(boards)?, boards.len() == emulated().len())?);
    Ok(findings)
}

/// Shows the figures, keeps them in a file, and looks whether they are as they should be. If not `all` was measured, only the
/// limits count.
fn judge(figures: &Figures, wrong: Vec<String>, all: bool) -> Result<(), Problem> {
    println!("\n{}", readme::table(figures));
    let path = root().join(JSON);
    fs::write(&path, figures.json())
        .map_err(|cause| Problem::Io { attempt: format!("write {}", path.display()), cause })?;
    let mut findings = wrong;
    findings.extend(limits::exceeded(figures)?);
    if all {
        findings.extend(readme::outdated(figures)?);
    }
    Problem::unless_empty(findings)
}

fn parse(arguments: &[String]) -> Result<Wanted, Problem> {
    let mut wanted = Wanted { board: None, seeds: SEEDS, write: false, only_panics: false };
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument {
            "--board" => wanted.board = Some(named(rest.next().unwrap_or_default())?),
            "--seeds" => {
                let number = rest.next().and_then(|text| text.parse().ok()).filter(|number| (1..=100).contains(number));
                wanted.seeds =
                    number.ok_or_else(|| Problem::Usage("--seeds needs a number from 1 to 100".to_owned()))?;
            }
            "--write" => wanted.write = true,
            "--panics" => wanted.only_panics = true,
            other => return Err(Problem::Usage(format!("`{other}` means nothing here"))),
        }
    }
    if wanted.write && wanted.board.is_some() {
        return Err(Problem::Usage("--write needs the figures of every board".to_owned()));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::{Problem, parse};

    fn parsed(arguments: &[&str]) -> Result<(Option<&'static str>, u32, bool), Problem> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        parse(&arguments).map(|wanted| (wanted.board.map(|board| board.name), wanted.seeds, wanted.write))
    }

    #[test]
    fn one_seed_and_every_board_unless_somebody_says_otherwise() {
        assert_eq!(parsed(&[]).unwrap(), (None, 1, false));
        assert_eq!(parsed(&["--seeds", "20", "--write"]).unwrap(), (None, 20, true));
        assert_eq!(parsed(&["--board", "qemu-mps2-an386"]).unwrap(), (Some("qemu-mps2-an386"), 1, false));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for arguments in
            [&["--seeds"][..], &["--seeds", "0"], &["--seeds", "x"], &["--board", "x"], &["--board"], &["--fast"]]
        {
            assert!(matches!(parsed(arguments), Err(Problem::Usage(_))), "{arguments:?}");
        }
        assert!(matches!(parsed(&["--write", "--board", "qemu-mps2-an386"]), Err(Problem::Usage(_))));
    }
}
