//! The board: what it knows of itself, and a thermometer.

use crate::heap;
use aclk_core::clock::Now;
use aclk_core::metrics::{ChartInfo, ChartKind, DimensionInfo};
use aclk_firmware::{Arena, Board, Custom};

/// What a board gives the `rsa` crate to work in: docs/firmware-guide.md. (With `compact-rsa` it has no arena.)
const ARENA: u32 = 12 << 10;

/// A board without a stack of its own to measure.
pub(super) struct Bench;

impl Board for Bench {
    fn arena(&self) -> Option<Arena> {
        let (used, peak) = heap::counted();
        let bytes = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Some(Arena { used: bytes(used), peak: bytes(peak), size: ARENA })
    }
}

/// A room that is heated now and then.
pub(super) struct Room;

impl Custom for Room {
    const CHARTS: &'static [ChartInfo<'static>] = &[ChartInfo {
        id: "room.temperature",
        context: "room.temperature",
        family: "room",
        title: "Temperature",
        units: "Celsius",
        kind: ChartKind::Line,
        priority: 50,
        plugin: "room",
        module: "",
        dimensions: &[DimensionInfo { id: "air", name: "air" }],
    }];

    fn measure(&mut self, now: Now, values: &mut [f32]) {
        let seconds = now.instant.as_micros() as f32 / 1e6;
        let slow = (seconds * core::f32::consts::TAU / 90.0).sin() * 1.5;
        let quick = (seconds * core::f32::consts::TAU / 7.0).sin() * 0.1;
        values.fill(21.5 + slow + quick);
    }
}
