//! The machine behind the engine: charts whose samples follow from the second they are of.

use crate::packer::Packers;
use aclk_core::clock::Now;
use aclk_core::encoding::Encoder;
use aclk_core::metrics::{ChartInfo, ChartKind, Device, DimensionInfo, Facts, History, Samples};

/// Seconds that are held: an hour.
pub const HELD: usize = 3_600;
/// Dimensions of all charts.
const DIMENSIONS: usize = 12;

const fn dimension(id: &'static str) -> DimensionInfo<'static> {
    DimensionInfo { id, name: id }
}

const fn chart(id: &'static str, dimensions: &'static [DimensionInfo<'static>]) -> ChartInfo<'static> {
    ChartInfo {
        id,
        context: id,
        family: "bench",
        title: "A chart of the bench",
        units: "units/s",
        kind: ChartKind::Stacked,
        priority: 100,
        plugin: "bench",
        module: id,
        dimensions,
    }
}

/// Three charts; an answer with everything of `bench.wide` has some 200 KiB.
pub const CHARTS: &[ChartInfo<'static>] = &[
    chart("bench.uptime", &[dimension("uptime")]),
    chart("bench.wave", &[dimension("saw"), dimension("gaps")]),
    chart(
        "bench.wide",
        &[
            dimension("d0"),
            dimension("d1"),
            dimension("d2"),
            dimension("d3"),
            dimension("d4"),
            dimension("d5"),
            dimension("d6"),
            dimension("d7"),
            dimension("d8"),
        ],
    ),
];

/// A machine for tests.
#[derive(Debug)]
pub struct TestDevice {
    history: Box<History<DIMENSIONS, HELD>>,
    /// The last second that was sampled, in virtual time.
    last: Option<u64>,
    /// What compresses its answers.
    pub packers: Packers,
}

impl TestDevice {
    /// One that can compress so many answers at a time.
    pub(crate) fn new(gzip: usize) -> Self {
        Self { history: Box::default(), last: None, packers: Packers::new(gzip) }
    }

    /// Samples that were dropped, most of them because of a view.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.history.dropped()
    }

    /// Samples every second up to `now`, since nobody looks in between.
    pub(crate) fn catch_up(&mut self, now: Now) {
        let second = now.wall.unix_seconds();
        let first = self.last.map_or(second, |last| last + 1).max(second.saturating_sub(2 * HELD as u64));
        for second in first..=second {
            self.push(second);
        }
    }

    fn push(&mut self, second: u64) {
        self.last = Some(second);
        let mut row = [0.0; DIMENSIONS];
        for (index, value) in row.iter_mut().enumerate() {
            *value = (second * (index as u64 + 1) % 1_000) as f32 + 0.125;
        }
        row[2] = f32::NAN;
        self.history.push(second, row);
    }
}

impl Device for TestDevice {
    fn facts(&self) -> Facts<'_> {
        Facts {
            os: "bench",
            os_name: "Bench",
            kernel_name: "none",
            architecture: "virtual",
            cpus: 1,
            memory: 64 << 10,
            labels: &[("_bench", "yes")],
            ..Facts::default()
        }
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        CHARTS
    }

    fn samples(&self) -> &dyn Samples {
        &*self.history
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut *self.history
    }

    fn sample(&mut self, now: Now) {
        self.catch_up(now);
    }

    fn encoder(&self) -> Option<&dyn Encoder> {
        if self.packers.streams() == 0 { None } else { Some(&self.packers) }
    }
}
