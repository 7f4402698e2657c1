//! A board as a node: its own charts, and those of the application.

use crate::board::Board;
use crate::clock::DeviceClock;
use crate::counters::Counters;
use crate::meter::{self, Meter};
use aclk_core::clock::{Instant, Now};
use aclk_core::metrics::{ChartInfo, ChartKind, Device, DimensionInfo, Facts, Pace, Ring, Samples};

/// Charts that an application may add.
pub const CUSTOM_CHARTS_MAX: usize = 8;
/// Dimensions that they may have together.
pub const CUSTOM_DIMENSIONS_MAX: usize = 32;

const UPTIME: ChartInfo<'static> = ChartInfo {
    id: "system.uptime",
    context: "system.uptime",
    family: "uptime",
    title: "System Uptime",
    units: "seconds",
    kind: ChartKind::Line,
    priority: 1000,
    plugin: "firmware",
    module: "uptime",
    dimensions: &[DimensionInfo { id: "uptime", name: "uptime" }],
};

const OWN_CHARTS: usize = 1 + meter::CHARTS.len();
const OWN_DIMENSIONS: usize = 1 + meter::DIMENSIONS;
const CHARTS_MAX: usize = OWN_CHARTS + CUSTOM_CHARTS_MAX;
const DIMENSIONS_MAX: usize = OWN_DIMENSIONS + CUSTOM_DIMENSIONS_MAX;

/// A chart of an application, of lines. [`ChartInfo`] has more to say than most need.
#[must_use]
pub const fn chart(
    id: &'static str,
    title: &'static str,
    units: &'static str,
    dimensions: &'static [DimensionInfo<'static>],
) -> ChartInfo<'static> {
    let (plugin, family, module, kind) = ("application", "application", "", ChartKind::Line);
    ChartInfo { id, context: id, family, title, units, kind, priority: 50, plugin, module, dimensions }
}

/// Charts of an application, beside those of the board. `()` has none.
pub trait Custom {
    /// Its charts, [`CUSTOM_CHARTS_MAX`] at most with [`CUSTOM_DIMENSIONS_MAX`] dimensions; more do not compile.
    const CHARTS: &'static [ChartInfo<'static>];

    /// Measures once a second: `values` has a place for each dimension, in the order of the charts. What is left NaN, as all
    /// of them are to begin with, is a gap. It must not block.
    fn measure(&mut self, now: Now, values: &mut [f32]);
}

impl Custom for () {
    const CHARTS: &'static [ChartInfo<'static>] = &[];

    fn measure(&mut self, _: Now, _: &mut [f32]) {}
}

/// A board as a node: uptime, [`meter::CHARTS`], and the charts of an application.
///
/// The samples take `4 × VALUES` bytes and last for `VALUES / (16 + dimensions of the application)` seconds: two minutes of
/// a board alone are 1 920 values, 7 680 bytes. They are the caller's: a `static` of zeros costs no flash and no stack. The
/// table of charts costs no RAM.
///
/// ```
/// use aclk_core::clock::Now;
/// use aclk_core::metrics::{ChartInfo, ChartKind, Device, DimensionInfo, Facts};
/// use aclk_firmware::{Arena, Board, BoardDevice, Counters, Custom, DeviceClock};
///
/// struct Nucleo;
///
/// impl Board for Nucleo {
///     fn arena(&self) -> Option<Arena> {
///         Some(Arena { used: 5_120, peak: 11_300, size: 16_384 }) // from the allocator
///     }
/// }
///
/// /// A thermometer.
/// struct Thermometer;
///
/// impl Custom for Thermometer {
///     const CHARTS: &'static [ChartInfo<'static>] = &[ChartInfo {
///         id: "greenhouse.temperature",
///         context: "greenhouse.temperature",
///         family: "greenhouse",
///         title: "Temperature",
///         units: "Celsius",
///         kind: ChartKind::Line,
///         priority: 50,
///         plugin: "greenhouse",
///         module: "",
///         dimensions: &[DimensionInfo { id: "air", name: "air" }],
///     }];
///
///     fn measure(&mut self, _: Now, values: &mut [f32]) {
///         if let [air] = values {
///             *air = 21.5; // from the sensor
///         }
///     }
/// }
///
/// let (clock, counters) = (DeviceClock::new(0), Counters::new());
/// let facts = Facts { os: "firmware", architecture: "thumbv7em", cpus: 1, ..Facts::default() };
/// // Two minutes, with one dimension of our own.
/// let mut samples = [0.0; 120 * 17];
/// let device = BoardDevice::new(facts, Nucleo, Thermometer, &clock, &counters, &mut samples);
/// assert!(device.charts().iter().any(|chart| chart.id == "greenhouse.temperature"));
/// assert_eq!(device.samples().capacity(), 120);
/// ```
#[derive(Debug)]
pub struct BoardDevice<'a, B, C, const VALUES: usize> {
    facts: Facts<'a>,
    meter: Meter<'a, B>,
    custom: C,
    pace: Pace,
    samples: Ring<&'a mut [f32; VALUES]>,
}

impl<'a, B: Board, C: Custom, const VALUES: usize> BoardDevice<'a, B, C, VALUES> {
    /// All charts, with copies of the first one behind them.
    const TABLE: [ChartInfo<'static>; CHARTS_MAX] = table(C::CHARTS);
    const CHARTS: &'static [ChartInfo<'static>] = Self::TABLE.split_at(OWN_CHARTS + C::CHARTS.len()).0;
    const DIMENSIONS: usize = {
        let dimensions = OWN_DIMENSIONS + dimensions(C::CHARTS);
        assert!(dimensions <= DIMENSIONS_MAX, "the application has more than CUSTOM_DIMENSIONS_MAX dimensions");
        assert!(VALUES >= dimensions, "VALUES has no room for a single second");
        dimensions
    };

    /// Nothing was measured yet. `samples` is memory for them, whatever is in it.
    #[must_use]
    pub const fn new(
        facts: Facts<'a>,
        board: B,
        custom: C,
        clock: &'a DeviceClock,
        counters: &'a Counters,
        samples: &'a mut [f32; VALUES],
    ) -> Self {
        let samples = Ring::over(samples, Self::DIMENSIONS);
        Self { facts, meter: Meter::new(board, clock, counters), custom, pace: Pace::new(), samples }
    }
}

impl<B: Board, C: Custom, const VALUES: usize> Device for BoardDevice<'_, B, C, VALUES> {
    fn facts(&self) -> Facts<'_> {
        self.facts
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        Self::CHARTS
    }

    fn samples(&self) -> &dyn Samples {
        &self.samples
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut self.samples
    }

    fn sample(&mut self, now: Now) {
        let mut row = [f32::NAN; DIMENSIONS_MAX];
        let measured = self.meter.measure(self.pace.step(now));
        // The monotonic clock of a device starts when it does.
        let uptime = now.instant.since(Instant::START).as_secs() as f32;
        for (slot, value) in row.iter_mut().zip(core::iter::once(uptime).chain(measured)) {
            *slot = value;
        }
        let custom = row.get_mut(OWN_DIMENSIONS..Self::DIMENSIONS).unwrap_or_default();
        self.custom.measure(now, custom);
        self.samples.push(now.wall.unix_seconds(), row);
    }
}

/// Those of the board, then those of the application.
const fn table(custom: &'static [ChartInfo<'static>]) -> [ChartInfo<'static>; CHARTS_MAX] {
    assert!(custom.len() <= CUSTOM_CHARTS_MAX, "the application has more than CUSTOM_CHARTS_MAX charts");
    let mut table = [UPTIME; CHARTS_MAX];
    table.split_at_mut(1).1.split_at_mut(meter::CHARTS.len()).0.copy_from_slice(meter::CHARTS);
    table.split_at_mut(OWN_CHARTS).1.split_at_mut(custom.len()).0.copy_from_slice(custom);
    table
}

const fn dimensions(charts: &[ChartInfo<'_>]) -> usize {
    let (mut sum, mut rest) = (0, charts);
    while let [chart, others @ ..] = rest {
        sum += chart.dimensions.len();
        rest = others;
    }
    sum
}

const _: () = assert!(dimensions(meter::CHARTS) == meter::DIMENSIONS);

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{BoardDevice, Custom, OWN_CHARTS};
    use crate::board::{Arena, Board};
    use crate::clock::DeviceClock;
    use crate::counters::Counters;
    use aclk_core::clock::{Instant, Now, Trust, WallTime};
    use aclk_core::metrics::{ChartInfo, Device, Facts, first_dimension};
    use core::cell::Cell;
    use std::vec::Vec;

    /// Knows how many frames were lost, and sometimes how much of its arena is used.
    struct Bench<'c>(&'c Cell<u32>);

    impl Board for Bench<'_> {
        fn arena(&self) -> Option<Arena> {
            (self.0.get() > 100).then_some(Arena { used: 1, peak: 2, size: 3 })
        }

        fn lost_frames(&self) -> Option<u32> {
            Some(self.0.get())
        }
    }

    /// Two charts that look alike, of which only the first value is ever known.
    struct Two;

    impl Custom for Two {
        const CHARTS: &'static [ChartInfo<'static>] = &[super::UPTIME, super::UPTIME];

        fn measure(&mut self, _: Now, values: &mut [f32]) {
            assert!(values.len() == 2 && values.iter().all(|value| value.is_nan()));
            values[0] = 7.0;
        }
    }

    fn at(millis: u64) -> Now {
        let wall = WallTime { unix_us: millis * 1_000, trust: Trust::Trusted };
        Now { instant: Instant::from_micros(millis * 1_000), wall }
    }

    fn shown(device: &dyn Device, chart: usize, second: u64) -> Vec<Option<f32>> {
        let first = first_dimension(device.charts(), chart);
        let dimensions = first..first + device.charts()[chart].dimensions.len();
        dimensions.map(|dimension| device.samples().value(dimension, second)).collect()
    }

    fn place(device: &dyn Device, id: &str) -> usize {
        device.charts().iter().position(|chart| chart.id == id).unwrap()
    }

    #[test]
    fn rates_are_right_when_a_counter_begins_anew_and_gaps_when_nothing_can_be_said() {
        let (clock, counters, lost) = (DeviceClock::new(0), Counters::new(), Cell::new(u32::MAX - 1));
        let mut samples = [9.0; 640];
        let facts = Facts::default();
        let mut device = BoardDevice::new(facts, Bench(&lost), (), &clock, &counters, &mut samples);
        counters.bytes_received.add(u32::MAX as usize - 499);
        device.sample(at(1_500));
        counters.bytes_received.add(1_000);
        counters.frames_sent.add(3);
        lost.set(4);
        device.sample(at(2_500));
        counters.tcp_opened.add(1);
        device.sample(at(4_500));
        device.sample(at(30_500));
        let [net, frames, drops, tcp] =
            ["net", "frames", "drops", "tcp"].map(|name| place(&device, &std::format!("firmware.{name}")));
        assert_eq!(shown(&device, net, 1), [None, None]);
        assert_eq!(shown(&device, net, 2), [Some(8.0), Some(0.0)]);
        assert_eq!(shown(&device, frames, 2), [Some(0.0), Some(3.0)]);
        assert_eq!(shown(&device, drops, 2), [Some(0.0), Some(6.0)]);
        assert_eq!(shown(&device, tcp, 4), [Some(0.5), Some(0.0), Some(0.0)]);
        assert_eq!(shown(&device, tcp, 30), [None; 3], "a rate over half a minute");
        assert_eq!(device.samples().capacity(), 40);
    }

    #[test]
    fn what_the_board_does_not_know_is_a_gap_and_the_application_has_its_place_behind_it() {
        let (clock, counters, lost) = (DeviceClock::new(0), Counters::new(), Cell::new(101));
        let mut samples = [9.0; 180];
        let facts = Facts::default();
        let mut device = BoardDevice::new(facts, Bench(&lost), Two, &clock, &counters, &mut samples);
        device.sample(at(5_000));
        lost.set(5);
        device.sample(at(6_000));
        let [arena, stack] = ["firmware.arena", "firmware.stack"].map(|id| place(&device, id));
        assert_eq!(shown(&device, arena, 5), [Some(1.0), Some(2.0), Some(3.0)]);
        assert_eq!((shown(&device, arena, 6), shown(&device, stack, 6)), (Vec::from([None; 3]), Vec::from([None; 2])));
        assert_eq!(device.charts().len(), OWN_CHARTS + 2);
        assert_eq!(
            (shown(&device, OWN_CHARTS, 6), shown(&device, OWN_CHARTS + 1, 6)),
            (Vec::from([Some(7.0)]), Vec::from([None]))
        );
        assert_eq!(shown(&device, 0, 6), [Some(6.0)]);
    }
}
