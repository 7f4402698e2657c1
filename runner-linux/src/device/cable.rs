//! The firmware application on an Ethernet cable made of memory: no root, no TAP device, and no network but this
//! machine's loopback behind the router at the other end.

use super::address::Addressing;
use super::{OwnStack, Wire, drive, hardware_address};
use crate::clock::HostClock;
use crate::erased::Wish;
use crate::fault::Fault;
use crate::host::{Host, Work};
use aclk_core::clock::Clock;
use aclk_core::driver::Observer;
use aclk_core::metrics::Device;
use aclk_core::node::Node;
use aclk_core::stage::Stage;
use aclk_lan::{Config, Faults, Lan};
use embassy_futures::select::select;
use std::cell::RefCell;

/// A cable with a router at its end that knows what time it is. On it, `https://cloud.test:PORT` is 127.0.0.1:PORT.
///
/// # Errors
/// If `faults` cannot be.
pub(crate) fn lan(seed: u64, faults: Faults) -> Result<Lan, Fault> {
    let mut config = Config { seed, ..Config::default() };
    config.sntp.unix_us = HostClock.wall().unix_us;
    Lan::new(seed, faults, config).map_err(|error| Fault::new(Stage::Config, error))
}

/// Works until the goal is reached or given up, or `control` ends it, as a device that was just switched on:
/// everything it knows of the network and of the time, it has to ask the router at the other end of `lan`.
///
/// Needs a tokio runtime.
pub(crate) async fn drive_on_cable(
    host: &mut Host,
    lan: Lan,
    stack: &OwnStack,
    work: Work,
    node: &RefCell<Node<dyn Device + '_>>,
    observer: &mut dyn Observer,
    control: &mut dyn Wish,
) {
    let router = lan.router.config().address.to_string();
    let (ethernet, network) = aclk_lan::host::Host::new(lan, hardware_address(work.settings.machine_guid));
    let config = Addressing::Dhcp.config(&work.settings.hostname);
    let wire = Wire { ethernet, config, stack, time_server: Some(&router) };
    select(drive(host, wire, work, node, observer, control), network.run()).await;
}

#[cfg(test)]
mod tests {
    use super::{drive_on_cable, lan};
    use crate::device::{OwnStack, now};
    use crate::erased::Wish;
    use crate::fault::exit;
    use crate::host::{Host, Work, block_on};
    use crate::report::record::Record;
    use crate::scratch::Scratch;
    use crate::settings::{Given, assemble};
    use crate::store::FileStore;
    use aclk_cloud::server::{Options, Running};
    use aclk_core::driver::{Command, Control, NoControl};
    use aclk_core::engine::event::Goal;
    use aclk_core::identity::guid::Guid;
    use aclk_core::metrics::NoDevice;
    use aclk_core::node::Node;
    use aclk_core::secret::Secret;
    use aclk_core::wire::url::Url;
    use aclk_lan::{Answer, DhcpFault, Faults, Lan};
    use std::cell::RefCell;
    use std::fs;
    use std::time::Duration;

    const PRIVATE_PEM: &str = include_str!("../../../tests/pair/fixtures/private.pem");

    /// How long to wait for a connection that is not to be expected, ...
    const SHORT: Duration = Duration::from_millis(500);
    /// ... and for one that is.
    const LONG: Duration = Duration::from_secs(20);

    /// Lets a new device claim itself over `lan` until `control` ends that. Each connection may take so long.
    fn claim(lan: Lan, connection: Duration, control: &mut dyn Wish) -> Record {
        let cloud = Running::start(Options { host: "cloud.test".to_owned(), ..Options::default() }).unwrap();
        let token = cloud.with(|cloud, _| Secret::copy_of(cloud.token().as_bytes()).unwrap());
        let given = Given { token: Some(token), url: Some(Url::parse(cloud.url()).unwrap()), ..Given::default() };
        let scratch = Scratch::new();
        fs::write(scratch.path().join("cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
        fs::write(scratch.path().join("private.pem"), PRIVATE_PEM).unwrap();
        let guid = Guid::parse("0f0e0d0c-0b0a-4908-8706-050403020100").unwrap();
        let mut settings = assemble(given, None, guid).unwrap();
        settings.claim_attempts = Some(1);
        settings.timing.tcp = connection;
        let mut host = Host::new(FileStore::new(scratch.path()), false).unwrap();
        let mut record = Record::default();
        block_on(async {
            let saved = host.saved().await.unwrap();
            let stack = OwnStack::new();
            let node = RefCell::new(Node::new(NoDevice::default(), &settings, &saved, now()));
            let work = Work { goal: Goal::Claim, settings, saved };
            let work = drive_on_cable(&mut host, lan, &stack, work, &node, &mut record, control);
            tokio::time::timeout(Duration::from_secs(120), work).await.expect("it hangs");
        })
        .unwrap();
        record
    }

    #[test]
    fn a_bad_cable_is_no_hindrance() {
        let ms = Duration::from_millis;
        let faults = Faults { loss: 0.02, duplicate: 0.05, latency: ms(3), jitter: ms(3), ..Faults::none() };
        let record = claim(lan(7, faults).unwrap(), LONG, &mut NoControl);
        assert_eq!(record.exit_code(), 0, "{record:?}");
    }

    #[test]
    fn without_an_address_a_wish_to_stop_is_heard() {
        struct Stop;
        impl Control for Stop {
            async fn next(&mut self) -> Command {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Command::Stop
            }
        }
        let mut lan = lan(7, Faults::none()).unwrap();
        lan.router.services().dhcp.fault = Some(DhcpFault::Silent);
        let record = claim(lan, SHORT, &mut Stop);
        assert_eq!(record.claimed(), None);
    }

    #[test]
    fn an_address_that_no_cloud_can_have_is_a_failure_like_any_other() {
        let nonsense =
            ["0.0.0.0", "224.0.0.1", "255.255.255.255", "10.77.0.255", "10.77.0.0", "10.77.0.100", "127.0.0.1"];
        for address in nonsense {
            let mut lan = lan(7, Faults::none()).unwrap();
            lan.router.services().dns.insert("cloud.test", Answer::Addresses(vec![address.parse().unwrap()]));
            let record = claim(lan, SHORT, &mut NoControl);
            assert_eq!(record.exit_code(), exit::CONNECT, "{address}: {record:?}");
        }
    }

    #[test]
    fn a_gateway_that_cannot_be_does_no_harm() {
        for gateway in ["0.0.0.0", "224.0.0.1", "255.255.255.255", "10.77.0.100", "192.0.2.1"] {
            let mut lan = lan(7, Faults::none()).unwrap();
            lan.router.services().dhcp.gateway = Some(gateway.parse().unwrap());
            lan.router.services().dns.insert("cloud.test", Answer::Addresses(vec!["192.0.2.7".parse().unwrap()]));
            let record = claim(lan, SHORT, &mut NoControl);
            assert_eq!(record.exit_code(), exit::CONNECT, "{gateway}: {record:?}");
        }
    }
}
