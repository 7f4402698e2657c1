//! A device with a TCP/IP stack of its own, driven by hand.

use aclk_core::clock::Instant;
use aclk_lan::{ETHERNET_HEADER, Frame, ROUTER_ADDRESS};
use core::net::{Ipv4Addr, SocketAddrV4};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::socket::{dhcpv4, icmp, tcp, udp};
use smoltcp::wire::{EthernetAddress, HardwareAddress, Icmpv4Packet, Icmpv4Repr, IpCidr, Ipv4Cidr};
use std::collections::VecDeque;

pub(crate) const MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x42];
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 20);

pub(crate) struct Device {
    interface: Interface,
    sockets: SocketSet<'static>,
    card: Card,
}

impl Device {
    /// A device with nothing but a hardware address.
    pub(crate) fn bare(mac: [u8; 6], seed: u64, mtu: usize) -> Self {
        let mut card = Card { mtu, received: VecDeque::new(), sent: VecDeque::new() };
        let mut config = Config::new(HardwareAddress::Ethernet(EthernetAddress(mac)));
        config.random_seed = seed;
        let interface = Interface::new(config, &mut card, smoltcp::time::Instant::ZERO);
        Self { interface, sockets: SocketSet::new(Vec::new()), card }
    }

    /// A device that knows its address and its router.
    pub(crate) fn configured(seed: u64, mtu: usize) -> Self {
        let mut device = Self::bare(MAC, seed, mtu);
        device.configure(ADDRESS, Some(ROUTER_ADDRESS));
        device
    }

    pub(crate) fn configure(&mut self, address: Ipv4Addr, gateway: Option<Ipv4Addr>) {
        self.interface.update_ip_addrs(|addresses| {
            addresses.clear();
            addresses.push(IpCidr::Ipv4(Ipv4Cidr::new(address, 24))).expect("room for an address");
        });
        match gateway {
            Some(gateway) => {
                self.interface.routes_mut().add_default_ipv4_route(gateway).expect("room for a route");
            }
            None => {
                self.interface.routes_mut().remove_default_ipv4_route();
            }
        }
    }

    pub(crate) fn give(&mut self, frame: Frame) {
        self.card.received.push_back(frame);
    }

    pub(crate) fn take(&mut self) -> Option<Frame> {
        self.card.sent.pop_front()
    }

    pub(crate) fn poll(&mut self, now: Instant) {
        self.interface.poll(convert(now), &mut self.card, &mut self.sockets);
    }

    pub(crate) fn next_event(&mut self, now: Instant) -> Option<Instant> {
        let at = self.interface.poll_at(convert(now), &self.sockets)?;
        Some(Instant::from_micros(u64::try_from(at.total_micros()).unwrap_or(0)))
    }

    pub(crate) fn dhcp(&mut self) -> SocketHandle {
        self.sockets.add(dhcpv4::Socket::new())
    }

    pub(crate) fn dhcp_event(&mut self, handle: SocketHandle) -> Option<dhcpv4::Event<'_>> {
        self.sockets.get_mut::<dhcpv4::Socket<'_>>(handle).poll()
    }

    pub(crate) fn connect(&mut self, to: SocketAddrV4, port: u16, buffer: usize) -> SocketHandle {
        let memory = || tcp::SocketBuffer::new(vec![0; buffer]);
        let mut socket = tcp::Socket::new(memory(), memory());
        socket.connect(self.interface.context(), (*to.ip(), to.port()), port).expect("a connection may be opened");
        self.sockets.add(socket)
    }

    pub(crate) fn tcp(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    pub(crate) fn udp(&mut self, port: u16) -> SocketHandle {
        let memory = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 8], vec![0; 8_192]);
        let mut socket = udp::Socket::new(memory(), memory());
        socket.bind(port).expect("a free port");
        self.sockets.add(socket)
    }

    pub(crate) fn send_to(&mut self, handle: SocketHandle, to: SocketAddrV4, payload: &[u8]) {
        let socket = self.sockets.get_mut::<udp::Socket<'_>>(handle);
        socket.send_slice(payload, (*to.ip(), to.port())).expect("room for a datagram");
    }

    pub(crate) fn received_from(&mut self, handle: SocketHandle) -> Option<Vec<u8>> {
        let (payload, _) = self.sockets.get_mut::<udp::Socket<'_>>(handle).recv().ok()?;
        Some(payload.to_vec())
    }

    pub(crate) fn pinger(&mut self) -> SocketHandle {
        let memory = || icmp::PacketBuffer::new(vec![icmp::PacketMetadata::EMPTY; 8], vec![0; 8_192]);
        let mut socket = icmp::Socket::new(memory(), memory());
        socket.bind(icmp::Endpoint::Ident(7)).expect("a free identifier");
        self.sockets.add(socket)
    }

    pub(crate) fn ping(&mut self, handle: SocketHandle, to: Ipv4Addr, data: &[u8]) {
        let request = Icmpv4Repr::EchoRequest { ident: 7, seq_no: 1, data };
        let socket = self.sockets.get_mut::<icmp::Socket<'_>>(handle);
        let buffer = socket.send(request.buffer_len(), to.into()).expect("room for a ping");
        request.emit(&mut Icmpv4Packet::new_unchecked(buffer), &phy::ChecksumCapabilities::default());
    }

    /// Who has answered the ping, and with what.
    pub(crate) fn pong(&mut self, handle: SocketHandle) -> Option<(Ipv4Addr, Vec<u8>)> {
        let (bytes, from) = self.sockets.get_mut::<icmp::Socket<'_>>(handle).recv().ok()?;
        let packet = Icmpv4Packet::new_checked(bytes).ok()?;
        match (Icmpv4Repr::parse(&packet, &phy::ChecksumCapabilities::default()).ok()?, from) {
            (Icmpv4Repr::EchoReply { data, .. }, smoltcp::wire::IpAddress::Ipv4(from)) => Some((from, data.to_vec())),
            _ => None,
        }
    }
}

fn convert(now: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros(i64::try_from(now.as_micros()).expect("a time within range"))
}

struct Card {
    mtu: usize,
    received: VecDeque<Frame>,
    sent: VecDeque<Frame>,
}

struct Received(Frame);

struct Room<'a>(&'a mut VecDeque<Frame>);

impl phy::Device for Card {
    type RxToken<'a> = Received;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _now: smoltcp::time::Instant) -> Option<(Received, Room<'_>)> {
        Some((Received(self.received.pop_front()?), Room(&mut self.sent)))
    }

    fn transmit(&mut self, _now: smoltcp::time::Instant) -> Option<Room<'_>> {
        Some(Room(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.mtu + ETHERNET_HEADER;
        capabilities
    }
}

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        self.0.push_back(frame);
        result
    }
}
