//! `cargo xtask reproduce`: the image of a board is built twice, in two places, and has to be the same.

use crate::Command;
use crate::firmware::image;
use crate::firmware::{self, Board};
use crate::process::{Problem, Process, root};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const COMMAND: Command = Command {
    name: "reproduce",
    arguments: "[--board NAME]",
    about: "builds the image of a board (default qemu-mps2-an386) here, and from a copy of the sources in a folder of another\n\
            name and depth; what would be flashed has to be the same, byte for byte. Prints its SHA-256",
    run: |arguments| match arguments {
        [] => same(&firmware::BOARDS[0]),
        [option, name] if option == "--board" => same(firmware::named(name)?),
        _ => Err(Problem::Usage("`reproduce` takes --board NAME and nothing else".to_owned())),
    },
};

/// Where the copy is: deeper than the original, so that no path has the same length.
const COPY: &str = "target/reproduce/from/another/folder";
/// Where both are built, each in a mount namespace of its own. Cargo puts a hash of the place of crates into the names of their symbols if
/// they lie outside of the workspace, as the core does for boards; by these names the linker sorts.
const PLACE: &str = "/mnt";
/// Where what would be flashed is kept, for whoever wants to compare it.
const FLASHED: [&str; 2] = ["target/reproduce/here.bin", "target/reproduce/there.bin"];

fn same(board: &Board) -> Result<(), Problem> {
    let copy = root().join(COPY);
    copy_sources(&copy)?;
    let date = Process::new("git", "log -1 --format=%ct").read()?;
    let mut images = Vec::new();
    for (folder, kept) in [(root(), FLASHED[0]), (copy, FLASHED[1])] {
        let image = build(board, &folder, date.trim())?;
        let bytes = image::read(&image)?;
        let flashed = image::flashed(&image::parse(&image, &bytes)?);
        let attempt = format!("write {kept}");
        fs::write(root().join(kept), &flashed).map_err(|cause| Problem::Io { attempt, cause })?;
        Process::new("sha256sum", kept).show()?;
        images.push(flashed);
    }
    match difference(&images[0], &images[1]) {
        None => Ok(()),
        Some(at) => {
            let [here, there] = FLASHED;
            Err(Problem::Findings(vec![format!(
                "{}: two builds of the same sources differ, first at byte {at}: cmp -l {here} {there}",
                board.name
            )]))
        }
    }
}

/// Builds the image from the sources in `folder`, and yields where it is. Without the privilege to mount, as anybody in a namespace.
fn build(board: &Board, folder: &Path, date: &str) -> Result<PathBuf, Problem> {
    let script =
        format!("mount --bind \"$1\" {PLACE} && cd {PLACE} && exec cargo xtask firmware --board {}", board.name);
    Process::new("unshare", "--map-root-user --mount sh -c")
        .argument(script)
        .argument("sh")
        .argument(folder)
        .env("SOURCE_DATE_EPOCH", date)
        .env("CARGO_TARGET_DIR", "target")
        .show()?;
    Ok(folder.join("target/cross").join(board.target).join("release").join(board.name))
}

/// The first byte that is not the same.
fn difference(one: &[u8], other: &[u8]) -> Option<usize> {
    let common = one.iter().zip(other).position(|(a, b)| a != b);
    common.or_else(|| (one.len() != other.len()).then(|| one.len().min(other.len())))
}

/// Copies what git knows, as it is now.
fn copy_sources(to: &Path) -> Result<(), Problem> {
    let done = |attempt: String, result: std::io::Result<()>| result.map_err(|cause| Problem::Io { attempt, cause });
    if to.exists() {
        done(format!("remove {}", to.display()), fs::remove_dir_all(to))?;
    }
    let names = Process::new("git", "ls-files -z --cached --others --exclude-standard").read()?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (source, target) = (root().join(name), to.join(name));
        if let Some(folder) = target.parent() {
            done(format!("make {}", folder.display()), fs::create_dir_all(folder))?;
        }
        if source.is_file() {
            done(format!("copy {name}"), fs::copy(&source, &target).map(drop))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_first_byte_that_differs_is_named() {
        assert_eq!(difference(b"abc", b"abc"), None);
        assert_eq!(difference(b"abc", b"abd"), Some(2));
        assert_eq!(difference(b"abc", b"ab"), Some(2));
        assert_eq!(difference(b"", b""), None);
    }
}
