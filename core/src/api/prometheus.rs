//! `/api/v1/allmetrics`: the newest samples in the text format of Prometheus.

use super::Frozen;
use crate::metrics::{Device, Number, first_dimension};
use crate::node::Status;
use crate::settings::AGENT_VERSION;
use crate::wire::parts::Window;
use core::fmt::{self, Write};

/// Part 0 is about the node, and each further one about a chart.
pub(super) fn write(
    part: usize,
    status: &Status,
    device: &dyn Device,
    frozen: &Frozen,
    w: &mut Window<'_>,
) -> fmt::Result {
    let Some(index) = part.checked_sub(1) else {
        let instance = Label(&status.hostname);
        return writeln!(w, "netdata_info{{instance=\"{instance}\",version=\"v{AGENT_VERSION}\"}} 1");
    };
    let charts = device.charts();
    let Some(chart) = charts.get(index) else { return Ok(()) };
    let Some(second) = frozen.range.end.checked_sub(1) else { return Ok(()) };
    let first = first_dimension(charts, index);
    for (offset, dimension) in chart.dimensions.iter().enumerate() {
        let value = Number::of(device.samples().value(first + offset, second));
        if value.0.is_none() {
            continue;
        }
        write!(w, "netdata_{}_{}_average{{chart=\"{}\",", Name(chart.context), Units(chart.units), Label(chart.id))?;
        write!(w, "dimension=\"{}\",family=\"{}\"}} {value} ", Label(dimension.name), Label(chart.family))?;
        writeln!(w, "{second}000")?;
    }
    Ok(())
}

/// Text as part of a metric name: letters, digits and `_`.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| f.write_char(if c.is_ascii_alphanumeric() { c } else { '_' }))
    }
}

/// Units as part of a metric name: `percentage` is `percent`, `…/s` is `…_persec`, as the original has it.
struct Units<'a>(&'a str);

impl fmt::Display for Units<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.0.strip_suffix("/s")) {
            ("%" | "percentage", _) => f.write_str("percent"),
            (_, Some(units)) => write!(f, "{}_persec", Name(units)),
            (units, None) => write!(f, "{}", Name(units)),
        }
    }
}

/// The value of a label.
struct Label<'a>(&'a str);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\n' => f.write_str("\\n"),
            '"' | '\\' => write!(f, "\\{c}"),
            c => f.write_char(c),
        })
    }
}
