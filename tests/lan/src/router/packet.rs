//! Frames as the router sees them: parsed once, with every checksum checked, and emitted.

use super::ETHERNET_HEADER;
use crate::cable::Frame;
use core::net::{Ipv4Addr, SocketAddrV4};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpProtocol, Ipv4Packet,
    Ipv4Repr, TcpControl, TcpPacket, TcpRepr, UdpPacket, UdpRepr,
};

/// A frame for the router.
pub(super) struct Packet<'a> {
    /// The hardware address it came from.
    pub(super) from: [u8; 6],
    pub(super) body: Body<'a>,
}

pub(super) enum Body<'a> {
    Arp {
        sender: Ipv4Addr,
        target: Ipv4Addr,
    },
    Udp(Datagram<'a>),
    Tcp(Segment),
    /// ICMP, mostly.
    Other {
        source: Ipv4Addr,
        destination: Ipv4Addr,
    },
}

pub(super) struct Datagram<'a> {
    pub(super) source: SocketAddrV4,
    pub(super) destination: SocketAddrV4,
    pub(super) payload: &'a [u8],
}

/// What the NAT needs to know of a TCP segment.
#[derive(Clone, Copy)]
pub(super) struct Segment {
    pub(super) source: SocketAddrV4,
    pub(super) destination: SocketAddrV4,
    /// The sequence number, if the segment opens a connection.
    pub(super) opens: Option<i32>,
    pub(super) resets: bool,
}

/// Understands `frame`, if it is well formed and addressed to `mac` or to everybody. Fragments are not reassembled: a
/// device small enough for this router has no reason to send any.
pub(super) fn parse(frame: &[u8], mac: [u8; 6]) -> Option<Packet<'_>> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    if ethernet.dst_addr() != EthernetAddress(mac) && !ethernet.dst_addr().is_broadcast() {
        return None;
    }
    if !ethernet.src_addr().is_unicast() {
        return None;
    }
    let body = match ethernet.ethertype() {
        EthernetProtocol::Arp => arp(ethernet.payload())?,
        EthernetProtocol::Ipv4 => ipv4(ethernet.payload())?,
        _ => return None,
    };
    Some(Packet { from: ethernet.src_addr().0, body })
}

fn arp(payload: &[u8]) -> Option<Body<'_>> {
    let ArpRepr::EthernetIpv4 { source_protocol_addr: sender, target_protocol_addr: target, .. } =
        ArpRepr::parse(&ArpPacket::new_checked(payload).ok()?).ok()?
    else {
        return None;
    };
    Some(Body::Arp { sender, target })
}

fn ipv4(payload: &[u8]) -> Option<Body<'_>> {
    let checksums = ChecksumCapabilities::default();
    let packet = Ipv4Packet::new_checked(payload).ok()?;
    if packet.more_frags() || packet.frag_offset() != 0 {
        return None;
    }
    let ip = Ipv4Repr::parse(&packet, &checksums).ok()?;
    let (source, destination) = (ip.src_addr, ip.dst_addr);
    let body = match ip.next_header {
        IpProtocol::Udp => {
            let packet = UdpPacket::new_checked(packet.payload()).ok()?;
            let udp = UdpRepr::parse(&packet, &source.into(), &destination.into(), &checksums).ok()?;
            Body::Udp(Datagram {
                source: SocketAddrV4::new(source, udp.src_port),
                destination: SocketAddrV4::new(destination, udp.dst_port),
                payload: packet.payload(),
            })
        }
        IpProtocol::Tcp => {
            let packet = TcpPacket::new_checked(packet.payload()).ok()?;
            let tcp = TcpRepr::parse(&packet, &source.into(), &destination.into(), &checksums).ok()?;
            let opens = tcp.control == TcpControl::Syn && tcp.ack_number.is_none();
            Body::Tcp(Segment {
                source: SocketAddrV4::new(source, tcp.src_port),
                destination: SocketAddrV4::new(destination, tcp.dst_port),
                opens: opens.then_some(tcp.seq_number.0),
                resets: tcp.control == TcpControl::Rst,
            })
        }
        _ => Body::Other { source, destination },
    };
    Some(body)
}

/// A frame with a UDP datagram in it. `payload` is shorter than 64 KiB by far: the services of the router see to that.
pub(super) fn udp(macs: [[u8; 6]; 2], source: SocketAddrV4, destination: SocketAddrV4, payload: &[u8]) -> Frame {
    let checksums = ChecksumCapabilities::default();
    let udp = UdpRepr { src_port: source.port(), dst_port: destination.port() };
    let ip = Ipv4Repr {
        src_addr: *source.ip(),
        dst_addr: *destination.ip(),
        next_header: IpProtocol::Udp,
        payload_len: udp.header_len() + payload.len(),
        hop_limit: 64,
    };
    let ethernet = EthernetRepr {
        src_addr: EthernetAddress(macs[0]),
        dst_addr: EthernetAddress(macs[1]),
        ethertype: EthernetProtocol::Ipv4,
    };
    let mut frame = vec![0; ETHERNET_HEADER + ip.buffer_len() + ip.payload_len];
    ethernet.emit(&mut EthernetFrame::new_unchecked(&mut frame));
    let (header, body) = frame[ETHERNET_HEADER..].split_at_mut(ip.buffer_len());
    udp.emit(
        &mut UdpPacket::new_unchecked(body),
        &ip.src_addr.into(),
        &ip.dst_addr.into(),
        payload.len(),
        |buffer| buffer.copy_from_slice(payload),
        &checksums,
    );
    ip.emit(&mut Ipv4Packet::new_unchecked(header), &checksums);
    frame
}
