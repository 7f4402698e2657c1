//! `/proc/loadavg` and `/proc/uptime`: how much there was to do, and for how long the machine has been running.

use super::chart::{Part, Values, chart, dimension};
use super::file::Kept;
use super::text::{decimal, number, words};
use aclk_core::metrics::{ChartInfo, ChartKind};

const LOAD: &[ChartInfo<'static>] = &[
    chart(
        "system.load",
        "system.load",
        "load",
        "System Load Average",
        "load",
        ChartKind::Line,
        100,
        "/proc/loadavg",
        &[dimension("load1"), dimension("load5"), dimension("load15")],
    ),
    chart(
        "system.active_processes",
        "system.active_processes",
        "processes",
        "System Active Processes",
        "processes",
        ChartKind::Line,
        750,
        "/proc/loadavg",
        &[dimension("active")],
    ),
];

const UPTIME: &[ChartInfo<'static>] = &[chart(
    "system.uptime",
    "system.uptime",
    "uptime",
    "System Uptime",
    "seconds",
    ChartKind::Line,
    1000,
    "/proc/uptime",
    &[dimension("uptime")],
)];

/// Reads the averages, and how many processes there are.
#[derive(Debug)]
pub(super) struct Load(pub(super) Kept);

impl<'m> Part<'m> for Load {
    fn charts(&self) -> Vec<ChartInfo<'m>> {
        LOAD.to_vec()
    }

    fn measure(&mut self, buffer: &mut Vec<u8>, _: Option<f64>, values: &mut Values<'_>) {
        let mut words = words(self.0.read(buffer).unwrap_or_default());
        for _ in 0..3 {
            values.put(words.next().and_then(decimal));
        }
        // Running ones, and all of them.
        let active = words.next().and_then(|word| number(word.rsplit(|byte| *byte == b'/').next()?));
        values.put(active.map(|count| count as f64));
    }
}

/// Reads it.
#[derive(Debug)]
pub(super) struct Uptime(pub(super) Kept);

impl<'m> Part<'m> for Uptime {
    fn charts(&self) -> Vec<ChartInfo<'m>> {
        UPTIME.to_vec()
    }

    fn measure(&mut self, buffer: &mut Vec<u8>, _: Option<f64>, values: &mut Values<'_>) {
        let text = self.0.read(buffer).unwrap_or_default();
        values.put(words(text).next().and_then(decimal).map(f64::floor));
    }
}
