//! Everything a person or a product decides: whom to claim for, how long to wait, how much to hold.

use crate::identity::guid::Guid;
use crate::secret::Secret;
use crate::wire::proxy::{Exceptions, Proxy};
use crate::wire::url::Url;
use core::time::Duration;

/// Longest claiming token, in bytes. Those of Netdata Cloud have 135.
pub const TOKEN_MAX: usize = 512;
/// Longest host name, in bytes (RFC 1035 2.3.4 allows 253).
pub const HOSTNAME_MAX: usize = 253;
/// Longest list of War Rooms, in bytes, commas included: 27 ids of 36 characters.
pub const ROOMS_MAX: usize = 1024;

/// The release of the original agent whose side of the protocol is spoken; `/env` and the password request name it.
pub const AGENT_VERSION: &str = "2.10.4";

/// Who claims what, and where.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Cloud's base URL.
    pub url: Url,
    /// The id to claim: the machine GUID unless the user chose another one.
    pub id: Guid,
    /// The machine GUID.
    pub machine_guid: Guid,
    /// The host name shown in the War Rooms.
    pub hostname: heapless::String<HOSTNAME_MAX>,
    /// The claiming token; empty when there is nothing to claim.
    pub token: Secret<TOKEN_MAX>,
    /// War Room ids, comma separated; may be empty.
    pub rooms: heapless::String<ROOMS_MAX>,
    /// How often a claim is tried before it counts as failed; `None` for ever.
    pub claim_attempts: Option<u32>,
    /// The proxy for every connection; `None` for direct ones.
    pub proxy: Option<Proxy>,
    /// Hosts that it is not used for.
    pub no_proxy: Exceptions,
    /// How long each wait may take.
    pub timing: Timing,
    /// What is announced to the Cloud.
    pub limits: Limits,
}

impl Settings {
    /// The proxy that leads to `host` at `port`; `None` for a direct connection.
    #[must_use]
    pub fn proxy_to(&self, host: &str, port: u16) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|_| cfg!(feature = "proxy") && !self.no_proxy.cover(host, port))
    }
}

/// The deadline of every wait. There is no wait without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Name resolution.
    pub dns: Duration,
    /// Each attempt to reach one address.
    pub tcp: Duration,
    /// From the connection to a proxy to a tunnel through it (the original: 30 s for requests, protocol.md 4.5).
    pub proxy: Duration,
    /// The whole TLS handshake.
    pub tls: Duration,
    /// A write to the connection.
    pub write: Duration,
    /// From the request to the last byte of its reply (the original: 30 s, protocol.md 2.3).
    pub http: Duration,
    /// From the WebSocket upgrade to its 101.
    pub upgrade: Duration,
    /// From CONNECT to CONNACK.
    pub connack: Duration,
    /// From SUBSCRIBE to SUBACK.
    pub suback: Duration,
    /// From PUBLISH to PUBACK.
    pub puback: Duration,
    /// MQTT keep-alive, announced in CONNECT. A PINGREQ goes out after three quarters of it without sending.
    pub keep_alive: Duration,
    /// From PINGREQ to PINGRESP.
    pub pingresp: Duration,
    /// From the farewell message to its PUBACK. With [`close`](Self::close) these are two seconds, after which a service has
    /// ended that was asked to, whatever the Cloud does (the original: 2 s, protocol.md 2.10).
    pub farewell: Duration,
    /// From our close to the peer's.
    pub close: Duration,
    /// The link has proved itself, and the back-off starts anew, when it held that long (or saw three PUBACKs).
    pub proved: Duration,
}

impl Timing {
    /// The usual deadlines.
    pub const DEFAULT: Self = Self {
        dns: Duration::from_secs(10),
        tcp: Duration::from_secs(10),
        proxy: Duration::from_secs(30),
        tls: Duration::from_secs(20),
        write: Duration::from_secs(30),
        http: Duration::from_secs(30),
        upgrade: Duration::from_secs(30),
        connack: Duration::from_secs(30),
        suback: Duration::from_secs(30),
        puback: Duration::from_secs(60),
        keep_alive: Duration::from_secs(60),
        pingresp: Duration::from_secs(30),
        farewell: Duration::from_millis(1_750),
        close: Duration::from_millis(250),
        proved: Duration::from_secs(60),
    };

    /// Longest time to establish a connection, TLS included, when `addresses` addresses are tried. Through a proxy there may
    /// be two names to look up.
    #[must_use]
    pub fn connect(&self, addresses: u32, through_proxy: bool) -> Duration {
        let proxy = if through_proxy { self.dns + self.proxy } else { Duration::ZERO };
        self.dns + self.tcp * addresses + proxy + self.tls
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What CONNECT announces, so that the Cloud never sends more than the device holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Receive Maximum: QoS 1 messages the Cloud may have in flight, at most
    /// [`QUERIES_MAX`](crate::link::queries::QUERIES_MAX). That is the length of the query queue.
    pub receive_maximum: u16,
    /// Topic aliases the Cloud may use, at most [`INBOUND_ALIASES`].
    pub topic_alias_maximum: u16,
}

/// Room for topic aliases of the Cloud.
pub const INBOUND_ALIASES: usize = 16;

impl Limits {
    /// For a device with 64 KiB of memory.
    pub const DEVICE: Self = Self { receive_maximum: 4, topic_alias_maximum: 8 };
    /// For a computer.
    pub const COMPUTER: Self = Self { receive_maximum: 64, topic_alias_maximum: 16 };
}
