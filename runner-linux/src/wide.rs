//! A device for tests, whose answers are longer than any buffer.

use aclk_core::clock::Now;
use aclk_core::metrics::{ChartInfo, ChartKind, Device, DimensionInfo, Facts, History, Samples};

const fn dimension(id: &'static str) -> DimensionInfo<'static> {
    DimensionInfo { id, name: id }
}

/// The samples of each dimension.
pub(crate) const SECONDS: u64 = 3_599;

const CHARTS: &[ChartInfo<'static>] = &[ChartInfo {
    id: "bench.wide",
    context: "bench.wide",
    family: "bench",
    title: "Wide",
    units: "units",
    kind: ChartKind::Line,
    priority: 100,
    plugin: "bench",
    module: "",
    dimensions: &[dimension("a"), dimension("b"), dimension("c"), dimension("d"), dimension("e"), dimension("f")],
}];

/// An hour of samples in one chart: all of it is an answer of more than 200 KiB.
pub(crate) struct Wide(Box<History<6, 3600>>);

impl Wide {
    /// It begins an hour before `now`.
    pub(crate) fn new(now: Now) -> Self {
        let mut history = Box::new(History::new());
        let second = now.wall.unix_seconds();
        for second in second - SECONDS..second {
            history.push(second, [(second % 1_000) as f32 + 0.015_625; 6]);
        }
        Self(history)
    }
}

impl Device for Wide {
    fn facts(&self) -> Facts<'_> {
        Facts::default()
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        CHARTS
    }

    fn samples(&self) -> &dyn Samples {
        &*self.0
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut *self.0
    }

    fn sample(&mut self, now: Now) {
        self.0.push(now.wall.unix_seconds(), [1.0; 6]);
    }
}
