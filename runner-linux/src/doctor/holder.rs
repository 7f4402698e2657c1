//! A daemon that runs, and how much may be tried beside it.
//!
//! The Cloud knows one session per claimed id: whoever connects to MQTT takes it from whoever has it. And a challenge is
//! good once: to ask for one makes the one before worthless. So a daemon that is online is left alone from the challenge
//! on, and so is one that is about to log in; beside one that waits for longer, the way is gone up to the WebSocket.

use crate::clock::rfc3339;
use crate::json::{Object, Raw};
use crate::live::{self, State, Status};
use crate::paths::Paths;
use crate::report::log::unix_seconds;
use crate::socket;
use aclk_core::engine::event::Until;
use aclk_core::wire::json;
use serde::Deserialize;

/// Who logs in within this time is not disturbed, in seconds: so long may a whole log-in take here.
const SOON: u64 = 60;
/// Longest text in what a daemon answers.
const TEXT_LIMIT: usize = 1024;

/// Who holds the link of this machine.
#[derive(Debug)]
pub(crate) enum Holder {
    /// Nobody.
    Nobody,
    /// `aclk run`, with its name and process, and what it last said.
    Ours(String, Option<Box<Status>>),
    /// Somebody else who answers at the run-time socket, such as a Netdata Agent; whether it is online.
    Other(bool),
    /// There may be somebody.
    Unknown(String),
}

/// What of a daemon's `aclk-state` is looked at.
#[derive(Debug, Deserialize)]
struct Answer {
    online: bool,
}

impl Holder {
    /// Looks for a daemon.
    pub(crate) fn find(paths: &Paths) -> Self {
        match live::look(&paths.live()) {
            Ok(live::Found { holder: Some(name), status }) => Self::Ours(name, status.map(Box::new)),
            Ok(_) => ask(paths),
            Err(error) => match ask(paths) {
                Self::Nobody => Self::Unknown(error.to_string()),
                other => other,
            },
        }
    }

    /// The process, if it is known.
    pub(crate) fn pid(&self) -> Option<u64> {
        self.status().map(|status| status.pid)
    }

    /// What `aclk run` last said of itself.
    pub(crate) fn status(&self) -> Option<&Status> {
        match self {
            Self::Ours(_, status) => status.as_deref(),
            _ => None,
        }
    }

    /// Whether it holds the link.
    pub(crate) fn is_online(&self) -> bool {
        match self {
            Self::Other(online) => *online,
            _ => self.status().is_some_and(|status| status.state == State::Online),
        }
    }

    /// How far the way can be gone without disturbing it.
    pub(crate) fn allows(&self) -> Until {
        match self {
            Self::Nobody => Until::Online,
            Self::Other(_) | Self::Unknown(_) | Self::Ours(_, None) => Until::Environment,
            Self::Ours(_, Some(status)) => match (status.state, status.next_attempt) {
                (State::Idle | State::Stopped | State::Banned, _) => Until::Upgrade,
                (State::Offline, Some(at)) if at > unix_seconds().saturating_add(SOON) => Until::Upgrade,
                (State::Offline | State::Connecting | State::Online, _) => Until::Environment,
            },
        }
    }

    /// A sentence about it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Nobody => "no daemon runs on this machine".to_owned(),
            Self::Ours(name, None) => format!("{name} runs, and has not said how its link is"),
            Self::Ours(name, Some(status)) => {
                let since = rfc3339(status.since);
                match status.state {
                    State::Online => format!("{name} holds the link since {since}"),
                    State::Idle => format!("{name} runs since {since} and has nothing to link"),
                    state => format!("{name} runs; its link is {} since {since}", state.name()),
                }
            }
            Self::Other(true) => "another program, such as a Netdata Agent, holds the link of this machine".to_owned(),
            Self::Other(false) => "another program, such as a Netdata Agent, runs here, and is offline".to_owned(),
            Self::Unknown(why) => format!("whether a daemon runs cannot be told: {why}"),
        }
    }

    /// Its last failure and what it does next, if it has one.
    pub(crate) fn trouble(&self) -> Option<String> {
        let status = self.status().filter(|status| status.state != State::Online)?;
        let reason = status.reason.as_deref()?;
        let stage = status.stage.as_deref().map(|stage| format!("{stage}: ")).unwrap_or_default();
        let next = match (status.state, status.next_attempt) {
            (State::Banned, _) => "; the Cloud asked it not to try again".to_owned(),
            (_, Some(at)) => {
                format!("; its next attempt is at {} (in {} s)", rfc3339(at), at.saturating_sub(unix_seconds()))
            }
            _ => String::new(),
        };
        Some(format!("its last failure was {stage}{reason}{next}"))
    }

    /// For programs.
    pub(super) fn json(&self) -> Option<Raw> {
        if let Self::Nobody = self {
            return None;
        }
        let status = self.status();
        let time = |time: Option<u64>| time.map(rfc3339);
        Some(
            Object::new()
                .member("what", self.describe())
                .member("online", self.is_online())
                .member("pid", self.pid())
                .member("state", status.map(|status| status.state.name()))
                .member("since", time(status.map(|status| status.since)))
                .member("stage", status.and_then(|status| status.stage.as_deref()))
                .member("reason", status.and_then(|status| status.reason.as_deref()))
                .member("hint", status.and_then(|status| status.hint.as_deref()))
                .member("next_attempt", time(status.and_then(|status| status.next_attempt)))
                .end(),
        )
    }
}

/// Asks at the run-time socket. Who may not ask cannot know.
fn ask(paths: &Paths) -> Holder {
    if !paths.sockets().iter().any(|path| path.exists()) {
        return Holder::Nobody;
    }
    match socket::client::ask(paths, "aclk-state json") {
        Ok(reply) => match json::parse::<Answer>(reply.stdout.trim().as_bytes(), &mut [0; TEXT_LIMIT]) {
            Ok(answer) => Holder::Other(answer.online),
            Err(_) => {
                Holder::Unknown("a program answers at the run-time socket, in words that are not understood".to_owned())
            }
        },
        // Left behind by one that was killed.
        Err(fault) if fault.cause.contains("connection refused") => Holder::Nobody,
        Err(fault) => Holder::Unknown(fault.cause),
    }
}
