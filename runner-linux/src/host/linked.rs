//! This machine as the engine sees it, where claiming and link are built in.

use super::Work;
use crate::clock::{BUILD_UNIX_SECONDS, HostClock};
use crate::device::tap::Tap;
use crate::erased::{AnyControl, AnyObserver, Wish};
use crate::fault::Fault;
#[cfg(feature = "lab")]
use crate::metrics::Machine as Measured;
use crate::net::HostNetwork;
use crate::random;
use crate::store::FileStore;
#[cfg(feature = "lab")]
use crate::store::conf::Conf;
use crate::trust::{self, Trust};
use aclk_core::clock::Clock;
use aclk_core::driver::{Machine, Observer, drive};
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::Device;
use aclk_core::node::Node;
use aclk_core::stage::Stage;
use aclk_core::store::{Saved, Store};
use aclk_core::tls::{RECORD_READ_LEN, WRITE_MAX};
use chacha20::ChaCha20Rng;
use std::cell::RefCell;

/// Bounds replies and messages of the Cloud.
const RECEIVE_LEN: usize = 128 << 10;
/// Bounds requests and messages to the Cloud.
const SEND_LEN: usize = 64 << 10;
/// Requests over the link wait here.
const QUERIES_LEN: usize = 64 << 10;

/// Everything but the settings and the wishes.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) store: FileStore,
    pub(crate) trust: Trust,
    pub(crate) key: SoftwareKey,
    /// Randomness that nobody can guess.
    pub(crate) rng: ChaCha20Rng,
}

impl Host {
    /// Reads trust anchors and key. If it is `insecure`, nobody has to be trusted. A `public.pem` that does not belong to the key is replaced.
    ///
    /// # Errors
    /// If nobody can be trusted, or the trust anchors of the user are of no use. A key that cannot be read is left to
    /// the engine, which says so when it needs the key.
    pub(crate) fn new(store: FileStore, insecure: bool) -> Result<Self, Fault> {
        let trust = trust::load(&store, insecure)?;
        let mut host = Self { store, trust, key: SoftwareKey::new(), rng: random::rng()? };
        host.mend_public_key()?;
        Ok(host)
    }

    /// The same for someone who only looks: nothing is mended.
    ///
    /// # Errors
    /// If there is no randomness.
    pub(crate) fn looking(store: FileStore, trust: Trust) -> Result<Self, Fault> {
        Ok(Self { store: store.read_only(), trust, key: SoftwareKey::new(), rng: random::rng()? })
    }

    fn mend_public_key(&mut self) -> Result<(), Fault> {
        let Some(dir) = self.store.open()? else { return Ok(()) };
        let Ok(Some(private_pem)) = dir.private_pem() else { return Ok(()) };
        if self.key.import_pem(private_pem.expose()).is_err() {
            return Ok(());
        }
        let public_pem = self.key.public_pem().map_err(|error| Fault::new(Stage::Key, error))?;
        if let Err(error) = self.store.repair_public(&public_pem) {
            // Nothing here reads that file, and the directory of a running link may be read-only.
            self.trust.notes.push(error.to_string());
        }
        Ok(())
    }

    /// What is known about this machine and can be measured on it, as it is now.
    #[cfg(feature = "lab")]
    pub(crate) fn machine(&self) -> Measured {
        Measured::find(&Conf::default(), None)
    }

    /// What is stored now.
    pub(crate) async fn saved(&mut self) -> Result<Saved, Fault> {
        Ok(self.store.load().await?)
    }

    /// Works until the goal is reached or given up, or `control` ends it: over `tap`, or else over the sockets of this
    /// machine.
    pub(crate) async fn drive_over(
        &mut self,
        tap: Option<&Tap>,
        work: Work,
        node: &RefCell<Node<dyn Device + '_>>,
        observer: &mut dyn Observer,
        control: &mut dyn Wish,
    ) -> Result<(), Fault> {
        // On the heap: the work of a link is large, and would else be copied wherever what contains it goes.
        match tap {
            None => Box::pin(self.drive(work, node, observer, control)).await,
            Some(tap) => Box::pin(tap.drive(self, work, node, observer, control)).await,
        }
    }

    /// Works until the goal is reached or given up, or `control` ends it, over the sockets of this machine. Over a TCP/IP
    /// stack of our own: see [`device`](mod@crate::device). `node` is used by others meanwhile: the local API.
    pub(crate) async fn drive(
        &mut self,
        work: Work,
        node: &RefCell<Node<dyn Device + '_>>,
        observer: &mut dyn Observer,
        control: &mut dyn Wish,
    ) -> Result<(), Fault> {
        let clock = HostClock;
        // In one piece, because large pieces come from the system as they are: what is never used is never there.
        let mut memory = vec![0; RECEIVE_LEN + SEND_LEN + QUERIES_LEN + RECORD_READ_LEN + WRITE_MAX];
        let (receive, rest) = memory.split_at_mut(RECEIVE_LEN);
        let (send, rest) = rest.split_at_mut(SEND_LEN);
        let (queries, rest) = rest.split_at_mut(QUERIES_LEN);
        let (tls_read, tls_write) = rest.split_at_mut(RECORD_READ_LEN);
        let buffers = Buffers { receive, send, queries };
        let Work { goal, settings, saved } = work;
        let mut agent = Agent::new(goal, &settings, &saved, buffers, random::seed()?, clock.now());
        let machine = Machine {
            network: &HostNetwork,
            clock: &clock,
            store: &mut self.store,
            key: &mut self.key,
            rng: &mut self.rng,
            observer: &mut AnyObserver(observer),
            control: &mut AnyControl(control),
            node,
            anchors: self.trust.anchors(),
            build_unix_seconds: BUILD_UNIX_SECONDS,
            tls_read,
            tls_write,
        };
        drive(&mut agent, machine).await;
        Ok(())
    }
}
