//! An engine, and in the place of its Cloud whatever an attack says. It does what a driver does, in virtual time, and watches
//! what must never happen.

mod good;

pub(crate) use good::{frame, packet, publish, reply};

use super::device::{self, SETTINGS, Small, TOKEN};
use aclk_core::body::Bodies;
use aclk_core::clock::{Instant, Now};
use aclk_core::driver::note;
use aclk_core::engine::event::{Event, Goal, Input, Output, Save};
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::key::{KeyError, PublicPem};
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::stage::{Failure, Purpose, Stage};
use aclk_core::store::{Claim, Saved};
use std::time::Duration;

/// What the challenge decrypts to.
pub(crate) const ANSWER: &[u8] = b"an answer of thirty-two bytes ??";
/// The same, as it is sent.
const ANSWER_BASE64: &str = "YW4gYW5zd2VyIG9mIHRoaXJ0eS10d28gYnl0ZXMgPz8=";
/// The MQTT password of the good Cloud.
pub(crate) const PASSWORD: &str = "mqtt-password-that-nobody-may-see";

/// Outputs in a row after which the engine does not come to rest.
const LIVELOCK: u32 = 20_000;
/// Ticks that may come without time passing.
const TICKS_IN_PLACE: u32 = 100;
/// Bytes of a piece of a body.
const PIECE: usize = 512;

/// What fails next time.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) connect: Option<Connect>,
    pub(crate) key: bool,
    pub(crate) decrypt: bool,
    pub(crate) save: bool,
}

/// How a connection does not come about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Connect {
    Failed,
    Refused,
}

/// The engine, and what it did.
pub(crate) struct Bench {
    agent: Agent<'static, Vec<u8>>,
    node: Node<Small>,
    bodies: Bodies,
    saved: Saved,
    now: Duration,
    wait: Option<Instant>,
    ticks_in_place: u32,
    /// The connection, if there is one.
    open: Option<Purpose>,
    /// What it said on this connection, and nobody has answered yet.
    heard: Vec<u8>,
    is_upgraded: bool,
    pub(crate) faults: Faults,
    /// Whether the attack itself has one of the secrets in it: then they may come back.
    knows_secrets: bool,
    pub(crate) is_done: bool,
}

impl Bench {
    /// A device that is claimed, or about to be.
    pub(crate) fn new(goal: Goal, is_claimed: bool, knows_secrets: bool) -> Self {
        let claim = Claim { id: SETTINGS.id, url: SETTINGS.url.clone() };
        let saved = Saved { claimed: Some(claim).filter(|_| is_claimed), pending: None, node: None };
        let buffers = Buffers { receive: vec![0; 8 << 10], send: vec![0; 2 << 10], queries: vec![0; 2 << 10] };
        let agent = Agent::new(goal, &SETTINGS, &saved, buffers, [7; 32], device::now(0));
        let mut bench = Self {
            agent,
            node: device::node(),
            bodies: Bodies::new(),
            saved,
            now: Duration::ZERO,
            wait: None,
            ticks_in_place: 0,
            open: None,
            heard: Vec::new(),
            is_upgraded: false,
            faults: Faults::default(),
            knows_secrets,
            is_done: false,
        };
        bench.work();
        bench
    }

    fn now(&self) -> Now {
        device::now(u64::try_from(self.now.as_micros()).unwrap_or(u64::MAX))
    }

    /// Whether there is a connection.
    pub(crate) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The Cloud says `bytes`, in pieces of this length.
    pub(crate) fn say(&mut self, bytes: &[u8], piece: usize) {
        for piece in bytes.chunks(piece.max(1)) {
            let mut rest = piece;
            while !rest.is_empty() && self.is_open() {
                let taken = self.agent.receive(self.now(), rest);
                assert!(taken <= rest.len(), "more is taken than there is");
                if self.work() == 0 && taken == 0 {
                    // What the driver does about that.
                    self.end(Input::Broken(Failure::new(Stage::App, "the peer sent what nobody asked for")));
                }
                rest = &rest[taken..];
            }
        }
    }

    /// What a good Cloud says to what was heard.
    pub(crate) fn good_answer(&mut self) -> Vec<u8> {
        let Some(purpose) = self.open else { return Vec::new() };
        if purpose == Purpose::Link && self.is_upgraded {
            return good::packets(&mut self.heard);
        }
        let heard = std::mem::take(&mut self.heard);
        if heard.is_empty() {
            return Vec::new();
        }
        self.is_upgraded = purpose == Purpose::Link;
        good::http(purpose, &heard)
    }

    /// The connection ends.
    pub(crate) fn end(&mut self, how: Input<'_>) {
        if self.open.take().is_some() {
            self.tell(how);
        }
    }

    /// Something is told from outside.
    pub(crate) fn tell(&mut self, input: Input<'_>) {
        if matches!(input, Input::Broken(_) | Input::Ended) {
            self.bodies.release(&mut self.node);
        }
        self.agent.handle(self.now(), input);
        self.work();
    }

    /// Somebody changed the identity.
    pub(crate) fn reload(&mut self, is_claimed: bool) {
        let claim = Claim { id: SETTINGS.id, url: SETTINGS.url.clone() };
        self.saved = Saved { claimed: Some(claim).filter(|_| is_claimed), pending: None, node: None };
        let saved = self.saved.clone();
        self.tell(Input::Reload(&saved));
    }

    /// Time passes: to what the engine waits for, or at most for `span`.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(due) = self.wait.map(|wait| Duration::from_micros(wait.as_micros())).filter(|due| *due <= end) {
            self.ticks_in_place = if due > self.now { 0 } else { self.ticks_in_place + 1 };
            assert!(self.ticks_in_place < TICKS_IN_PLACE, "it waits for what is over");
            self.now = due.max(self.now);
            self.tell(Input::Tick);
        }
        self.now = end;
    }

    /// To the next thing that the engine waits for.
    pub(crate) fn pass_to_next(&mut self) {
        let next = self.wait.map(|wait| Duration::from_micros(wait.as_micros()));
        let span = next.map_or(Duration::from_secs(60), |next| next.saturating_sub(self.now));
        self.pass(span);
    }

    /// Does what the engine asks until it waits; says how much that was.
    fn work(&mut self) -> u32 {
        let mut count = 0;
        loop {
            let now = self.now();
            let output = self.agent.poll();
            if !self.knows_secrets {
                keeps_secrets(&output);
            }
            assert!(!self.is_done || matches!(output, Output::Done), "it goes on after its end: {output:?}");
            match output {
                Output::Wait(until) => {
                    self.wait = until;
                    return count;
                }
                Output::Done => {
                    (self.wait, self.is_done) = (None, true);
                    return count;
                }
                Output::Event(event) => {
                    if let Event::Claimed { id, .. } = event {
                        let stored = self.saved.claimed.as_ref().map(|claim| claim.id);
                        assert_eq!(stored, Some(id), "success before it is stored");
                    }
                    note(&mut self.node.status, &event, now);
                }
                Output::Connect { purpose, host, port } => {
                    assert!(self.open.is_none(), "two connections");
                    assert!(!host.is_empty() && port > 0);
                    self.heard.clear();
                    self.is_upgraded = false;
                    let failure = || Failure::new(Stage::Tcp, "connection refused");
                    match self.faults.connect.take() {
                        Some(Connect::Failed) => self.agent.handle(now, Input::ConnectFailed(failure())),
                        Some(Connect::Refused) => self.agent.handle(now, Input::ConnectRefused(failure())),
                        None => {
                            self.open = Some(purpose);
                            self.agent.handle(now, Input::Connected);
                        }
                    }
                }
                Output::Send(bytes) => {
                    let purpose = self.open.expect("it sends without a connection");
                    assert!(!bytes.is_empty(), "it sends nothing");
                    if !self.knows_secrets {
                        goes_where_it_belongs(purpose, bytes);
                    }
                    self.heard.extend_from_slice(bytes);
                }
                Output::Close => {
                    self.open = None;
                    self.bodies.release(&mut self.node);
                }
                Output::NeedKey => {
                    let input = match std::mem::take(&mut self.faults.key) {
                        true => Input::KeyFailed(KeyError::Device),
                        false => {
                            let public_pem =
                                PublicPem::try_from("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n");
                            Input::Key { public_pem: public_pem.expect("it is short"), fresh: false }
                        }
                    };
                    self.agent.handle(now, input);
                }
                Output::Decrypt(_) => {
                    let answer = match std::mem::take(&mut self.faults.decrypt) {
                        true => Err(KeyError::Decrypt),
                        false => Ok(Secret::copy_of(ANSWER).expect("it is short")),
                    };
                    self.agent.handle(now, Input::Decrypted(answer));
                }
                Output::Prepare(what) => {
                    let prepared = self.bodies.prepare(what, &mut self.node, now);
                    self.agent.handle(now, Input::Prepared(prepared));
                }
                Output::Body(most) => {
                    let mut piece = vec![0; most.min(PIECE)];
                    let len = self.bodies.fill(&mut self.node, &mut piece);
                    self.agent.handle(now, Input::Body(&piece[..len]));
                }
                Output::Save(save) => {
                    let input = match std::mem::take(&mut self.faults.save) {
                        true => Input::SaveFailed(Failure::new(Stage::Storage, "no space left on device")),
                        false => {
                            keep(&mut self.saved, save);
                            Input::Saved
                        }
                    };
                    self.agent.handle(now, input);
                }
            }
            count += 1;
            assert!(count < LIVELOCK, "the engine does not come to rest");
        }
    }
}

fn keep(saved: &mut Saved, save: Save<'_>) {
    match save {
        Save::Key => {}
        Save::Pending(claim) => saved.pending = Some(claim.clone()),
        Save::Refused => saved.pending = None,
        Save::Claimed(claim) => *saved = Saved { claimed: Some(claim.clone()), pending: None, node: None },
        Save::Node(id) => saved.node = Some(id),
    }
}

/// What a log shows has no secrets in it.
fn keeps_secrets(output: &Output<'_>) {
    let mut shown = format!("{output:?}");
    if let Output::Event(Event::ClaimFailed { failure, .. } | Event::Offline { failure } | Event::Notice(failure)) =
        output
    {
        shown += &failure.to_string();
    }
    for secret in [TOKEN, ANSWER_BASE64, PASSWORD] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// A secret leaves on the connection that it is for, and on no other.
fn goes_where_it_belongs(purpose: Purpose, bytes: &[u8]) {
    for (secret, allowed) in [(TOKEN, Purpose::Claim), (ANSWER_BASE64, Purpose::Password), (PASSWORD, Purpose::Link)] {
        let is_there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!is_there || purpose == allowed, "a secret is sent where it does not belong: {purpose:?}");
    }
}
