//! The smallest device that measures something.

use super::{ChartInfo, ChartKind, Device, DimensionInfo, Facts, History, Samples};
use crate::clock::{Instant, Now};

/// How many seconds are held.
const HELD: usize = 600;

const CHARTS: &[ChartInfo<'static>] = &[ChartInfo {
    id: "system.uptime",
    context: "system.uptime",
    family: "uptime",
    title: "System Uptime",
    units: "seconds",
    kind: ChartKind::Line,
    priority: 1000,
    plugin: "aclk",
    module: "uptime",
    dimensions: &[DimensionInfo { id: "uptime", name: "uptime" }],
}];

/// A device with one chart: how long it has been running. Boards measure more.
#[derive(Debug)]
pub struct Uptime<'a> {
    facts: Facts<'a>,
    history: History<1, HELD>,
}

impl<'a> Uptime<'a> {
    /// Nothing measured yet.
    #[must_use]
    pub const fn new(facts: Facts<'a>) -> Self {
        Self { facts, history: History::new() }
    }
}

impl Device for Uptime<'_> {
    fn facts(&self) -> Facts<'_> {
        self.facts
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        CHARTS
    }

    fn samples(&self) -> &dyn Samples {
        &self.history
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut self.history
    }

    fn sample(&mut self, now: Now) {
        // The monotonic clock of a device starts when it does.
        let uptime = now.instant.since(Instant::START).as_secs();
        self.history.push(now.wall.unix_seconds(), [uptime as f32]);
    }
}
