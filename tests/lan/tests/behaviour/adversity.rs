//! Whole connections over bad cables, in virtual time.

use crate::device::Device;
use crate::nat::exchange;
use crate::world::{Server, World, noise};
use aclk_core::clock::Instant;
use aclk_lan::{Config, End, Faults, Pcap, PcapBuffer, ROUTER_ADDRESS};
use core::net::SocketAddrV4;
use core::time::Duration;
use smoltcp::socket::tcp::State;

const SECOND: Duration = Duration::from_secs(1);
const ECHO: SocketAddrV4 = SocketAddrV4::new(ROUTER_ADDRESS, 7);

fn world(seed: u64, faults: Faults) -> World {
    World::new(seed, faults, Config::default(), Device::configured(seed, 1_500)).serve(7, Server::Echo)
}

fn bad(loss: f64) -> Faults {
    Faults {
        loss,
        duplicate: 0.05,
        reorder: 0.1,
        corrupt: 0.05,
        latency: Duration::from_millis(10),
        jitter: Duration::from_millis(5),
        ..Faults::none()
    }
}

#[test]
fn data_survives_loss_duplicates_reordering_and_damage() {
    for (seed, loss) in [(1, 0.1), (2, 0.2), (3, 0.3)] {
        let mut world = world(seed, bad(loss));
        let socket = world.device.connect(ECHO, 50_000, 8_192);
        let data = noise(50_000);
        assert!(exchange(&mut world, socket, &data, SECOND * 36_000) == data, "seed {seed}");
        world.device.tcp(socket).close();
        world.run_until(SECOND * 600, |world| world.host.only().finished);
        assert!(world.host.only().received == data, "seed {seed}");
        let counters = world.lan.cable.counters(End::Device);
        assert!(counters.lost > 0 && counters.duplicated > 0 && counters.reordered > 0 && counters.corrupted > 0);
    }
}

#[test]
fn the_same_seed_gives_the_same_capture_to_the_byte() {
    let capture = |seed| {
        let mut world = world(seed, bad(0.15));
        let taps = [PcapBuffer::default(), PcapBuffer::default()];
        world.lan.cable.capture(End::Device, Pcap::new(taps[0].clone()));
        world.lan.cable.capture(End::Router, Pcap::new(taps[1].clone()));
        let socket = world.device.connect(ECHO, 50_000, 8_192);
        exchange(&mut world, socket, &noise(20_000), SECOND * 3_600);
        taps.map(|tap| tap.bytes())
    };
    let first = capture(7);
    assert!(first.iter().all(|bytes| bytes.len() > 40_000));
    assert!(capture(7) == first);
    assert!(capture(8) != first);
}

#[test]
fn a_device_with_a_small_mtu_gets_small_packets() {
    // The cable drops whatever is longer, in both directions: only the segment sizes the two agree on can pass.
    let faults = Faults { mtu: 576, ..Faults::none() };
    let mut world = World::new(1, faults, Config::default(), Device::configured(1, 576)).serve(7, Server::Echo);
    let socket = world.device.connect(ECHO, 50_000, 8_192);
    assert!(exchange(&mut world, socket, &noise(100_000), SECOND * 60) == noise(100_000));
    assert_eq!(world.lan.cable.counters(End::Router).oversized, 0);
}

#[test]
fn a_router_with_a_small_mtu_sends_and_asks_for_small_packets() {
    let faults = Faults { mtu: 576, ..Faults::none() };
    let config = Config { mtu: 576, ..Config::default() };
    let mut world = World::new(1, faults, config, Device::configured(1, 1_500)).serve(7, Server::Echo);
    let socket = world.device.connect(ECHO, 50_000, 8_192);
    assert!(exchange(&mut world, socket, &noise(100_000), SECOND * 60) == noise(100_000));
    assert_eq!(world.lan.cable.counters(End::Device).oversized, 0);
}

#[test]
fn an_mtu_black_hole_swallows_full_packets_only() {
    let mut world = world(1, Faults { mtu: 576, ..Faults::none() });
    let socket = world.device.connect(ECHO, 50_000, 8_192);
    assert_eq!(exchange(&mut world, socket, b"small", SECOND), b"small");
    world.device.tcp(socket).send_slice(&noise(4_000)).expect("an open connection");
    world.run_for(SECOND * 60);
    assert_eq!(world.host.only().received, b"small");
    assert!(world.lan.cable.counters(End::Device).oversized > 0);
}

#[test]
fn a_connection_outlives_a_link_that_is_down_for_half_a_minute() {
    let down = vec![Instant::from_micros(2_000_000)..Instant::from_micros(32_000_000)];
    // Slow enough that the transfer is under way when the link goes down.
    let faults = Faults { bandwidth: Some(1_000_000), latency: Duration::from_millis(5), down, ..Faults::none() };
    let mut world = world(1, faults);
    let socket = world.device.connect(ECHO, 50_000, 8_192);
    let data = noise(500_000);
    let back = exchange(&mut world, socket, &data, SECOND * 300);
    assert!(back == data);
    assert!(world.lan.cable.counters(End::Device).cut > 0);
    assert!(world.now > Instant::from_micros(32_000_000));
    assert_eq!(world.device.tcp(socket).state(), State::Established);
}

#[test]
fn many_connections_share_a_bad_cable() {
    let mut world = world(5, bad(0.1));
    let data = noise(5_000);
    let sockets: Vec<_> = (50_000..50_020).map(|port| world.device.connect(ECHO, port, 8_192)).collect();
    for socket in sockets {
        assert!(exchange(&mut world, socket, &data, SECOND * 3_600) == data);
    }
    assert_eq!(world.host.connections.len(), 20);
}
