//! The device as a node of Netdata Cloud: what it is called, how its link is, and the [`Device`](crate::metrics::Device) itself.
//!
//! One [`Node`] in a `RefCell` is shared by the driver, which keeps [`Status`] up to date and lets the device measure, and
//! by whoever answers requests: the link, and a local HTTP server beside it. Everyone borrows it for one call only.

mod contexts;
mod counters;

pub use contexts::{Contexts, Span, firsts};
pub use counters::{Connections, PROVING_PUBACKS, Traffic};

use crate::clock::{Instant, Now};
use crate::identity::guid::Guid;
use crate::settings::{HOSTNAME_MAX, Settings};
use crate::stage::{Failure, Next};
use crate::store::Saved;
use crate::text::Text;
use crate::wire::proxy::Proxy;
use crate::wire::url::Url;

/// Room for the description of a proxy, in bytes. Without the feature `proxy` there is none to be described.
pub const PROXY_MAX: usize = if cfg!(feature = "proxy") { 320 } else { 16 };

/// What to do about an identity that another machine has as well: the hint of a link that was taken over.
pub const CLONED: &str = "another machine uses this identity (a cloned disk, volume or container): unclaim one of them, \
    delete its claim.d and machine GUID, and claim it again with a new -id";

/// A device, and what there is to know about it as a node.
#[derive(Debug)]
pub struct Node<D: ?Sized> {
    /// What it is called, and how its link is.
    pub status: Status,
    /// What the Cloud is told of its charts.
    pub contexts: Contexts,
    /// The machine.
    pub device: D,
}

impl<D> Node<D> {
    /// A node that has no link yet.
    pub fn new(device: D, settings: &Settings, saved: &Saved, now: Now) -> Self {
        Self { status: Status::new(settings, saved, now), contexts: Contexts::new(), device }
    }
}

/// What a node is called, and how its link is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The machine GUID.
    pub machine_guid: Guid,
    /// The host name.
    pub hostname: heapless::String<HOSTNAME_MAX>,
    /// The Cloud.
    pub url: Url,
    /// The proxy as `aclk-state` describes it, never with its credentials: `none`, or `http://host:port (with
    /// credentials, from netdata.conf)` (protocol.md 5.3). It is that of the settings until somebody who knows where it
    /// comes from says so.
    pub proxy: Text<PROXY_MAX>,
    /// Why nothing is linked though it could be: the words of whoever switched it off.
    pub switched_off: Option<&'static str>,
    /// What a person should know, whether the link is up or not: that another machine has the same identity ([`CLONED`]).
    pub warning: Option<&'static str>,
    /// When the program started.
    pub started: Instant,
    /// What changes.
    pub link: LinkStatus,
}

/// How the link is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStatus {
    /// The claimed id.
    pub claimed: Option<Guid>,
    /// The node id.
    pub node: Option<Guid>,
    /// In one word.
    pub state: LinkState,
    /// Since when it is that.
    pub since: Instant,
    /// Why it is not up, and what happens next.
    pub failure: Option<Failure>,
    /// When the next attempt is made.
    pub next_attempt: Option<Instant>,
    /// What has become of the connections.
    pub connections: Connections,
    /// What has gone over the last of them.
    pub traffic: Traffic,
}

/// How the link is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// The node is not claimed.
    Available,
    /// Claimed, and no link.
    Offline,
    /// The link is up.
    Online,
    /// The Cloud asked not to be called again.
    Banned,
}

impl LinkState {
    /// The word of the original (protocol.md 1.14).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Offline => "offline",
            Self::Online => "online",
            Self::Banned => "banned",
        }
    }
}

impl Status {
    fn new(settings: &Settings, saved: &Saved, now: Now) -> Self {
        let claimed = saved.claimed.as_ref().map(|claim| claim.id);
        let link = LinkStatus {
            claimed,
            node: saved.node_of(claimed),
            state: if claimed.is_some() { LinkState::Offline } else { LinkState::Available },
            since: now.instant,
            failure: None,
            next_attempt: None,
            connections: Connections::default(),
            traffic: Traffic::NONE,
        };
        let url = saved.claimed.as_ref().map_or(&settings.url, |claim| &claim.url).clone();
        let (machine_guid, hostname) = (settings.machine_guid, settings.hostname.clone());
        let proxy = described(settings.proxy.as_ref());
        Self { machine_guid, hostname, url, proxy, switched_off: None, warning: None, started: now.instant, link }
    }

    /// The settings were read anew; what has happened so far is kept.
    pub fn configure(&mut self, settings: &Settings) {
        self.machine_guid = settings.machine_guid;
        self.hostname = settings.hostname.clone();
        self.proxy = described(settings.proxy.as_ref());
        if self.link.claimed.is_none() {
            self.url = settings.url.clone();
        }
    }

    /// The identity was changed from outside. Without one, the node belongs to the Cloud of the settings, at `url`.
    pub fn reload(&mut self, saved: &Saved, url: &Url, now: Now) {
        let claimed = saved.claimed.as_ref().map(|claim| claim.id);
        if claimed != self.link.claimed {
            self.warning = None;
        }
        self.link.claimed = claimed;
        self.link.node = saved.node_of(claimed);
        self.url = saved.claimed.as_ref().map_or(url, |claim| &claim.url).clone();
        self.link.failure = None;
        self.link.next_attempt = None;
        self.turn(if claimed.is_some() { LinkState::Offline } else { LinkState::Available }, now);
    }

    /// The node is claimed.
    pub fn on_claimed(&mut self, id: Guid, now: Now) {
        self.link.claimed = Some(id);
        self.link.node = None;
        self.link.failure = None;
        self.turn(LinkState::Offline, now);
    }

    /// The link is up.
    pub fn on_online(&mut self, now: Now) {
        self.link.failure = None;
        self.link.next_attempt = None;
        self.turn(LinkState::Online, now);
    }

    /// The Cloud knows the node by this id.
    pub fn on_live(&mut self, node: Guid) {
        self.link.node = Some(node);
    }

    /// The claim or the link failed.
    pub fn on_failure(&mut self, failure: &Failure, now: Now) {
        if failure.hint == CLONED {
            self.warning = Some(CLONED);
        }
        self.link.next_attempt = match failure.next {
            Next::Retry(delay) => Some(now.instant + delay),
            Next::Stop | Next::Banned => None,
        };
        if let Next::Retry(delay) = failure.next {
            self.link.connections.last_backoff = Some(delay);
        }
        self.link.failure = Some(failure.clone());
        let state = match (self.link.claimed, failure.next) {
            (None, _) => LinkState::Available,
            (Some(_), Next::Banned) => LinkState::Banned,
            (Some(_), _) => LinkState::Offline,
        };
        self.turn(state, now);
    }

    /// Nobody works on the link any more.
    pub fn on_stopped(&mut self, now: Now) {
        if self.link.state == LinkState::Online {
            self.turn(LinkState::Offline, now);
        }
    }

    /// Something has gone over the link.
    pub fn on_traffic(&mut self, traffic: Traffic) {
        self.link.traffic = traffic;
        if traffic.proved.is_some() {
            self.link.connections.last_proved = traffic.proved;
        }
    }

    fn turn(&mut self, state: LinkState, now: Now) {
        if self.link.state == state {
            return;
        }
        let connections = &mut self.link.connections;
        if state == LinkState::Online {
            connections.count = connections.count.saturating_add(1);
            connections.last_up = Some(now.instant);
        } else if self.link.state == LinkState::Online {
            connections.last_down = Some(now.instant);
        }
        self.link.state = state;
        self.link.since = now.instant;
    }
}

/// A proxy, or none, as `aclk-state` describes it.
fn described(proxy: Option<&Proxy>) -> Text<PROXY_MAX> {
    match proxy {
        None => Text::of("none"),
        Some(proxy) => {
            let with = if proxy.has_credentials() { "with" } else { "without" };
            Text::of(format_args!("{}://{} ({with} credentials)", proxy.scheme().name(), proxy.endpoint()))
        }
    }
}
