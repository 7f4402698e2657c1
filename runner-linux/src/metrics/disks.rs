//! `/proc/diskstats`: what disks read and write.

use super::chart::{Part, Values, chart, dimension};
use super::file::{FILE_MAX, Kept, once};
use super::many::{Candidate, Counters, Found, Watched};
use super::text::{lines, number, words};
use aclk_core::metrics::{ChartInfo, ChartKind, DimensionInfo};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

const MODULE: &str = "/proc/diskstats";
const UNITS: &str = "KiB/s";
/// The kernel counts in sectors of 512 bytes, whatever the disk has.
const SECTORS_PER_KIB: f64 = 2.0;
/// What is no disk, or is made of others that count already.
const NO_DISKS: [&[u8]; 7] = [b"loop", b"ram", b"zram", b"dm-", b"md", b"sr", b"fd"];

const ALL: &[DimensionInfo<'static>] = &[dimension("in"), dimension("out")];
const ONE: &[DimensionInfo<'static>] = &[dimension("reads"), dimension("writes")];

/// Finds the disks.
pub(super) fn find(root: &Path) -> Watched {
    let text = once(&root.join("proc/diskstats"), FILE_MAX);
    let names: Vec<&[u8]> = counters(&text).map(|(name, _)| name).collect();
    let is_disk = |name: &[u8]| !NO_DISKS.iter().any(|prefix| name.starts_with(prefix)) && !is_part(root, name, &names);
    let disks = names.iter().filter(|name| is_disk(name));
    let candidate = |name: &&[u8]| Candidate { name: name.to_vec(), rank: 0, is_summed: true };
    Watched::choose("disk.", disks.map(candidate).collect())
}

/// Whether `name` is a partition, as in `sda1` and `nvme0n1p2`.
fn is_part(root: &Path, name: &[u8], names: &[&[u8]]) -> bool {
    let blocks = root.join("sys/block");
    if blocks.is_dir() {
        return !blocks.join(folder(name)).exists();
    }
    names.iter().filter_map(|disk| name.strip_prefix(*disk)).any(|rest| {
        let number = rest.strip_prefix(b"p").unwrap_or(rest);
        !number.is_empty() && number.iter().all(u8::is_ascii_digit)
    })
}

/// What a disk is called in `/sys/block`.
pub(super) fn folder(name: &[u8]) -> OsString {
    OsString::from_vec(name.iter().map(|byte| if *byte == b'/' { b'!' } else { *byte }).collect())
}

/// Sectors read and written, by name.
fn counters(text: &[u8]) -> impl Iterator<Item = (&[u8], [Option<u64>; 2])> + Clone {
    lines(text).filter_map(|line| {
        let mut words = words(line).skip(2);
        let name = words.next()?;
        Some((name, [words.nth(2).and_then(number), words.nth(3).and_then(number)]))
    })
}

/// Reads it.
#[derive(Debug)]
pub(super) struct Disks<'m> {
    file: Kept,
    watched: &'m Watched,
    counters: Counters<'m>,
}

impl<'m> Disks<'m> {
    pub(super) fn new(file: Kept, watched: &'m Watched) -> Self {
        Self { file, watched, counters: Counters::new(watched) }
    }
}

impl<'m> Part<'m> for Disks<'m> {
    fn charts(&self) -> Vec<ChartInfo<'m>> {
        let area = ChartKind::Area;
        let all = chart("system.io", "system.io", "disk", "Disk I/O", UNITS, area, 150, MODULE, ALL);
        let one = |(priority, found): (u32, &'m Found)| {
            chart(&found.id, "disk.io", &found.label, "Disk I/O Bandwidth", UNITS, area, priority, MODULE, ONE)
        };
        let all = self.watched.has_sum().then_some(all);
        all.into_iter().chain((2000..).zip(self.watched.charted()).map(one)).collect()
    }

    fn measure(&mut self, buffer: &mut Vec<u8>, elapsed: Option<f64>, values: &mut Values<'_>) {
        let text = self.file.read(buffer).unwrap_or_default();
        self.counters.step(counters(text), elapsed);
        let sum = self.watched.has_sum().then(|| self.counters.sum());
        for sectors in sum.into_iter().chain(self.counters.charted()).flatten() {
            values.put(sectors.map(|sectors| sectors / SECTORS_PER_KIB));
        }
    }
}
