//! An engine and an emulated Cloud in one process, in virtual time.
//!
//! [`Pair`] is to them what a driver and a network are on a real machine: it moves bytes with latency, cuts them into
//! pieces, refuses connections, and lets time pass only when nothing else is left to do. A run of minutes or days takes
//! milliseconds, and the same seed gives the same run.
//!
//! ```
//! use aclk_pair::{Pair, Setup};
//! use std::time::Duration;
//!
//! let mut pair = Pair::new(Setup::default());
//! assert!(pair.run_until(Pair::is_online, Duration::from_secs(60)));
//! assert_eq!(pair.cloud.deviations(), []);
//! ```

mod device;
mod happened;
mod machine;
mod network;
mod packer;
mod setup;
mod tunnel;

pub use device::{CHARTS, DIMENSIONS_MAX, HELD, Measured, TestDevice};
pub use happened::{Done, Happened};
pub use machine::{Memory, OTHER_PRIVATE_PEM, PRIVATE_PEM, saved_record_name};
pub use network::{ConnectFault, Pieces};
pub use packer::Packers;
pub use setup::{GUID, Setup};
pub use tunnel::ProxySetup;

use aclk_cloud::{Cloud, Peer};
use aclk_core::body::Bodies;
use aclk_core::clock::{Instant, Now};
use aclk_core::driver::note;
use aclk_core::engine::Agent;
use aclk_core::engine::event::{Input, Output};
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::node::Node;
use aclk_core::stage::{Failure, Purpose, Stage};
use aclk_core::wire::proxy::{Scheme, Target};
use chacha20::ChaCha20Rng;
use network::{Flight, Network};
use rand_core::SeedableRng;
use setup::{load_key, make_agent, now_at, settings};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Steps without time passing after which a run counts as a livelock.
const LIVELOCK: u32 = 100_000;
/// How often a device that is sending is looked at.
const TICK: Duration = Duration::from_millis(1);

/// What the name of the Cloud resolves to.
const CLOUD_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// An engine, a Cloud, and what is between them.
pub struct Pair {
    /// The emulated Cloud. Its faults may be changed at any time.
    pub cloud: Cloud,
    /// What the device has stored.
    pub memory: Memory,
    /// Everything that happened so far, in order.
    pub happened: Vec<Happened>,
    /// What becomes of the next attempts to connect, first come first served.
    pub connect_faults: VecDeque<ConnectFault>,
    /// Whom the proxy was asked for, in order.
    pub asked: Vec<String>,
    /// When the device asked for a connection, and for what, in order.
    pub attempts: Vec<(Duration, Purpose)>,
    /// The device as a node.
    pub node: Node<TestDevice>,
    /// If there is one, everything that the device sends, over all connections, is kept here.
    pub tap: Option<Vec<u8>>,
    bodies: Bodies,
    setup: Setup,
    agent: Agent<'static, Vec<u8>>,
    key: SoftwareKey,
    rng: ChaCha20Rng,
    network: Network,
    now: Duration,
    wait: Option<Instant>,
    /// The device is sending until then.
    busy: Duration,
    done: bool,
    idle_steps: u32,
    reboots: u64,
}

impl Pair {
    /// A device that was just switched on, and a Cloud. Nothing has happened yet.
    ///
    /// # Panics
    /// If the setup makes no sense (a token that is too long, a key that is none).
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let config = setup.cloud.clone();
        let cloud = match setup.cloud_state.clone() {
            Some(state) => Cloud::restore(config, state),
            None => Cloud::new(config),
        };
        Self::with_cloud(setup, cloud)
    }

    /// The same with a Cloud that exists already.
    ///
    /// # Panics
    /// If the setup makes no sense.
    #[must_use]
    pub fn with_cloud(setup: Setup, cloud: Cloud) -> Self {
        let memory = setup.memory.clone();
        let agent = make_agent(&setup, &cloud, &memory, Duration::ZERO, 0);
        let node = Node::new(
            TestDevice::new(setup.measured, setup.gzip),
            &settings(&setup, &cloud),
            &memory.saved,
            now_at(&setup, Duration::ZERO),
        );
        Self {
            key: load_key(&memory),
            rng: ChaCha20Rng::seed_from_u64(setup.seed),
            network: Network::new(setup.latency, setup.jitter, setup.pieces, setup.seed),
            setup,
            cloud,
            node,
            bodies: Bodies::new(),
            memory,
            happened: Vec::new(),
            connect_faults: VecDeque::new(),
            asked: Vec::new(),
            tap: None,
            attempts: Vec::new(),
            agent,
            now: Duration::ZERO,
            wait: None,
            busy: Duration::ZERO,
            done: false,
            idle_steps: 0,
            reboots: 0,
        }
    }

    /// Virtual time since the start.
    #[must_use]
    pub const fn now(&self) -> Duration {
        self.now
    }

    /// Whether the engine has nothing more to do.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// Whether the link is up, as far as the engine knows.
    #[must_use]
    pub fn is_online(&self) -> bool {
        let last = self.happened.iter().rev().find_map(|happened| match &happened.what {
            Done::Online { .. } => Some(true),
            Done::Offline(_) => Some(false),
            _ => None,
        });
        last.unwrap_or(false)
    }

    /// Whether the Cloud has taken the node for live on the present link.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let last = self.happened.iter().rev().find_map(|happened| match &happened.what {
            Done::Live { .. } => Some(true),
            Done::Online { .. } | Done::Offline(_) => Some(false),
            _ => None,
        });
        last.unwrap_or(false)
    }

    /// Whether the claimed id is stored.
    #[must_use]
    pub const fn is_claimed(&self) -> bool {
        self.memory.saved.claimed.is_some()
    }

    /// All failures so far, each once.
    #[must_use]
    pub fn failures(&self) -> Vec<&Failure> {
        self.happened.iter().filter_map(|happened| happened.what.failure()).collect()
    }

    /// Power goes and comes back: what was stored remains, nothing else.
    pub fn reboot(&mut self) {
        self.hang_up();
        self.busy = self.now;
        self.reboots += 1;
        self.key = load_key(&self.memory);
        self.agent = make_agent(&self.setup, &self.cloud, &self.memory, self.now, self.reboots);
        let settings = settings(&self.setup, &self.cloud);
        self.bodies = Bodies::new();
        self.node = Node::new(
            TestDevice::new(self.setup.measured, self.setup.gzip),
            &settings,
            &self.memory.saved,
            self.wall(),
        );
        self.wait = None;
        self.done = false;
    }

    /// The Cloud goes down: every connection breaks, and until [`cloud_up`](Self::cloud_up) every new one is refused.
    pub fn cloud_down(&mut self) {
        self.network.refuse_all = true;
        if let Some(id) = self.network.sever() {
            self.cloud.hang_up(self.now, id);
        }
        // What the device was sending ends with it.
        self.busy = self.now;
        self.tell(Input::Broken(Failure::new(Stage::Tcp, "connection reset by peer")));
    }

    /// The Cloud can be reached again.
    pub const fn cloud_up(&mut self) {
        self.network.refuse_all = false;
    }

    /// What the proxy does wrong from now on.
    pub fn set_proxy_fault(&mut self, fault: Option<aclk_proxy::Fault>) {
        if let Some(proxy) = &mut self.setup.proxy {
            proxy.config.fault = fault;
        }
    }

    /// From now on the device can send so many bytes in a second, or any number.
    pub const fn set_uplink(&mut self, uplink: Option<u64>) {
        self.setup.uplink = uplink;
    }

    /// The device is asked to end in order.
    pub fn stop(&mut self) {
        self.tell(Input::Stop);
    }

    /// The device is told that what is stored was changed from outside.
    pub fn reload(&mut self) {
        let saved = self.memory.saved.clone();
        self.key = load_key(&self.memory);
        self.node.status.reload(&saved, self.agent.url(), self.wall());
        self.tell(Input::Reload(&saved));
    }

    /// Runs until `condition` holds. Says whether it did within `limit` of virtual time.
    pub fn run_until(&mut self, condition: impl Fn(&Self) -> bool, limit: Duration) -> bool {
        let end = self.now + limit;
        loop {
            self.work();
            if condition(self) {
                return true;
            }
            if !self.let_time_pass(end) {
                return condition(self);
            }
        }
    }

    /// Runs for `span` of virtual time.
    pub fn run_for(&mut self, span: Duration) {
        self.run_until(|_| false, span);
    }

    /// Runs until the engine is done. Says whether it was within `limit` of virtual time.
    pub fn run_to_end(&mut self, limit: Duration) -> bool {
        self.run_until(Self::is_done, limit)
    }

    // --- one step ---

    /// Does everything that can be done without time passing.
    fn work(&mut self) {
        loop {
            // What came while the device was sending is heard before it goes on.
            let heard = self.setup.uplink.is_some() && self.deliver();
            let agent_worked = self.poll_agent();
            let cloud_worked = self.poll_cloud();
            let delivered = self.deliver();
            if !(heard || agent_worked || cloud_worked || delivered) {
                return;
            }
            self.idle_steps += 1;
            assert!(self.idle_steps < LIVELOCK, "livelock at {:?}", self.now);
        }
    }

    /// Moves the clock to the next thing that is due, at most to `end`; says whether anything may happen before it.
    fn let_time_pass(&mut self, end: Duration) -> bool {
        let agent = self.wait.map(|wait| Duration::from_micros(wait.as_micros()));
        let busy = Some(self.busy).filter(|until| *until > self.now);
        // What arrives meanwhile waits.
        let due = self.network.next_due().map(|due| busy.map_or(due, |_| due.max(self.now + TICK)));
        let next = [agent, busy, self.cloud.next_timeout(), due].into_iter().flatten().min();
        let next = next.unwrap_or(end).max(self.now);
        if next > end || (next == end && self.now == end) {
            self.now = end;
            return false;
        }
        if next > self.now {
            self.idle_steps = 0;
        }
        self.now = next;
        if agent.is_some_and(|wait| wait <= self.now) {
            self.tell(Input::Tick);
        }
        self.cloud.handle_timeout(self.now);
        true
    }

    /// The time as the device knows it.
    #[must_use]
    pub fn wall(&self) -> Now {
        now_at(&self.setup, self.now)
    }

    fn tell(&mut self, input: Input<'_>) {
        self.wait = None;
        if matches!(input, Input::Broken(_) | Input::Ended) {
            self.bodies.release(&mut self.node);
        }
        self.agent.handle(now_at(&self.setup, self.now), input);
    }

    /// Does what the engine asks until it waits.
    fn poll_agent(&mut self) -> bool {
        let mut worked = false;
        while self.busy <= self.now {
            let now = self.wall();
            self.node.status.on_traffic(self.agent.traffic());
            let output = self.agent.poll();
            match output {
                Output::Wait(until) => {
                    self.wait = until;
                    return worked;
                }
                Output::Done => {
                    self.done = true;
                    self.wait = None;
                    return worked;
                }
                Output::Event(event) => {
                    note(&mut self.node.status, &event, now);
                    self.happened.push(Happened { at: self.now, what: Done::of(&event) });
                }
                Output::Connect { host, port, purpose } => {
                    let host = host.to_owned();
                    self.connect(&host, port, purpose);
                }
                Output::Send(bytes) => {
                    let micros = self.setup.uplink.map_or(0, |rate| bytes.len() as u64 * 1_000_000 / rate);
                    self.busy = self.now + Duration::from_micros(micros);
                    self.tap.iter_mut().for_each(|tap| tap.extend_from_slice(bytes));
                    self.network.send_to_cloud(self.busy, bytes.to_vec());
                }
                Output::Close => self.hang_up(),
                Output::NeedKey => {
                    let fresh = !self.key.is_present();
                    if fresh {
                        self.memory.generate(&mut self.key, &mut self.rng);
                    }
                    match self.key.public_pem() {
                        Ok(public_pem) => self.agent.handle(now, Input::Key { public_pem, fresh }),
                        Err(error) => self.agent.handle(now, Input::KeyFailed(error)),
                    }
                }
                Output::Decrypt(ciphertext) => {
                    let answer = self.key.decrypt(ciphertext, &mut self.rng);
                    self.agent.handle(now, Input::Decrypted(answer));
                }
                Output::Prepare(what) => {
                    self.node.device.catch_up(now);
                    let prepared = self.bodies.prepare(what, &mut self.node, now);
                    self.agent.handle(now, Input::Prepared(prepared));
                }
                Output::Body(most) => {
                    let mut piece = vec![0; most.min(self.setup.piece)];
                    self.node.device.catch_up(now);
                    let len = self.bodies.fill(&mut self.node, &mut piece);
                    self.agent.handle(now, Input::Body(&piece[..len]));
                }
                Output::Save(save) => {
                    let saved = self.memory.save(save, &self.key);
                    match saved {
                        Ok(()) => self.agent.handle(now, Input::Saved),
                        Err(failure) => self.agent.handle(now, Input::SaveFailed(failure)),
                    }
                }
            }
            worked = true;
            self.idle_steps += 1;
            assert!(self.idle_steps < LIVELOCK, "the engine does not come to rest at {:?}", self.now);
        }
        worked
    }

    fn connect(&mut self, host: &str, port: u16, purpose: Purpose) {
        self.attempts.push((self.now, purpose));
        let fault = self.connect_faults.pop_front().unwrap_or(ConnectFault::None);
        let refused = if self.network.refuse_all { ConnectFault::Refused } else { fault };
        if let Some(failure) = refused.failure(host, port, purpose) {
            let after = refused.delay(self.network.round_trip());
            return self.network.fail_connect(self.now + after, Input::ConnectFailed(failure));
        }
        self.network.begin();
        let mut took = self.network.round_trip();
        if let (Some(proxy), Some(setup)) = (self.agent.proxy_to(host, port), &self.setup.proxy) {
            let address = (proxy.scheme() == Scheme::Socks5).then_some(CLOUD_ADDRESS);
            let target = Target { host, address, port };
            let deadline = self.setup.timing.proxy;
            let talk = tunnel::talk(setup, proxy, target, &mut self.network, deadline);
            took += talk.took;
            self.asked.extend(talk.asked);
            if let Err(input) = talk.end {
                return self.network.fail_connect(self.now + took, input);
            }
        }
        let peer = Peer { server_name: Some(host.to_owned()), address: None };
        let id = self.cloud.open(self.now, peer);
        self.network.open(self.now + took, id);
    }

    fn hang_up(&mut self) {
        self.bodies.release(&mut self.node);
        self.network.hang_up(self.now);
    }

    fn poll_cloud(&mut self) -> bool {
        let mut worked = false;
        while let Some((id, action)) = self.cloud.poll(self.now) {
            worked = true;
            self.network.send_to_agent(self.now, id, action);
        }
        worked
    }

    /// Hands over what has arrived.
    fn deliver(&mut self) -> bool {
        let mut worked = false;
        while let Some((id, bytes)) = self.network.arrived_at_cloud(self.now) {
            worked = true;
            match bytes {
                Some(bytes) => self.cloud.receive(self.now, id, &bytes),
                None => self.cloud.hang_up(self.now, id),
            }
        }
        while self.busy <= self.now
            && let Some(flight) = self.network.arrived_at_agent(self.now)
        {
            worked = true;
            match flight {
                Flight::Connected => self.tell(Input::Connected),
                Flight::Failed(input) => self.tell(input),
                Flight::Data(bytes) => self.hand_over(&bytes),
                Flight::Ended => self.tell(Input::Ended),
                Flight::Reset => self.tell(Input::Broken(Failure::new(Stage::Tcp, "connection reset by peer"))),
            }
            self.poll_agent();
        }
        worked
    }

    /// Offers bytes until the engine has taken them all or no longer wants any.
    fn hand_over(&mut self, bytes: &[u8]) {
        let connection = self.network.connection();
        let mut rest = bytes;
        while !rest.is_empty() && self.network.connection() == connection {
            let now = self.wall();
            self.wait = None;
            let taken = self.agent.receive(now, rest);
            let worked = self.poll_agent();
            assert!(taken > 0 || worked, "the engine takes nothing and does nothing");
            rest = &rest[taken..];
        }
    }
}
