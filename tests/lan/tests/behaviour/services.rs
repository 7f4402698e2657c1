//! ARP, ICMP, DHCP, DNS and SNTP, as a device sees them.

use crate::device::{ADDRESS, Device, MAC};
use crate::world::World;
use aclk_lan::{Answer, Config, DhcpFault, DnsFault, Faults, ROUTER_ADDRESS, SntpFault};
use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::dhcpv4;

const FAR: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const NEAR: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 9);

const SECOND: Duration = Duration::from_secs(1);

fn with_addresses() -> World {
    let mut config = Config::default();
    config.nat.addresses = vec![NEAR, FAR];
    World::new(1, Faults::none(), config, Device::configured(1, 1_500))
}

fn ping(world: &mut World, to: Ipv4Addr) -> Option<(Ipv4Addr, Vec<u8>)> {
    let pinger = world.device.pinger();
    world.device.ping(pinger, to, b"are you there");
    world.run_for(SECOND * 3);
    world.device.pong(pinger)
}

#[test]
fn the_router_answers_pings_to_all_its_addresses() {
    for address in [ROUTER_ADDRESS, NEAR, FAR] {
        assert_eq!(ping(&mut with_addresses(), address), Some((address, b"are you there".to_vec())));
    }
}

#[test]
fn addresses_that_nobody_has_stay_silent() {
    for address in [Ipv4Addr::new(10, 77, 0, 10), Ipv4Addr::new(203, 0, 113, 10)] {
        assert_eq!(ping(&mut with_addresses(), address), None);
    }
}

/// Sends `request` to `to`, and returns the first answer.
fn ask(world: &mut World, to: SocketAddrV4, request: &[u8]) -> Option<Vec<u8>> {
    let socket = world.device.udp(40_000);
    world.device.send_to(socket, to, request);
    world.run_for(SECOND * 3);
    world.device.received_from(socket)
}

fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut query = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend_from_slice(label.as_bytes());
    }
    query.push(0);
    query.extend_from_slice(&kind.to_be_bytes());
    query.extend_from_slice(&[0, 1]);
    query
}

fn resolve(world: &mut World, name: &str) -> Option<(u8, Vec<[u8; 4]>)> {
    let query = query(name, 1);
    let reply = ask(world, SocketAddrV4::new(ROUTER_ADDRESS, 53), &query)?;
    assert_eq!(reply[..2], [0xab, 0xcd]);
    assert_eq!(reply[12..query.len()], query[12..]);
    let addresses = reply[query.len()..].chunks(16).map(|record| record[12..].try_into().expect("an address"));
    Some((reply[3] & 15, addresses.collect()))
}

#[test]
fn a_device_resolves_names_over_the_cable() {
    let mut world = World::simple();
    let answer = Answer::Addresses(vec![Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)]);
    world.lan.router.services().dns.insert("both.example", answer);
    assert_eq!(resolve(&mut world, "cloud.test"), Some((0, vec![[10, 77, 0, 1]])));
    let mut world2 = World::simple();
    assert_eq!(resolve(&mut world2, "nowhere.test"), Some((3, vec![])));
    let socket = world.device.udp(40_001);
    world.device.send_to(socket, SocketAddrV4::new(ROUTER_ADDRESS, 53), &query("both.example", 1));
    world.run_for(SECOND);
    let reply = world.device.received_from(socket).expect("an answer");
    assert_eq!(reply[7], 2, "two addresses");
}

#[test]
fn dns_goes_wrong_as_told() {
    let code = |fault| {
        let mut world = World::simple();
        world.lan.router.services().dns.fault = Some(fault);
        resolve(&mut world, "cloud.test").map(|(code, _)| code)
    };
    assert_eq!(code(DnsFault::Silent), None);
    assert_eq!(code(DnsFault::ServerFailure), Some(2));
    assert_eq!(code(DnsFault::NoSuchName), Some(3));
    assert_eq!(code(DnsFault::Refused), Some(5));
}

#[test]
fn the_time_server_tells_the_time_of_the_network() {
    let mut world = World::simple();
    let mut request = [0; 48];
    request[0] = 0x1b;
    world.run_for(Duration::from_secs(100));
    let reply = ask(&mut world, SocketAddrV4::new(ROUTER_ADDRESS, 123), &request).expect("an answer");
    let seconds = u32::from_be_bytes(reply[40..44].try_into().expect("four bytes"));
    assert_eq!(i64::from(seconds) - 2_208_988_800, 1_767_225_600 + 100);

    let mut world = World::simple();
    world.lan.router.services().sntp.fault = Some(SntpFault::KissOfDeath(*b"DENY"));
    let reply = ask(&mut world, SocketAddrV4::new(ROUTER_ADDRESS, 123), &request).expect("an answer");
    assert_eq!((reply[1], &reply[12..16]), (0, &b"DENY"[..]));
}

#[test]
fn other_ports_are_unreachable() {
    let mut world = World::simple();
    let buffer = aclk_lan::PcapBuffer::default();
    world.lan.cable.capture(aclk_lan::End::Device, aclk_lan::Pcap::new(buffer.clone()));
    assert_eq!(ask(&mut world, SocketAddrV4::new(ROUTER_ADDRESS, 5_353), b"?"), None);
    let unreachable = |window: &[u8]| window == [3, 3];
    let capture = buffer.bytes();
    let icmp = capture.windows(36).find(|ip| ip[0] == 0x45 && ip[9] == 1 && ip[12..16] == [10, 77, 0, 1]);
    assert!(unreachable(&icmp.expect("an ICMP message from the router")[20..22]));
}

/// What a device has learned from DHCP.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lease {
    address: Ipv4Addr,
    router: Option<Ipv4Addr>,
    dns: Vec<Ipv4Addr>,
}

fn new_client(device: &mut Device) -> SocketHandle {
    let dhcp = device.dhcp();
    // It begins by saying that it knows nothing.
    assert_eq!(device.dhcp_event(dhcp), Some(dhcpv4::Event::Deconfigured));
    dhcp
}

fn client(config: Config) -> (World, SocketHandle) {
    let mut device = Device::bare(MAC, 1, 1_500);
    let dhcp = new_client(&mut device);
    // A client that gets a NAK starts over at once: without latency, time would stand still.
    let faults = Faults { latency: Duration::from_millis(1), ..Faults::none() };
    (World::new(1, faults, config, device), dhcp)
}

/// Runs until the device is configured, and configures it, or until it has been taken its address away.
#[track_caller]
fn next_lease(world: &mut World, dhcp: SocketHandle, limit: Duration) -> Option<Lease> {
    let mut lease = None;
    world.run_until(limit, |world| {
        match world.device.dhcp_event(dhcp) {
            None => return false,
            Some(dhcpv4::Event::Deconfigured) => {}
            Some(dhcpv4::Event::Configured(config)) => {
                let dns = config.dns_servers.to_vec();
                lease = Some(Lease { address: config.address.address(), router: config.router, dns });
            }
        }
        true
    });
    if let Some(lease) = &lease {
        world.device.configure(lease.address, lease.router);
    }
    lease
}

#[test]
fn a_device_gets_a_lease_and_keeps_it() {
    let mut config = Config::default();
    config.dhcp.lease = SECOND * 100;
    let (mut world, dhcp) = client(config);
    let lease = next_lease(&mut world, dhcp, SECOND * 30).expect("a lease");
    let first = Ipv4Addr::new(10, 77, 0, 100);
    assert_eq!(lease, Lease { address: first, router: Some(ROUTER_ADDRESS), dns: vec![ROUTER_ADDRESS] });
    assert_eq!(world.lan.router.leased_to(MAC, world.now), Some(first));

    world.run_for(SECOND * 1_000);
    assert_eq!(world.device.dhcp_event(dhcp).map(|_| ()), None, "renewed in silence, ten times over");
    assert_eq!(world.lan.router.leased_to(MAC, world.now), Some(first));
}

#[test]
fn a_lease_that_is_not_renewed_ends() {
    let mut config = Config::default();
    config.dhcp.lease = SECOND * 100;
    let (mut world, dhcp) = client(config);
    next_lease(&mut world, dhcp, SECOND * 30).expect("a lease");
    world.lan.router.services().dhcp.fault = Some(DhcpFault::Silent);
    assert_eq!(next_lease(&mut world, dhcp, SECOND * 101), None);
    assert_eq!(world.lan.router.leased_to(MAC, world.now), None);
}

#[test]
fn a_revoked_lease_is_refused_and_replaced_by_another_address() {
    let mut config = Config::default();
    config.dhcp.lease = SECOND * 100;
    let (mut world, dhcp) = client(config);
    let before = next_lease(&mut world, dhcp, SECOND * 30).expect("a lease");
    world.lan.router.revoke_leases();
    assert_eq!(next_lease(&mut world, dhcp, SECOND * 60), None, "the renewal is refused");
    let after = next_lease(&mut world, dhcp, SECOND * 60).expect("another lease");
    assert_ne!(before.address, after.address);
}

#[test]
fn two_devices_get_two_addresses() {
    let config = Config::default();
    let (mut world, dhcp) = client(config);
    let first = next_lease(&mut world, dhcp, SECOND * 30).expect("a lease");
    world.device = Device::bare([2, 0, 0, 0, 0, 0x43], 2, 1_500);
    let dhcp = new_client(&mut world.device);
    let second = next_lease(&mut world, dhcp, SECOND * 30).expect("a lease");
    assert_ne!(first.address, second.address);
}

#[test]
fn a_server_that_refuses_or_has_nothing_gives_no_lease() {
    for fault in [DhcpFault::Silent, DhcpFault::Nak, DhcpFault::OfferOnly, DhcpFault::Exhausted] {
        let (mut world, dhcp) = client(Config::default());
        world.lan.router.services().dhcp.fault = Some(fault);
        world.run_for(SECOND * 60);
        let configured = matches!(world.device.dhcp_event(dhcp), Some(dhcpv4::Event::Configured(_)));
        assert!(!configured, "{fault:?}");
        world.lan.router.services().dhcp.fault = None;
        world.run_until(SECOND * 120, |world| {
            matches!(world.device.dhcp_event(dhcp), Some(dhcpv4::Event::Configured(_)))
        });
    }
}

#[test]
fn the_router_lets_a_device_keep_its_address_to_itself() {
    // A device that asks who has its own address must hear nothing, or it would see a conflict.
    let mut world = World::simple();
    let mut probe = vec![0xff; 6];
    probe.extend_from_slice(&MAC);
    probe.extend_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    probe.extend_from_slice(&MAC);
    probe.extend_from_slice(&[0; 4]);
    probe.extend_from_slice(&[0; 6]);
    let mut own = probe.clone();
    own.extend_from_slice(&ADDRESS.octets());
    world.lan.send(world.now, own);
    assert_eq!(world.lan.poll(world.now), None);
    assert_eq!(world.lan.receive(world.now), None);

    let mut announced = probe;
    announced[28..32].copy_from_slice(&ADDRESS.octets());
    announced.extend_from_slice(&ROUTER_ADDRESS.octets());
    world.lan.send(world.now, announced);
    assert_eq!(world.lan.poll(world.now), None);
    let reply = world.lan.receive(world.now).expect("an ARP reply");
    assert_eq!(reply[20..22], [0, 2]);
    assert_eq!(reply[22..28], aclk_lan::ROUTER_MAC);
}
