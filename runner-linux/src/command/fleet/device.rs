//! One device: the engine and its driver, as they are on a board, with memory of the same size.

use super::identity::Identity;
use super::network::FleetNetwork;
use super::tally::Ear;
use crate::clock::{BUILD_UNIX_SECONDS, HostClock};
use aclk_core::clock::{Clock, Instant, WallTime};
use aclk_core::driver::{Command, Control, Machine, drive};
use aclk_core::engine::event::Goal;
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::metrics::NoDevice;
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::Settings;
use aclk_core::store::{Record, Saved, Store};
use aclk_core::tls::{Anchors, RECORD_READ_LEN};
use aclk_firmware::limits::{QUERIES, RECEIVE, SEND, TLS_WRITE};
use chacha20::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::cell::RefCell;
use std::convert::Infallible;
use tokio::sync::watch;

/// What a device is made of.
pub(super) struct Parts<'a> {
    pub(super) identity: Identity,
    pub(super) settings: Settings,
    /// What it knows already.
    pub(super) saved: Saved,
    pub(super) network: FleetNetwork,
    pub(super) anchors: Anchors<'a>,
    pub(super) seed: [u8; 32],
    pub(super) ear: Ear,
    /// Becomes true when it is to end.
    pub(super) stop: watch::Receiver<bool>,
}

/// Claims it if need be, and keeps its link up until it is to end, or the Cloud refuses it for good.
pub(super) async fn run(parts: Parts<'_>) {
    let Parts { identity, settings, saved, network, anchors, seed, mut ear, stop } = parts;
    let mut rng = ChaCha20Rng::from_seed(seed);
    let mut engine_seed = [0; 32];
    rng.fill_bytes(&mut engine_seed);
    let mut memory = vec![0; RECEIVE + SEND + QUERIES + RECORD_READ_LEN + TLS_WRITE].into_boxed_slice();
    let (receive, rest) = memory.split_at_mut(RECEIVE);
    let (send, rest) = rest.split_at_mut(SEND);
    let (queries, rest) = rest.split_at_mut(QUERIES);
    let (tls_read, tls_write) = rest.split_at_mut(RECORD_READ_LEN);
    let clock = FleetClock;
    let node = RefCell::new(Node::new(NoDevice::default(), &settings, &saved, clock.now()));
    let buffers = Buffers { receive, send, queries };
    let mut agent = Agent::new(Goal::ClaimAndLink, &settings, &saved, buffers, engine_seed, clock.now());
    let machine = Machine {
        network: &network,
        clock: &clock,
        store: &mut Memory(saved.clone()),
        key: &mut { identity.key },
        rng: &mut rng,
        observer: &mut ear,
        control: &mut Stop { stop, told: false },
        node: &node,
        anchors,
        build_unix_seconds: BUILD_UNIX_SECONDS,
        tls_read,
        tls_write,
    };
    drive(&mut agent, machine).await;
}

/// The clock of this machine, without looking up every few seconds whether it was suspended: ten thousand devices that do
/// are a load of their own.
#[derive(Debug, Clone, Copy)]
struct FleetClock;

impl Clock for FleetClock {
    fn instant(&self) -> Instant {
        HostClock.instant()
    }

    fn wall(&self) -> WallTime {
        HostClock.wall()
    }

    async fn sleep_until(&self, deadline: Instant) {
        tokio::time::sleep(deadline.since(self.instant())).await;
    }
}

/// A store that is forgotten with the device.
struct Memory(Saved);

impl Store for Memory {
    type Error = Infallible;

    async fn load(&mut self) -> Result<Saved, Infallible> {
        Ok(self.0.clone())
    }

    /// The key is in memory.
    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, Infallible> {
        Ok(None)
    }

    async fn save(&mut self, record: Record<'_>) -> Result<(), Infallible> {
        match record {
            Record::Key { .. } => {}
            Record::Pending(claim) => self.0.pending = Some(claim.clone()),
            Record::Refused => self.0.pending = None,
            Record::Claimed(claim) => self.0 = Saved { claimed: Some(claim.clone()), ..Saved::default() },
            Record::Node(id) => self.0.node = Some(id),
        }
        Ok(())
    }
}

/// Everybody is asked to end at the same time, once.
struct Stop {
    stop: watch::Receiver<bool>,
    told: bool,
}

impl Control for Stop {
    async fn next(&mut self) -> Command {
        // Who would ask is gone: then the device is soon, too.
        if self.told || self.stop.wait_for(|stop| *stop).await.is_err() {
            return std::future::pending().await;
        }
        self.told = true;
        Command::Stop
    }
}
