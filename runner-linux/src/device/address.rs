//! How our own stack gets its address: `--address`, `--gateway` and `--dns`, or DHCP.

use crate::fault::Fault;
use embassy_net::{Config, DhcpConfig, Ipv4Cidr, StaticConfigV4};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How many name servers a stack asks.
const NAME_SERVERS: usize = 3;
const IPV4_ONLY: &str = "our own TCP/IP stack speaks IPv4 only; --net host speaks both";

/// What is known about the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Addressing {
    /// A DHCP server says everything.
    Dhcp,
    /// The user says everything.
    Static(StaticConfigV4),
}

/// The options, as far as they were given.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    address: Option<Ipv4Cidr>,
    gateway: Option<Ipv4Addr>,
    name_servers: heapless::Vec<Ipv4Addr, NAME_SERVERS>,
}

impl Given {
    /// Whether an option of this name belongs here.
    pub(crate) fn knows(name: &str) -> bool {
        matches!(name, "address" | "gateway" | "dns")
    }

    /// Takes the option `name`.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        match name {
            "address" => self.address = Some(cidr(value)?),
            "gateway" => self.gateway = Some(host("--gateway", value)?),
            _ => {
                self.name_servers.clear();
                for server in value.split(',') {
                    let too_many = |_| Fault::usage(format_args!("--dns names more than {NAME_SERVERS} servers"));
                    self.name_servers.push(host("--dns", server.trim())?).map_err(too_many)?;
                }
            }
        }
        Ok(())
    }

    /// Whether nothing was given.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What follows from the options together.
    pub(crate) fn addressing(self) -> Result<Addressing, Fault> {
        let Some(address) = self.address else {
            if self.is_empty() {
                return Ok(Addressing::Dhcp);
            }
            return Err(Fault::usage("--gateway and --dns only make sense with --address")
                .hint("add --address, as in --address 10.0.0.2/24; without it, DHCP says everything"));
        };
        if let Some(gateway) = self.gateway
            && (!address.contains_addr(&gateway) || gateway == address.address() || is_edge(address, gateway))
        {
            return Err(Fault::usage(format_args!("--gateway {gateway} is not another host of {}", address.network())));
        }
        Ok(Addressing::Static(StaticConfigV4 { address, gateway: self.gateway, dns_servers: self.name_servers }))
    }
}

impl Addressing {
    /// For the stack of a machine called `hostname`.
    pub(crate) fn config(&self, hostname: &str) -> Config {
        match self {
            Self::Static(config) => Config::ipv4_static(config.clone()),
            Self::Dhcp => {
                let mut config = DhcpConfig::default();
                // A name that is too long is not told: cut off, it would be that of another machine.
                config.hostname = hostname.try_into().ok();
                Config::dhcpv4(config)
            }
        }
    }
}

/// An address and the length of its network prefix.
fn cidr(text: &str) -> Result<Ipv4Cidr, Fault> {
    let hint = "write it as in --address 10.0.0.2/24";
    let malformed = || Fault::usage("--address is not an IPv4 address with a prefix length").hint(hint);
    let (address, prefix) = text.split_once('/').ok_or_else(malformed)?;
    if address.parse::<Ipv6Addr>().is_ok() {
        return Err(Fault::usage("--address is an IPv6 address").hint(IPV4_ONLY));
    }
    let address = address.parse::<Ipv4Addr>().map_err(|_| malformed())?;
    // "+8" is a number to Rust.
    let digits = Some(prefix).filter(|prefix| prefix.bytes().all(|byte| byte.is_ascii_digit()));
    let prefix = digits.and_then(|digits| digits.parse().ok()).filter(|prefix| *prefix <= 32).ok_or_else(malformed)?;
    let cidr = Ipv4Cidr::new(address, prefix);
    if !is_host(address) || is_edge(cidr, address) {
        return Err(Fault::usage(format_args!("{text} is not an address that a host can have")).hint(hint));
    }
    Ok(cidr)
}

fn host(option: &str, text: &str) -> Result<Ipv4Addr, Fault> {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) if is_host(address) => Ok(address),
        Ok(IpAddr::V4(address)) => {
            Err(Fault::usage(format_args!("{option}: {address} is not an address that a host can have")))
        }
        Ok(IpAddr::V6(_)) => Err(Fault::usage(format_args!("{option} is an IPv6 address")).hint(IPV4_ONLY)),
        Err(_) => Err(Fault::usage(format_args!("{option} is not an IPv4 address"))),
    }
}

/// The stack would take nothing but unicast addresses; loopback ones do not leave a machine.
fn is_host(address: Ipv4Addr) -> bool {
    let is_reserved = address.octets()[0] == 0 || address.octets()[0] >= 240;
    !is_reserved && !address.is_multicast() && !address.is_loopback()
}

/// The first and the last address of a network are those of nobody and of everybody (but for RFC 3021).
fn is_edge(network: Ipv4Cidr, address: Ipv4Addr) -> bool {
    let hosts = u32::MAX.checked_shr(network.prefix_len().into()).unwrap_or(0);
    let host = address.to_bits() & hosts;
    hosts > 1 && (host == 0 || host == hosts)
}

#[cfg(test)]
mod tests {
    use super::{Addressing, Given};
    use crate::fault::{Fault, exit};
    use std::net::Ipv4Addr;

    fn addressing(options: &[(&str, &str)]) -> Result<Addressing, Fault> {
        let mut given = Given::default();
        for (name, value) in options {
            assert!(Given::knows(name), "{name}");
            given.take(name, value)?;
        }
        given.addressing()
    }

    #[test]
    fn without_an_address_dhcp_says_everything() {
        assert_eq!(addressing(&[]).unwrap(), Addressing::Dhcp);
    }

    #[test]
    fn an_address_may_come_alone_or_with_everything() {
        let Ok(Addressing::Static(config)) = addressing(&[("address", "10.0.0.2/24")]) else { panic!() };
        assert_eq!(config.address.to_string(), "10.0.0.2/24");
        assert_eq!((config.gateway, config.dns_servers.len()), (None, 0));

        let options = [("address", "10.0.0.2/24"), ("gateway", "10.0.0.1"), ("dns", "10.0.0.1, 9.9.9.9")];
        let Ok(Addressing::Static(config)) = addressing(&options) else { panic!() };
        assert_eq!(config.gateway, Some(Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(config.dns_servers, [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(9, 9, 9, 9)]);

        for address in ["192.0.2.1/32", "192.0.2.0/31", "192.0.2.1/31", "10.1.2.3/1"] {
            assert!(addressing(&[("address", address)]).is_ok(), "{address}");
        }
    }

    #[test]
    fn what_no_host_can_have_is_refused() {
        let malformed = "--address is not an IPv4 address with a prefix length";
        for (options, cause) in [
            (&[("address", "10.0.0.2")][..], malformed),
            (&[("address", "10.0.0.2/")], malformed),
            (&[("address", "10.0.0.2/33")], malformed),
            (&[("address", "10.0.0.2/+8")], malformed),
            (&[("address", "10.0.0.2/999999999999")], malformed),
            (&[("address", "10.0.0/24")], malformed),
            (&[("address", "")], malformed),
            (&[("address", "fd00::2/64")], "--address is an IPv6 address"),
            (&[("address", "10.0.0.0/24")], "10.0.0.0/24 is not an address that a host can have"),
            (&[("address", "10.0.0.255/24")], "10.0.0.255/24 is not an address that a host can have"),
            (&[("address", "0.0.0.0/0")], "0.0.0.0/0 is not an address that a host can have"),
            (&[("address", "127.0.0.1/8")], "127.0.0.1/8 is not an address that a host can have"),
            (&[("address", "224.0.0.1/24")], "224.0.0.1/24 is not an address that a host can have"),
            (&[("address", "255.255.255.255/32")], "255.255.255.255/32 is not an address that a host can have"),
            (&[("gateway", "10.0.0.1")], "--gateway and --dns only make sense with --address"),
            (&[("dns", "10.0.0.1")], "--gateway and --dns only make sense with --address"),
            (&[("gateway", "router")], "--gateway is not an IPv4 address"),
            (&[("gateway", "fd00::1")], "--gateway is an IPv6 address"),
            (&[("dns", "")], "--dns is not an IPv4 address"),
            (&[("dns", "224.0.0.251")], "--dns: 224.0.0.251 is not an address that a host can have"),
            (&[("dns", "1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4")], "--dns names more than 3 servers"),
            (
                &[("address", "10.0.0.2/24"), ("gateway", "10.0.1.1")],
                "--gateway 10.0.1.1 is not another host of 10.0.0.0/24",
            ),
            (
                &[("address", "10.0.0.2/24"), ("gateway", "10.0.0.2")],
                "--gateway 10.0.0.2 is not another host of 10.0.0.0/24",
            ),
            (
                &[("address", "10.0.0.2/24"), ("gateway", "10.0.0.255")],
                "--gateway 10.0.0.255 is not another host of 10.0.0.0/24",
            ),
        ] {
            let fault = addressing(options).unwrap_err();
            assert_eq!((fault.cause.as_str(), fault.code), (cause, exit::USAGE), "{options:?}");
        }
    }

    #[test]
    fn a_host_name_is_told_to_dhcp_if_it_fits() {
        let name = |hostname: &str| match Addressing::Dhcp.config(hostname).ipv4 {
            embassy_net::ConfigV4::Dhcp(config) => config.hostname,
            _ => panic!(),
        };
        assert_eq!(name("edge-1").as_deref(), Some("edge-1"));
        assert_eq!(name(&"x".repeat(300)), None);
    }
}
