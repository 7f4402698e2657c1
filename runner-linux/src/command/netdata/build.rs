//! `-W buildinfo`: what this program is, for whoever looks at it in place of a Netdata Agent.

use crate::json::Object;
use crate::sources::switch::IS_BUILT;
use aclk_core::settings::AGENT_VERSION;
use std::env::consts::{ARCH, OS};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// In lines.
pub(super) fn info() -> String {
    let (cloud, link) = if IS_BUILT { ("YES", "YES, over MQTT 5") } else { ("NO", "NO") };
    let tls = if IS_BUILT { "1.3, host name and chain are checked" } else { "NO" };
    let proxies = if IS_BUILT { "HTTP CONNECT, SOCKS5, SOCKS5h" } else { "NO" };
    format!(
        "Version: aclk {VERSION}, in the place of netdata v{AGENT_VERSION}\n\
         Built for: {ARCH} {OS}\n\
         Features:\n    \
             Netdata Cloud: {cloud}\n    \
             ACLK: {link}\n    \
             TLS: {tls}\n    \
             Proxies: {proxies}\n    \
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
        .member("cloud-enabled", IS_BUILT)
        .member("aclk-available", IS_BUILT);
    object.end().0
}
