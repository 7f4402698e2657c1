//! All parts, and the time between them.

use crate::clock;
use crate::device::{self, Diary, Happened, What};
use crate::equipped::{self, Equipped};
use crate::neighbour::{Call, Neighbour};
use crate::pki::{Pki, Signatures};
use crate::watch::{self, Place};
use aclk_cloud::Cloud;
use aclk_core::clock::Instant;
use aclk_core::identity::guid::Guid;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::stage::Failure;
use aclk_core::wire::proxy::{Exceptions, Proxy};
use aclk_core::wire::url::Url;
use aclk_host::{Host, PORT, PROXY_PORT};
use aclk_lan::{Config, Faults, Jack, Lan, ROUTER, device_end};
use core::fmt;
use core::future::Future;
use core::net::Ipv4Addr;
use core::pin::Pin;
use core::task::{Context, Waker};
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

/// The name of the Cloud; the router knows it.
const HOST: &str = "cloud.test";
const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x77];
/// Steps without time passing after which a run counts as a livelock.
const STEPS: u32 = 100_000;

/// How a [`Simulation`] is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Seed of everything.
    pub seed: u64,
    /// What the cable does to frames, both ways.
    pub faults: Faults,
    /// The router.
    pub router: Config,
    /// Whom the device asks for the time: a host name or an address.
    pub time_server: &'static str,
    /// The Cloud. Its time of day becomes that of the router.
    pub cloud: aclk_cloud::Config,
    /// The proxy in front of the Cloud.
    pub proxy: Option<aclk_proxy::Config>,
    /// Whether the certificate of the Cloud was renewed after the firmware was built: then it is not valid yet for a
    /// device that does not know the time.
    pub renewed: bool,
    /// How the certificates of the Cloud are signed.
    pub signatures: Signatures,
    /// What kind of device it is.
    pub device: Kind,
}

/// Where a device has its identity and its orders from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From the program: a storage that never fails, a key, and the token.
    BuiltIn,
    /// From its flash, where there is a key, and from its serial console.
    Flash,
    /// The same without a key.
    NoKey,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            seed: 1,
            faults: Faults { latency: Duration::from_millis(20), ..Faults::none() },
            router: Config::default(),
            time_server: ROUTER,
            cloud: aclk_cloud::Config::default(),
            proxy: None,
            renewed: false,
            signatures: Signatures::Rsa,
            device: Kind::BuiltIn,
        }
    }
}

/// A device, a cable, a router and a Cloud. There may be one on a thread at a time.
pub struct Simulation {
    /// Cable and router. Their faults may be changed at any time.
    pub lan: Lan,
    host: Host<Pki>,
    jack: Jack,
    device: Pin<Box<dyn Future<Output = ()>>>,
    equipped: Equipped,
    /// Whether the device has something to do.
    bell: Arc<Bell>,
    diary: Diary,
    neighbours: Vec<Neighbour>,
    mtu: usize,
    cloud_config: aclk_cloud::Config,
    restarts: u64,
    now: Instant,
}

impl Simulation {
    /// A device that is switched on now, for the first time.
    ///
    /// # Panics
    /// If the setup makes no sense.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        clock::reset();
        let Setup { seed, faults, mut router, time_server, mut cloud, proxy, renewed, device, signatures } = setup;
        router.seed = seed;
        cloud.seed = seed;
        cloud.listen_port = PORT;
        cloud.unix_start = Duration::from_micros(router.sntp.unix_us);
        let mtu = router.mtu;
        let lan = Lan::new(seed, faults, router).expect("the router makes sense");
        let pki = Pki::new(HOST, renewed, signatures);
        let authority = pki.authority.clone();
        let url = proxy.as_ref().map(proxy_url);
        let host = Host::new(Cloud::new(cloud.clone()), pki, proxy);
        let (ethernet, jack) = device_end(MAC, mtu);
        let diary = Diary::default();
        let mut settings = settings(&host.cloud, url.as_deref());
        let (log, equipped) = (diary.clone(), Equipped::new(&authority, device == Kind::Flash));
        let device: Pin<Box<dyn Future<Output = ()>>> = match device {
            Kind::BuiltIn => Box::pin(device::run(ethernet, seed, settings, authority, time_server, log)),
            Kind::Flash | Kind::NoKey => {
                (settings.token, settings.rooms) = Default::default();
                Box::pin(equipped::run(ethernet, seed, settings, equipped.clone(), time_server, log))
            }
        };
        Self {
            lan,
            host,
            jack,
            device,
            equipped,
            bell: Arc::new(Bell(AtomicBool::new(true))),
            diary,
            neighbours: Vec::new(),
            mtu,
            cloud_config: cloud,
            restarts: 0,
            now: Instant::START,
        }
    }

    /// Virtual time since the device was switched on.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now.since(Instant::START)
    }

    /// The Cloud.
    pub const fn cloud(&mut self) -> &mut Cloud {
        &mut self.host.cloud
    }

    /// The secrets of all TLS connections so far, in the format of `SSLKEYLOGFILE`.
    #[must_use]
    pub fn key_log(&self) -> String {
        self.host.servers.key_log()
    }

    /// What the device told so far.
    #[must_use]
    pub fn happened(&self) -> Vec<Happened> {
        self.diary.borrow().clone()
    }

    /// All failures that the device told so far.
    #[must_use]
    pub fn failures(&self) -> Vec<Failure> {
        self.diary.borrow().iter().filter_map(|happened| happened.what.failure().cloned()).collect()
    }

    /// Whether the link is up, as far as the device knows.
    #[must_use]
    pub fn is_online(&self) -> bool {
        let diary = self.diary.borrow();
        let last = diary.iter().rev().find(|happened| matches!(happened.what, What::Online | What::Offline(_)));
        last.is_some_and(|happened| happened.what == What::Online)
    }

    /// The address that the device has from the router.
    #[must_use]
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.lan.router.leased_to(MAC, self.now)
    }

    /// A person types at the serial console of the device.
    pub fn types(&self, text: &str) {
        self.equipped.line.types(text);
    }

    /// All that was ever on the screen of the serial console.
    #[must_use]
    pub fn screen(&self) -> String {
        self.equipped.line.screen()
    }

    /// How often the device was switched on or has rebooted.
    #[must_use]
    pub fn starts(&self) -> u32 {
        self.equipped.starts.get()
    }

    /// Another machine on the cable calls `port` of the device, says `text` and listens, if it `listens`. Yields its number.
    ///
    /// # Panics
    /// If the device has no address yet, or there are more than thirty neighbours.
    pub fn call(&mut self, port: u16, text: &str, listens: bool) -> usize {
        let device = (self.address().expect("the device has an address"), port);
        let number = self.neighbours.len();
        assert!(number < 30, "the street is full");
        self.neighbours.push(Neighbour::new(number as u8, self.mtu, device, text, listens));
        number
    }

    /// What came of the call of neighbour `number`.
    #[must_use]
    pub fn call_of(&self, number: usize) -> Call {
        self.neighbours[number].call.borrow().clone()
    }

    /// The Cloud goes down: every connection is reset, and new ones are refused.
    pub fn cloud_down(&mut self) {
        self.host.go_down(self.now);
    }

    /// The Cloud comes back: it remembers what is claimed, and nothing else.
    pub fn cloud_up(&mut self) {
        self.restarts += 1;
        let config = aclk_cloud::Config {
            seed: self.cloud_config.seed ^ (self.restarts << 32),
            unix_start: self.cloud_config.unix_start,
            faults: aclk_cloud::FaultPlan::default(),
            ..self.cloud_config.clone()
        };
        self.host.cloud = Cloud::restore(config, self.host.cloud.state().clone());
        self.host.up = true;
    }

    /// Runs until `condition` holds. Says whether it did within `limit`.
    ///
    /// # Panics
    /// If time stands still.
    pub fn run_until(&mut self, limit: Duration, mut condition: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + limit;
        loop {
            self.settle();
            if condition(self) {
                return true;
            }
            match self.next_event().filter(|next| *next <= end) {
                Some(next) => self.advance(next),
                None => {
                    self.advance(end);
                    self.settle();
                    return condition(self);
                }
            }
        }
    }

    /// Lets `span` pass.
    pub fn run_for(&mut self, span: Duration) {
        self.run_until(span, |_| false);
    }

    fn advance(&mut self, now: Instant) {
        self.now = now;
        clock::advance(now.as_micros());
    }

    /// Lets everything happen that happens now.
    fn settle(&mut self) {
        for _ in 0..STEPS {
            if !self.step() {
                return;
            }
        }
        panic!("the world does not come to rest at {:?}", self.now());
    }

    fn step(&mut self) -> bool {
        let mut progress = self.bell.0.swap(false, Ordering::Relaxed);
        if progress {
            let waker = Waker::from(Arc::clone(&self.bell));
            let poll = || self.device.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
            let done = watch::at(Place::Device, poll);
            assert!(!done, "the application ended at {:?}: {:?}", self.now(), self.failures());
        }
        for neighbour in &mut self.neighbours {
            progress |= neighbour.step();
        }
        self.exchange();
        while let Some(action) = self.lan.poll(self.now) {
            self.host.act(&mut self.lan.router, self.now, action);
            progress = true;
        }
        progress |= self.host.serve(&mut self.lan.router, self.now);
        // Frames of the router that the host has just caused.
        if progress {
            return true;
        }
        self.exchange();
        self.bell.0.load(Ordering::Relaxed)
    }

    /// Carries frames. Neighbours are at a switch right beside the device, so theirs take no time and none is lost.
    fn exchange(&mut self) {
        for neighbour in &self.neighbours {
            while let Some(frame) = neighbour.jack.take() {
                self.jack.give(frame);
            }
        }
        if !self.neighbours.is_empty() {
            while let Some(frame) = self.jack.take() {
                self.neighbours.iter().for_each(|neighbour| neighbour.jack.give(frame.clone()));
                self.lan.send(self.now, frame);
            }
        }
        self.lan.exchange(self.now, &self.jack);
    }

    fn next_event(&mut self) -> Option<Instant> {
        let alarm = clock::next_alarm().map(Instant::from_micros);
        let events = [self.lan.next_event(self.now), self.host.next_event(), alarm];
        let next = events.into_iter().flatten().min()?;
        // Whatever was due by now has had its turn.
        Some(next.max(Instant::from_micros(self.now.as_micros() + 1)))
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("now", &self.now).field("lan", &self.lan).finish_non_exhaustive()
    }
}

struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Where the device finds the proxy: on the same machine.
fn proxy_url(proxy: &aclk_proxy::Config) -> String {
    let scheme = match proxy.kind {
        aclk_proxy::Kind::Http => "http",
        aclk_proxy::Kind::Socks => "socks5h",
    };
    let credentials = proxy.credentials.as_ref().map(|(user, password)| format!("{user}:{password}@"));
    format!("{scheme}://{}{HOST}:{PROXY_PORT}", credentials.unwrap_or_default())
}

fn settings(cloud: &Cloud, proxy: Option<&str>) -> Settings {
    let guid = Guid::parse(GUID).expect("the GUID is valid");
    let rooms: Vec<&str> = cloud.rooms().iter().map(|room| room.id.as_str()).collect();
    Settings {
        url: Url::parse(&format!("https://{HOST}:{PORT}")).expect("the URL is valid"),
        id: guid,
        machine_guid: guid,
        hostname: "edge-1".try_into().expect("the host name fits"),
        token: Secret::copy_of(cloud.token().as_bytes()).expect("the token fits"),
        rooms: rooms.join(",").as_str().try_into().expect("the rooms fit"),
        claim_attempts: None,
        proxy: proxy.map(|url| Proxy::parse(url).expect("the URL is valid")),
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    }
}
