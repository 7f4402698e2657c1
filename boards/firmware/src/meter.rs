//! The charts of every device that runs the application, and the values in them.

use crate::board::Board;
use crate::clock::DeviceClock;
use crate::counters::Counters;
use aclk_core::metrics::{ChartInfo, ChartKind, DimensionInfo};

/// Dimensions of [`CHARTS`].
pub const DIMENSIONS: usize = 15;

/// What a [`Meter`] measures.
pub const CHARTS: &[ChartInfo<'static>] = &[
    chart(
        "firmware.arena",
        "memory",
        "Arena",
        "bytes",
        200,
        &[dimension("used"), dimension("peak"), dimension("size")],
    ),
    chart("firmware.stack", "memory", "Stack", "bytes", 210, &[dimension("peak"), dimension("size")]),
    chart("firmware.net", "network", "Bandwidth", "kilobits/s", 500, &[dimension("received"), dimension("sent")]),
    chart("firmware.frames", "network", "Frames", "frames/s", 510, &[dimension("received"), dimension("sent")]),
    chart("firmware.drops", "network", "Dropped Frames", "frames/s", 520, &[dimension("refused"), dimension("lost")]),
    chart(
        "firmware.tcp",
        "network",
        "TCP Connections",
        "connections/s",
        530,
        &[dimension("opened"), dimension("failed"), dimension("reset")],
    ),
    chart("firmware.loop", "executor", "Lateness of What Is Due", "milliseconds", 600, &[dimension("late")]),
];

const fn chart(
    id: &'static str,
    family: &'static str,
    title: &'static str,
    units: &'static str,
    priority: u32,
    dimensions: &'static [DimensionInfo<'static>],
) -> ChartInfo<'static> {
    let kind = ChartKind::Line;
    ChartInfo { id, context: id, family, title, units, kind, priority, plugin: "firmware", module: family, dimensions }
}

const fn dimension(id: &'static str) -> DimensionInfo<'static> {
    DimensionInfo { id, name: id }
}

/// Measures a board, its network and its executor: the values of [`CHARTS`].
#[derive(Debug)]
pub struct Meter<'a, B> {
    board: B,
    clock: &'a DeviceClock,
    counters: &'a Counters,
    before: Option<([u32; 8], Option<u32>)>,
}

impl<'a, B: Board> Meter<'a, B> {
    /// Measures `board`, what `counters` count, and how late those who wait for `clock` are woken.
    #[must_use]
    pub const fn new(board: B, clock: &'a DeviceClock, counters: &'a Counters) -> Self {
        Self { board, clock, counters, before: None }
    }

    /// The values now, NaN for gaps. `elapsed` are the seconds since the call before, if a rate can be told.
    pub fn measure(&mut self, elapsed: Option<f64>) -> [f32; DIMENSIONS] {
        let size = |bytes: Option<u32>| bytes.map_or(f32::NAN, |bytes| bytes as f32);
        let (arena, stack) = (self.board.arena(), self.board.stack());
        let (counts, lost) = (self.counters.all(), self.board.lost_frames());
        let before = self.before.replace((counts, lost));
        let rate = |now: Option<u32>, before: Option<u32>| match (now, before, elapsed) {
            // A counter that was full has begun anew.
            (Some(now), Some(before), Some(elapsed)) => (f64::from(now.wrapping_sub(before)) / elapsed) as f32,
            _ => f32::NAN,
        };
        let mut rates = [f32::NAN; 8];
        for (index, (slot, now)) in rates.iter_mut().zip(counts).enumerate() {
            *slot = rate(Some(now), before.and_then(|(counts, _)| counts.get(index).copied()));
        }
        let [bytes_in, bytes_out, frames_in, frames_out, refused, opened, failed, reset] = rates;
        [
            size(arena.map(|arena| arena.used)),
            size(arena.map(|arena| arena.peak)),
            size(arena.map(|arena| arena.size)),
            size(stack.map(|stack| stack.peak)),
            size(stack.map(|stack| stack.size)),
            share(f64::from(bytes_in), BYTES_PER_KILOBIT),
            share(f64::from(bytes_out), BYTES_PER_KILOBIT),
            frames_in,
            frames_out,
            refused,
            rate(lost, before.and_then(|(_, lost)| lost)),
            opened,
            failed,
            reset,
            share(self.clock.take_lateness() as f64, 1000.0),
        ]
    }
}

const BYTES_PER_KILOBIT: f64 = 125.0;

/// A part of a value. In doubles, and by division, as everything else here: a processor without floats needs code for each kind.
fn share(value: f64, parts: f64) -> f32 {
    (value / parts) as f32
}
