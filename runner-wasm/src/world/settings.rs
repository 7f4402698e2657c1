//! How cable and network are: types of types.ts.

use crate::input::{CLOCK_SECONDS, parse, within};
use aclk_lan::Faults;
use aclk_proxy::{Config, Kind};
use core::ops::RangeInclusive;
use core::time::Duration;
use serde::Deserialize;

/// Milliseconds that a frame can be on its way.
const MS: RangeInclusive<f64> = 0.0..=60_000.0;
const PERCENT: RangeInclusive<f64> = 0.0..=100.0;
/// Bits per second.
const BANDWIDTH: RangeInclusive<f64> = 0.0..=1e12;

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
    /// Reads them.
    ///
    /// # Errors
    /// If they are none, or make no sense.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let conditions: Self = parse("the conditions of the cable", text)?;
        let Self { latency_ms, jitter_ms, loss_percent, reorder_percent, .. } = conditions;
        let Self { duplicate_percent, flip_percent, bandwidth, .. } = conditions;
        for (name, value, range) in [
            ("latencyMs", latency_ms, &MS),
            ("jitterMs", jitter_ms, &MS),
            ("lossPercent", loss_percent, &PERCENT),
            ("reorderPercent", reorder_percent, &PERCENT),
            ("duplicatePercent", duplicate_percent, &PERCENT),
            ("flipPercent", flip_percent, &PERCENT),
            ("bandwidth", bandwidth, &BANDWIDTH),
        ] {
            within(name, value, range)?;
        }
        Ok(conditions)
    }

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
    /// Reads it.
    ///
    /// # Errors
    /// If it is none, or makes no sense.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let network: Self = parse("the settings of the network", text)?;
        if let Some(TimeFault::Off(seconds)) = network.time {
            within("time", seconds, &CLOCK_SECONDS)?;
        }
        Ok(network)
    }

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
