//! The DHCP server: who holds which address until when (RFC 2131 section 4.3).

use super::config::{Config, DhcpFault};
use aclk_core::clock::Instant;
use core::net::Ipv4Addr;
use core::time::Duration;
use smoltcp::wire::{DhcpMessageType, DhcpOption, DhcpPacket, DhcpRepr, EthernetAddress};
use std::collections::BTreeMap;

pub(super) const SERVER_PORT: u16 = 67;
pub(super) const CLIENT_PORT: u16 = 68;

/// How long an offered address is kept for the client it was offered to.
const OFFER: Duration = Duration::from_secs(60);
/// How long an address that a client found in use is left alone.
const DECLINED: Duration = Duration::from_secs(60 * 60);
/// How many clients are remembered after their lease has ended.
const REMEMBERED: usize = 1_024;
/// Shortest BOOTP message; some clients drop shorter ones (RFC 951).
const MESSAGE: usize = 300;

const RENEWAL_TIME: u8 = 58;
const REBINDING_TIME: u8 = 59;
const TIME_SERVERS: u8 = 42;
const INTERFACE_MTU: u8 = 26;

type Mac = [u8; 6];

/// Who holds which address.
#[derive(Debug, Default)]
pub(super) struct Leases {
    by_client: BTreeMap<Mac, Lease>,
    declined: BTreeMap<Ipv4Addr, Instant>,
}

/// An address that belongs to a client, or is on offer to it.
#[derive(Debug, Clone, Copy)]
struct Lease {
    address: Ipv4Addr,
    until: Instant,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Offered,
    Bound,
    /// Taken away; stays on record so that the client gets another address next time.
    Revoked,
}

/// A message to a client.
pub(super) struct Reply {
    pub(super) destination: Ipv4Addr,
    /// Everybody is told if the client cannot hear its own address yet.
    pub(super) mac: Mac,
    pub(super) payload: Vec<u8>,
}

/// What a request asks for (RFC 2131 4.3.2).
enum Wish {
    /// The address of our offer.
    Selected(Ipv4Addr),
    /// Another server's offer.
    Elsewhere,
    /// To go on with an address it remembers.
    Reboot(Ipv4Addr),
    /// To keep the address it uses.
    Renew(Ipv4Addr),
    Nothing,
}

impl Leases {
    /// The address that `mac` holds at `now`.
    pub(super) fn address_of(&self, mac: Mac, now: Instant) -> Option<Ipv4Addr> {
        let lease = self.by_client.get(&mac)?;
        (lease.state == State::Bound && lease.until > now).then_some(lease.address)
    }

    /// Takes all addresses away: renewals are refused, and everybody gets another address.
    pub(super) fn revoke(&mut self) {
        for lease in self.by_client.values_mut() {
            lease.state = State::Revoked;
        }
    }

    pub(super) fn answer(&mut self, config: &Config, now: Instant, payload: &[u8]) -> Option<Reply> {
        let packet = DhcpPacket::new_checked(payload).ok()?;
        let request = DhcpRepr::parse(&packet).ok()?;
        if config.dhcp.fault == Some(DhcpFault::Silent) || !request.client_hardware_address.is_unicast() {
            return None;
        }
        let mac = request.client_hardware_address.0;
        match request.message_type {
            DhcpMessageType::Discover => self.offer(config, now, &request),
            DhcpMessageType::Request => self.decide(config, now, &request),
            DhcpMessageType::Inform => Some(acknowledge(config, &request, None)),
            DhcpMessageType::Release => {
                self.by_client.remove(&mac);
                None
            }
            DhcpMessageType::Decline => {
                self.by_client.remove(&mac);
                if let Some(address) = request.requested_ip.filter(|address| pool(config).any(|free| free == *address))
                {
                    self.declined.insert(address, now + DECLINED);
                }
                None
            }
            _ => None,
        }
    }

    fn offer(&mut self, config: &Config, now: Instant, request: &DhcpRepr<'_>) -> Option<Reply> {
        if config.dhcp.fault == Some(DhcpFault::Exhausted) {
            return None;
        }
        let mac = request.client_hardware_address.0;
        let address = self.choose(config, now, mac, request.requested_ip)?;
        if self.address_of(mac, now) != Some(address) {
            self.forget_some(now);
            self.by_client.insert(mac, Lease { address, until: now + OFFER, state: State::Offered });
        }
        Some(reply(config, request, DhcpMessageType::Offer, Some(address)))
    }

    fn decide(&mut self, config: &Config, now: Instant, request: &DhcpRepr<'_>) -> Option<Reply> {
        let mac = request.client_hardware_address.0;
        let held = self.by_client.get(&mac).filter(|lease| lease.until > now && lease.state != State::Revoked);
        let granted = match wish(config, request) {
            Wish::Selected(address) | Wish::Renew(address) => held.is_some_and(|lease| lease.address == address),
            // A server without a record of the client must keep silent, unless the network is the wrong one.
            Wish::Reboot(address) if config.on_link(address) && !self.by_client.contains_key(&mac) => return None,
            Wish::Reboot(address) => held.is_some_and(|lease| lease.address == address),
            Wish::Elsewhere => {
                self.by_client.remove(&mac);
                return None;
            }
            Wish::Nothing => return None,
        };
        match (config.dhcp.fault, held.filter(|_| granted).map(|lease| lease.address)) {
            (Some(DhcpFault::OfferOnly), _) => None,
            (Some(DhcpFault::Nak), _) | (_, None) => Some(reply(config, request, DhcpMessageType::Nak, None)),
            (_, Some(address)) => {
                let until = now + config.dhcp.lease;
                self.by_client.insert(mac, Lease { address, until, state: State::Bound });
                Some(acknowledge(config, request, Some(address)))
            }
        }
    }

    /// Clients are remembered beyond the end of their lease, but not any number of them.
    fn forget_some(&mut self, now: Instant) {
        if self.by_client.len() >= REMEMBERED {
            self.by_client.retain(|_, lease| lease.until > now);
            self.declined.retain(|_, until| *until > now);
        }
    }

    /// An address for `mac`: the one it has, else the one it wishes, else the first free one.
    fn choose(&self, config: &Config, now: Instant, mac: Mac, wished: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let own = self.by_client.get(&mac);
        let revoked = own.filter(|lease| lease.state == State::Revoked).map(|lease| lease.address);
        let remembered = own.map(|lease| lease.address);
        let taken = |address: Ipv4Addr| {
            let leased = |(client, lease): (&Mac, &Lease)| {
                *client != mac && lease.address == address && lease.until > now && lease.state != State::Revoked
            };
            address == config.address
                || config.nat.addresses.contains(&address)
                || self.declined.get(&address).is_some_and(|until| *until > now)
                || self.by_client.iter().any(leased)
        };
        let free = |address: &Ipv4Addr| Some(*address) != revoked && !taken(*address);
        let preferred =
            [remembered, wished].into_iter().flatten().filter(|wish| pool(config).any(|ours| ours == *wish));
        preferred.chain(pool(config)).find(free)
    }
}

fn pool(config: &Config) -> impl Iterator<Item = Ipv4Addr> + '_ {
    let first = config.dhcp.first.to_bits();
    let all = (0..u32::from(config.dhcp.count)).map(move |index| Ipv4Addr::from_bits(first.wrapping_add(index)));
    all.filter(|address| config.on_link(*address))
}

fn wish(config: &Config, request: &DhcpRepr<'_>) -> Wish {
    match (request.server_identifier, request.requested_ip, request.client_ip) {
        (Some(server), Some(address), _) if server == config.address => Wish::Selected(address),
        (Some(server), _, _) if server != config.address => Wish::Elsewhere,
        (None, Some(address), Ipv4Addr::UNSPECIFIED) => Wish::Reboot(address),
        (_, None, address) if !address.is_unspecified() => Wish::Renew(address),
        _ => Wish::Nothing,
    }
}

fn acknowledge(config: &Config, request: &DhcpRepr<'_>, address: Option<Ipv4Addr>) -> Reply {
    reply(config, request, DhcpMessageType::Ack, address)
}

fn reply(config: &Config, request: &DhcpRepr<'_>, kind: DhcpMessageType, address: Option<Ipv4Addr>) -> Reply {
    let settings = kind != DhcpMessageType::Nak;
    let seconds = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
    let ntp: Vec<u8> = config.dhcp.ntp.iter().take(3).flat_map(Ipv4Addr::octets).collect();
    let renew = config.dhcp.renew.map(|span| seconds(span).to_be_bytes());
    let rebind = config.dhcp.rebind.map(|span| seconds(span).to_be_bytes());
    let mtu = u16::try_from(config.mtu).unwrap_or(u16::MAX).to_be_bytes();
    let leased = settings && address.is_some();
    let options = [
        (TIME_SERVERS, (settings && !ntp.is_empty()).then_some(&ntp[..])),
        (RENEWAL_TIME, renew.as_ref().filter(|_| leased).map(|time| &time[..])),
        (REBINDING_TIME, rebind.as_ref().filter(|_| leased).map(|time| &time[..])),
        (INTERFACE_MTU, (settings && config.mtu != 1_500).then_some(&mtu[..])),
    ];
    let additional: Vec<DhcpOption<'_>> =
        options.into_iter().filter_map(|(kind, data)| Some(DhcpOption { kind, data: data? })).collect();

    let message = DhcpRepr {
        message_type: kind,
        transaction_id: request.transaction_id,
        secs: 0,
        client_hardware_address: request.client_hardware_address,
        client_ip: if kind == DhcpMessageType::Ack { request.client_ip } else { Ipv4Addr::UNSPECIFIED },
        your_ip: address.unwrap_or(Ipv4Addr::UNSPECIFIED),
        server_ip: Ipv4Addr::UNSPECIFIED,
        router: config.dhcp.gateway.filter(|_| settings),
        subnet_mask: settings.then(|| config.netmask()),
        relay_agent_ip: request.relay_agent_ip,
        broadcast: request.broadcast,
        requested_ip: None,
        client_identifier: None,
        server_identifier: Some(config.address),
        parameter_request_list: None,
        dns_servers: settings.then(|| config.dhcp.dns.iter().take(3).copied().collect()),
        max_size: None,
        lease_duration: leased.then(|| seconds(config.dhcp.lease)),
        renew_duration: None,
        rebind_duration: None,
        additional_options: &additional,
    };
    let mut payload = vec![0; message.buffer_len().max(MESSAGE)];
    // The buffer is as long as the message says it is, so emitting cannot fail.
    let _ = message.emit(&mut DhcpPacket::new_unchecked(&mut payload[..]));
    let (destination, mac) = address_reply(request, kind, address);
    Reply { destination, mac, payload }
}

/// Where a reply goes (RFC 2131 4.1).
fn address_reply(request: &DhcpRepr<'_>, kind: DhcpMessageType, address: Option<Ipv4Addr>) -> (Ipv4Addr, Mac) {
    let client = request.client_hardware_address.0;
    let everybody = (Ipv4Addr::BROADCAST, EthernetAddress::BROADCAST.0);
    match address {
        _ if kind == DhcpMessageType::Nak => everybody,
        _ if !request.client_ip.is_unspecified() => (request.client_ip, client),
        Some(address) if !request.broadcast => (address, client),
        _ => everybody,
    }
}

#[cfg(test)]
mod tests;
