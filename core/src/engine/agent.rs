//! The machine: inputs move the step, outputs come out of the context.

use super::context::{Buffer, Buffers, Context, Item};
use super::event::{Event, Goal, Input, Output, Save};
use super::steps::exchange::Wait;
use super::steps::{Delay, Step, Trouble, fail, start};
use crate::body::Prepare;
use crate::clock::{Instant, Now};
use crate::identity::key::CIPHERTEXT_LEN;
use crate::link::queries::REFUSAL_MAX;
use crate::node::Traffic;
use crate::settings::{Settings, Timing};
use crate::stage::{Failure, Purpose};
use crate::store::Saved;
use crate::wire::proxy::Proxy;
use crate::wire::url::Url;
use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;

/// Smallest receive buffer: the password reply of Netdata Cloud has about 2.1 KB, its head some more.
pub const RECEIVE_MIN: usize = 4096;
/// Smallest send buffer: a claim without rooms has about 1 KB, and each of its parts has a limit of its own.
pub const SEND_MIN: usize = 2048;
/// Smallest buffer for requests that wait, for each of them: room to refuse one more, and for one with a short target.
pub const QUERIES_MIN: usize = 2 * REFUSAL_MAX + 128;

/// One node: claims it and holds its link. See the [module](super) for how to drive it.
///
/// * Poll until [`Output::Wait`] or [`Output::Done`] before the next input.
/// * After [`Output::Wait`], bring what comes first: received bytes, the end of the connection, the deadline
///   ([`Input::Tick`]), a wish.
/// * An output that asks for an answer gets exactly one.
///
/// `B` is the kind of its buffers: `Vec<u8>`, `Box<[u8]>`, `&mut [u8]`.
pub struct Agent<'s, B> {
    step: Step,
    cx: Context<'s, B>,
    stopping: bool,
    /// A reload came while the driver owed an answer.
    reload_pending: bool,
    /// A reload came, and [`take_reloaded`](Agent::take_reloaded) has not been asked since.
    reloaded: bool,
}

impl<'s, B: Buffer> Agent<'s, B> {
    /// An agent that has done nothing yet. `saved` is what the store knows; `seed` must be random and secret: it makes
    /// WebSocket masks and jitter.
    ///
    /// With smaller buffers than [`Buffers`] says the agent works as far as they reach and then fails by name.
    // Not a part of the caller, whose stack would keep room for all of it.
    #[inline(never)]
    pub fn new(
        goal: Goal,
        settings: &'s Settings,
        saved: &Saved,
        buffers: Buffers<B>,
        seed: [u8; 32],
        now: Now,
    ) -> Self {
        let rng = ChaCha20Rng::from_seed(seed);
        // Made where it is returned, and then begun: it is too large to be moved.
        let mut agent = Self {
            step: Step::Idle,
            cx: Context::new(goal, settings, saved, buffers, rng, now),
            stopping: false,
            reload_pending: false,
            reloaded: false,
        };
        agent.step = start(&mut agent.cx);
        agent
    }

    /// Takes in what happened.
    // This and the two below are not a part of the caller, which waits for the network with its stack: one that is deep while
    // an input is worked on would be as deep in everything else.
    #[inline(never)]
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        self.cx.now = now;
        self.cx.reclaim_send_buffer();
        match input {
            Input::Stop => self.stop(),
            Input::Reload(saved) => self.reload(saved),
            input => {
                let was_sent = self.is_claim_sent();
                let result = on_input(&mut self.step, &mut self.cx, input);
                self.settle(was_sent, result);
            }
        }
    }

    /// Takes in received bytes and returns how many were taken. When not all were, poll, then offer the rest.
    #[inline(never)]
    pub fn receive(&mut self, now: Now, bytes: &[u8]) -> usize {
        self.cx.now = now;
        self.cx.reclaim_send_buffer();
        let mut taken = 0;
        while taken < bytes.len() && self.cx.has_room() {
            let rest = bytes.get(taken..).unwrap_or_default();
            let (mut count, was_sent) = (0, self.is_claim_sent());
            let result = on_bytes(&mut self.step, &mut self.cx, rest, &mut count);
            self.settle(was_sent, result);
            if count == 0 {
                break;
            }
            taken += count;
        }
        taken
    }

    /// What to do next.
    #[inline(never)]
    pub fn poll(&mut self) -> Output<'_> {
        self.cx.reclaim_send_buffer();
        if self.cx.is_idle()
            && let Step::Link(link) = &mut self.step
        {
            let result = link.pump(&mut self.cx);
            self.settle(false, result);
        }
        let Some(item) = self.cx.pop() else {
            return if let Step::Done = self.step { Output::Done } else { Output::Wait(self.deadline()) };
        };
        let cx = &mut self.cx;
        match item {
            Item::Connect(purpose) => match cx.peer() {
                Some(url) => Output::Connect { host: url.host(), port: url.port(), purpose },
                None => Output::Close,
            },
            Item::Send => Output::Send(cx.polled_send()),
            Item::Close => Output::Close,
            Item::NeedKey => Output::NeedKey,
            Item::Decrypt => Output::Decrypt(&cx.challenge),
            Item::SaveKey => Output::Save(Save::Key),
            Item::SavePending => Output::Save(Save::Pending(&cx.target)),
            Item::SaveRefused => Output::Save(Save::Refused),
            Item::SaveClaimed => Output::Save(Save::Claimed(&cx.target)),
            Item::SaveNode(id) => Output::Save(Save::Node(id)),
            Item::PrepareReport(kind, ids) => Output::Prepare(Prepare::Report { kind, ids }),
            Item::PrepareAnswer(place) => match cx.queue.get(place) {
                Some(entry) => Output::Prepare(Prepare::Answer(entry.request)),
                None => Output::Prepare(Prepare::Nothing),
            },
            Item::PrepareNothing => Output::Prepare(Prepare::Nothing),
            Item::Body(most) => Output::Body(most),
            Item::Stage(report) => Output::Event(Event::Stage(report)),
            Item::Answer(answer) => Output::Event(Event::Answer(answer)),
            Item::Claimed { proved } => Output::Event(Event::Claimed { id: cx.target.id, proved }),
            Item::ClaimFailed(refusal) => Output::Event(Event::ClaimFailed { failure: &cx.failure, refusal }),
            Item::Online => Output::Event(Event::Online { id: cx.target.id, session_id: cx.session_id }),
            Item::Live => Output::Event(Event::Live { node: cx.saved.node_of(Some(cx.target.id)) }),
            Item::Offline => Output::Event(Event::Offline { failure: &cx.failure }),
            Item::Notice => Output::Event(Event::Notice(&cx.notice)),
        }
    }

    /// Whether the identity was changed from outside since this was last asked: then the key may be another one, too.
    pub(crate) const fn take_reloaded(&mut self) -> bool {
        core::mem::replace(&mut self.reloaded, false)
    }

    /// The Cloud of the settings, which a node belongs to that is not claimed.
    pub const fn url(&self) -> &Url {
        &self.cx.settings.url
    }

    /// What is known to be stored.
    pub const fn saved(&self) -> &Saved {
        &self.cx.saved
    }

    /// What has gone over the link.
    pub const fn traffic(&self) -> Traffic {
        self.cx.traffic
    }

    /// The deadlines it was made with.
    pub const fn timing(&self) -> &'s Timing {
        &self.cx.settings.timing
    }

    /// Whom there is a connection to, or is to be one.
    pub(crate) fn peer(&self) -> Option<&Url> {
        self.cx.peer()
    }

    /// The proxy that leads there; `None` for a direct connection.
    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        self.peer().and_then(|url| self.proxy_to(url.host(), url.port()))
    }

    /// The challenge that is to be decrypted.
    pub(crate) const fn challenge(&self) -> &[u8; CIPHERTEXT_LEN] {
        &self.cx.challenge
    }

    /// The proxy that leads to `host` at `port`; `None` for a direct connection.
    pub fn proxy_to(&self, host: &str, port: u16) -> Option<&Proxy> {
        self.cx.settings.proxy_to(host, port)
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.step {
            Step::Waiting(until) => Some(*until),
            Step::Link(link) => link.deadline(&self.cx),
            // If it is no request, there is nothing to do, or the driver is at work (key, decryption, storage).
            step => step.wait().map(Wait::deadline),
        }
    }

    fn is_claim_sent(&self) -> bool {
        matches!(&self.step, Step::Claim(exchange) if exchange.wait().is_sent())
    }

    /// Draws the consequences of an input. `was_claim_sent` is about the time before it.
    fn settle(&mut self, was_claim_sent: bool, result: Result<(), Trouble>) {
        match result {
            Ok(()) => {}
            Err(_) if self.stopping => {
                self.cx.disconnect();
                self.step = Step::Done;
            }
            Err(trouble) => {
                // The request may have arrived even though no good reply did.
                self.cx.maybe_claimed |= was_claim_sent;
                self.step = Step::Idle;
                self.step = fail(&mut self.cx, trouble);
            }
        }
        if self.reload_pending && !self.step.awaits_answer() {
            self.reload_pending = false;
            self.step = start(&mut self.cx);
        }
        self.count();
    }

    /// Keeps what has gone over the link when the link is no more.
    fn count(&mut self) {
        let before = self.cx.traffic;
        self.cx.traffic = match &self.step {
            Step::Link(link) => {
                let traffic = link.traffic();
                Traffic { latency: traffic.latency.or(before.latency), ..traffic }
            }
            _ => Traffic { pending: 0, ..before },
        };
    }

    fn stop(&mut self) {
        self.stopping = true;
        let was_sent = self.is_claim_sent();
        let result = match &mut self.step {
            Step::Link(link) => link.stop(&mut self.cx),
            _ => {
                self.cx.disconnect();
                Ok(Some(Step::Done))
            }
        };
        let result = go_on(&mut self.step, result);
        self.settle(was_sent, result);
    }

    fn reload(&mut self, saved: &Saved) {
        self.reloaded = true;
        if self.stopping || matches!(self.step, Step::Done) {
            return;
        }
        let node = self.cx.saved.node_of(Some(self.cx.target.id));
        let unclaimed = node.filter(|_| saved.claimed.is_none());
        self.cx.saved = saved.clone();
        self.cx.backoff.reset();
        self.cx.claim_attempts = 0;
        // What the driver owes an answer for is finished first: a new start would get the answer to the old one.
        if self.step.awaits_answer() {
            self.reload_pending = true;
            return;
        }
        let was_sent = self.is_claim_sent();
        let result = match &mut self.step {
            Step::Link(link) => link.restart(&mut self.cx, unclaimed),
            _ => Ok(Some(start(&mut self.cx))),
        };
        let result = go_on(&mut self.step, result);
        self.settle(was_sent, result);
    }
}

/// Goes on to the next step, if there is one.
fn go_on(step: &mut Step, next: Result<Option<Step>, Trouble>) -> Result<(), Trouble> {
    if let Some(next) = next? {
        *step = next;
    }
    Ok(())
}

#[inline(never)]
fn on_input<B: Buffer>(step: &mut Step, cx: &mut Context<B>, input: Input<'_>) -> Result<(), Trouble> {
    match input {
        Input::Tick => return on_tick(step, cx),
        Input::Connected => return on_connected(step, cx),
        Input::ConnectFailed(failure) | Input::Broken(failure) => return on_broken(step, cx, failure),
        Input::ConnectRefused(failure) => {
            let broken = on_broken(step, cx, failure);
            return broken.map_err(|trouble| Trouble { delay: Delay::UnlessCounted, ..trouble });
        }
        Input::Ended => return on_ended(step, cx),
        Input::Key { public_pem, fresh } => {
            *step = match step.take() {
                Step::Key(key) => key.on_key(cx, public_pem, fresh),
                other => other,
            };
        }
        Input::KeyFailed(error) => {
            *step = match step.take() {
                Step::Key(key) => return Err(key.on_failure(error)),
                other => other,
            };
        }
        Input::Decrypted(answer) => {
            *step = match step.take() {
                Step::Answer(expected) => expected.on_decrypted(cx, answer)?,
                other => other,
            };
        }
        Input::Saved => {
            if let Step::Link(link) = step {
                link.on_node_saved(cx, None);
                return Ok(());
            }
            *step = match step.take() {
                Step::KeySaved(saved) => saved.on_saved(cx),
                Step::Mark(saved) => saved.on_saved(cx),
                Step::RefusalSaved(saved) => saved.on_answer(cx),
                Step::ClaimSaved(saved) => saved.on_saved(cx),
                other => other,
            };
        }
        Input::SaveFailed(failure) => return on_save_failed(step, cx, failure),
        Input::Prepared(prepared) => {
            if let Step::Link(link) = step {
                return link.on_prepared(cx, prepared);
            }
        }
        Input::Body(piece) => {
            if let Step::Link(link) = step {
                link.on_body(cx, piece)?;
                // While a body is being sent nobody waits, so nobody says that time has passed.
                return on_tick(step, cx);
            }
        }
        Input::Reload(_) | Input::Stop => {}
    }
    Ok(())
}

fn on_tick<B: Buffer>(step: &mut Step, cx: &mut Context<B>) -> Result<(), Trouble> {
    let now = cx.now.instant;
    match step {
        Step::Waiting(until) if *until <= now => *step = start(cx),
        Step::Link(link) if link.deadline(cx).is_some_and(|deadline| deadline <= now) => {
            let next = link.on_deadline(cx);
            return go_on(step, next);
        }
        step => {
            if let Some(wait) = step.wait().filter(|wait| wait.deadline() <= now) {
                return Err(wait.on_timeout(cx));
            }
        }
    }
    Ok(())
}

fn on_connected<B: Buffer>(step: &mut Step, cx: &mut Context<B>) -> Result<(), Trouble> {
    match step {
        Step::Claim(exchange) => exchange.on_connected(cx),
        Step::Env(exchange) => exchange.on_connected(cx),
        Step::Challenge(exchange) => exchange.on_connected(cx),
        Step::Password(exchange) => exchange.on_connected(cx),
        Step::Link(link) => link.on_connected(cx),
        _ => Ok(()),
    }
}

fn on_broken<B: Buffer>(step: &mut Step, cx: &mut Context<B>, mut failure: Failure) -> Result<(), Trouble> {
    cx.forget_connection();
    let purpose = match step {
        Step::Link(link) if link.is_leaving() => return end_leaving(step, cx),
        Step::Link(_) => Some(Purpose::Link),
        step => step.wait().map(Wait::purpose),
    };
    if purpose.is_none() {
        // It was on its way out: nothing depends on the connection any more.
        return Ok(());
    }
    failure.purpose = purpose;
    Err(failure.into())
}

fn on_ended<B: Buffer>(step: &mut Step, cx: &mut Context<B>) -> Result<(), Trouble> {
    if let Some(wait) = step.wait_mut() {
        cx.forget_connection();
        return Err(wait.on_ended());
    }
    if let Step::Link(_) = step {
        cx.forget_connection();
    }
    end_leaving(step, cx)
}

fn on_save_failed<B: Buffer>(step: &mut Step, cx: &mut Context<B>, failure: Failure) -> Result<(), Trouble> {
    match step {
        Step::RefusalSaved(_) => {
            if let Step::RefusalSaved(saved) = step.take() {
                *step = saved.on_answer(cx);
            }
        }
        Step::ClaimSaved(_) => {
            let hint = "the Cloud has accepted the claim: mend the cause and claim again to finish it";
            return Err(Trouble::lasting(failure.hint(hint)));
        }
        Step::KeySaved(_) | Step::Mark(_) => return Err(Trouble::lasting(failure)),
        Step::Link(link) => link.on_node_saved(cx, Some(failure)),
        _ => {}
    }
    Ok(())
}

#[inline(never)]
fn on_bytes<B: Buffer>(step: &mut Step, cx: &mut Context<B>, bytes: &[u8], taken: &mut usize) -> Result<(), Trouble> {
    if let Some(wait) = step.wait_mut() {
        let (count, is_complete) = wait.on_bytes(cx, bytes)?;
        *taken = count;
        return if is_complete { on_complete(step, cx) } else { Ok(()) };
    }
    let Step::Link(link) = step else {
        // The connection is being closed: what still comes is not for anyone.
        *taken = bytes.len();
        return Ok(());
    };
    match link.on_bytes(cx, bytes) {
        Ok(count) => *taken = count,
        // The peer need not keep to the rules after the farewell; what was to follow it still does.
        Err(_) if link.is_leaving() => {
            *taken = bytes.len();
            cx.disconnect();
            return end_leaving(step, cx);
        }
        Err(trouble) => return Err(trouble),
    }
    Ok(())
}

// A step is large, and the link reads its packets where these would be a part of the stack.

#[inline(never)]
fn on_complete<B: Buffer>(step: &mut Step, cx: &mut Context<B>) -> Result<(), Trouble> {
    *step = match step.take() {
        Step::Claim(exchange) => exchange.on_complete(cx)?,
        Step::Env(exchange) => exchange.on_complete(cx)?,
        Step::Challenge(exchange) => exchange.on_complete(cx)?,
        Step::Password(exchange) => exchange.on_complete(cx)?,
        other => other,
    };
    Ok(())
}

/// Goes on behind a link that was on its way out.
#[inline(never)]
fn end_leaving<B: Buffer>(step: &mut Step, cx: &mut Context<B>) -> Result<(), Trouble> {
    if let Step::Link(link) = step {
        *step = link.on_ended(cx)?;
    }
    Ok(())
}
