//! An engine that has gone a given way, where it stands, and what must hold on every step.

use super::Happening;
use super::cloud::{self, GUID};
use super::state::{Place, SETTINGS, State, TOKEN};
use crate::evidence::{base64, contains, head, packets, payloads};
use aclk_core::body::Prepared;
use aclk_core::clock::{Instant, Now, Trust, WallTime};
use aclk_core::engine::event::{Event, Goal, Input, Output, Save};
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::KeyError;
use aclk_core::secret::Secret;
use aclk_core::settings::Settings;
use aclk_core::stage::{Failure, Next, Purpose, Stage};
use aclk_core::store::{Claim, Saved};
use std::time::Duration;

const ANSWER: &[u8] = b"the plaintext of a challenge, 32";
/// Outputs in a row after which it does not come to rest.
const RESTLESS: usize = 100;
/// No wait is longer, but for the back-off, the delay of who was thrown out, and the keep-alive of a link.
const DEADLINE_MAX: Duration = Duration::from_secs(120);

/// What is between an engine and nobody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Line {
    None,
    Asked(Purpose),
    Open(Purpose),
}

pub(super) struct Bench {
    agent: Agent<'static, Vec<u8>>,
    goal: Goal,
    now: Duration,
    saved: Saved,
    pub(super) line: Line,
    /// What the driver owes an answer for.
    owed: Option<Place>,
    wait: Option<Duration>,
    is_done: bool,
    is_online: bool,
    is_leaving: bool,
    is_waiting: bool,
    /// A reload came while an answer was owed: whatever that is, the engine starts anew behind it.
    is_reloading: bool,
    /// Sent on this connection.
    pub(super) sent: Vec<u8>,
    pub(super) acknowledged: usize,
    pongs: usize,
    is_spent: bool,
    attempts: usize,
    /// The claim was taken back, and nothing was claimed since.
    is_unclaimed: bool,
}

impl Bench {
    /// The engine after these events.
    pub(super) fn after(goal: Goal, way: &[Happening]) -> Result<Self, String> {
        let settings: &'static [Settings; 2] = &SETTINGS;
        let settings = &settings[usize::from(goal == Goal::Claim)];
        let buffers = Buffers { receive: vec![0; 4096], send: vec![0; 2048], queries: vec![0; 4096] };
        let saved = Saved::default();
        let agent = Agent::new(goal, settings, &saved, buffers, [7; 32], at(Duration::ZERO));
        let mut bench = Self {
            agent,
            goal,
            now: Duration::ZERO,
            saved,
            line: Line::None,
            owed: None,
            wait: None,
            is_done: false,
            is_online: false,
            is_leaving: false,
            is_waiting: false,
            is_reloading: false,
            sent: Vec::new(),
            acknowledged: 0,
            pongs: 0,
            is_spent: false,
            attempts: 0,
            is_unclaimed: false,
        };
        let told = |reason: String| format!("{reason}, with {goal:?}, after {way:?}");
        bench.settle().map_err(told)?;
        for event in way {
            bench.happen(*event).map_err(told)?;
        }
        Ok(bench)
    }

    pub(super) fn state(&self) -> State {
        let place = self.place();
        State {
            place,
            is_claimed: self.saved.claimed.is_some(),
            is_pending: self.saved.pending.is_some(),
            has_node: self.saved.node.is_some(),
            is_spent: self.is_spent,
            is_owed: matches!(place, Place::Online | Place::Ping | Place::Leaving)
                && self.publishes() > self.acknowledged,
            attempts: self.attempts.min(2),
        }
    }

    pub(super) fn place(&self) -> Place {
        match (self.owed, self.line) {
            (Some(owed), _) => owed,
            (None, Line::None) if self.is_done => Place::Done,
            (None, Line::None) if self.is_waiting => Place::Waiting,
            (None, Line::None) => Place::Idle,
            (None, Line::Asked(purpose)) => Place::Connect(purpose.name()),
            (None, Line::Open(_)) if self.is_leaving => Place::Leaving,
            (None, Line::Open(_)) if self.is_online && self.count(0xc0) > self.pongs => Place::Ping,
            (None, Line::Open(_)) if self.is_online => Place::Online,
            (None, Line::Open(Purpose::Link)) if self.publishes() > 0 => Place::Announced,
            (None, Line::Open(Purpose::Link)) if self.count(0x82) > 0 => Place::Suback(self.count(0x82)),
            (None, Line::Open(Purpose::Link)) if self.count(0x10) > 0 => Place::Connack,
            (None, Line::Open(purpose)) => Place::Ask(purpose.name()),
        }
    }

    /// What can happen here.
    pub(super) fn events(&self) -> Vec<Happening> {
        use Happening as H;
        let place = self.place();
        let mut events = match place {
            Place::Done => return Vec::new(),
            Place::Idle if self.saved.claimed.is_none() => vec![H::ClaimedElsewhere],
            Place::Idle => vec![],
            Place::Waiting => vec![H::Time],
            Place::Key => vec![H::KeyMade, H::KeyFound, H::KeyMissing],
            Place::Save(_) => vec![H::Stored, H::NotStored],
            Place::Decrypt => vec![H::Decrypted, H::NotDecrypted],
            Place::Connect(_) => vec![H::Connected, H::ConnectFailed, H::ProxyRefused, H::Time],
            Place::Ask("claim") => vec![H::Good, H::AlreadyClaimed, H::Refused, H::Busy, H::Later, H::Ban],
            Place::Ask(_) => vec![H::Good, H::Refused, H::Busy, H::Later, H::Ban],
            Place::Connack | Place::Suback(_) | Place::Announced => vec![H::Good, H::Refused, H::ThrowsOut],
            Place::Leaving => vec![H::Good],
            Place::Online | Place::Ping => {
                vec![H::Good, H::AsksForNode, H::NamesNode, H::Asks, H::Later, H::Ban, H::ThrowsOut]
            }
        };
        if let Line::Open(_) = self.line
            && self.owed.is_none()
        {
            events.extend([H::Garbage, H::Ended, H::Broken, H::Time]);
        }
        if self.saved.claimed.is_some() {
            events.push(H::Unclaim);
        }
        events.extend([H::Reload, H::Stop]);
        events
    }

    fn count(&self, first: u8) -> usize {
        packets(&self.data()).into_iter().filter(|packet| packet[0] == first).count()
    }

    fn publishes(&self) -> usize {
        self.count(0x32)
    }

    pub(super) fn data(&self) -> Vec<u8> {
        payloads(&self.sent[head(&self.sent).unwrap_or(self.sent.len())..])
    }

    fn happen(&mut self, event: Happening) -> Result<(), String> {
        use Happening as H;
        let broken = || Failure::new(Stage::Tcp, "connection reset by peer");
        let input = match event {
            H::Connected => {
                if let Line::Asked(purpose) = self.line {
                    self.line = Line::Open(purpose);
                }
                Input::Connected
            }
            H::ConnectFailed => self.hang_up(Input::ConnectFailed(broken())),
            H::ProxyRefused => self.hang_up(Input::ConnectRefused(Failure::new(Stage::Proxy, "wrong password"))),
            H::Ended => self.hang_up(Input::Ended),
            H::Broken => self.hang_up(Input::Broken(broken())),
            H::Time => {
                let until = self.wait.ok_or("it waits for no time")?;
                self.now = self.now.max(until);
                self.is_waiting = false;
                Input::Tick
            }
            H::KeyMade | H::KeyFound => {
                self.owed = None;
                let public_pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".try_into();
                Input::Key { public_pem: public_pem.map_err(|_| "it fits")?, fresh: event == H::KeyMade }
            }
            H::KeyMissing => self.answer(Input::KeyFailed(KeyError::Missing)),
            H::Stored => {
                self.store();
                self.answer(Input::Saved)
            }
            H::NotStored => self.answer(Input::SaveFailed(Failure::new(Stage::Storage, "no space left on device"))),
            H::Decrypted => self.answer(Input::Decrypted(Ok(Secret::copy_of(ANSWER).map_err(|_| "it fits")?))),
            H::NotDecrypted => self.answer(Input::Decrypted(Err(KeyError::Decrypt))),
            H::Reload | H::Unclaim | H::ClaimedElsewhere => {
                if event == H::Unclaim {
                    self.saved = Saved::default();
                    self.is_unclaimed = true;
                }
                if event == H::ClaimedElsewhere {
                    self.saved = Saved { claimed: Some(claim()), ..Saved::default() };
                    self.is_unclaimed = false;
                }
                self.is_waiting = false;
                self.is_reloading = self.owed.is_some();
                self.attempts = 0;
                self.is_leaving |= self.is_online || self.place() == Place::Announced;
                let saved = self.saved.clone();
                self.agent.handle(at(self.now), Input::Reload(&saved));
                return self.settle();
            }
            H::Stop => {
                self.owed = None;
                self.is_leaving |= self.is_online || self.place() == Place::Announced;
                Input::Stop
            }
            said => return self.hear(&self.says(said)),
        };
        self.agent.handle(at(self.now), input);
        self.settle()
    }

    fn hang_up(&mut self, input: Input<'static>) -> Input<'static> {
        self.lose();
        input
    }

    fn answer(&mut self, input: Input<'static>) -> Input<'static> {
        self.owed = None;
        input
    }

    fn lose(&mut self) {
        self.line = Line::None;
        (self.is_online, self.is_leaving) = (false, false);
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<(), String> {
        // Counted before the engine says more.
        let acknowledged = self.publishes();
        let (pongs, before) = (self.count(0xc0), self.place());
        let is_answer = bytes.windows(4).any(|bytes| bytes[..3] == [0x82, 4, 0x40]);
        let mut rest = bytes;
        while !rest.is_empty() && self.line != Line::None {
            let taken = self.agent.receive(at(self.now), rest);
            rest = &rest[taken..];
            if before == Place::Ping && bytes.starts_with(&[0x82, 2, 0xd0]) {
                self.pongs = pongs;
            }
            if is_answer {
                self.acknowledged = acknowledged;
            }
            self.settle()?;
            if taken == 0 && self.owed.is_none() && self.line != Line::None {
                return Err("it takes no bytes, and does nothing".to_owned());
            }
        }
        self.settle()
    }

    /// What the record that is owed says is stored.
    fn store(&mut self) {
        match self.owed {
            Some(Place::Save("pending")) => self.saved.pending = Some(claim()),
            Some(Place::Save("refused")) => self.saved.pending = None,
            Some(Place::Save("claimed")) => {
                self.saved = Saved { claimed: Some(claim()), pending: None, node: None };
                (self.is_spent, self.is_unclaimed, self.attempts) = (true, false, 0);
            }
            Some(Place::Save("node")) => self.saved.node = self.agent.saved().node,
            _ => {}
        }
    }

    /// Does what the engine asks until it waits, is done, or is owed an answer; and looks whether it may ask for that.
    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..RESTLESS {
            if self.owed.is_some() {
                return Ok(());
            }
            let is_claimed = self.saved.claimed.is_some();
            match self.agent.poll() {
                Output::Connect { .. } if self.line != Line::None => {
                    return Err(format!("a second connection beside {:?}", self.line));
                }
                Output::Connect { purpose, .. } => {
                    let may = match purpose {
                        // A check goes the way of the link with the id of the settings.
                        _ if matches!(self.goal, Goal::Check(_)) => purpose != Purpose::Claim,
                        Purpose::Claim => !is_claimed && self.saved.pending.is_some(),
                        Purpose::Link => is_claimed,
                        _ => is_claimed || self.saved.pending.is_some(),
                    };
                    if !may || self.is_done {
                        return Err(format!("a connection for {purpose}, claimed: {is_claimed}"));
                    }
                    self.line = Line::Asked(purpose);
                    self.sent.clear();
                    (self.acknowledged, self.pongs, self.is_waiting) = (0, 0, false);
                }
                Output::Send(bytes) => {
                    let Line::Open(purpose) = self.line else { return Err("it sends without a connection".to_owned()) };
                    let fresh = bytes.to_vec();
                    if fresh.is_empty() {
                        return Err("it sends nothing".to_owned());
                    }
                    self.sent.extend_from_slice(&fresh);
                    let connect = matches!(self.place(), Place::Connack);
                    let seen = [self.sent.clone(), self.data()].concat();
                    let secrets = [
                        (TOKEN.to_owned(), purpose == Purpose::Claim && !self.is_spent),
                        (base64(ANSWER), purpose == Purpose::Password),
                        (cloud::PASSWORD.to_owned(), purpose == Purpose::Link && (connect || self.count(0x10) == 1)),
                    ];
                    if secrets.iter().any(|(secret, may)| !may && contains(&seen, secret.as_bytes())) {
                        return Err(format!("a secret is sent on the connection for {purpose}"));
                    }
                    let fresh = [fresh.clone(), payloads(&fresh)].concat();
                    if self.is_unclaimed && secrets.iter().any(|(secret, _)| contains(&fresh, secret.as_bytes())) {
                        return Err(format!("it was unclaimed, and sends a secret on the connection for {purpose}"));
                    }
                }
                Output::Close if self.line == Line::None => return Err("it closes what is not open".to_owned()),
                Output::Close => self.lose(),
                Output::NeedKey => self.owed = Some(Place::Key),
                Output::Decrypt(_) => self.owed = Some(Place::Decrypt),
                Output::Save(save) => {
                    self.owed = Some(Place::Save(match save {
                        Save::Key => "key",
                        Save::Pending(_) => "pending",
                        Save::Refused => "refused",
                        Save::Claimed(_) => "claimed",
                        Save::Node(_) => "node",
                    }));
                }
                Output::Prepare(_) => self.agent.handle(at(self.now), Input::Prepared(Prepared::Nothing)),
                Output::Body(_) => return Err("it wants a body that nobody has prepared".to_owned()),
                Output::Event(event) => {
                    let told = Told::of(&event);
                    self.take_in(told)?;
                }
                Output::Wait(until) => {
                    self.is_reloading = false;
                    self.wait = until.map(|until| Duration::from_micros(until.as_micros()));
                    return self.may_wait();
                }
                Output::Done => {
                    self.is_done = true;
                    let is_over = self.line == Line::None && self.owed.is_none();
                    return if is_over { Ok(()) } else { Err("it is done, and the connection is open".to_owned()) };
                }
            }
        }
        Err("it does not come to rest".to_owned())
    }

    fn take_in(&mut self, told: Told) -> Result<(), String> {
        match told {
            Told::Online => self.is_online = true,
            Told::Claimed if self.saved.claimed.is_none() => {
                return Err("a claim is told that is not stored".to_owned());
            }
            Told::Failed { is_about_claim, is_retry, has_cause } => {
                self.is_waiting = is_retry && !self.is_reloading && !matches!(self.goal, Goal::Check(_));
                self.attempts += usize::from(is_about_claim);
                if !has_cause {
                    return Err("a failure without a cause".to_owned());
                }
                if self.line != Line::None {
                    return Err("a failure is told while the connection is open".to_owned());
                }
            }
            Told::Claimed | Told::Else => {}
        }
        Ok(())
    }

    /// Only who has nothing to do waits for no time; and nobody waits for long.
    fn may_wait(&self) -> Result<(), String> {
        match (self.place(), self.wait) {
            (Place::Idle, Some(_)) => Err("it is idle, and waits for a time".to_owned()),
            (Place::Idle, None) => Ok(()),
            (place, None) => Err(format!("it waits for ever: {place:?}")),
            (Place::Waiting, Some(until)) if until <= self.now => {
                Err("it does not wait before the next attempt".to_owned())
            }
            (Place::Waiting, Some(_)) => Ok(()),
            (place, Some(until)) if until > self.now + DEADLINE_MAX => Err(format!("a long wait: {place:?}")),
            _ => Ok(()),
        }
    }
}

/// What matters of an event.
enum Told {
    Online,
    Claimed,
    Failed { is_about_claim: bool, is_retry: bool, has_cause: bool },
    Else,
}

impl Told {
    fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Online { .. } => Self::Online,
            Event::Claimed { .. } => Self::Claimed,
            Event::ClaimFailed { failure, .. } | Event::Offline { failure } => Self::Failed {
                is_about_claim: matches!(event, Event::ClaimFailed { .. }),
                is_retry: matches!(failure.next, Next::Retry(_)),
                has_cause: !failure.cause.is_empty(),
            },
            _ => Self::Else,
        }
    }
}

fn claim() -> Claim {
    Claim { id: Guid::parse(GUID).expect("it is one"), url: SETTINGS[0].url.clone() }
}

fn at(now: Duration) -> Now {
    let us = now.as_micros() as u64;
    let wall = WallTime { unix_us: 1_748_736_000_000_000 + us, trust: Trust::Trusted };
    Now { instant: Instant::from_micros(us), wall }
}
