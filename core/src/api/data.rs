//! `/api/v1/data`: samples of one chart.

use super::date::Date;
use super::request::ROOM;
use super::{Frozen, JSON, Refusal, Request};
use crate::metrics::{Device, Number, Samples, first_dimension};
use crate::node::Node;
use crate::wire::json::Escaped;
use crate::wire::parts::Window;
use core::fmt::{self, Write};
use core::num::NonZero;
use core::ops::Range;

const CSV: &str = "text/csv; charset=utf-8";
/// Times of this size and less are meant relative to now, in seconds: three years, as Netdata has it.
const RELATIVE_MAX: i64 = 3 * 365 * 86_400;
/// What `after` is if it is not given.
const AFTER: i64 = -600;

/// How the samples of one row become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Average,
    Min,
    Max,
    Sum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

/// What was asked for, worked out.
#[derive(Debug)]
pub(super) struct Data {
    chart: usize,
    /// The first second of the oldest row.
    after: u64,
    /// The last second of the newest row.
    before: u64,
    /// Seconds of a row.
    span: u64,
    rows: u64,
    group: Group,
    format: Format,
}

impl Data {
    pub(super) fn parse<'a>(
        request: &Request<'a>,
        chart: usize,
        node: &Node<dyn Device + '_>,
        frozen: &Frozen,
    ) -> Result<Self, Refusal<'a>> {
        let mut room = ROOM;
        let name = if request.parameter("group", &mut room)?.is_some() { "group" } else { "time_group" };
        let group = match request.parameter(name, &mut room)? {
            None | Some("average" | "avg" | "mean") => Group::Average,
            Some("min") => Group::Min,
            Some("max") => Group::Max,
            Some("sum") => Group::Sum,
            Some(_) => return Err(Refusal::Not("group", "average, min, max or sum")),
        };
        let format = match request.parameter("format", &mut room)? {
            None | Some("json") => Format::Json,
            Some("csv") => Format::Csv,
            Some(_) => return Err(Refusal::Not("format", "json or csv")),
        };
        let points = u64::try_from(request.integer("points")?.unwrap_or(0));
        let points = points.map_err(|_| Refusal::Not("points", "positive"))?;
        let held = node.device.samples().range();
        let newest = i64::try_from(frozen.range.end.saturating_sub(1)).unwrap_or(i64::MAX);
        let window =
            window(request.integer("after")?.unwrap_or(AFTER), request.integer("before")?.unwrap_or(0), newest);
        let asked = window.end.saturating_sub(window.start).max(1);
        let span = if points == 0 { 1 } else { asked.div_ceil(points) };
        let span = NonZero::new(span).unwrap_or(NonZero::<u64>::MIN);
        let (after, end) = (window.start.max(held.start), window.end.min(held.end));
        // Rows end at multiples of their span, so that the same row comes out whenever it is asked for.
        let mut before = end.saturating_sub(1);
        if before - before % span >= after {
            before -= before % span;
        }
        let rows = if after < end { (before - after) / span + 1 } else { 0 };
        Ok(Self { chart, after, before, span: span.get(), rows, group, format })
    }

    /// The seconds that are read.
    pub(super) const fn seconds(&self) -> Range<u64> {
        if self.rows == 0 { 0..0 } else { self.after..self.before + 1 }
    }

    pub(super) const fn content_type(&self) -> &'static str {
        match self.format {
            Format::Json => JSON,
            Format::Csv => CSV,
        }
    }

    pub(super) const fn parts(&self) -> u64 {
        self.rows + 2
    }

    /// Part 0 is the head, the last one the foot, and between them is one for each row, the newest first.
    pub(super) fn write(&self, part: u64, device: &dyn Device, w: &mut Window<'_>) -> fmt::Result {
        let charts = device.charts();
        let Some(chart) = charts.get(self.chart) else { return Ok(()) };
        if part == 0 {
            w.write_str(if self.format == Format::Json { "{\"labels\":[\"time\"" } else { "time" })?;
            for dimension in chart.dimensions {
                match self.format {
                    Format::Json => write!(w, ",\"{}\"", Escaped(dimension.name))?,
                    Format::Csv => write!(w, ",{}", Field(dimension.name))?,
                }
            }
            return w.write_str(if self.format == Format::Json { "],\"data\":[" } else { "\r\n" });
        }
        if part > self.rows {
            return if self.format == Format::Json { w.write_str("\n]}") } else { Ok(()) };
        }
        let end = self.before - (part - 1) * self.span;
        let seconds = (end + 1).saturating_sub(self.span).max(self.after)..end + 1;
        match self.format {
            Format::Json => write!(w, "{}\n[{end}", if part > 1 { "," } else { "" })?,
            Format::Csv => write!(w, "{}", Date::of(end).plain())?,
        }
        let first = first_dimension(charts, self.chart);
        for dimension in first..first + chart.dimensions.len() {
            let value = Number(self.group.of(device.samples(), dimension, seconds.clone()));
            write!(w, ",{value}")?;
        }
        w.write_str(if self.format == Format::Json { "]" } else { "\r\n" })
    }
}

/// The seconds from `after` to `before`, both included, as Netdata understands them: small numbers are relative, `before`
/// to the newest sample and `after` to `before`.
fn window(after: i64, before: i64, newest: i64) -> Range<u64> {
    let relative = |time: i64| time.unsigned_abs() <= RELATIVE_MAX.unsigned_abs();
    let mut before = if relative(before) { newest.saturating_add(before) } else { before };
    let mut after = match after {
        0 => before.saturating_add(AFTER + 1),
        after if relative(after) => before.saturating_add(after).saturating_add(1),
        after => after,
    };
    if after > before {
        core::mem::swap(&mut after, &mut before);
    }
    let second = |time: i64| u64::try_from(time).unwrap_or(0);
    second(after)..second(before.saturating_add(1))
}

impl Group {
    fn of(self, samples: &dyn Samples, dimension: usize, seconds: Range<u64>) -> Option<f64> {
        let (mut count, mut result) = (0_u32, 0.0_f64);
        for value in seconds.filter_map(|second| samples.value(dimension, second)).map(f64::from) {
            result = match self {
                _ if count == 0 => value,
                Self::Average | Self::Sum => result + value,
                Self::Min => {
                    if value < result {
                        value
                    } else {
                        result
                    }
                }
                Self::Max => {
                    if value > result {
                        value
                    } else {
                        result
                    }
                }
            };
            count = count.saturating_add(1);
        }
        match (self, count) {
            (_, 0) => None,
            (Self::Average, count) => Some(result / f64::from(count)),
            _ => Some(result),
        }
    }
}

/// A field of CSV (RFC 4180).
struct Field<'a>(&'a str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.contains(['"', ',', '\r', '\n']) {
            return f.write_str(self.0);
        }
        f.write_str("\"")?;
        for (index, piece) in self.0.split('"').enumerate() {
            f.write_str(if index > 0 { "\"\"" } else { "" })?;
            f.write_str(piece)?;
        }
        f.write_str("\"")
    }
}
