//! `-W buildinfo`: what this program is, for whoever looks at it in place of a Netdata Agent.

use crate::json::Object;
use aclk_core::settings::AGENT_VERSION;
use std::env::consts::{ARCH, OS};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// In lines.
pub(super) fn info() -> String {
    format!(
        "Version: aclk {VERSION}, in the place of netdata v{AGENT_VERSION}\n\
         Built for: {ARCH} {OS}\n\
         Features:\n    \
             Netdata Cloud: YES\n    \
             ACLK: YES, over MQTT 5\n    \
             TLS: 1.3, host name and chain are checked\n    \
             Proxies: HTTP CONNECT, SOCKS5, SOCKS5h\n    \
             Database: RAM, the last minutes\n    \
             Streaming, health, plugins, machine learning: NO"
    )
}

/// As one object.
pub(super) fn json() -> String {
    let object = Object::new()
        .member("program", "aclk")
        .member("version", VERSION)
        .member("agent-version", format!("v{AGENT_VERSION}"))
        .member("architecture", ARCH)
        .member("os", OS)
        .member("cloud-enabled", true)
        .member("aclk-available", true);
    object.end().0
}
