//! The router against frames of every kind: it must neither panic nor get stuck, and serve the next device as before.

use crate::device::{ADDRESS, Device, MAC};
use crate::nat::exchange;
use crate::world::{Server, World};
use aclk_lan::{Action, Config, Faults, Frame, HostEvent, Lan, ROUTER_ADDRESS, ROUTER_MAC};
use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use proptest::prelude::*;

fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum()
}

fn checksum(mut sum: u32) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

fn ip_packet(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len()) as u16;
    let mut packet = vec![8, 0, 0x45, 0];
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 64, protocol, 0, 0]);
    packet.extend_from_slice(&source.octets());
    packet.extend_from_slice(&destination.octets());
    let check = checksum(sum(&packet[2..]));
    packet[12..14].copy_from_slice(&check);
    packet.extend_from_slice(payload);
    packet
}

/// Puts the right checksum at `at`.
fn seal(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, at: usize, payload: &mut [u8]) {
    let pseudo = sum(&source.octets()) + sum(&destination.octets()) + u32::from(protocol) + payload.len() as u32;
    let check = checksum(pseudo + sum(payload));
    payload[at..at + 2].copy_from_slice(&check);
}

/// An IP packet, from its Ethernet type on, with a TCP segment from the device to the router.
#[allow(clippy::too_many_arguments)]
pub(crate) fn tcp_packet(
    source: u16,
    destination: u16,
    sequence: u32,
    acknowledged: u32,
    flags: u8,
    window: u16,
    options: &[u8],
    data: &[u8],
) -> Vec<u8> {
    let mut options = options.to_vec();
    options.resize(options.len().next_multiple_of(4).min(40), 0);
    let mut segment = Vec::new();
    segment.extend_from_slice(&source.to_be_bytes());
    segment.extend_from_slice(&destination.to_be_bytes());
    segment.extend_from_slice(&sequence.to_be_bytes());
    segment.extend_from_slice(&acknowledged.to_be_bytes());
    segment.extend_from_slice(&[((5 + options.len() / 4) as u8) << 4, flags]);
    segment.extend_from_slice(&window.to_be_bytes());
    segment.extend_from_slice(&[0, 0, 0, 0]);
    segment.extend_from_slice(&options);
    segment.extend_from_slice(data);
    seal(ADDRESS, ROUTER_ADDRESS, 6, 16, &mut segment);
    ip_packet(ADDRESS, ROUTER_ADDRESS, 6, &segment)
}

fn udp_packet(source: Ipv4Addr, destination: Ipv4Addr, ports: (u16, u16), data: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    datagram.extend_from_slice(&ports.0.to_be_bytes());
    datagram.extend_from_slice(&ports.1.to_be_bytes());
    datagram.extend_from_slice(&((8 + data.len()) as u16).to_be_bytes());
    datagram.extend_from_slice(&[0, 0]);
    datagram.extend_from_slice(data);
    seal(source, destination, 17, 6, &mut datagram);
    ip_packet(source, destination, 17, &datagram)
}

fn framed(payload: Vec<u8>) -> Frame {
    let mut frame = ROUTER_MAC.to_vec();
    frame.extend_from_slice(&MAC);
    frame.extend(payload);
    frame
}

fn bytes(length: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..length)
}

/// A number that is often close to an edge, or close to one seen before.
fn edgy() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), (-3_i32..4).prop_map(|near| near as u32), (1_000_u32..1_010)]
}

fn address() -> impl Strategy<Value = Ipv4Addr> {
    prop_oneof![
        4 => Just(ADDRESS),
        4 => Just(ROUTER_ADDRESS),
        1 => Just(Ipv4Addr::UNSPECIFIED),
        1 => Just(Ipv4Addr::BROADCAST),
        1 => Just(Ipv4Addr::new(10, 77, 0, 255)),
        1 => Just(Ipv4Addr::new(10, 77, 0, 0)),
        1 => Just(Ipv4Addr::new(224, 0, 0, 1)),
        1 => Just(Ipv4Addr::LOCALHOST),
        1 => any::<u32>().prop_map(Ipv4Addr::from_bits),
    ]
}

fn tcp_frame() -> impl Strategy<Value = Frame> {
    let ports = (50_000_u16..50_003, prop_oneof![Just(7_u16), Just(8), Just(0)]);
    let flags = prop_oneof![Just(0x02_u8), Just(0x10), Just(0x11), Just(0x04), Just(0x14), Just(0x12), any::<u8>()];
    let options = prop_oneof![
        Just(vec![]),
        Just(vec![2, 4, 0, 0]),
        Just(vec![2, 4, 0, 1]),
        Just(vec![3, 3, 255, 4, 2, 0, 0, 0]),
        bytes(40),
    ];
    (ports, edgy(), edgy(), flags, any::<u16>(), options, bytes(64)).prop_map(
        |(ports, sequence, acknowledged, flags, window, options, data)| {
            framed(tcp_packet(ports.0, ports.1, sequence, acknowledged, flags, window, &options, &data))
        },
    )
}

fn dhcp_message() -> impl Strategy<Value = Vec<u8>> {
    let option = (prop_oneof![Just(53_u8), Just(50), Just(54), Just(61), any::<u8>()], bytes(10));
    (any::<[u8; 28]>(), proptest::collection::vec(option, 0..8), 0_u8..9).prop_map(|(header, options, kind)| {
        let mut message = vec![1, 1, 6, 0];
        message.extend_from_slice(&header[4..]);
        message.extend_from_slice(&MAC);
        message.resize(236, 0);
        message.extend_from_slice(&[0x63, 0x82, 0x53, 0x63, 53, 1, kind]);
        for (code, value) in options {
            message.extend_from_slice(&[code, value.len() as u8]);
            message.extend(value);
        }
        message
    })
}

fn udp_frame() -> impl Strategy<Value = Frame> {
    let dns = (bytes(80), any::<[u8; 2]>()).prop_map(|(question, count)| {
        let mut query = vec![0, 1, 1, 0, count[0] & 1, count[1] & 1, 0, 0, 0, 0, 0, 0];
        query.extend(question);
        query
    });
    let service = prop_oneof![
        (Just(67_u16), dhcp_message().boxed()),
        (Just(53), dns.boxed()),
        (Just(123), proptest::collection::vec(any::<u8>(), 40..60).boxed()),
        (any::<u16>(), bytes(600).boxed()),
    ];
    (address(), address(), service)
        .prop_map(|(source, destination, (port, data))| framed(udp_packet(source, destination, (68, port), &data)))
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let ip = (address(), address(), prop_oneof![Just(1_u8), Just(2), any::<u8>()], bytes(100));
    let arp = (any::<u8>(), any::<[u8; 6]>(), address(), address()).prop_map(|(operation, mac, sender, target)| {
        let mut arp = vec![8, 6, 0, 1, 8, 0, 6, 4, 0, operation & 3];
        arp.extend_from_slice(&mac);
        arp.extend_from_slice(&sender.octets());
        arp.extend_from_slice(&[0; 6]);
        arp.extend_from_slice(&target.octets());
        framed(arp)
    });
    let whole = prop_oneof![
        4 => tcp_frame(),
        3 => udp_frame(),
        1 => ip.prop_map(|(source, destination, protocol, data)| framed(ip_packet(source, destination, protocol, &data))),
        1 => arp,
        1 => bytes(1_600),
    ];
    let damage = proptest::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>()));
    (whole, damage, proptest::option::weighted(0.1, any::<prop::sample::Index>())).prop_map(
        |(mut frame, damage, cut)| {
            if let Some((at, value)) = damage
                && !frame.is_empty()
            {
                let at = at.index(frame.len());
                frame[at] = value;
            }
            if let Some(cut) = cut
                && !frame.is_empty()
            {
                frame.truncate(cut.index(frame.len()));
            }
            frame
        },
    )
}

/// What the host does next, for a connection it has been asked for.
#[derive(Debug, Clone)]
enum Deed {
    Frame(Frame),
    /// A sound SYN.
    Open(u16),
    /// A segment that fits, or nearly, what the router has sent last.
    Reply(Reply),
    Connected,
    Refused,
    Data(usize),
    Written,
    Closed,
    Reset,
    Forget,
    Wait(u64),
}

#[derive(Debug, Clone)]
struct Reply {
    flags: u8,
    sequence: i32,
    acknowledged: i32,
    window: u16,
    data: Vec<u8>,
}

impl Reply {
    /// The segment that answers `frame`, if that is a TCP segment; or where the device is, if the router asks for that.
    fn to(&self, frame: &[u8]) -> Option<Frame> {
        if frame.get(12..14) == Some(&[8, 6]) {
            return Some(here_i_am());
        }
        let tcp = frame.get(34..).filter(|tcp| tcp.len() >= 20 && frame[12..14] == [8, 0] && frame[23] == 6)?;
        let u16_at = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
        let u32_at = |at: usize| u32::from(u16_at(at)) << 16 | u32::from(u16_at(at + 2));
        let data = tcp.len() - usize::from(tcp[12] >> 4) * 4;
        let length = data as u32 + u32::from(tcp[13] & 1) + u32::from(tcp[13] >> 1 & 1);
        let sequence = u32_at(8).wrapping_add_signed(self.sequence);
        let acknowledged = u32_at(4).wrapping_add(length).wrapping_add_signed(self.acknowledged);
        let ports = (u16_at(2), u16_at(0));
        Some(framed(tcp_packet(ports.0, ports.1, sequence, acknowledged, self.flags, self.window, &[], &self.data)))
    }
}

fn here_i_am() -> Frame {
    let mut arp = vec![8, 6, 0, 1, 8, 0, 6, 4, 0, 1];
    arp.extend_from_slice(&MAC);
    arp.extend_from_slice(&ADDRESS.octets());
    arp.extend_from_slice(&[0; 6]);
    arp.extend_from_slice(&ROUTER_ADDRESS.octets());
    framed(arp)
}

fn reply() -> impl Strategy<Value = Reply> {
    let flags = prop_oneof![6 => Just(0x10_u8), 2 => Just(0x11), 1 => Just(0x04), 1 => Just(0x14), 1 => any::<u8>()];
    let near = || prop_oneof![8 => Just(0), 1 => -2_000..2_000, 1 => any::<i32>()];
    let window = prop_oneof![Just(0_u16), Just(1), any::<u16>()];
    (flags, near(), near(), window, prop_oneof![Just(vec![]), bytes(1_400)])
        .prop_map(|(flags, sequence, acknowledged, window, data)| Reply { flags, sequence, acknowledged, window, data })
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => any_frame().prop_map(Deed::Frame),
        2 => (50_000_u16..50_003).prop_map(Deed::Open),
        8 => reply().prop_map(Deed::Reply),
        4 => Just(Deed::Connected),
        1 => Just(Deed::Refused),
        2 => (0_usize..3_000).prop_map(Deed::Data),
        2 => Just(Deed::Written),
        1 => Just(Deed::Closed),
        1 => Just(Deed::Reset),
        1 => Just(Deed::Forget),
        2 => (0_u64..100_000_000).prop_map(Deed::Wait),
    ]
}

fn play(deeds: Vec<Deed>) {
    let mut world = World::simple().serve(7, Server::Echo);
    let (mut flows, mut last) = (Vec::new(), Frame::new());
    world.lan.send(world.now, here_i_am());
    for deed in deeds {
        let (lan, now): (&mut Lan, _) = (&mut world.lan, world.now);
        let newest = flows.last().copied();
        let event = match &deed {
            Deed::Frame(frame) => {
                lan.send(now, frame.clone());
                None
            }
            Deed::Open(port) => {
                lan.send(now, framed(tcp_packet(*port, 7, 1_000, 0, 0x02, 4_096, &[2, 4, 5, 0xb4], &[])));
                None
            }
            Deed::Reply(reply) => {
                if let Some(frame) = reply.to(&last) {
                    lan.send(now, frame);
                }
                None
            }
            Deed::Connected => Some(HostEvent::Connected),
            Deed::Refused => Some(HostEvent::Refused),
            Deed::Data(length) => {
                if let Some(flow) = newest {
                    let fits = lan.router.room(flow) >= *length;
                    let result = lan.router.host(now, flow, HostEvent::Data(&vec![7; *length]));
                    assert!(result.is_ok() || !fits, "there was room");
                }
                None
            }
            Deed::Written => Some(HostEvent::Written),
            Deed::Closed => Some(HostEvent::Closed),
            Deed::Reset => Some(HostEvent::Reset),
            Deed::Forget => {
                lan.router.forget_flows();
                None
            }
            Deed::Wait(us) => {
                world.now = now + Duration::from_micros(*us);
                None
            }
        };
        if let (Some(event), Some(flow)) = (event, newest) {
            lan.router.host(now, flow, event).expect("no data");
        }
        let now = world.now;
        for round in 0.. {
            assert!(round < 10_000, "the router does not come to rest");
            match world.lan.poll(now) {
                Some(Action::Connect { flow, .. }) => flows.push(flow),
                Some(_) => {}
                None => break,
            }
        }
        while let Some(frame) = world.lan.receive(now) {
            assert!(frame.len() <= 1_514, "a frame of {} bytes", frame.len());
            last = frame;
        }
        assert!(world.lan.next_event(now).is_none_or(|next| next > now), "the router wants to be polled at once");
    }
    // Whatever it was, the next device is served.
    world.device = Device::configured(99, 1_500);
    world.lan.router.forget_flows();
    while world.lan.poll(world.now).is_some() {}
    let socket = world.device.connect(SocketAddrV4::new(ROUTER_ADDRESS, 7), 60_000, 4_096);
    assert_eq!(exchange(&mut world, socket, b"hello", Duration::from_secs(10)), b"hello");
}

proptest! {
    #[test]
    fn no_frame_and_no_order_of_events_upsets_the_router(deeds in proptest::collection::vec(deed(), 1..60)) {
        play(deeds);
    }
}

#[test]
fn the_frames_made_here_are_understood() {
    // Guards the generators above: a wrong checksum would turn the whole campaign into noise.
    let mut lan = Lan::new(1, Faults::none(), Config::default()).expect("a valid configuration");
    let now = aclk_core::clock::Instant::START;
    lan.send(now, framed(tcp_packet(50_000, 7, 1_000, 0, 0x02, 1_024, &[2, 4, 5, 0], &[])));
    assert!(matches!(lan.poll(now), Some(Action::Connect { .. })));
    lan.send(now, framed(udp_packet(ADDRESS, ROUTER_ADDRESS, (68, 123), &[0x1b; 48])));
    assert_eq!(lan.poll(now), None);
    assert!(lan.receive(now).is_some(), "the time");
}
