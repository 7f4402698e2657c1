//! The form for programs (protocol.md 5.4): one compact object.

use super::{ACLK_VERSION, MQTT_VERSION, PROTOCOL, Step, Why, time};
use crate::api::info::{CLOUD_AVAILABLE, or_null};
use crate::clock::{Instant, Now, Utc, micros};
use crate::node::Status;
use crate::wire::json::Escaped;
use core::fmt::{self, Write};

/// Writes the object; times are in UTC. What never happened is `null`, a number that nothing was counted in is 0.
///
/// # Errors
/// If `w` fails.
pub fn write(status: &Status, now: Now, w: &mut dyn Write) -> fmt::Result {
    if !CLOUD_AVAILABLE {
        return w.write_str("{\"aclk-available\":false}");
    }
    let (link, claimed) = (&status.link, status.link.claimed.is_some());
    let traffic = &link.traffic;
    let latency_us = traffic.latency.map_or(0, micros);
    write!(w, "{{\"aclk-available\":true,\"aclk-version\":{ACLK_VERSION},\"protocols-supported\":[\"{PROTOCOL}\"],")?;
    write!(w, "\"agent-claimed\":{claimed},\"claimed-id\":{},", or_null(link.claimed))?;
    write!(w, "\"cloud-url\":{},", or_null(claimed.then(|| Escaped(status.url.as_str()))))?;
    write!(w, "\"aclk_proxy\":\"{}\",\"publish_latency_us\":{latency_us},", Escaped(status.proxy.as_str()))?;
    write!(w, "\"online\":{},\"used-cloud-protocol\":\"{PROTOCOL}\",", status.is_online())?;
    write!(w, "\"mqtt-version\":{MQTT_VERSION},\"received-app-layer-msgs\":{},", traffic.received)?;
    write!(w, "\"received-mqtt-pubacks\":{},\"pending-mqtt-pubacks\":{},", traffic.acknowledged, traffic.pending)?;
    write!(w, "\"server-receive-maximum\":{},", traffic.receive_maximum)?;
    history(status, now, w)?;
    write!(w, "\"banned-by-cloud\":{},\"node-instances\":[", status.is_banned())?;
    instance(status, w)?;
    w.write_str("]")?;
    why(status, now, w)?;
    if let Some(warning) = status.warning {
        write!(w, ",\"warning\":\"{}\"", Escaped(warning))?;
    }
    w.write_str("}")
}

fn history(status: &Status, now: Now, w: &mut dyn Write) -> fmt::Result {
    let connections = &status.link.connections;
    let next = status.next_attempt();
    write!(w, "\"reconnect-count\":{},", connections.reconnects())?;
    for (key, at) in [
        ("last-connect-time-utc", connections.last_up),
        ("last-connect-time-puback-utc", connections.last_proved),
        ("last-disconnect-time-utc", connections.last_down),
        ("next-connection-attempt-utc", next.map(|(at, _)| at)),
    ] {
        write!(w, "\"{key}\":{},", or_null(at.map(|at: Instant| time(at, now, &Utc))))?;
    }
    w.write_str("\"last-backoff-value\":")?;
    match next.and_then(|(_, backoff)| backoff) {
        Some(backoff) => write!(w, "{}.{:03},", backoff.as_secs(), backoff.subsec_millis()),
        None => w.write_str("null,"),
    }
}

/// Our own node: there are no children, and no alerts.
fn instance(status: &Status, w: &mut dyn Write) -> fmt::Result {
    write!(w, "{{\"hostname\":\"{}\",\"mguid\":\"{}\",", Escaped(&status.hostname), status.machine_guid)?;
    write!(w, "\"claimed_id\":{},\"node-id\":{},", or_null(status.link.claimed), or_null(status.link.node))?;
    w.write_str("\"streaming-hops\":0,\"relationship\":\"self\",\"streaming-online\":true,\"alert-sync-status\":{")?;
    w.write_str(
        "\"updates\":0,\"checkpoint-count\":0,\"alert-count\":0,\"alert-snapshot-count\":0,\"alert-version\":0}}",
    )
}

/// What the original lacks.
fn why(status: &Status, now: Now, w: &mut dyn Write) -> fmt::Result {
    let Some(why) = Why::of(status, now) else { return Ok(()) };
    if let Some(stage) = why.stage {
        write!(w, ",\"stage\":\"{stage}\"")?;
    }
    write!(w, ",\"reason\":\"{}\"", Escaped(why.reason))?;
    if let Some(said) = why.said {
        write!(w, ",\"cloud-said\":{{\"status\":{},\"errorMsgKey\":\"{}\",", said.status, Escaped(said.key.as_str()))?;
        write!(w, "\"errorMessage\":\"{}\",", Escaped(said.message.as_str()))?;
        write!(w, "\"errorCode\":\"{}\"}}", Escaped(said.code.as_str()))?;
    }
    if !why.hint.is_empty() {
        write!(w, ",\"hint\":\"{}\"", Escaped(why.hint))?;
    }
    match why.next {
        Step::Unsaid => Ok(()),
        next => write!(w, ",\"next-step\":\"{next}\""),
    }
}
