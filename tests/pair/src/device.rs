//! The machine behind the engine: charts whose samples follow from the second they are of.

use crate::packer::Packers;
use aclk_core::clock::Now;
use aclk_core::encoding::Encoder;
use aclk_core::metrics::{ChartInfo, ChartKind, Device, DimensionInfo, Facts, Ring, Samples};

/// Seconds that are held: an hour.
pub const HELD: usize = 3_600;
/// Most dimensions of all charts.
pub const DIMENSIONS_MAX: usize = 12;

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

/// What a [`TestDevice`] measures, and how much of it is held.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Its charts, of [`DIMENSIONS_MAX`] dimensions at most.
    pub charts: &'static [ChartInfo<'static>],
    /// Seconds that are held. Each takes four bytes for a dimension.
    pub held: usize,
    /// The sample of a dimension in a second.
    pub value: fn(second: u64, dimension: usize) -> f32,
}

impl Measured {
    /// [`CHARTS`], for an hour: 172 800 bytes. One dimension has gaps only.
    pub const HOUR: Self = Self {
        charts: CHARTS,
        held: HELD,
        value: |second, dimension| match dimension {
            2 => f32::NAN,
            _ => (second * (dimension as u64 + 1) % 1_000) as f32 + 0.125,
        },
    };

    fn dimensions(&self) -> usize {
        self.charts.iter().map(|chart| chart.dimensions.len()).sum()
    }
}

/// A machine for tests.
#[derive(Debug)]
pub struct TestDevice {
    measured: Measured,
    history: Ring<Box<[f32]>>,
    /// The last second that was sampled, in virtual time.
    last: Option<u64>,
    /// What compresses its answers.
    pub packers: Packers,
}

impl TestDevice {
    /// One that can compress so many answers at a time.
    pub(crate) fn new(measured: Measured, gzip: usize) -> Self {
        let width = measured.dimensions();
        let values = vec![0.0; width * measured.held].into_boxed_slice();
        Self { measured, history: Ring::over(values, width), last: None, packers: Packers::new(gzip) }
    }

    /// Bytes of its memory, this struct included.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.measured.dimensions() * self.measured.held * size_of::<f32>()
    }

    /// Samples that were dropped, most of them because of a view.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.history.dropped()
    }

    /// Samples every second up to `now`, since nobody looks in between.
    pub(crate) fn catch_up(&mut self, now: Now) {
        let second = now.wall.unix_seconds();
        let held = self.measured.held as u64;
        let first = self.last.map_or(second, |last| last + 1).max(second.saturating_sub(2 * held));
        for second in first..=second {
            self.push(second);
        }
    }

    fn push(&mut self, second: u64) {
        self.last = Some(second);
        let row: [f32; DIMENSIONS_MAX] = std::array::from_fn(|dimension| (self.measured.value)(second, dimension));
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
        self.measured.charts
    }

    fn samples(&self) -> &dyn Samples {
        &self.history
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut self.history
    }

    fn sample(&mut self, now: Now) {
        self.catch_up(now);
    }

    fn encoder(&self) -> Option<&dyn Encoder> {
        if self.packers.streams() == 0 { None } else { Some(&self.packers) }
    }
}
