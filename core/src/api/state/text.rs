//! The form for people (protocol.md 5.3).

use super::{ACLK_VERSION, MQTT_VERSION, PROTOCOL, Step, Why, time};
use crate::api::info::CLOUD_AVAILABLE;
use crate::clock::{Now, Zone, micros};
use crate::node::Status;
use crate::settings::HOSTNAME_MAX;
use crate::text::Text;
use core::fmt::{self, Display, Write};

/// Writes the lines; times are those of `zone`. What never happened has no line.
///
/// # Errors
/// If `w` fails.
pub fn write(status: &Status, now: Now, zone: &dyn Zone, w: &mut dyn Write) -> fmt::Result {
    if !CLOUD_AVAILABLE {
        return w.write_str("ACLK Available: No\n");
    }
    head(status, w)?;
    history(status, now, zone, w)?;
    if status.is_online() {
        traffic(status, w)?;
    }
    instance(status, w)?;
    why(status, now, w)?;
    match status.warning {
        Some(warning) => writeln!(w, "\nWarning: {warning}"),
        None => Ok(()),
    }
}

fn head(status: &Status, w: &mut dyn Write) -> fmt::Result {
    w.write_str("ACLK Available: Yes\n")?;
    writeln!(w, "ACLK Version: {ACLK_VERSION}")?;
    writeln!(w, "Protocols Supported: {PROTOCOL}\nProtocol Used: {PROTOCOL}\nMQTT Version: {MQTT_VERSION}")?;
    writeln!(w, "Claimed: {}", yes(status.link.claimed.is_some()))?;
    if let Some(id) = status.link.claimed {
        writeln!(w, "Claimed Id: {id}\nCloud URL: {}\nACLK Proxy: {}", status.url, status.proxy)?;
        if let Some(latency) = status.link.traffic.latency {
            let us = micros(latency);
            writeln!(w, "Publish Latency: {}.{:03} ms", us / 1_000, us % 1_000)?;
        }
    }
    writeln!(w, "Online: {}", yes(status.is_online()))?;
    writeln!(w, "Reconnect count: {}", status.link.connections.reconnects())?;
    writeln!(w, "Banned By Cloud: {}", yes(status.is_banned()))
}

fn history(status: &Status, now: Now, zone: &dyn Zone, w: &mut dyn Write) -> fmt::Result {
    let connections = &status.link.connections;
    for (name, at) in [
        ("Last Connection Time", connections.last_up),
        ("Last Connection Time + 3 PUBACKs received", connections.last_proved),
        ("Last Disconnect Time", connections.last_down),
    ] {
        if let Some(at) = at {
            writeln!(w, "{name}: {}", time(at, now, zone))?;
        }
    }
    let Some((next, backoff)) = status.next_attempt() else { return Ok(()) };
    writeln!(w, "Next Connection Attempt At: {}", time(next, now, zone))?;
    match backoff {
        // The original ends this line with the first of the two line feeds in front of the node.
        Some(backoff) => write!(w, "Last Backoff: {}.{:03}", backoff.as_secs(), backoff.subsec_millis()),
        None => Ok(()),
    }
}

fn traffic(status: &Status, w: &mut dyn Write) -> fmt::Result {
    let traffic = &status.link.traffic;
    writeln!(w, "Received Cloud MQTT Messages: {}", traffic.received)?;
    writeln!(w, "MQTT Messages Confirmed by Remote Broker (PUBACKs): {}", traffic.acknowledged)?;
    writeln!(w, "Pending PUBACKS: {}", traffic.pending)?;
    writeln!(w, "Server Receive Maximum: {}", traffic.receive_maximum)
}

/// Our own node: there are no children, and no alerts.
fn instance(status: &Status, w: &mut dyn Write) -> fmt::Result {
    // A name is text for people here: it must not bring lines of its own.
    let hostname = Text::<{ HOSTNAME_MAX + 3 }>::of(&status.hostname);
    writeln!(w, "\n\n> Node Instance for mGUID: \"{}\" hostname \"{hostname}\"", status.machine_guid)?;
    writeln!(w, "\tClaimed ID: {}", or_null(status.link.claimed))?;
    writeln!(w, "\tNode ID: {}", or_null(status.link.node))?;
    w.write_str(
        "\tStreaming Hops: 0\n\tRelationship: self\n\tAlert Streaming Status:\n\t\tUpdates: 0\n\t\tCheckpoints: 0\n\t\t\
         Alert count: 0\n\t\tAlert snapshot count: 0\n",
    )
}

/// What the original lacks.
fn why(status: &Status, now: Now, w: &mut dyn Write) -> fmt::Result {
    let Some(why) = Why::of(status, now) else { return Ok(()) };
    w.write_str("\n")?;
    if let Some(stage) = why.stage {
        writeln!(w, "Stage: {stage}")?;
    }
    writeln!(w, "Reason: {}", why.reason)?;
    if let Some(said) = why.said {
        writeln!(w, "Cloud Said: {said}")?;
    }
    if !why.hint.is_empty() {
        writeln!(w, "Hint: {}", why.hint)?;
    }
    match why.next {
        Step::Unsaid => Ok(()),
        next => writeln!(w, "Next Step: {next}"),
    }
}

const fn yes(is: bool) -> &'static str {
    if is { "Yes" } else { "No" }
}

fn or_null(value: Option<impl Display>) -> impl Display {
    fmt::from_fn(move |f| match &value {
        Some(value) => value.fmt(f),
        None => f.write_str("null"),
    })
}
