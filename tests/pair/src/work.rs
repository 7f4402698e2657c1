//! One step of a pair: what the engine and the Cloud ask for is done, what has arrived is handed over, time passes.

use crate::network::Flight;
use crate::setup::now_at;
use crate::{CLOUD_ADDRESS, ConnectFault, Done, Happened, LEFT_MAX, Pair, Word, saved_record_name, tunnel};
use aclk_cloud::Peer;
use aclk_core::body::Prepared;
use aclk_core::clock::{Instant, Now};
use aclk_core::driver::note;
use aclk_core::engine::event::{Input, Output};
use aclk_core::identity::key::{CIPHERTEXT_LEN, Key};
use aclk_core::stage::{Failure, Purpose, Stage};
use aclk_core::wire::proxy::{Scheme, Target};
use std::time::Duration;

/// Steps without time passing after which a run counts as a livelock.
const LIVELOCK: u32 = 100_000;
/// How often a device that is sending is looked at.
const TICK: Duration = Duration::from_millis(1);

/// What the engine asks for, without what it borrows.
enum Task {
    Wait(Option<Instant>),
    Done,
    Event(Done),
    Connect {
        host: String,
        port: u16,
        purpose: Purpose,
    },
    Send(Vec<u8>),
    Close,
    NeedKey,
    Decrypt([u8; CIPHERTEXT_LEN]),
    Body(usize),
    /// It was prepared at once.
    Prepared(Prepared),
    /// It was stored at once, or not.
    Saved(&'static str, Result<(), Failure>),
}

impl Pair {
    /// Does everything that can be done without time passing.
    pub(crate) fn work(&mut self) {
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
    pub(crate) fn let_time_pass(&mut self, end: Duration) -> bool {
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

    pub(crate) fn tell(&mut self, input: Input<'_>) {
        self.wait = None;
        if matches!(input, Input::Broken(_) | Input::Ended) {
            self.bodies.release(&mut self.node);
        }
        self.life.handle(now_at(&self.setup, self.now), input);
    }

    /// Does what the engine asks until it waits.
    fn poll_agent(&mut self) -> bool {
        let mut worked = false;
        while self.busy <= self.now {
            let now = self.wall();
            self.node.status.on_traffic(self.life.engine().traffic());
            match self.next_task(now) {
                Task::Wait(until) => {
                    if self.wait != until || worked {
                        self.keep(Word::Waits(until.map(|until| Duration::from_micros(until.as_micros()))));
                    }
                    self.wait = until;
                    return worked;
                }
                Task::Done => {
                    if !self.done {
                        self.keep(Word::Finished);
                    }
                    self.done = true;
                    self.wait = None;
                    return worked;
                }
                Task::Event(what) => {
                    if self.transcript.is_some() {
                        self.keep(Word::Told(what.clone()));
                    }
                    self.happened.push(Happened { at: self.now, what });
                }
                Task::Connect { host, port, purpose } => self.connect(&host, port, purpose),
                Task::Send(bytes) => self.send(bytes),
                Task::Close => {
                    self.keep(Word::Closed);
                    self.hang_up();
                }
                Task::NeedKey => self.look_for_key(now),
                Task::Decrypt(ciphertext) => {
                    let answer = self.key.decrypt(&ciphertext, &mut self.rng);
                    self.life.handle(now, Input::Decrypted(answer));
                }
                Task::Body(most) => {
                    let mut piece = vec![0; most.min(self.setup.piece)];
                    self.node.device.catch_up(now);
                    let len = self.bodies.fill(&mut self.node, &mut piece);
                    self.life.handle(now, Input::Body(&piece[..len]));
                }
                Task::Prepared(prepared) => self.life.handle(now, Input::Prepared(prepared)),
                Task::Saved(name, saved) => {
                    self.keep(Word::Saved(name, saved.is_ok()));
                    self.life.handle(now, saved.map_or_else(Input::SaveFailed, |()| Input::Saved));
                }
            }
            worked = true;
            self.idle_steps += 1;
            assert!(self.idle_steps < LIVELOCK, "the engine does not come to rest at {:?}", self.now);
        }
        worked
    }

    /// Asks the engine what to do. What it borrows is used at once.
    fn next_task(&mut self, now: Now) -> Task {
        let Self { life, node, bodies, memory, key, .. } = self;
        life.poll(|output| match output {
            Output::Wait(until) => Task::Wait(until),
            Output::Done => Task::Done,
            Output::Event(event) => {
                note(&mut node.status, &event, now);
                Task::Event(Done::of(&event))
            }
            Output::Connect { host, port, purpose } => Task::Connect { host: host.to_owned(), port, purpose },
            Output::Send(bytes) => {
                assert!(!bytes.is_empty(), "it sends nothing");
                Task::Send(bytes.to_vec())
            }
            Output::Close => Task::Close,
            Output::NeedKey => Task::NeedKey,
            Output::Decrypt(ciphertext) => Task::Decrypt(*ciphertext),
            Output::Body(most) => Task::Body(most),
            Output::Prepare(what) => {
                node.device.catch_up(now);
                Task::Prepared(bodies.prepare(what, node, now))
            }
            Output::Save(save) => {
                let name = saved_record_name(&save);
                Task::Saved(name, memory.save(save, key))
            }
        })
    }

    fn look_for_key(&mut self, now: Now) {
        let fresh = !self.key.is_present();
        if fresh {
            self.memory.generate(&mut self.key, &mut self.rng);
        }
        match self.key.public_pem() {
            Ok(public_pem) => self.life.handle(now, Input::Key { public_pem, fresh }),
            Err(error) => self.life.handle(now, Input::KeyFailed(error)),
        }
    }

    fn send(&mut self, bytes: Vec<u8>) {
        let micros = self.setup.uplink.map_or(0, |rate| bytes.len() as u64 * 1_000_000 / rate);
        self.busy = self.now + Duration::from_micros(micros);
        self.tap.iter_mut().for_each(|tap| tap.extend_from_slice(&bytes));
        if self.transcript.is_some() {
            self.keep(Word::Sent(bytes.clone()));
        }
        self.network.send_to_cloud(self.busy, bytes);
    }

    fn connect(&mut self, host: &str, port: u16, purpose: Purpose) {
        self.attempts.push((self.now, purpose));
        let (is_claimed, is_pending) = (self.is_claimed(), self.memory.saved.pending.is_some());
        self.keep(Word::Connect { purpose, host: host.to_owned(), port, is_claimed, is_pending });
        let fault = self.connect_faults.pop_front().unwrap_or(ConnectFault::None);
        let refused = if self.network.refuse_all { ConnectFault::Refused } else { fault };
        if let Some(failure) = refused.failure(host, port, purpose) {
            let after = refused.delay(self.network.round_trip());
            return self.network.fail_connect(self.now + after, Input::ConnectFailed(failure));
        }
        self.network.begin();
        let mut took = self.network.round_trip();
        if let (Some(proxy), Some(setup)) = (self.life.engine().proxy_to(host, port), &self.setup.proxy) {
            let address = (proxy.scheme() == Scheme::Socks5).then_some(CLOUD_ADDRESS);
            let target = Target { host, address, port };
            let deadline = self.setup.timing.proxy;
            let talk = tunnel::talk(setup, proxy, target, &mut self.network, deadline);
            took += talk.took;
            self.asked.extend(talk.asked);
            self.keep(Word::Plain(talk.said));
            if let Err(input) = talk.end {
                return self.network.fail_connect(self.now + took, input);
            }
        }
        let peer = Peer { server_name: Some(host.to_owned()), address: None };
        let id = self.cloud.open(self.now, peer);
        self.network.open(self.now + took, id);
    }

    pub(crate) fn hang_up(&mut self) {
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
            let (word, input) = match flight {
                Flight::Data(bytes) => {
                    self.hand_over(&bytes);
                    self.poll_agent();
                    continue;
                }
                Flight::Connected => (Word::Connected, Input::Connected),
                Flight::Failed(input) => (Word::ConnectFailed, input),
                Flight::Ended => (Word::Ended, Input::Ended),
                Flight::Reset => (Word::Ended, Input::Broken(Failure::new(Stage::Tcp, "connection reset by peer"))),
            };
            self.keep(word);
            self.tell(input);
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
            let taken = self.life.receive(now, rest);
            if self.transcript.is_some() {
                let (taken, left) = rest.split_at(taken);
                let left = left[..left.len().min(LEFT_MAX)].to_vec();
                self.keep(Word::Received { taken: taken.to_vec(), left });
            }
            let worked = self.poll_agent();
            assert!(taken > 0 || worked, "the engine takes nothing and does nothing");
            rest = &rest[taken..];
        }
    }
}
