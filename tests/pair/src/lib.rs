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
mod life;
mod machine;
mod network;
mod packer;
mod setup;
mod transcript;
mod tunnel;
mod work;

pub use device::{CHARTS, DIMENSIONS_MAX, HELD, Measured, TestDevice};
pub use happened::{Done, Happened};
pub use life::Watch;
pub use machine::{Memory, OTHER_PRIVATE_PEM, PRIVATE_PEM, saved_record_name};
pub use network::{ConnectFault, Pieces};
pub use packer::Packers;
pub use setup::{GUID, Setup};
pub use transcript::{Entry, LEFT_MAX, Word};
pub use tunnel::ProxySetup;

use aclk_cloud::Cloud;
use aclk_core::body::Bodies;
use aclk_core::clock::Instant;
use aclk_core::engine::event::Input;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::node::Node;
use aclk_core::stage::{Failure, Purpose, Stage};
use chacha20::ChaCha20Rng;
use life::Life;
use network::Network;
use rand_core::SeedableRng;
use setup::{load_key, make_life, now_at, settings};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// What the name of the Cloud resolves to.
const CLOUD_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// Nobody looks when the engine works.
const fn unwatched(_begins: bool) {}

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
    /// If there is one, everything that goes in and out of the engine is kept here.
    pub transcript: Option<Vec<Entry>>,
    bodies: Bodies,
    setup: Setup,
    life: Life,
    watch: Watch,
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
        let life = make_life(&setup, &cloud, &memory, Duration::ZERO, 0, unwatched);
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
            transcript: None,
            attempts: Vec::new(),
            life,
            watch: unwatched,
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
        self.life = make_life(&self.setup, &self.cloud, &self.memory, self.now, self.reboots, self.watch);
        self.keep(Word::Rebooted);
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
        self.keep(Word::Ended);
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
        self.keep(Word::Stopped);
        self.tell(Input::Stop);
    }

    /// The device is told that what is stored was changed from outside.
    pub fn reload(&mut self) {
        let saved = self.memory.saved.clone();
        self.key = load_key(&self.memory);
        self.node.status.reload(&saved, self.life.engine().url(), self.wall());
        self.keep(Word::Reloaded);
        self.tell(Input::Reload(&saved));
    }

    /// Lets `watch` know from now on when the engine works.
    pub const fn set_watch(&mut self, watch: Watch) {
        self.watch = watch;
        self.life.set_watch(watch);
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
}
