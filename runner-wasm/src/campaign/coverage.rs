//! What was met: states, events and faults, and how often they came together.

use aclk_cloud::Fault;
use aclk_core::stage::{Next, Purpose};
use aclk_pair::{Done, Pair};
use serde::Serialize;

/// How the device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Start,
    On(Purpose),
    Online,
    Live,
    Waiting,
    Banned,
    Stopped,
}

/// All of them, in the order of a handshake.
const STATES: [(State, &str); 11] = [
    (State::Start, "start"),
    (State::On(Purpose::Claim), "claim"),
    (State::On(Purpose::Env), "env"),
    (State::On(Purpose::Challenge), "challenge"),
    (State::On(Purpose::Password), "password"),
    (State::On(Purpose::Link), "link"),
    (State::Online, "online"),
    (State::Live, "live"),
    (State::Waiting, "waiting"),
    (State::Banned, "banned"),
    (State::Stopped, "stopped"),
];

/// All kinds of events: what the device tells, and what the world does to it.
const EVENTS: [&str; 14] = [
    "connection",
    "stage",
    "answer",
    "claimed",
    "claim failed",
    "online",
    "live",
    "offline",
    "notice",
    "reboot",
    "outage",
    "disconnect",
    "reload",
    "remove",
];

/// Counts, as the page shows them: `CampaignCoverage` of types.ts.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    states: Vec<&'static str>,
    events: &'static [&'static str],
    faults: Vec<&'static str>,
    state_events: Vec<Vec<u64>>,
    state_faults: Vec<Vec<u64>>,
}

impl Coverage {
    pub(super) fn new() -> Self {
        let faults: Vec<_> = Fault::list().iter().map(|fault| fault.name).collect();
        Self {
            states: STATES.iter().map(|(_, name)| *name).collect(),
            events: &EVENTS,
            state_events: vec![vec![0; EVENTS.len()]; STATES.len()],
            state_faults: vec![vec![0; faults.len()]; STATES.len()],
            faults,
        }
    }

    /// How many pairs of a state and an event were met, and how many of a state and a fault.
    #[must_use]
    pub fn met(&self) -> (usize, usize) {
        let count = |rows: &[Vec<u64>]| rows.iter().flatten().filter(|count| **count > 0).count();
        (count(&self.state_events), count(&self.state_faults))
    }

    /// `event` happened in `state`.
    pub(super) fn event(&mut self, state: State, event: &str) {
        add(&mut self.state_events, state, self.events.iter().position(|known| *known == event));
    }

    /// The fault of this name struck in `state`.
    pub(super) fn fault(&mut self, state: State, name: &str) {
        add(&mut self.state_faults, state, self.faults.iter().position(|known| *known == name));
    }
}

fn add(rows: &mut [Vec<u64>], state: State, column: Option<usize>) {
    let row = STATES.iter().position(|(known, _)| *known == state);
    if let Some(count) = row.zip(column).and_then(|(row, column)| rows.get_mut(row)?.get_mut(column)) {
        *count += 1;
    }
}

impl State {
    /// That of a device that has told and asked for so much.
    pub(super) fn of(pair: &Pair) -> Self {
        let told = pair.happened.iter().rev().find_map(|happened| {
            let state = match &happened.what {
                Done::Online { .. } => Self::Online,
                Done::Live { .. } => Self::Live,
                Done::Offline(failure) | Done::ClaimFailed { failure, .. } => match failure.next {
                    Next::Retry(_) => Self::Waiting,
                    Next::Banned => Self::Banned,
                    Next::Stop => Self::Stopped,
                },
                Done::Stage(_) | Done::Answer(_) | Done::Claimed { .. } | Done::Notice(_) => return None,
            };
            Some((happened.at, state))
        });
        let asked = pair.attempts.last().map(|(at, purpose)| (*at, Self::On(*purpose)));
        match (told, asked) {
            (Some((told_at, told)), Some((asked_at, asked))) => {
                if asked_at > told_at {
                    asked
                } else {
                    told
                }
            }
            (Some((_, state)), None) | (None, Some((_, state))) => state,
            (None, None) => Self::Start,
        }
    }

    /// In a word.
    pub(super) fn name(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }
}

/// What kind of event it is.
pub(super) const fn kind(done: &Done) -> &'static str {
    match done {
        Done::Stage(_) => "stage",
        Done::Answer(_) => "answer",
        Done::Claimed { .. } => "claimed",
        Done::ClaimFailed { .. } => "claim failed",
        Done::Online { .. } => "online",
        Done::Live { .. } => "live",
        Done::Offline(_) => "offline",
        Done::Notice(_) => "notice",
    }
}
