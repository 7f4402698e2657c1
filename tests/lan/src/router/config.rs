//! What the router is told: every knob of the household, and every fault of its services.

use aclk_core::clock::Instant;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::BTreeMap;

/// The address of the router, unless configured otherwise. Its network is 10.77.0.0/24.
pub const ROUTER_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// The same as text.
pub const ROUTER: &str = "10.77.0.1";

/// The hardware address of the router, unless configured otherwise. Locally administered.
pub const ROUTER_MAC: [u8; 6] = [0x02, 0xac, 0x1c, 0x00, 0x00, 0x01];

/// Smallest MTU a router works with (RFC 791: every host must take a datagram of 576 bytes, and every link carry 68).
pub const MIN_MTU: usize = 68;

/// Everything about a [`Router`](super::Router). All but the addresses, the MTU and the seed may be changed while it runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Seeds the initial sequence numbers of TCP.
    pub seed: u64,
    /// Hardware address; must be unicast.
    pub mac: [u8; 6],
    /// Address in the local network; must be unicast.
    pub address: Ipv4Addr,
    /// Length of the network prefix, 1 to 30.
    pub prefix: u8,
    /// Largest IP packet sent, in bytes, at least [`MIN_MTU`]. TCP announces it as its maximum segment size.
    pub mtu: usize,
    /// The DHCP server.
    pub dhcp: Dhcp,
    /// The DNS server.
    pub dns: Dns,
    /// The SNTP server.
    pub sntp: Sntp,
    /// Where TCP connections go.
    pub nat: Nat,
}

impl Config {
    /// The mask that goes with [`prefix`](Self::prefix).
    pub(super) fn netmask(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0))
    }

    /// Whether `address` can be that of a host in the local network.
    pub(super) fn on_link(&self, address: Ipv4Addr) -> bool {
        let mask = self.netmask().to_bits();
        let host = address.to_bits() & !mask;
        address.to_bits() & mask == self.address.to_bits() & mask && host != 0 && host != !mask
    }

    /// Whether the router answers for `address`.
    pub(super) fn owns(&self, address: Ipv4Addr) -> bool {
        address == self.address || self.nat.addresses.contains(&address)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            mac: ROUTER_MAC,
            address: ROUTER_ADDRESS,
            prefix: 24,
            mtu: 1_500,
            dhcp: Dhcp::default(),
            dns: Dns::default(),
            sntp: Sntp::default(),
            nat: Nat::default(),
        }
    }
}

/// The DHCP server (RFC 2131). Leases are bound to hardware addresses.
#[derive(Debug, Clone)]
pub struct Dhcp {
    /// First address given out.
    pub first: Ipv4Addr,
    /// How many addresses there are.
    pub count: u16,
    /// How long a lease lasts; sent in whole seconds.
    pub lease: Duration,
    /// When to renew (option 58), if not at half of the lease.
    pub renew: Option<Duration>,
    /// When to ask any server (option 59), if not at seven eighths of the lease.
    pub rebind: Option<Duration>,
    /// Default gateway (option 3).
    pub gateway: Option<Ipv4Addr>,
    /// DNS servers (option 6), three at most are sent.
    pub dns: Vec<Ipv4Addr>,
    /// Time servers (option 42), three at most are sent.
    pub ntp: Vec<Ipv4Addr>,
    /// What goes wrong.
    pub fault: Option<DhcpFault>,
}

/// What a DHCP server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DhcpFault {
    /// Answers nothing.
    Silent,
    /// Offers addresses, and refuses every request with a NAK.
    Nak,
    /// Offers addresses, and leaves every request unanswered.
    OfferOnly,
    /// Has no address left.
    Exhausted,
}

impl Default for Dhcp {
    fn default() -> Self {
        Self {
            first: Ipv4Addr::new(10, 77, 0, 100),
            count: 100,
            lease: Duration::from_secs(24 * 60 * 60),
            renew: None,
            rebind: None,
            gateway: Some(ROUTER_ADDRESS),
            dns: vec![ROUTER_ADDRESS],
            ntp: vec![ROUTER_ADDRESS],
            fault: None,
        }
    }
}

/// The DNS server (RFC 1035): answers for the names it knows, over UDP, and knows no others.
#[derive(Debug, Clone)]
pub struct Dns {
    names: BTreeMap<String, Answer>,
    /// How long answers may be cached; sent in whole seconds.
    pub ttl: Duration,
    /// What goes wrong with every name; a single name may go wrong by its [`Answer::Fault`].
    pub fault: Option<DnsFault>,
}

/// What is known about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is the router itself, and with the NAT that means the host.
    Router,
    /// It has these addresses.
    Addresses(Vec<Ipv4Addr>),
    /// It is another name for this one (CNAME).
    Alias(String),
    /// Asking for it goes wrong.
    Fault(DnsFault),
}

/// What a DNS server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsFault {
    /// Does not answer.
    Silent,
    /// SERVFAIL: the server could not find out.
    ServerFailure,
    /// REFUSED: the server does not want to.
    Refused,
    /// NXDOMAIN: there is no such name, although there is.
    NoSuchName,
}

impl Dns {
    /// Sets what is known about `name`. Upper and lower case are the same. A name `*.example` stands for every name
    /// below `example` that has no entry of its own.
    pub fn insert(&mut self, name: &str, answer: Answer) {
        self.names.insert(name.trim_end_matches('.').to_ascii_lowercase(), answer);
    }

    /// Forgets `name`, which no longer exists then.
    pub fn remove(&mut self, name: &str) {
        self.names.remove(&name.trim_end_matches('.').to_ascii_lowercase());
    }

    /// What is known about `name`, which is in lower case and has no dot at its end.
    pub(super) fn find(&self, name: &str) -> Option<&Answer> {
        if let Some(answer) = self.names.get(name) {
            return Some(answer);
        }
        let mut rest = name;
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(answer) = self.names.get(&format!("*.{parent}")) {
                return Some(answer);
            }
            rest = parent;
        }
        None
    }
}

impl Default for Dns {
    /// Knows `localhost` and what is below it, `cloud.test` and what is below it, `router.test` and `time.test`, all of
    /// which are the router.
    fn default() -> Self {
        let mut dns = Self { names: BTreeMap::new(), ttl: Duration::from_secs(60), fault: None };
        for name in ["localhost", "*.localhost", "cloud.test", "*.cloud.test", "router.test", "time.test"] {
            dns.insert(name, Answer::Router);
        }
        dns
    }
}

/// The SNTP server (RFC 4330, RFC 5905).
#[derive(Debug, Clone, Copy)]
pub struct Sntp {
    /// Unix time at [`Instant::START`], in microseconds. It runs at the speed of the caller's clock.
    pub unix_us: u64,
    /// What goes wrong.
    pub fault: Option<SntpFault>,
}

/// What a time server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SntpFault {
    /// Does not answer.
    Silent,
    /// Sends a kiss-o'-death with this code, such as `*b"RATE"` or `*b"DENY"` (RFC 5905 7.4).
    KissOfDeath([u8; 4]),
    /// Says that its own clock is not synchronised (leap indicator 3, stratum 16).
    Unsynchronised,
    /// Tells a time that is off by this many seconds.
    Off(i64),
    /// Answers with the originate timestamp of another request, as a forger would.
    WrongOrigin,
    /// Sends zero as the transmit timestamp.
    NoTime,
}

impl Sntp {
    /// Unix time at `now`, in microseconds, as an honest server tells it.
    #[must_use]
    pub const fn unix_us(&self, now: Instant) -> u64 {
        self.unix_us.saturating_add(now.as_micros())
    }
}

impl Default for Sntp {
    /// Starts at 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self { unix_us: 1_767_225_600_000_000, fault: None }
    }
}

/// Where TCP connections of devices go.
///
/// The first of [`forwards`](Self::forwards) that matches decides, else [`otherwise`](Self::otherwise).
#[derive(Debug, Clone)]
pub struct Nat {
    /// Rules, in order.
    pub forwards: Vec<Forward>,
    /// What happens to a connection that no rule matches.
    pub otherwise: Target,
    /// Addresses besides the router's own that it answers for, in the local network or outside. Connections to any
    /// other address vanish, as they would beyond a router without an uplink.
    pub addresses: Vec<Ipv4Addr>,
    /// Most connections at one time. One more is refused, unless the oldest of those that are over but linger (TIME-WAIT)
    /// can go.
    pub flows: usize,
    /// Bytes buffered in each direction of a connection. Read when the connection is made.
    pub buffer: usize,
    /// After how long without a packet a connection is forgotten and both sides get a reset.
    pub idle: Duration,
    /// What happens to a segment of no known connection, for example after [`Router::forget_flows`](super::Router::forget_flows).
    pub strays: Strays,
}

/// One rule of the forward table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// The address connected to; `None` is any of the router's.
    pub address: Option<Ipv4Addr>,
    /// The port connected to; `None` is any.
    pub port: Option<u16>,
    /// Where the connection goes.
    pub target: Target,
}

/// Where a connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// To the same port of 127.0.0.1 on the host.
    Loopback,
    /// To this address, seen from the host.
    Host(SocketAddr),
    /// Nowhere: the device gets a reset.
    Refused,
    /// Nowhere: the device gets no answer.
    Silent,
}

/// What happens to a segment of no known connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strays {
    /// It is answered with a reset.
    Reset,
    /// It vanishes, as with most household routers.
    Silent,
}

impl Nat {
    /// Where a connection to `port` of `address` goes.
    pub(super) fn target(&self, address: Ipv4Addr, port: u16) -> Target {
        let matches = |rule: &&Forward| {
            rule.address.is_none_or(|wanted| wanted == address) && rule.port.is_none_or(|wanted| wanted == port)
        };
        self.forwards.iter().find(matches).map_or(self.otherwise, |rule| rule.target)
    }
}

impl Default for Nat {
    /// Every port of the router is the same port of 127.0.0.1; idle connections last 2 hours and 4 minutes (RFC 5382
    /// REQ-5).
    fn default() -> Self {
        Self {
            forwards: Vec::new(),
            otherwise: Target::Loopback,
            addresses: Vec::new(),
            flows: 64,
            buffer: 64 * 1_024,
            idle: Duration::from_secs(7_440),
            strays: Strays::Reset,
        }
    }
}
