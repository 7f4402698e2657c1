//! TCP connections through the router.

use crate::device::{Device, MAC};
use crate::world::{Server, World, noise};
use aclk_lan::{Config, Faults, Forward, ROUTER_ADDRESS, Strays, Target};
use core::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use core::time::Duration;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;

const SECOND: Duration = Duration::from_secs(1);
const ECHO: u16 = 7;
const PORT: u16 = 50_000;

const fn router(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(ROUTER_ADDRESS, port)
}

/// A world with a connection to `server`.
fn connected(server: Server) -> (World, SocketHandle) {
    let mut world = World::simple().serve(ECHO, server);
    let socket = world.device.connect(router(ECHO), PORT, 16_384);
    world.run_until(SECOND, |world| world.device.tcp(socket).state() == State::Established);
    world.settle();
    (world, socket)
}

/// Sends `data` and reads as much back.
#[track_caller]
pub(crate) fn exchange(world: &mut World, socket: SocketHandle, data: &[u8], limit: Duration) -> Vec<u8> {
    let (mut sent, mut back) = (0, Vec::new());
    world.run_until(limit, |world| {
        let tcp = world.device.tcp(socket);
        if tcp.can_send() {
            sent += tcp.send_slice(&data[sent..]).expect("an open connection");
        }
        while tcp.can_recv() {
            tcp.recv(|bytes| (bytes.len(), back.extend_from_slice(bytes))).expect("an open connection");
        }
        back.len() >= data.len()
    });
    back
}

#[test]
fn a_megabyte_goes_to_the_host_and_comes_back() {
    let (mut world, socket) = connected(Server::Echo);
    let data = noise(1_000_000);
    assert!(exchange(&mut world, socket, &data, SECOND * 60) == data);
    assert!(world.host.only().received == data);
    assert_eq!(world.host.asked, [SocketAddr::from((Ipv4Addr::LOCALHOST, ECHO))]);
    assert_eq!(world.host.only().device.port(), PORT);
}

#[test]
fn fin_of_the_device_reaches_the_host_after_the_data() {
    let (mut world, socket) = connected(Server::Sink);
    world.device.tcp(socket).send_slice(b"the end").expect("an open connection");
    world.device.tcp(socket).close();
    world.run_until(SECOND, |world| world.host.only().finished);
    assert_eq!(world.host.only().received, b"the end");
    assert!(!world.host.only().aborted);

    world.host.only().outgoing = b"so long".to_vec();
    world.run_until(SECOND, |world| world.device.tcp(socket).recv_queue() == 7);
    assert_eq!(world.device.tcp(socket).state(), State::FinWait2, "the other half stays open");
    world.host.only().close = true;
    world.run_until(SECOND, |world| world.device.tcp(socket).state() == State::TimeWait);
    world.run_for(SECOND);
    assert_eq!(world.lan.router.flows(), 0);
    assert!(!world.host.only().aborted);
}

#[test]
fn fin_of_the_host_reaches_the_device_after_the_data() {
    let (mut world, socket) = connected(Server::Sink);
    world.host.only().outgoing = noise(100_000);
    world.host.only().close = true;
    let mut received = Vec::new();
    world.run_until(SECOND * 10, |world| {
        let tcp = world.device.tcp(socket);
        while tcp.can_recv() {
            tcp.recv(|bytes| (bytes.len(), received.extend_from_slice(bytes))).expect("an open connection");
        }
        tcp.state() == State::CloseWait && !tcp.may_recv()
    });
    assert!(received == noise(100_000));
    world.device.tcp(socket).send_slice(b"still here").expect("the other half stays open");
    world.run_until(SECOND, |world| world.host.only().received == b"still here");
    world.device.tcp(socket).close();
    world.run_until(SECOND, |world| world.device.tcp(socket).state() == State::Closed);
    assert!(world.host.only().finished && !world.host.only().aborted);
    world.run_for(SECOND * 60);
    assert_eq!(world.lan.router.flows(), 0);
}

#[test]
fn a_host_that_closes_at_once_still_sends_its_fin_once_connected() {
    let mut world = World::simple().serve(ECHO, Server::Sink);
    let socket = world.device.connect(router(ECHO), PORT, 4_096);
    // The FIN is told before the device can have acknowledged anything.
    loop {
        world.device.poll(world.now);
        while let Some(frame) = world.device.take() {
            world.lan.send(world.now, frame);
        }
        match world.lan.poll(world.now) {
            Some(aclk_lan::Action::Connect { flow, .. }) => {
                world.lan.router.host(world.now, flow, aclk_lan::HostEvent::Connected).expect("no data");
                world.lan.router.host(world.now, flow, aclk_lan::HostEvent::Closed).expect("no data");
                break;
            }
            action => assert_eq!(action, None),
        }
        while let Some(frame) = world.lan.receive(world.now) {
            world.device.give(frame);
        }
    }
    world.run_until(SECOND, |world| world.device.tcp(socket).state() == State::CloseWait);
}

#[test]
fn reset_of_the_device_reaches_the_host() {
    let (mut world, socket) = connected(Server::Sink);
    world.device.tcp(socket).abort();
    world.run_until(SECOND, |world| world.host.only().aborted);
    assert!(!world.host.only().finished);
    assert_eq!(world.lan.router.flows(), 0);
}

#[test]
fn reset_of_the_host_reaches_the_device() {
    let (mut world, socket) = connected(Server::Sink);
    world.host.only().reset = true;
    world.run_until(SECOND, |world| world.device.tcp(socket).state() == State::Closed);
    world.run_for(SECOND);
    assert_eq!(world.lan.router.flows(), 0);
}

#[test]
fn a_port_nobody_listens_on_is_refused() {
    let mut world = World::simple();
    let socket = world.device.connect(router(9), PORT, 4_096);
    world.run_until(SECOND, |world| world.device.tcp(socket).state() == State::Closed);
    assert_eq!(world.host.asked.len(), 1, "the host was asked, and has refused");
    assert_eq!(world.lan.router.flows(), 0);
}

#[test]
fn the_device_is_not_connected_before_the_host_is() {
    let mut world = World::simple().serve(ECHO, Server::BlackHole);
    let socket = world.device.connect(router(ECHO), PORT, 4_096);
    world.run_for(SECOND * 20);
    assert_eq!(world.device.tcp(socket).state(), State::SynSent);
    assert_eq!(world.host.asked.len(), 1, "however often the device tries");
    assert_eq!(world.lan.router.flows(), 1);
}

#[test]
fn the_forward_table_decides_by_address_and_port() {
    let far = Ipv4Addr::new(203, 0, 113, 9);
    let mut config = Config::default();
    config.nat.addresses = vec![far];
    let rule = |address, port, target| Forward { address, port, target };
    let elsewhere = Target::Host(SocketAddr::from((Ipv4Addr::LOCALHOST, 8_443)));
    config.nat.forwards = vec![
        rule(Some(far), Some(443), elsewhere),
        rule(Some(far), None, Target::Silent),
        rule(None, Some(25), Target::Refused),
    ];
    let mut world = World::new(1, Faults::none(), config, Device::configured(1, 1_500))
        .serve(8_443, Server::Echo)
        .serve(443, Server::Sink)
        .serve(25, Server::Sink);
    let ends = [SocketAddrV4::new(far, 443), SocketAddrV4::new(far, 80), router(25), router(443)];
    let sockets: Vec<_> = ends.iter().zip(PORT..).map(|(end, port)| world.device.connect(*end, port, 1_024)).collect();
    world.run_for(SECOND * 5);
    let states: Vec<_> = sockets.iter().map(|socket| world.device.tcp(*socket).state()).collect();
    assert_eq!(states, [State::Established, State::SynSent, State::Closed, State::Established]);
    let asked: Vec<_> = world.host.asked.iter().map(SocketAddr::port).collect();
    assert_eq!(asked, [8_443, 443]);
}

#[test]
fn an_address_in_the_local_network_is_reached_too() {
    let near = Ipv4Addr::new(10, 77, 0, 9);
    let mut config = Config::default();
    config.nat.addresses = vec![near];
    let mut world = World::new(1, Faults::none(), config, Device::configured(1, 1_500)).serve(ECHO, Server::Echo);
    let socket = world.device.connect(SocketAddrV4::new(near, ECHO), PORT, 4_096);
    assert_eq!(exchange(&mut world, socket, b"hello", SECOND), b"hello");
}

#[test]
fn a_host_that_does_not_read_slows_the_device_down() {
    let (mut world, socket) = connected(Server::Lazy);
    let data = noise(1_000_000);
    let mut sent = 0;
    let push = |world: &mut World, sent: &mut usize| {
        let tcp = world.device.tcp(socket);
        if tcp.can_send() {
            *sent += tcp.send_slice(&data[*sent..]).expect("an open connection");
        }
    };
    for _ in 0..50 {
        push(&mut world, &mut sent);
        world.run_for(SECOND / 10);
    }
    // The buffers of device and router, and one chunk at the host.
    assert!(sent <= 16_384 + 65_536 + 16_384, "{sent} bytes went out");
    while sent < data.len() || world.host.only().received.len() < data.len() {
        push(&mut world, &mut sent);
        world.settle();
        let World { host, lan, now, .. } = &mut world;
        if host.read(lan, *now) == 0 {
            world.run_for(SECOND / 10);
        }
    }
    assert!(world.host.only().received == data);
}

#[test]
fn a_device_that_does_not_read_slows_the_host_down() {
    let (mut world, socket) = connected(Server::Sink);
    world.host.only().outgoing = noise(1_000_000);
    world.run_for(SECOND * 10);
    let taken = 1_000_000 - world.host.only().outgoing.len();
    assert!(taken <= 16_384 + 65_536, "{taken} bytes were taken");
    let mut received = Vec::new();
    world.run_until(SECOND * 100, |world| {
        let tcp = world.device.tcp(socket);
        while tcp.can_recv() {
            tcp.recv(|bytes| (bytes.len(), received.extend_from_slice(bytes))).expect("an open connection");
        }
        received.len() == 1_000_000
    });
    assert!(received == noise(1_000_000));
}

#[test]
fn more_data_than_there_is_room_for_is_an_error_and_changes_nothing() {
    let (mut world, socket) = connected(Server::Sink);
    let flow = *world.host.connections.keys().next().expect("a connection");
    let room = world.lan.router.room(flow);
    let much = vec![0; room + 1];
    let error = world.lan.router.host(world.now, flow, aclk_lan::HostEvent::Data(&much)).expect_err("too much");
    assert_eq!(error.room, room);
    world.run_for(SECOND);
    assert_eq!(world.device.tcp(socket).recv_queue(), 0);
    assert_eq!(world.lan.router.room(flow), room);
}

#[test]
fn what_the_device_sent_before_its_fin_waits_for_a_slow_host() {
    let (mut world, socket) = connected(Server::Lazy);
    world.host.only().close = true;
    world.run_until(SECOND, |world| world.device.tcp(socket).state() == State::CloseWait);
    let data = noise(40_000);
    let mut sent = 0;
    world.run_until(SECOND * 10, |world| {
        let tcp = world.device.tcp(socket);
        if tcp.can_send() {
            sent += tcp.send_slice(&data[sent..]).expect("an open half");
        }
        sent == data.len() && tcp.send_queue() == 0
    });
    world.device.tcp(socket).close();
    // Longer than the connection lingers in TIME-WAIT.
    world.run_for(SECOND * 60);
    while !world.host.only().finished {
        let World { host, lan, now, .. } = &mut world;
        host.read(lan, *now);
        world.settle();
    }
    assert!(world.host.only().received == data);
    assert!(!world.host.only().aborted);
    world.run_for(SECOND);
    assert_eq!(world.lan.router.flows(), 0);
}

#[test]
fn after_a_power_cut_of_the_router_the_next_segment_is_reset() {
    let (mut world, socket) = connected(Server::Sink);
    world.lan.router.forget_flows();
    world.settle();
    assert!(world.host.only().aborted);
    assert_eq!(world.device.tcp(socket).state(), State::Established, "the device cannot know yet");
    world.device.tcp(socket).send_slice(b"hello?").expect("an open connection");
    world.run_until(SECOND, |world| world.device.tcp(socket).state() == State::Closed);
}

#[test]
fn after_a_power_cut_of_a_silent_router_the_next_segment_vanishes() {
    let (mut world, socket) = connected(Server::Sink);
    world.lan.router.services().nat.strays = Strays::Silent;
    world.lan.router.forget_flows();
    world.device.tcp(socket).send_slice(b"hello?").expect("an open connection");
    world.run_for(SECOND * 60);
    assert_eq!(world.device.tcp(socket).state(), State::Established);
}

#[test]
fn an_idle_connection_is_forgotten_and_both_sides_learn_of_it() {
    let mut world = World::simple().serve(ECHO, Server::Sink);
    world.lan.router.services().nat.idle = SECOND * 100;
    let socket = world.device.connect(router(ECHO), PORT, 4_096);
    world.run_for(SECOND * 99);
    assert_eq!(world.device.tcp(socket).state(), State::Established);
    world.run_for(SECOND * 2);
    assert_eq!(world.device.tcp(socket).state(), State::Closed);
    assert!(world.host.only().aborted);
    assert_eq!(world.lan.router.flows(), 0);
}

/// A device that loses power and comes back, and connects from the same port again.
fn restarted(seed: u64) -> (World, SocketHandle) {
    let (mut world, _) = connected(Server::Echo);
    world.run_for(SECOND * 10);
    world.device = Device::configured(seed, 1_500);
    let socket = world.device.connect(router(ECHO), PORT, 4_096);
    (world, socket)
}

#[test]
fn a_device_that_restarts_may_use_the_same_port_again() {
    // With other dice, and with the same.
    for seed in [2, 1] {
        let (mut world, socket) = restarted(seed);
        world.run_until(SECOND * 2, |world| world.device.tcp(socket).state() == State::Established);
        world.settle();
        assert_eq!(world.host.connections.len(), 2);
        assert!(world.host.connections.values().next().expect("the old one").aborted);
        let second = world.host.connections.values().nth(1).expect("the new one");
        assert!(!second.aborted);
        assert_eq!(exchange(&mut world, socket, b"hello", SECOND), b"hello");
    }
}

#[test]
fn a_repeated_syn_does_not_disturb_the_connection() {
    let faults = Faults { duplicate: 1.0, reorder: 0.5, ..Faults::none() };
    let device = Device::configured(1, 1_500);
    let mut world = World::new(3, faults, Config::default(), device).serve(ECHO, Server::Echo);
    let socket = world.device.connect(router(ECHO), PORT, 4_096);
    assert!(exchange(&mut world, socket, &noise(10_000), SECOND * 60) == noise(10_000));
    assert_eq!(world.host.connections.len(), 1);
}

#[test]
fn connections_beyond_the_limit_are_refused_until_others_are_over() {
    let mut world = World::simple().serve(ECHO, Server::Echo);
    world.lan.router.services().nat.flows = 2;
    let connect = |world: &mut World, port| {
        let socket = world.device.connect(router(ECHO), port, 1_024);
        world.run_for(SECOND);
        (socket, world.device.tcp(socket).state())
    };
    let (first, state) = connect(&mut world, 50_001);
    assert_eq!(state, State::Established);
    assert_eq!(connect(&mut world, 50_002).1, State::Established);
    assert_eq!(connect(&mut world, 50_003).1, State::Closed);

    // The host closes first, so that the router's side lingers; that must not keep the next one out.
    let flow = *world.host.connections.keys().next().expect("the first");
    world.host.connections.get_mut(&flow).expect("the first").close = true;
    world.run_for(SECOND);
    world.device.tcp(first).close();
    world.run_for(SECOND);
    assert_eq!(world.lan.router.flows(), 2);
    assert_eq!(connect(&mut world, 50_004).1, State::Established);
}

#[test]
fn a_device_that_gives_up_connecting_frees_the_host() {
    let mut world = World::simple().serve(ECHO, Server::BlackHole);
    world.device.connect(router(ECHO), PORT, 1_024);
    world.run_for(SECOND);
    assert_eq!(world.lan.router.flows(), 1);
    // smoltcp sends no reset for a connection that never stood, others do.
    let mut reset = vec![0; 54];
    reset[..6].copy_from_slice(&aclk_lan::ROUTER_MAC);
    reset[6..12].copy_from_slice(&MAC);
    reset[12..].copy_from_slice(&crate::random_frames::tcp_packet(PORT, ECHO, 1, 0, 0x04, 0, &[], &[]));
    world.lan.send(world.now, reset);
    let action = world.lan.poll(world.now);
    assert!(matches!(action, Some(aclk_lan::Action::Abort { .. })), "{action:?}");
    assert_eq!(world.lan.router.flows(), 0);
}
