//! `/api/v1/charts` and `/api/v1/chart`.

use super::Frozen;
use crate::metrics::{ChartInfo, Device};
use crate::node::Status;
use crate::settings::AGENT_VERSION;
use crate::wire::json::Escaped;
use crate::wire::parts::Window;
use core::fmt::{self, Write};

/// Part 0 opens, the last one closes, and between them is a part for each chart.
pub(super) fn write(
    part: usize,
    status: &Status,
    device: &dyn Device,
    frozen: &Frozen,
    w: &mut Window<'_>,
) -> fmt::Result {
    let charts = device.charts();
    if part == 0 {
        let facts = device.facts();
        write!(w, "{{\"hostname\":\"{}\",\"version\":\"v{AGENT_VERSION}\",", Escaped(&status.hostname))?;
        write!(w, "\"release_channel\":\"stable\",\"os\":\"{}\",", Escaped(facts.os))?;
        write!(w, "\"timezone\":\"{}\",\"update_every\":1,", Escaped(facts.timezone))?;
        write!(w, "\"history\":{},\"memory_mode\":\"ram\",\"custom_info\":\"\",", device.samples().capacity())?;
        return w.write_str("\"charts\":{");
    }
    if let Some(chart) = charts.get(part - 1) {
        write!(w, "{}\n\"{}\":", if part > 1 { "," } else { "" }, Escaped(chart.id))?;
        return object(chart, frozen, w);
    }
    let dimensions: usize = charts.iter().map(|chart| chart.dimensions.len()).sum();
    let bytes = device.samples().capacity().saturating_mul(dimensions as u64).saturating_mul(4);
    write!(w, "}},\"charts_count\":{},\"dimensions_count\":{dimensions},", charts.len())?;
    write!(w, "\"alarms_count\":0,\"rrd_memory_bytes\":{bytes},\"hosts_count\":1,")?;
    write!(w, "\"hosts\":[{{\"hostname\":\"{}\"}}]}}", Escaped(&status.hostname))
}

pub(super) fn write_one(chart: usize, device: &dyn Device, frozen: &Frozen, w: &mut Window<'_>) -> fmt::Result {
    match device.charts().get(chart) {
        Some(chart) => object(chart, frozen, w),
        None => w.write_str("{}"),
    }
}

fn object(chart: &ChartInfo<'_>, frozen: &Frozen, w: &mut Window<'_>) -> fmt::Result {
    let id = Escaped(chart.id);
    let kind = chart.id.split('.').next().unwrap_or_default();
    write!(w, "{{\"id\":\"{id}\",\"name\":\"{id}\",\"type\":\"{}\",", Escaped(kind))?;
    write!(w, "\"family\":\"{}\",\"context\":\"{}\",", Escaped(chart.family), Escaped(chart.context))?;
    write!(w, "\"title\":\"{} ({id})\",\"priority\":{},", Escaped(chart.title), chart.priority)?;
    write!(w, "\"plugin\":\"{}\",\"module\":\"{}\",", Escaped(chart.plugin), Escaped(chart.module))?;
    write!(w, "\"units\":\"{}\",\"data_url\":\"/api/v1/data?chart={id}\",", Escaped(chart.units))?;
    let (first, last) = (frozen.range.start, frozen.range.end.saturating_sub(1));
    let duration = frozen.range.end - frozen.range.start;
    write!(w, "\"chart_type\":\"{}\",\"duration\":{duration},", chart.kind.name())?;
    write!(w, "\"first_entry\":{first},\"last_entry\":{last},\"update_every\":1,\"dimensions\":{{")?;
    for (index, dimension) in chart.dimensions.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(w, "{comma}\"{}\":{{\"name\":\"{}\"}}", Escaped(dimension.id), Escaped(dimension.name))?;
    }
    w.write_str("},\"chart_variables\":{},\"green\":null,\"red\":null,\"alarms\":{},\"chart_labels\":{}}")
}
