//! How cable and network are: types of types.ts.

use aclk_lan::Faults;
use aclk_proxy::{Config, Kind};
use core::time::Duration;
use serde::Deserialize;

/// `CableConditions`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conditions {
    latency_ms: f64,
    jitter_ms: f64,
    loss_percent: f64,
    reorder_percent: f64,
    duplicate_percent: f64,
    flip_percent: f64,
    /// Bits per second; 0 for no limit.
    bandwidth: f64,
    pub(super) seed: u64,
}

impl Conditions {
    /// The same for the cable.
    pub(super) fn faults(&self) -> Faults {
        let span = |ms: f64| Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or_default();
        Faults {
            loss: self.loss_percent / 100.0,
            duplicate: self.duplicate_percent / 100.0,
            reorder: self.reorder_percent / 100.0,
            corrupt: self.flip_percent / 100.0,
            latency: span(self.latency_ms),
            jitter: span(self.jitter_ms),
            // So late that others overtake it.
            hold: span(self.latency_ms.mul_add(2.0, 20.0)),
            bandwidth: (self.bandwidth >= 1.0).then_some(self.bandwidth as u64),
            ..Faults::none()
        }
    }
}

/// `NetworkSettings`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Network {
    pub(super) dhcp: Option<DhcpFault>,
    pub(super) dns: Option<DnsFault>,
    pub(super) time: Option<TimeFault>,
    pub(super) direct: bool,
    proxy: Option<Proxy>,
}

impl Network {
    /// The proxy, as it is emulated.
    pub(super) fn proxy(&self) -> Option<Config> {
        self.proxy.as_ref().map(|proxy| Config {
            kind: proxy.kind.into(),
            credentials: (!proxy.user.is_empty()).then(|| (proxy.user.clone(), proxy.password.clone())),
            // The page takes the names from the list that it was given.
            fault: proxy.fault.as_ref().and_then(|name| name.parse().ok()),
        })
    }
}

/// What the DHCP server does wrong.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DhcpFault {
    Silent,
    Nak,
    OfferOnly,
    Exhausted,
}

/// What the DNS server does wrong.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DnsFault {
    Silent,
    ServerFailure,
    NoSuchName,
    Refused,
}

/// What the time server does wrong.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum TimeFault {
    Named(NamedTimeFault),
    /// The time is off by so many seconds.
    Off(f64),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NamedTimeFault {
    Silent,
    KissOfDeath,
    Unsynchronised,
}

#[derive(Debug, Clone, Deserialize)]
struct Proxy {
    kind: ProxyKind,
    user: String,
    password: String,
    fault: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ProxyKind {
    Http,
    Socks5,
}

impl From<ProxyKind> for Kind {
    fn from(kind: ProxyKind) -> Self {
        match kind {
            ProxyKind::Http => Self::Http,
            ProxyKind::Socks5 => Self::Socks,
        }
    }
}
