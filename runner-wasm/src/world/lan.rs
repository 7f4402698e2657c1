//! The network that the device is plugged into: a household router, as the page sets it up.

use super::settings::{DhcpFault, DnsFault, NamedTimeFault, Network, TimeFault};
use aclk_lan::{Answer, Config, DhcpFault as Dhcp, DnsFault as Dns, Services, SntpFault};

/// The name of the proxy.
const PROXY: &str = "proxy.test";

/// A router as it comes from the shop.
pub(super) fn config(seed: u64) -> Config {
    let mut config = Config { seed, ..Config::default() };
    config.dns.insert(PROXY, Answer::Router);
    config
}

/// Makes the services of the router as the page has them; `time_us` is Unix time when the clock was at zero.
pub(super) fn apply(network: &Network, services: Services<'_>, time_us: u64) {
    services.dhcp.fault = network.dhcp.map(|fault| match fault {
        DhcpFault::Silent => Dhcp::Silent,
        DhcpFault::Nak => Dhcp::Nak,
        DhcpFault::OfferOnly => Dhcp::OfferOnly,
        DhcpFault::Exhausted => Dhcp::Exhausted,
    });
    services.dns.fault = network.dns.map(|fault| match fault {
        DnsFault::Silent => Dns::Silent,
        DnsFault::ServerFailure => Dns::ServerFailure,
        DnsFault::NoSuchName => Dns::NoSuchName,
        DnsFault::Refused => Dns::Refused,
    });
    services.sntp.unix_us = time_us;
    services.sntp.fault = network.time.map(|fault| match fault {
        TimeFault::Named(NamedTimeFault::Silent) => SntpFault::Silent,
        TimeFault::Named(NamedTimeFault::KissOfDeath) => SntpFault::KissOfDeath(*b"RATE"),
        TimeFault::Named(NamedTimeFault::Unsynchronised) => SntpFault::Unsynchronised,
        TimeFault::Off(seconds) => SntpFault::Off(seconds as i64),
    });
}
