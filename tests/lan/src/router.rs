//! The router at the far end of the cable: a household in one type.

mod config;
mod dhcp;
mod dns;
mod nat;
mod packet;
mod sntp;
mod stack;

pub use config::{
    Answer, Config, Dhcp, DhcpFault, Dns, DnsFault, Forward, MIN_MTU, Nat, ROUTER, ROUTER_ADDRESS, ROUTER_MAC, Sntp,
    SntpFault, Strays, Target,
};
pub use nat::{Action, FlowId, HostEvent, Overfull};

use crate::cable::{ETHERNET_HEADER, Frame};
use aclk_core::clock::Instant;
use core::fmt;
use core::net::{Ipv4Addr, SocketAddrV4};
use packet::{Body, Datagram};
use stack::Stack;
use std::collections::VecDeque;

/// A router that gives out addresses, knows names and the time, and carries TCP connections to the host.
///
/// It owns no socket and no clock. The caller
///
/// 1. hands over each frame that arrives, with [`receive`](Self::receive), and what happens on the host, with
///    [`host`](Self::host);
/// 2. then sends what [`transmit`](Self::transmit) returns, and does what [`poll`](Self::poll) says, until both return
///    `None`;
/// 3. and comes back at [`next_event`](Self::next_event), if nothing happens before.
///
/// Time is the caller's, and never runs backwards. Frames may be of any kind: whatever makes no sense is dropped.
///
/// | it answers | where | with |
/// |---|---|---|
/// | ARP, ICMP echo | its own and its further addresses | smoltcp |
/// | DHCP | port 67 | [`Dhcp`] |
/// | DNS | port 53, UDP | [`Dns`] |
/// | SNTP | port 123 | [`Sntp`] |
/// | TCP | every port, as [`Nat`] says | the host |
/// | other UDP | | port unreachable |
///
/// A connection is not accepted before the host has: a refused one looks refused to the device, and nothing else. FIN
/// and RST pass in both directions, and a side that does not read slows down the other.
pub struct Router {
    config: Config,
    stack: Stack,
    leases: dhcp::Leases,
    nat: nat::Translator,
    /// Answers of the services above UDP.
    outgoing: VecDeque<Frame>,
}

/// Why a [`Config`] makes no router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigError {
    /// The hardware address is not unicast.
    Mac,
    /// The prefix is not 1 to 30 bits long, or the address is not that of a host in its network.
    Address,
    /// The MTU is below [`MIN_MTU`] or above 65 535.
    Mtu,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mac => "the hardware address of the router must be unicast",
            Self::Address => {
                "the address of the router must be that of a host, in a network with a prefix of 1 to 30 bits"
            }
            Self::Mtu => "the MTU of the router must be between 68 and 65535 bytes",
        })
    }
}

impl std::error::Error for ConfigError {}

impl Router {
    /// A router, switched on.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        if config.mac[0] & 1 == 1 || config.mac == [0; 6] {
            return Err(ConfigError::Mac);
        }
        if !(1..=30).contains(&config.prefix) || !config.on_link(config.address) || !is_unicast(config.address) {
            return Err(ConfigError::Address);
        }
        if config.mtu < MIN_MTU || config.mtu > usize::from(u16::MAX) {
            return Err(ConfigError::Mtu);
        }
        let stack = Stack::new(&config);
        let (leases, nat) = (dhcp::Leases::default(), nat::Translator::default());
        Ok(Self { config, stack, leases, nat, outgoing: VecDeque::new() })
    }

    /// Takes a frame from the device.
    pub fn receive(&mut self, now: Instant, frame: &[u8]) {
        let Some(packet) = packet::parse(frame, self.config.mac) else { return };
        match packet.body {
            Body::Arp { sender, target } => {
                if self.config.owns(target) && self.is_neighbour(sender) {
                    self.stack.feed(now, frame.to_vec());
                }
            }
            Body::Udp(datagram) if datagram.destination.port() == dhcp::SERVER_PORT => self.dhcp(now, &datagram),
            Body::Udp(datagram) if self.talks_to_us(*datagram.source.ip(), *datagram.destination.ip()) => {
                self.datagram(now, packet.from, &datagram, frame);
            }
            Body::Tcp(segment) if self.talks_to_us(*segment.source.ip(), *segment.destination.ip()) => {
                self.nat.receive(&self.config.nat, &mut self.stack, now, segment, frame);
            }
            Body::Other { source, destination } if self.talks_to_us(source, destination) => {
                self.stack.feed(now, frame.to_vec());
            }
            Body::Udp(_) | Body::Tcp(_) | Body::Other { .. } => {}
        }
    }

    /// The next frame for the device.
    pub fn transmit(&mut self, now: Instant) -> Option<Frame> {
        if let Some(frame) = self.outgoing.pop_front().or_else(|| self.stack.transmit()) {
            return Some(frame);
        }
        self.nat.drive(&mut self.stack, now);
        self.stack.transmit()
    }

    /// The next thing to do on the host.
    pub fn poll(&mut self, now: Instant) -> Option<Action> {
        self.nat.drive(&mut self.stack, now);
        self.nat.poll(&mut self.stack)
    }

    /// Takes what happened on the host to `flow`. Events of a flow that is over are ignored: the host may not know yet.
    ///
    /// # Errors
    /// [`Overfull`] if [`HostEvent::Data`] brings more than there is [`room`](Self::room) for. Nothing is taken then.
    pub fn host(&mut self, now: Instant, flow: FlowId, event: HostEvent<'_>) -> Result<(), Overfull> {
        self.nat.host(&self.config.nat, &mut self.stack, now, flow, event)
    }

    /// How many bytes `flow` can take from the host. It grows as the device reads; look again after each
    /// [`transmit`](Self::transmit).
    pub fn room(&mut self, flow: FlowId) -> usize {
        self.nat.room(&mut self.stack, flow)
    }

    /// When to call [`transmit`](Self::transmit) and [`poll`](Self::poll) again, if nothing happens before.
    pub fn next_event(&mut self, now: Instant) -> Option<Instant> {
        if !self.outgoing.is_empty() || self.nat.has_action(&mut self.stack) {
            return Some(now);
        }
        let timers = [self.stack.next_event(now), self.nat.next_event()];
        timers.into_iter().flatten().min()
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The services, to change them while the router runs.
    pub const fn services(&mut self) -> Services<'_> {
        let Config { dhcp, dns, sntp, nat, .. } = &mut self.config;
        Services { dhcp, dns, sntp, nat }
    }

    /// The address that the device with this hardware address has leased.
    #[must_use]
    pub fn leased_to(&self, mac: [u8; 6], now: Instant) -> Option<Ipv4Addr> {
        self.leases.address_of(mac, now)
    }

    /// Takes all leases back: a renewal gets a NAK, and the next request another address.
    pub fn revoke_leases(&mut self) {
        self.leases.revoke();
    }

    /// Forgets all connections, as a household router does that loses power: the host sees them reset, and the device
    /// finds out with its next segment, as [`Nat::strays`] says.
    pub fn forget_flows(&mut self) {
        self.nat.forget(&mut self.stack);
    }

    /// How many connections there are, with those that only linger.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.nat.flows()
    }

    fn dhcp(&mut self, now: Instant, datagram: &Datagram<'_>) {
        let to = *datagram.destination.ip();
        if !to.is_broadcast() && to != self.config.address {
            return;
        }
        if let Some(reply) = self.leases.answer(&self.config, now, datagram.payload) {
            let source = SocketAddrV4::new(self.config.address, dhcp::SERVER_PORT);
            let destination = SocketAddrV4::new(reply.destination, dhcp::CLIENT_PORT);
            self.send(packet::udp([self.config.mac, reply.mac], source, destination, &reply.payload));
        }
    }

    fn datagram(&mut self, now: Instant, from: [u8; 6], datagram: &Datagram<'_>, frame: &[u8]) {
        let answer = match datagram.destination.port() {
            dns::PORT => dns::answer(&self.config.dns, self.config.address, datagram.payload),
            sntp::PORT => sntp::answer(&self.config.sntp, now, datagram.payload).map(Vec::from),
            _ => return self.stack.feed(now, frame.to_vec()),
        };
        if let Some(answer) = answer {
            self.send(packet::udp([self.config.mac, from], datagram.destination, datagram.source, &answer));
        }
    }

    /// Fragments nothing: what is longer than the MTU stays here, as the next hop would drop it.
    fn send(&mut self, frame: Frame) {
        if frame.len() <= self.config.mtu + ETHERNET_HEADER {
            self.outgoing.push_back(frame);
        }
    }

    fn talks_to_us(&self, source: Ipv4Addr, destination: Ipv4Addr) -> bool {
        self.is_neighbour(source) && self.config.owns(destination)
    }

    /// Whether `address` can be that of a device on the cable. One that is ours is a lie.
    fn is_neighbour(&self, address: Ipv4Addr) -> bool {
        self.config.on_link(address) && !self.config.owns(address)
    }
}

/// What of a running [`Router`] may be changed.
#[derive(Debug)]
pub struct Services<'a> {
    /// The DHCP server.
    pub dhcp: &'a mut Dhcp,
    /// The DNS server.
    pub dns: &'a mut Dns,
    /// The SNTP server.
    pub sntp: &'a mut Sntp,
    /// Where TCP connections go.
    pub nat: &'a mut Nat,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("config", &self.config).field("leases", &self.leases).finish_non_exhaustive()
    }
}

fn is_unicast(address: Ipv4Addr) -> bool {
    !address.is_multicast() && !address.is_broadcast() && !address.is_unspecified()
}
