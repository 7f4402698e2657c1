//! What this program itself takes of the machine.

use super::chart::{Part, Values, dimension};
use super::file::Kept;
use super::rate::Counter;
use super::text::{number, words};
use aclk_core::metrics::{ChartInfo, ChartKind};
use rustix::param::page_size;
use rustix::time::{ClockId, clock_gettime};

const CHARTS: &[ChartInfo<'static>] = &[
    ChartInfo {
        id: "aclk.mem",
        context: "aclk.mem",
        family: "aclk",
        title: "Memory of aclk",
        units: "KiB",
        kind: ChartKind::Area,
        priority: 130_000,
        plugin: "aclk",
        module: "self",
        dimensions: &[dimension("resident")],
    },
    ChartInfo {
        id: "aclk.cpu",
        context: "aclk.cpu",
        family: "aclk",
        title: "Processor time of aclk",
        units: "percentage",
        kind: ChartKind::Area,
        priority: 130_001,
        plugin: "aclk",
        module: "self",
        dimensions: &[dimension("cpu")],
    },
];

/// Reads `/proc/self/statm`, and the clock of the processor time.
#[derive(Debug)]
pub(super) struct Own {
    file: Kept,
    spent_ns: Counter,
}

impl Own {
    pub(super) fn new(file: Kept) -> Self {
        Self { file, spent_ns: Counter::default() }
    }
}

impl<'m> Part<'m> for Own {
    fn charts(&self) -> Vec<ChartInfo<'m>> {
        CHARTS.to_vec()
    }

    fn measure(&mut self, buffer: &mut Vec<u8>, elapsed: Option<f64>, values: &mut Values<'_>) {
        let text = self.file.read(buffer).unwrap_or_default();
        // In pages: all, resident, and others.
        let resident = words(text).nth(1).and_then(number);
        values.put(resident.map(|pages| pages as f64 * page_size() as f64 / 1024.0));
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let second = u64::try_from(time.tv_sec).ok().and_then(|seconds| seconds.checked_mul(1_000_000_000));
        let spent_ns = second.zip(u64::try_from(time.tv_nsec).ok()).map(|(a, b)| a.saturating_add(b));
        values.put(self.spent_ns.rate(spent_ns, elapsed).map(|ns| ns / 1e9 * 100.0));
    }
}
