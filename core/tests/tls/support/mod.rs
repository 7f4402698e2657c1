//! What the TLS tests share.
//!
//! * `wire`: two pipes of memory, the client's socket on them, and a loop that drives both ends without time.
//! * `pki`: certificates as they should be, `forge`: certificates without rules.
//! * `peer`: a server that is rustls.
//! * `heap`: how often the client allocates.
//! * `stall`: a claim over a network that stands still, in virtual time.
//! * `script`: a TLS 1.3 server that does exactly what a test says, right or wrong.

pub mod forge;
pub mod heap;
pub mod peer;
pub mod pki;
pub mod script;
#[cfg(feature = "compact-rsa")]
pub mod stall;
pub mod wire;

use aclk_core::clock::{Trust, WallTime};
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::secret::Secret;
use aclk_core::stage::Failure;
use aclk_core::store::{Record, Saved, Store};
use aclk_core::tls::{Anchors, Buffers, Policy, RECORD_READ_LEN, Secure, Shared};
use chacha20::ChaCha20Rng;
use heap::allocations;
use rand_core::SeedableRng;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use std::convert::Infallible;
use std::fmt::Display;
use std::prelude::v1::*;
use wire::{Drip, Peer, Socket, Wire, drive_while};

/// 2025-06-01T00:00:00Z, the day of all tests.
pub const TODAY: u64 = 1_748_736_000;

/// The clock of a machine that knows the time.
pub fn today() -> WallTime {
    WallTime { unix_us: TODAY * 1_000_000, trust: Trust::Trusted }
}

/// Random numbers that are the same in every run.
pub fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([42; 32])
}

/// The memory of one connection.
pub struct Memory {
    pub read: Vec<u8>,
    pub write: Vec<u8>,
    pub shared: Shared,
}

impl Default for Memory {
    fn default() -> Self {
        Self { read: vec![0; RECORD_READ_LEN], write: vec![0; 2_048], shared: Shared::new() }
    }
}

impl Memory {
    pub fn buffers(&mut self) -> Buffers<'_> {
        Buffers { read: &mut self.read, write: &mut self.write, shared: &mut self.shared }
    }
}

/// A store that has nothing and keeps nothing.
pub struct Nothing;

impl Store for Nothing {
    type Error = Infallible;

    async fn load(&mut self) -> Result<Saved, Infallible> {
        Ok(Saved::default())
    }

    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, Infallible> {
        Ok(None)
    }

    async fn save(&mut self, _: Record<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

/// What rustls-webpki puts on the heap to describe it, where something else in the program turns on its feature `alloc`:
/// here that is rustls, the server. The core and the firmware leave it off.
const DESCRIBED: [&str; 4] = [
    "certificate is for ",
    "certificate names no host",
    "certificate is not one for servers",
    "certificate chain is signed with an algorithm that we cannot check",
];

/// A client that is about to connect to a server in memory.
pub struct Client {
    pub host: String,
    pub roots: Vec<CertificateDer<'static>>,
    /// Whether it asks nobody who he is.
    pub insecure: bool,
    pub wall: WallTime,
    pub build: u64,
    pub wire: Wire,
}

impl Client {
    /// Expects "localhost" of a server whose chain ends in `root`.
    pub fn trusting(root: &CertificateDer<'static>) -> Self {
        let (host, roots) = ("localhost".into(), vec![root.clone()]);
        Self { host, roots, insecure: false, wall: today(), build: 0, wire: Wire::default() }
    }

    /// Lets every server in that has the key of its certificate.
    pub fn insecure() -> Self {
        let (host, roots) = ("localhost".into(), Vec::new());
        Self { host, roots, insecure: true, wall: today(), build: 0, wire: Wire::default() }
    }

    pub fn expecting(mut self, host: &str) -> Self {
        self.host = host.into();
        self
    }

    pub fn at(mut self, wall: WallTime) -> Self {
        self.wall = wall;
        self
    }

    pub fn over(mut self, drip: Drip) -> Self {
        self.wire.set_drip(drip);
        self
    }

    /// Shakes hands with `server`.
    pub fn open<'m>(&self, memory: &'m mut Memory, server: &mut dyn Peer) -> Result<Secure<'m, Socket>, Failure> {
        self.open_while(memory, server).expect("client and server wait for each other")
    }

    /// The same, and the client must not allocate, whatever comes of it.
    pub fn open_without_heap<'m>(
        &self,
        memory: &'m mut Memory,
        server: &mut dyn Peer,
    ) -> Result<Secure<'m, Socket>, Failure> {
        let before = allocations();
        let outcome = self.open(memory, server);
        let count = allocations() - before;
        let reason = outcome.as_ref().map_or_else(|failure| failure.cause.as_str(), |_| "nothing is wrong");
        let is_described = DESCRIBED.iter().any(|words| reason.contains(words));
        assert!(count == 0 || is_described, "the client allocated {count} times: {reason}");
        outcome
    }

    /// Shakes hands with `server`, but yields `None` as soon as both wait for each other.
    pub fn open_while<'m>(
        &self,
        memory: &'m mut Memory,
        server: &mut dyn Peer,
    ) -> Option<Result<Secure<'m, Socket>, Failure>> {
        let anchors: Vec<TrustAnchor<'_>> =
            self.roots.iter().map(|root| aclk_core::tls::anchor(root).unwrap()).collect();
        let anchors = if self.insecure { Anchors::insecure_anybody() } else { Anchors::new(&anchors) };
        let policy = Policy { anchors, wall: self.wall, build_unix_seconds: self.build };
        let mut rng = rng();
        let open = Secure::open(self.wire.socket(), &self.host, &policy, memory.buffers(), &mut rng);
        drive_while(&self.wire, server, open)
    }

    /// Shakes hands with a server that must not get through it, prints this case and yields the reason.
    pub fn refuses(&self, case: impl Display, server: &mut dyn Peer) -> String {
        let reason = self.refuses_quietly(server);
        println!("refused: {case}: {reason}");
        reason
    }

    /// The same for a case that has been printed.
    pub fn refuses_quietly(&self, server: &mut dyn Peer) -> String {
        let failure = self.open_without_heap(&mut Memory::default(), server).expect_err("the server was accepted");
        assert_eq!(self.wire.application_records(), 0, "data was sent to a server that was refused");
        failure.to_string()
    }
}

/// Prints a case in which a peer does something unusual and gets away with it, for a reason.
pub fn tolerated(case: impl Display, because: &str) {
    println!("tolerated: {case}: {because}");
}
