//! The firmware application on an Ethernet cable made of memory: no root, no TAP device, and no network but this
//! machine's loopback behind the router at the other end.

use super::address::Addressing;
use super::{Wire, drive, hardware_address};
use crate::clock::{BUILD_UNIX_SECONDS, HostClock};
use crate::fault::Fault;
use crate::host::Host;
use aclk_core::clock::Clock;
use aclk_core::driver::{Control, Observer};
use aclk_core::engine::event::Goal;
use aclk_core::settings::Settings;
use aclk_core::stage::Stage;
use aclk_core::store::Saved;
use aclk_firmware::DeviceClock;
use aclk_lan::{Config, Faults, Lan};
use embassy_futures::select::select;

/// A cable with a router at its end that knows what time it is. On it, `https://cloud.test:PORT` is 127.0.0.1:PORT.
///
/// # Errors
/// If `faults` cannot be.
pub(crate) fn lan(seed: u64, faults: Faults) -> Result<Lan, Fault> {
    let mut config = Config { seed, ..Config::default() };
    config.sntp.unix_us = HostClock.wall().unix_us;
    Lan::new(seed, faults, config).map_err(|error| Fault::new(Stage::Config, error))
}

/// Works towards `goal` until it is reached or given up, or `control` ends it, as a device that was just switched on:
/// everything it knows of the network and of the time, it has to ask the router at the other end of `lan`.
///
/// Needs a tokio runtime.
pub(crate) async fn drive_on_cable(
    host: &mut Host,
    lan: Lan,
    goal: Goal,
    settings: Settings,
    saved: Saved,
    observer: &mut impl Observer,
    control: &mut impl Control,
) {
    let router = lan.router.config().address;
    let (ethernet, network) = aclk_lan::host::Host::new(lan, hardware_address(settings.machine_guid));
    let config = Addressing::Dhcp.config(&settings.hostname);
    let clock = DeviceClock::new(BUILD_UNIX_SECONDS);
    let wire = Wire { ethernet, config, clock: &clock, time_server: Some(router) };
    select(drive(host, wire, goal, settings, saved, observer, control), network.run()).await;
}
