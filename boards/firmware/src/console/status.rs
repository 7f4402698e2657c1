//! The answer to `status`: how the device and its link are.

use super::desk::LINE_LEN;
use aclk_core::clock::Now;
use aclk_core::node::{LinkState, Status};
use aclk_core::text::Text;

/// Puts one line of the answer, in the words of `aclk status`, into `text`: that with the number `index`, from 0. Whether there
/// is one. All together would be much of a stack.
pub(super) fn line(status: &Status, now: Now, index: u32, text: &mut Text<LINE_LEN>) -> bool {
    let mut before = Some(index);
    let mut line = |name: &str, value: &dyn core::fmt::Display| {
        if before == Some(0) {
            *text = Text::of(format_args!("{name:<10} {value}"));
        }
        before = before.and_then(|before| before.checked_sub(1));
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
    before.is_none()
}
