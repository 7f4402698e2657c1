//! The steps of the handshake. Each is a type that is consumed by what it waits for and yields the next step, so that a
//! reply in the wrong state has nowhere to go.
//!
//! ```text
//! claim:  ExpectKey ─> ExpectKeySaved ─> ExpectMark ─> ClaimRequest ──204──> ExpectClaimSaved ─> (claimed)
//!                                                        │   │ └─409, maybe ours─> EnvRequest … ─┘
//!                                                        │   └─refused─> ExpectRefusalSaved
//! link:   EnvRequest ─> ChallengeRequest ─> ExpectAnswer ─> PasswordRequest ─> ExpectUpgrade ─> ExpectConnack
//!         ─> ExpectSuback ×2 ─> ExpectPuback ─> Online ─> Leaving
//! ```

pub(super) mod claim;
pub(super) mod exchange;
pub(super) mod link;
pub(super) mod login;

use super::context::{Buffer, Context, Item, Phase};
use super::event::Goal;
use crate::claim::reply::Refusal;
use crate::clock::Instant;
use crate::stage::{Failure, Next, Stage};
use claim::{ClaimRequest, ExpectClaimSaved, ExpectKey, ExpectKeySaved, ExpectMark, ExpectRefusalSaved};
use core::time::Duration;
use exchange::{Exchange, Wait};
use link::Link;
use login::{ChallengeRequest, EnvRequest, ExpectAnswer, PasswordRequest};

/// The longest wait between two attempts at a claim whose attempts are counted.
const CLAIM_PATIENCE: Duration = Duration::from_secs(300);

/// Where the engine stands.
pub(super) enum Step {
    /// Nothing to do until the identity changes: not claimed, or banned.
    Idle,
    /// A delay passes before the next attempt.
    Waiting(Instant),
    /// The goal is reached or given up.
    Done,
    Key(ExpectKey),
    KeySaved(ExpectKeySaved),
    Mark(ExpectMark),
    Claim(Exchange<ClaimRequest>),
    RefusalSaved(ExpectRefusalSaved),
    ClaimSaved(ExpectClaimSaved),
    Env(Exchange<EnvRequest>),
    Challenge(Exchange<ChallengeRequest>),
    Answer(ExpectAnswer),
    Password(Exchange<PasswordRequest>),
    Link(Link),
}

impl Step {
    /// The request that is on its way.
    pub(super) const fn wait(&self) -> Option<&Wait> {
        match self {
            Self::Claim(exchange) => Some(exchange.wait()),
            Self::Env(exchange) => Some(exchange.wait()),
            Self::Challenge(exchange) => Some(exchange.wait()),
            Self::Password(exchange) => Some(exchange.wait()),
            _ => None,
        }
    }

    pub(super) const fn wait_mut(&mut self) -> Option<&mut Wait> {
        match self {
            Self::Claim(exchange) => Some(exchange.wait_mut()),
            Self::Env(exchange) => Some(exchange.wait_mut()),
            Self::Challenge(exchange) => Some(exchange.wait_mut()),
            Self::Password(exchange) => Some(exchange.wait_mut()),
            _ => None,
        }
    }

    /// Itself, for what consumes it. Nothing is to be done meanwhile.
    pub(super) const fn take(&mut self) -> Self {
        core::mem::replace(self, Self::Idle)
    }

    /// Whether the driver owes an answer from the machine itself: key, decryption, storage.
    pub(super) const fn awaits_answer(&self) -> bool {
        matches!(
            self,
            Self::Key(_)
                | Self::KeySaved(_)
                | Self::Mark(_)
                | Self::RefusalSaved(_)
                | Self::ClaimSaved(_)
                | Self::Answer(_)
        )
    }
}

/// A failure, and how it bears on the next attempt.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) failure: Failure,
    pub(super) delay: Delay,
    /// What the Cloud answered to a claim.
    pub(super) refusal: Option<Refusal>,
}

/// When to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delay {
    /// By the usual rule.
    Backoff,
    /// By the usual rule; but a claim whose attempts are counted is not tried again, as somebody is there who can mend it.
    UnlessCounted,
    /// By the usual rule, but not before this time.
    AtLeast(Duration),
    /// After exactly this time; the count of failures starts anew (protocol.md 2.6).
    After(Duration),
    /// Not at all, until someone reloads or restarts.
    Never,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::new(failure, Delay::Backoff)
    }
}

impl Trouble {
    pub(super) const fn new(failure: Failure, delay: Delay) -> Self {
        Self { failure, delay, refusal: None }
    }

    /// Trouble that no repetition mends.
    pub(super) const fn lasting(failure: Failure) -> Self {
        Self::new(failure, Delay::Never)
    }
}

/// Decides what to do next, from what is stored and what is wanted.
pub(super) fn start<B: Buffer>(cx: &mut Context<B>) -> Step {
    cx.disconnect();
    match (cx.goal, cx.saved.claimed.clone()) {
        (Goal::Link | Goal::ClaimAndLink, Some(claimed)) => {
            cx.phase = Phase::Link;
            cx.target = claimed;
            EnvRequest::start(cx)
        }
        (Goal::Check(_), claimed) => {
            cx.phase = Phase::Link;
            cx.target = claimed.unwrap_or_else(|| cx.target.clone());
            EnvRequest::start(cx)
        }
        (Goal::Link, None) => Step::Idle,
        (Goal::ClaimAndLink, None) if cx.is_token_spent || cx.settings.token.is_empty() => {
            cx.failure = Failure::new(Stage::Config, "there is no claiming token")
                .hint("copy the token from your Space in Netdata Cloud");
            cx.push(Item::ClaimFailed(None));
            Step::Idle
        }
        (Goal::Claim | Goal::ClaimAndLink, _) => ExpectKey::start(cx),
    }
}

/// Takes note of a failure and decides what happens next.
pub(super) fn fail<B: Buffer>(cx: &mut Context<B>, trouble: Trouble) -> Step {
    // After a farewell the connection has been ended already, and the farewell is still to be sent.
    cx.abandon();
    let Trouble { failure, delay, refusal } = trouble;
    let mut failure = cx.hide_secrets(failure);
    cx.credentials = None;
    let wait = match delay {
        Delay::Never => None,
        Delay::Backoff | Delay::UnlessCounted => Some(cx.backoff.next_delay(&mut cx.rng)),
        Delay::AtLeast(least) => Some(cx.backoff.next_delay(&mut cx.rng).max(least)),
        Delay::After(delay) => {
            cx.backoff.reset();
            Some(delay)
        }
    };
    let is_final = delay == Delay::UnlessCounted && cx.settings.claim_attempts.is_some();
    let wait = wait.filter(|wait| cx.phase == Phase::Link || (!is_final && claims_on(cx, *wait, &mut failure)));
    let step = match wait {
        Some(wait) => {
            failure.next = Next::Retry(wait);
            if let Goal::Check(_) = cx.goal { Step::Done } else { Step::Waiting(cx.after(wait)) }
        }
        None => {
            failure.next = if cx.phase == Phase::Link { Next::Banned } else { Next::Stop };
            after_giving_up(cx)
        }
    };
    cx.failure = failure;
    cx.push(match cx.phase {
        Phase::Claim => Item::ClaimFailed(refusal),
        Phase::Link => Item::Offline,
    });
    step
}

/// Whether a claim that failed is tried again after `wait`. Who counts attempts sits in front of a terminal, and does not
/// wait for long either.
fn claims_on<B: Buffer>(cx: &mut Context<B>, wait: Duration, failure: &mut Failure) -> bool {
    cx.claim_attempts = cx.claim_attempts.saturating_add(1);
    let Some(most) = cx.settings.claim_attempts else { return true };
    if wait > CLAIM_PATIENCE && failure.hint.is_empty() {
        failure.hint = "the Cloud wants to be left alone for a while: claim again later";
    }
    cx.claim_attempts < most && wait <= CLAIM_PATIENCE
}

/// A claim that will not be tried again ends a run that was for claiming, and so does any failure a check; a device waits
/// for someone to change something.
pub(super) fn after_giving_up<B: Buffer>(cx: &Context<B>) -> Step {
    if matches!(cx.goal, Goal::Claim | Goal::Check(_)) { Step::Done } else { Step::Idle }
}
