//! The answer to `status`: how the device and its link are.

use super::desk::LINE_LEN;
use aclk_core::clock::Now;
use aclk_core::node::{LinkState, Status};
use aclk_core::text::Text;

/// How many lines it can have.
pub(super) const LINES: usize = 10;

/// The lines of the answer, in the words of `aclk status`.
pub(super) fn lines(status: &Status, now: Now) -> heapless::Vec<Text<LINE_LEN>, LINES> {
    let mut lines = heapless::Vec::new();
    let mut line = |name: &str, value: &dyn core::fmt::Display| {
        let _ = lines.push(Text::of(format_args!("{name:<10} {value}")));
    };
    line("host name", &status.hostname);
    line("device", &status.machine_guid);
    match &status.link.claimed {
        Some(id) => line("claimed", &format_args!("as {id}")),
        None => line("claimed", &"no"),
    }
    line("cloud", &status.url);
    line("proxy", &status.proxy.as_str());
    if let Some(node) = status.link.node {
        line("node", &node);
    }
    let since = now.instant.since(status.link.since).as_secs();
    match (status.link.state, &status.link.failure) {
        (LinkState::Online, _) => line("link", &format_args!("online for {since} s")),
        (state, Some(failure)) => line("link", &format_args!("{}: {failure}", state.name())),
        (LinkState::Available, None) => line("link", &"none: the device is not claimed"),
        (state, None) => line("link", &format_args!("{}: an attempt is being made", state.name())),
    }
    if let Some(failure) = status.link.failure.as_ref().filter(|_| status.link.state != LinkState::Online) {
        if let Some(said) = &failure.server {
            line("said", &said);
        }
        if !failure.hint.is_empty() {
            line("hint", &failure.hint);
        }
    }
    lines
}
