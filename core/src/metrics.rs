//! What a device measures: charts in fixed memory, one sample a second.
//!
//! ```text
//!  the driver ──sample──> Device ──push──> History (a ring, drop-oldest) <──Pin── an answer that is being sent
//! ```
//!
//! A [`Device`] names its charts in a table that does not change while it runs, and keeps their samples in a
//! [`History`], whose size is fixed at compile time. Nothing here allocates or grows.

mod history;
mod number;
mod pace;
mod uptime;

pub use history::{History, PIN_SECONDS, PINS, Pin, Ring, Rows};
pub use number::Number;
pub use pace::Pace;
pub use uptime::Uptime;

use crate::clock::Now;
use crate::encoding::Encoder;
use core::ops::Range;

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// Lines.
    Line,
    /// An area.
    Area,
    /// Areas on top of each other.
    Stacked,
}

impl ChartKind {
    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Area => "area",
            Self::Stacked => "stacked",
        }
    }
}

/// A chart. The names are those of Netdata: `id` is `type.name`, as in `system.cpu`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartInfo<'a> {
    /// Unique on the device, as in `net.eth0`.
    pub id: &'a str,
    /// The kind of thing it shows, which many charts may share, as in `net.net`.
    pub context: &'a str,
    /// Where it stands in a menu.
    pub family: &'a str,
    /// For people.
    pub title: &'a str,
    /// As in `percentage`, `KiB`, `kilobits/s`.
    pub units: &'a str,
    /// How it is drawn.
    pub kind: ChartKind,
    /// Charts with low numbers come first; Netdata's own begin at 100.
    pub priority: u32,
    /// What collects it.
    pub plugin: &'a str,
    /// The part of the plugin; may be empty.
    pub module: &'a str,
    /// What is in it.
    pub dimensions: &'a [DimensionInfo<'a>],
}

/// One line of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DimensionInfo<'a> {
    /// Unique in its chart.
    pub id: &'a str,
    /// For people.
    pub name: &'a str,
}

/// What is known about the machine, told to the Cloud and in `/api/v1/info`. Empty text and 0 mean that it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts<'a> {
    /// Kind of operating system, as in `linux`.
    pub os: &'a str,
    /// Which one, in one word, as in `debian`.
    pub os_id: &'a str,
    /// Name of the operating system.
    pub os_name: &'a str,
    /// Its version.
    pub os_version: &'a str,
    /// Name of the kernel.
    pub kernel_name: &'a str,
    /// Its version.
    pub kernel_version: &'a str,
    /// Processor architecture, as in `x86_64`.
    pub architecture: &'a str,
    /// Processor cores.
    pub cpus: u32,
    /// Their clock in hertz.
    pub cpu_frequency: u64,
    /// Memory in bytes.
    pub memory: u64,
    /// Disk in bytes.
    pub disk_space: u64,
    /// Time zone, as in `Europe/Athens`.
    pub timezone: &'a str,
    /// Kind of virtual machine; `none` on hardware.
    pub virtualization: &'a str,
    /// Kind of container; `none` outside of one.
    pub container: &'a str,
    /// Further host labels; the first [`LABELS_MAX`] are told.
    pub labels: &'a [(&'a str, &'a str)],
}

/// Host labels of a device that are told to the Cloud.
pub const LABELS_MAX: usize = 16;

/// Samples by absolute second: what answers are made from. [`History`] is one.
///
/// Dimensions are counted through all charts of the table: those of the first chart come first.
pub trait Samples {
    /// The seconds (since 1970) that are held.
    fn range(&self) -> Range<u64>;

    /// How many seconds fit.
    fn capacity(&self) -> u64;

    /// The sample of a dimension; `None` for a gap, and for a second or dimension that is not there.
    fn value(&self, dimension: usize, second: u64) -> Option<f32>;

    /// Keeps the seconds `wanted` from being overwritten: until [`unpin`](Self::unpin), or for [`PIN_SECONDS`] since the
    /// view was taken or [renewed](Self::renew). `None` if [`PINS`] views are held already.
    fn pin(&mut self, wanted: Range<u64>) -> Option<Pin>;

    /// Somebody still reads this view: it is held for [`PIN_SECONDS`] from now. One that was given up stays so.
    fn renew(&mut self, pin: &Pin);

    /// Lets go of a view.
    fn unpin(&mut self, pin: Pin);
}

/// The machine as a node: what it is and what it measures.
///
/// Facts and charts must not change while the device runs.
pub trait Device {
    /// What is known about it.
    fn facts(&self) -> Facts<'_>;

    /// Its charts.
    fn charts(&self) -> &[ChartInfo<'_>];

    /// Their samples.
    fn samples(&self) -> &dyn Samples;

    /// Their samples, to hold views of them.
    fn samples_mut(&mut self) -> &mut dyn Samples;

    /// Measures once: the driver calls it every second. It must not block.
    fn sample(&mut self, now: Now);

    /// What long answers are compressed with when a request accepts that. None, unless it says so.
    fn encoder(&self) -> Option<&dyn Encoder> {
        None
    }
}

/// A device that measures nothing and says nothing about itself: for a machine that only claims.
#[derive(Debug, Default)]
pub struct NoDevice(History<0, 0>);

impl Device for NoDevice {
    fn facts(&self) -> Facts<'_> {
        Facts::default()
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        &[]
    }

    fn samples(&self) -> &dyn Samples {
        &self.0
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut self.0
    }

    fn sample(&mut self, _: Now) {}
}

/// The place of the first dimension of chart number `chart` among all dimensions.
#[must_use]
pub fn first_dimension(charts: &[ChartInfo<'_>], chart: usize) -> usize {
    charts.iter().take(chart).map(|chart| chart.dimensions.len()).sum()
}
