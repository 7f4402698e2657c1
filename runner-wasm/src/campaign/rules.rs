//! What may never happen, whatever the Cloud, the network and the power do.

use aclk_core::stage::{Next, Purpose};
use aclk_pair::{Done, Pair};
use core::time::Duration;
use serde::Serialize;

/// Something that may never happen, happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The run.
    pub seed: u64,
    /// The rule, in a few words.
    pub invariant: &'static str,
    /// What was seen.
    pub detail: String,
}

/// A key is stored before the claim with its public half is sent: else a power cut leaves a node that nobody can be.
pub(super) const KEY_FIRST: &str = "no claim is sent before its key is stored";
/// So that a claim whose answer is lost can be finished.
pub(super) const PENDING_FIRST: &str = "no claim is sent before it is noted as pending";
/// What is told is true after a power cut as well.
pub(super) const STORED_FIRST: &str = "no success is told before the claimed id is stored";
/// A Cloud that is down is not helped by impatience.
pub(super) const PATIENCE: &str = "no attempt is made before the delay that was told is over";
/// The Cloud's word counts.
pub(super) const BAN: &str = "no attempt is made after a ban, or when there is nothing to try";
/// The device is a good citizen. What it does within [`EXCUSED`] of a fault does not count: a Cloud that sends what nobody
/// has asked for, or a challenge with nothing in it, takes the answer to that for a deviation.
pub(super) const CITIZEN: &str = "the device does nothing against protocol.md";
const EXCUSED: Duration = Duration::from_secs(60);
/// Tokens, challenges and passwords stay where they belong.
pub(super) const SECRETS: &str = "no secret is told";
/// A failure has to be of use.
pub(super) const WORDS: &str = "every failure has a cause, without control characters";
/// Faults end, and then all is well.
pub(super) const RECOVERY: &str = "the device comes back by itself when faults end";
/// What a person can do helps: a restart, and, where the Cloud has claimed the node and said that it has not, to remove it.
pub(super) const RESTART: &str = "a restart helps once the reason is gone";

/// Looks at a run as it goes on.
#[derive(Debug, Default)]
pub(super) struct Watch {
    attempts: usize,
    told: usize,
    /// No attempt before then; `None` if there may be one at any time.
    not_before: Option<Duration>,
    /// When faults of the Cloud struck.
    struck: Vec<Duration>,
    found: Vec<(&'static str, String)>,
}

impl Watch {
    /// A fault of the Cloud struck.
    pub(super) fn fault(&mut self, at: Duration) {
        self.struck.push(at);
    }

    /// Somebody has restarted or reloaded the device: it may try at once.
    pub(super) fn forgive(&mut self) {
        self.not_before = None;
    }

    /// Looks at what is new.
    pub(super) fn look(&mut self, pair: &Pair) {
        let (events, attempts) = (&pair.happened, &pair.attempts);
        // In the order of their times; what was told at the time of an attempt was told before it.
        loop {
            let event = events.get(self.told);
            let attempt = attempts.get(self.attempts);
            match (event, attempt) {
                (Some(event), attempt) if attempt.is_none_or(|(at, _)| event.at <= *at) => {
                    self.told += 1;
                    self.heard(pair, event.at, &event.what);
                }
                (_, Some((at, purpose))) => {
                    self.attempts += 1;
                    self.tries(pair, *at, *purpose);
                }
                _ => return,
            }
        }
    }

    fn heard(&mut self, pair: &Pair, at: Duration, what: &Done) {
        if let Done::Claimed { id, .. } = what
            && pair.memory.saved.claimed.as_ref().map(|claim| claim.id) != Some(*id)
        {
            self.found.push((STORED_FIRST, format!("claimed as {id}, stored {:?}", pair.memory.saved.claimed)));
        }
        let Some(failure) = what.failure() else { return };
        let text = format!("{failure}{:?}", failure.server);
        if failure.cause.is_empty() || text.chars().any(char::is_control) {
            self.found.push((WORDS, format!("{text:?}")));
        }
        if matches!(what, Done::Notice(_)) {
            return;
        }
        self.not_before = Some(match failure.next {
            Next::Retry(delay) => at + delay,
            Next::Banned | Next::Stop => Duration::MAX,
        });
    }

    fn tries(&mut self, pair: &Pair, at: Duration, purpose: Purpose) {
        match self.not_before.take() {
            Some(Duration::MAX) => self.found.push((BAN, format!("{purpose} at {at:?}"))),
            Some(due) if at < due => self.found.push((PATIENCE, format!("{purpose} at {at:?}, due at {due:?}"))),
            _ => {}
        }
        if purpose == Purpose::Claim {
            let saved = &pair.memory.saved;
            if pair.memory.private_pem.is_none() {
                self.found.push((KEY_FIRST, format!("at {at:?}")));
            }
            if saved.pending.is_none() && saved.claimed.is_none() {
                self.found.push((PENDING_FIRST, format!("at {at:?}")));
            }
        }
    }

    /// Looks at the whole of a run, and yields what was found.
    pub(super) fn end(mut self, pair: &Pair, seed: u64) -> Vec<Violation> {
        let struck = core::mem::take(&mut self.struck);
        let is_excused = |at: Duration| struck.iter().any(|fault| (*fault..=*fault + EXCUSED).contains(&at));
        for deviation in pair.cloud.deviations().iter().filter(|deviation| !is_excused(deviation.at)) {
            self.found.push((CITIZEN, deviation.to_string()));
        }
        let told = format!("{:?}", pair.happened);
        let secrets = pair.cloud.secrets();
        let texts = secrets.iter().filter_map(|secret| core::str::from_utf8(secret).ok());
        if texts.into_iter().any(|secret| secret.len() >= SECRET && told.contains(secret)) {
            self.found.push((SECRETS, "one is in the events".to_owned()));
        }
        self.found.into_iter().map(|(invariant, detail)| Violation { seed, invariant, detail }).collect()
    }

    /// Something was found elsewhere.
    pub(super) fn add(&mut self, invariant: &'static str, detail: String) {
        self.found.push((invariant, detail));
    }
}

/// Shorter ones may be in a text by chance.
const SECRET: usize = 8;
