//! What the parts of the device have in common: charts as Netdata names them, and values in their order.

use aclk_core::metrics::{ChartInfo, ChartKind, DimensionInfo};

/// A chart of the machine's own files. `module` is the file that it comes from.
#[expect(clippy::too_many_arguments, reason = "a row of a table")]
pub(super) const fn chart<'a>(
    id: &'a str,
    context: &'a str,
    family: &'a str,
    title: &'a str,
    units: &'a str,
    kind: ChartKind,
    priority: u32,
    module: &'a str,
    dimensions: &'a [DimensionInfo<'a>],
) -> ChartInfo<'a> {
    ChartInfo { id, context, family, title, units, kind, priority, plugin: "proc.plugin", module, dimensions }
}

/// A dimension whose name is its id.
pub(super) const fn dimension(id: &str) -> DimensionInfo<'_> {
    DimensionInfo { id, name: id }
}

/// A part of the device: the charts that come from one place.
pub(super) trait Part<'m>: std::fmt::Debug {
    /// They stay the same.
    fn charts(&self) -> Vec<ChartInfo<'m>>;

    /// Measures. `buffer` is for the file that is read; `elapsed` are the seconds since the sample before, if a rate can be
    /// told.
    fn measure(&mut self, buffer: &mut Vec<u8>, elapsed: Option<f64>, values: &mut Values<'_>);
}

/// Takes a value for each dimension, in the order of the charts. Those that do not come are gaps.
#[derive(Debug)]
pub(super) struct Values<'v>(std::slice::IterMut<'v, f32>);

impl<'v> Values<'v> {
    /// Every value of `row` becomes a gap, until it is put.
    pub(super) fn new(row: &'v mut [f32]) -> Self {
        row.fill(f32::NAN);
        Self(row.iter_mut())
    }

    /// The next value.
    pub(super) fn put(&mut self, value: Option<f64>) {
        if let (Some(slot), Some(value)) = (self.0.next(), value) {
            *slot = value as f32;
        }
    }
}
