//! `/api/v1/info` and `/api/v3/info`: what the node is, and how its link is (protocol.md 1.14 and 5.1).

use super::Frozen;
use crate::metrics::Device;
use crate::node::{LinkState, Status};
use crate::settings::AGENT_VERSION;
use crate::wire::json::Escaped;
use crate::wire::parts::Window;
use core::fmt::{self, Display, Write};

/// Whether this was built with the link.
pub(super) const CLOUD_AVAILABLE: bool = cfg!(feature = "link");
/// The reason of the original.
pub(super) const NOT_CLAIMED: &str = "Agent is not claimed yet";
const PART_MACHINE: u64 = 1;
const PART_END: u64 = 2;

/// `null`, or the value in quotes.
pub(super) fn or_null<T: Display>(value: Option<T>) -> impl Display {
    fmt::from_fn(move |f| match &value {
        Some(value) => write!(f, "\"{value}\""),
        None => f.write_str("null"),
    })
}

fn or_unknown(text: &str) -> Escaped<'_> {
    Escaped(if text.is_empty() { "unknown" } else { text })
}

pub(super) fn write(
    part: u64,
    status: &Status,
    device: &dyn Device,
    frozen: &Frozen,
    w: &mut Window<'_>,
) -> fmt::Result {
    match part {
        PART_MACHINE => machine(status, device, w),
        PART_END => end(device, frozen, w),
        _ => identity(status, frozen, w),
    }
}

fn identity(status: &Status, frozen: &Frozen, w: &mut Window<'_>) -> fmt::Result {
    let (guid, name) = (status.machine_guid, Escaped(&status.hostname));
    let (node, claim) = (or_null(frozen.link.node), or_null(frozen.link.claimed));
    write!(w, "{{\"version\":\"v{AGENT_VERSION}\",\"uid\":\"{guid}\",\"hosts-available\":1,")?;
    write!(w, "\"mirrored_hosts\":[\"{name}\"],\"mirrored_hosts_status\":[{{\"hostname\":\"{name}\",\"hops\":0,")?;
    write!(w, "\"reachable\":true,\"guid\":\"{guid}\",\"node_id\":{node},\"claim_id\":{claim}}}],")?;
    w.write_str("\"alarms\":{\"normal\":0,\"warning\":0,\"critical\":0},")
}

fn machine(status: &Status, device: &dyn Device, w: &mut Window<'_>) -> fmt::Result {
    let facts = device.facts();
    for (key, text) in [
        ("os_name", facts.os_name),
        ("os_id", if facts.os_id.is_empty() { facts.os } else { facts.os_id }),
        ("os_version", facts.os_version),
        ("kernel_name", facts.kernel_name),
        ("kernel_version", facts.kernel_version),
        ("architecture", facts.architecture),
        ("virtualization", facts.virtualization),
        ("container", facts.container),
    ] {
        write!(w, "\"{key}\":\"{}\",", or_unknown(text))?;
    }
    for (key, number) in [
        ("cores_total", u64::from(facts.cpus)),
        ("cpu_freq", facts.cpu_frequency),
        ("ram_total", facts.memory),
        ("total_disk_space", facts.disk_space),
    ] {
        write!(w, "\"{key}\":\"{number}\",")?;
    }
    write!(w, "\"is_k8s_node\":\"false\",\"host_labels\":{{\"_hostname\":\"{}\"", Escaped(&status.hostname))?;
    for (key, value) in facts.labels {
        write!(w, ",\"{}\":\"{}\"", Escaped(key), Escaped(value))?;
    }
    w.write_str("},\"functions\":{},")
}

fn end(device: &dyn Device, frozen: &Frozen, w: &mut Window<'_>) -> fmt::Result {
    w.write_str("\"collectors\":[")?;
    let charts = device.charts();
    let mut first = true;
    for (index, chart) in charts.iter().enumerate() {
        let same =
            |other: &&crate::metrics::ChartInfo<'_>| (other.plugin, other.module) == (chart.plugin, chart.module);
        if charts.iter().take(index).any(|other| same(&other)) {
            continue;
        }
        let comma = if core::mem::take(&mut first) { "" } else { "," };
        write!(w, "{comma}{{\"plugin\":\"{}\",\"module\":\"{}\"}}", Escaped(chart.plugin), Escaped(chart.module))?;
    }
    let dimensions: usize = charts.iter().map(|chart| chart.dimensions.len()).sum();
    let retention = frozen.range.end - frozen.range.start;
    write!(w, "],\"charts-count\":{},\"metrics-count\":{dimensions},\"memory-mode\":\"ram\",", charts.len())?;
    write!(w, "\"memory-mode-available\":[\"ram\"],\"history\":{},", device.samples().capacity())?;
    write!(
        w,
        "\"update-every\":1,\"retention\":{retention},\"ml-info\":{{\"ml-capable\":false,\"ml-enabled\":false}},"
    )?;
    let (claimed, online) = (frozen.link.claimed.is_some(), frozen.link.state == LinkState::Online);
    let enabled = CLOUD_AVAILABLE && frozen.switched_off.is_none();
    write!(w, "\"cloud-enabled\":{enabled},\"cloud-available\":{CLOUD_AVAILABLE},")?;
    write!(w, "\"agent-claimed\":{claimed},\"aclk-available\":{online}}}")
}

pub(super) fn write_v3(status: &Status, frozen: &Frozen, w: &mut Window<'_>) -> fmt::Result {
    let link = &frozen.link;
    let seconds = frozen.now.wall.unix_seconds();
    let age = frozen.now.instant.since(link.since).as_secs();
    write!(w, "{{\"api\":3,\"agents\":[{{\"mg\":\"{}\",\"nd\":{},", status.machine_guid, or_null(link.node))?;
    write!(w, "\"nm\":\"{}\",\"now\":{seconds},\"ai\":0,", Escaped(&status.hostname))?;
    write!(w, "\"version\":\"v{AGENT_VERSION}\",\"cloud\":")?;
    cloud(status, frozen, seconds, age, w)?;
    w.write_str("}],\"cloud\":")?;
    cloud(status, frozen, seconds, age, w)?;
    w.write_str("}")
}

/// Keys of the original, and `stage` and `hint` besides.
fn cloud(status: &Status, frozen: &Frozen, seconds: u64, age: u64, w: &mut Window<'_>) -> fmt::Result {
    let link = &frozen.link;
    let id = u8::from(link.state != LinkState::Available);
    write!(w, "{{\"id\":{id},\"status\":\"{}\",\"since\":{},", link.state.name(), seconds.saturating_sub(age))?;
    write!(w, "\"age\":{age},\"url\":\"{}\",\"claim_id\":{}", Escaped(status.url.as_str()), or_null(link.claimed))?;
    if let Some(failure) = &link.failure {
        write!(w, ",\"stage\":\"{}\",\"reason\":\"{}\"", failure.stage, Escaped(failure.cause.as_str()))?;
        write!(w, ",\"hint\":\"{}\"", Escaped(failure.hint))?;
    } else if link.claimed.is_none() {
        write!(w, ",\"reason\":\"{}\"", Escaped(frozen.switched_off.unwrap_or(NOT_CLAIMED)))?;
    }
    if let Some(next) = link.next_attempt {
        let left = next.since(frozen.now.instant).as_secs();
        write!(w, ",\"next_check\":{},\"next_in\":{left}", seconds.saturating_add(left))?;
    }
    w.write_str("}")
}
