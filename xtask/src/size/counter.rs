//! Instructions, counted by a plugin of QEMU (`xtask/counter`) between the marks that firmware sets.

use crate::process::{Problem, Process, root};
use crate::setup::QEMU;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that the plugin writes, in the folder that QEMU is started in.
pub(super) const FILE: &str = "marks";

/// Something that firmware says by setting a mark: `boards/qemu/src/trace.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A stage was passed, in the order of `aclk_core::stage::Stage`.
    Stage(u8),
    /// Which connection the stage behind it is of, in the order of `aclk_core::stage::Purpose`.
    Purpose(u8),
    /// It is claimed.
    Claimed,
    /// The link is up.
    Online,
    /// The Cloud takes it for live.
    Live,
    /// A step of making a key.
    KeyStep,
    /// The key is made.
    KeyMade,
    /// Somebody has typed `memory`.
    Asked,
}

/// `Stage::Tls`.
pub(super) const TLS: u8 = 8;
/// `Stage::Decrypt`.
pub(super) const DECRYPT: u8 = 11;
/// `Purpose::Claim`.
pub(super) const CLAIM: u8 = 0;

/// A mark, and how many instructions were executed until then.
pub(super) type Marks = Vec<(Mark, u64)>;

/// The first version of QEMU with the second version of the interface of plugins.
const SECOND: u32 = 9;

/// Builds the plugin for the QEMU that is here, and yields where it is.
pub(super) fn build() -> Result<PathBuf, Problem> {
    let build = Process::cargo("build --quiet --package aclk-counter --release --target-dir target/cross");
    let version = Process::new(QEMU, "--version").read()?;
    let is_second = major(&version).is_some_and(|major| major >= SECOND);
    if is_second {
        build.env("ACLK_QEMU_PLUGIN_2", "1").show()?
    } else {
        build.show()?
    }
    Ok(root().join("target/cross/release/libaclk_counter.so"))
}

/// `QEMU emulator version 7.2.22 (Debian …)`
fn major(text: &str) -> Option<u32> {
    text.split_once("version ")?.1.split('.').next()?.parse().ok()
}

/// What was marked in a run.
pub(super) fn read(folder: &Path) -> Result<Marks, Problem> {
    let path = folder.join(FILE);
    let text = fs::read_to_string(&path)
        .map_err(|cause| Problem::Io { attempt: format!("read {}", path.display()), cause })?;
    parse(&text).ok_or_else(|| Problem::Findings(vec![format!("{}: not what the plugin writes", path.display())]))
}

fn parse(text: &str) -> Option<Marks> {
    // The last line may have been cut off with the power.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole
        .lines()
        .map(|line| {
            let (port, count) = line.split_once(' ')?;
            let mark = match port.parse().ok()? {
                stage @ 0..16 => Mark::Stage(stage),
                purpose @ 16..24 => Mark::Purpose(purpose - 16),
                24 => Mark::Claimed,
                25 => Mark::Online,
                26 => Mark::Live,
                27 => Mark::KeyStep,
                28 => Mark::KeyMade,
                29 => Mark::Asked,
                _ => return None,
            };
            Some((mark, count.parse().ok()?))
        })
        .collect()
}

/// What each `mark` took: the instructions since whatever was marked before it.
pub(super) fn costs(marks: &[(Mark, u64)], mark: Mark) -> Vec<u64> {
    let places = marks.iter().enumerate().filter(|(_, (found, _))| *found == mark);
    places.map(|(index, (_, count))| count - before(marks, index)).collect()
}

/// The count when the first `mark` was not begun yet.
pub(super) fn begin(marks: &[(Mark, u64)], mark: Mark) -> Option<u64> {
    let index = marks.iter().position(|(found, _)| *found == mark)?;
    Some(before(marks, index))
}

/// The count at the first `mark`.
pub(super) fn at(marks: &[(Mark, u64)], mark: Mark) -> Option<u64> {
    marks.iter().find(|(found, _)| *found == mark).map(|(_, count)| *count)
}

/// The count at the mark before this one. A purpose is marked together with its stage.
fn before(marks: &[(Mark, u64)], index: usize) -> u64 {
    let earlier = marks.get(..index).unwrap_or_default();
    let earlier = match earlier.split_last() {
        Some(((Mark::Purpose(_), _), earlier)) => earlier,
        _ => earlier,
    };
    earlier.last().map_or(0, |(_, count)| *count)
}

#[cfg(test)]
mod tests {
    use super::{Mark, at, begin, costs, major, parse};

    const TEXT: &str = "0 10\n27 100\n27 200\n28 300\n16 349\n6 350\n16 399\n8 400\n17 419\n6 420\n17 459\n8 460\n24 5";

    #[test]
    fn marks_are_read_and_what_is_cut_off_is_not() {
        let marks = parse(TEXT).unwrap();
        assert_eq!(marks.len(), 12);
        assert_eq!(marks.last(), Some(&(Mark::Stage(8), 460)));
        assert_eq!(parse("7\n"), None);
        assert_eq!(parse("40 1\n"), None);
        assert_eq!(parse(""), Some(Vec::new()));
    }

    #[test]
    fn the_version_of_the_emulator_is_read() {
        assert_eq!(major("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)\nCopyright"), Some(7));
        assert_eq!(major("QEMU emulator version 10.0.2"), Some(10));
        assert_eq!(major("no such thing"), None);
    }

    #[test]
    fn what_something_costs_is_counted_from_the_mark_before_it() {
        let marks = parse(TEXT).unwrap();
        assert_eq!(costs(&marks, Mark::Stage(8)), [50, 40]);
        assert_eq!(costs(&marks, Mark::KeyMade), [100]);
        assert_eq!(begin(&marks, Mark::KeyStep), Some(10));
        assert_eq!(begin(&marks, Mark::Purpose(0)), Some(300));
        assert_eq!(at(&marks, Mark::KeyMade), Some(300));
        assert_eq!(at(&marks, Mark::Claimed), None);
    }
}
