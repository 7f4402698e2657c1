//! `/proc/net/dev`: what network interfaces carry.

use super::chart::{Part, Values, chart, dimension};
use super::file::{FILE_MAX, Kept, once};
use super::many::{Candidate, Counters, Found, Watched};
use super::text::{lines, number, words};
use aclk_core::metrics::{ChartInfo, ChartKind, DimensionInfo};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const MODULE: &str = "/proc/net/dev";
const UNITS: &str = "kilobits/s";
const DIMENSIONS: &[DimensionInfo<'static>] = &[dimension("received"), dimension("sent")];
const LOOPBACK: &[u8] = b"lo";

/// Finds the interfaces. Those of hardware come first. Together with `lo` nothing else counts as what the machine sends;
/// and in a container, where there is no hardware, everything but `lo` does.
pub(super) fn find(root: &Path) -> Watched {
    let text = once(&root.join("proc/net/dev"), FILE_MAX);
    let names: Vec<&[u8]> = counters(&text).map(|(name, _)| name).collect();
    let is_hardware = |name: &[u8]| {
        let name = OsStr::from_bytes(name);
        !name.is_empty() && root.join("sys/class/net").join(name).join("device").exists()
    };
    let any_hardware = names.iter().any(|name| is_hardware(name));
    let candidate = |name: &[u8]| {
        let (is_loopback, is_hardware) = (name == LOOPBACK, is_hardware(name));
        let rank = if is_hardware { 0 } else { 1 + u8::from(!is_loopback) };
        Candidate { name: name.to_vec(), rank, is_summed: !is_loopback && is_hardware == any_hardware }
    };
    Watched::choose("net.", names.into_iter().map(candidate).collect())
}

/// Bytes received and sent, by name.
fn counters(text: &[u8]) -> impl Iterator<Item = (&[u8], [Option<u64>; 2])> + Clone {
    // Two lines of head.
    lines(text).skip(2).filter_map(|line| {
        let colon = line.iter().rposition(|byte| *byte == b':')?;
        let (name, counters) = line.split_at_checked(colon)?;
        let mut words = words(counters.get(1..)?).map(number);
        let received = words.next()?;
        Some((name.trim_ascii(), [received, words.nth(7).flatten()]))
    })
}

/// Reads it.
#[derive(Debug)]
pub(super) struct Network<'m> {
    file: Kept,
    watched: &'m Watched,
    counters: Counters<'m>,
}

impl<'m> Network<'m> {
    pub(super) fn new(file: Kept, watched: &'m Watched) -> Self {
        Self { file, watched, counters: Counters::new(watched) }
    }
}

impl<'m> Part<'m> for Network<'m> {
    fn charts(&self) -> Vec<ChartInfo<'m>> {
        let area = ChartKind::Area;
        let title = "Physical Network Interfaces Aggregated Bandwidth";
        let all = chart("system.net", "system.net", "network", title, UNITS, area, 500, MODULE, DIMENSIONS);
        let one = |(priority, found): (u32, &'m Found)| {
            chart(&found.id, "net.net", &found.label, "Bandwidth", UNITS, area, priority, MODULE, DIMENSIONS)
        };
        let all = self.watched.has_sum().then_some(all);
        all.into_iter().chain((7000..).zip(self.watched.charted()).map(one)).collect()
    }

    fn measure(&mut self, buffer: &mut Vec<u8>, elapsed: Option<f64>, values: &mut Values<'_>) {
        let text = self.file.read(buffer).unwrap_or_default();
        self.counters.step(counters(text), elapsed);
        let sum = self.watched.has_sum().then(|| self.counters.sum());
        for bytes in sum.into_iter().chain(self.counters.charted()).flatten() {
            values.put(bytes.map(|bytes| bytes * 8.0 / 1000.0));
        }
    }
}
