//! How the link came to be as it is: which steps the last attempt took, what went wrong lately, and when it was up.
//!
//! In memory only, and bounded. The status page asks for it at `/api/aclk/history`; the form is in design.md 3.6.

use crate::json::{Object, Raw, milliseconds};
use crate::report::log::unix_seconds;
use aclk_core::driver::Observer;
use aclk_core::engine::event::{Event, StageReport};
use aclk_core::stage::{Failure, Next};
use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

/// Steps of one attempt: a claim and a link take some twenty.
const STEPS: usize = 48;
/// Failures that are remembered.
const FAILURES: usize = 12;
/// Connections that are remembered.
const CONNECTIONS: usize = 12;

/// What the link is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is nothing to link.
    Idle,
    /// On the way.
    Connecting,
    /// Up.
    Online,
    /// Down; the next attempt comes by itself.
    Waiting,
    /// Down, and no attempt will be made until somebody acts.
    Stopped,
    /// The Cloud does not want to be asked again.
    Banned,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Online => "online",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
            Self::Banned => "banned",
        }
    }
}

/// A failure, and when it was.
#[derive(Debug)]
struct Failed {
    at: u64,
    failure: Failure,
}

/// A time when the link was up.
#[derive(Debug)]
struct Connection {
    from: u64,
    to: Option<u64>,
}

/// What is remembered. Times are seconds since 1970.
#[derive(Debug)]
pub(crate) struct History {
    started: u64,
    state: State,
    since: u64,
    /// Why there is nothing to link.
    reason: Option<String>,
    /// What a person should know, whether the link is up or not.
    warning: Option<&'static str>,
    /// When the attempt began, in milliseconds since 1970.
    began_ms: Option<u64>,
    steps: Vec<StageReport>,
    failures: VecDeque<Failed>,
    connections: VecDeque<Connection>,
    attempts: u64,
}

impl History {
    /// Nothing has happened yet.
    pub(crate) fn new() -> Self {
        let now = unix_seconds();
        Self {
            started: now,
            state: State::Idle,
            since: now,
            reason: None,
            warning: None,
            began_ms: None,
            steps: Vec::new(),
            failures: VecDeque::new(),
            connections: VecDeque::new(),
            attempts: 0,
        }
    }

    /// There is something to link from now on, or nothing because of `reason`.
    pub(crate) fn begin(&mut self, is_claimed: bool, reason: Option<&str>) {
        self.hang_up();
        self.turn(if is_claimed { State::Connecting } else { State::Idle });
        self.reason = reason.map(str::to_owned);
        self.steps.clear();
        self.began_ms = None;
    }

    /// A person should know this, or need no longer.
    pub(crate) const fn warn(&mut self, warning: Option<&'static str>) {
        self.warning = warning;
    }

    /// All of it as one JSON object.
    pub(crate) fn json(&self) -> String {
        let steps = self.steps.iter().map(step).collect::<Vec<_>>();
        let failures = self.failures.iter().rev().map(Failed::json).collect::<Vec<_>>();
        let connections = self.connections.iter().rev().map(Connection::json).collect::<Vec<_>>();
        let failure = match self.state {
            State::Waiting | State::Stopped | State::Banned => self.failures.back().map(Failed::json),
            State::Idle | State::Connecting | State::Online => None,
        };
        Object::new()
            .member("program", concat!("aclk ", env!("CARGO_PKG_VERSION")))
            .member("now", unix_seconds())
            .member("started", self.started)
            .member("state", self.state.name())
            .member("since", self.since)
            .member("reason", self.reason.as_deref())
            .member("warning", self.warning)
            .member("attempts", self.attempts)
            .member("attempt_began_ms", self.began_ms)
            .member("steps", steps)
            .member("failure", failure)
            .member("failures", failures)
            .member("connections", connections)
            .end()
            .0
    }

    fn turn(&mut self, state: State) {
        if self.state != state {
            self.since = unix_seconds();
        }
        self.state = state;
        self.reason = None;
    }

    fn step(&mut self, report: StageReport) {
        // What the link does once it is up is no step of an attempt.
        if self.state == State::Online {
            return;
        }
        if self.began_ms.is_none() {
            self.turn(State::Connecting);
            self.steps.clear();
            let took = u64::try_from(report.elapsed.as_millis()).unwrap_or_default();
            self.began_ms = Some(unix_ms().saturating_sub(took));
            self.attempts += 1;
        }
        if self.steps.len() < STEPS {
            self.steps.push(report);
        }
    }

    fn fail(&mut self, failure: &Failure) {
        let was_online = self.state == State::Online;
        self.hang_up();
        if !was_online && self.began_ms.is_none() {
            // It came to nothing before its first step.
            self.steps.clear();
            self.attempts += 1;
        }
        self.began_ms = None;
        self.turn(match failure.next {
            Next::Retry(_) => State::Waiting,
            Next::Stop => State::Stopped,
            Next::Banned => State::Banned,
        });
        self.remember(failure);
    }

    fn remember(&mut self, failure: &Failure) {
        if self.failures.len() == FAILURES {
            self.failures.pop_front();
        }
        self.failures.push_back(Failed { at: unix_seconds(), failure: failure.clone() });
    }

    fn hang_up(&mut self) {
        if let Some(connection) = self.connections.back_mut() {
            connection.to.get_or_insert_with(unix_seconds);
        }
    }
}

impl Observer for History {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Stage(report) => self.step(*report),
            Event::Claimed { .. } => {
                self.steps.clear();
                self.began_ms = None;
                self.turn(State::Connecting);
            }
            Event::Online { .. } => {
                self.turn(State::Online);
                if self.connections.len() == CONNECTIONS {
                    self.connections.pop_front();
                }
                self.connections.push_back(Connection { from: self.since, to: None });
            }
            Event::ClaimFailed { failure, .. } | Event::Offline { failure } => self.fail(failure),
            // It costs nothing, so it changes nothing; but it may be the reason of what comes next.
            Event::Notice(failure) => self.remember(failure),
            Event::Live { .. } | Event::Answer(_) => {}
        }
    }
}

impl Failed {
    fn json(&self) -> Raw {
        let Failure { stage, purpose, cause, server, hint, next } = &self.failure;
        let (next, next_attempt) = match next {
            Next::Retry(delay) => ("retry", Some(self.at + delay.as_millis().div_ceil(1_000) as u64)),
            Next::Stop => ("stop", None),
            Next::Banned => ("banned", None),
        };
        let said = server.as_ref().map(|said| {
            Object::new()
                .member("status", u64::from(said.status))
                .member("key", said.key.as_str())
                .member("message", said.message.as_str())
                .member("code", said.code.as_str())
                .end()
        });
        Object::new()
            .member("at", self.at)
            .member("purpose", purpose.map(|purpose| purpose.name()))
            .member("stage", stage.name())
            .member("cause", cause.as_str())
            .member("hint", Some(*hint).filter(|hint| !hint.is_empty()))
            .member("server", said)
            .member("next", next)
            .member("next_attempt", next_attempt)
            .end()
    }
}

impl Connection {
    fn json(&self) -> Raw {
        Object::new().member("from", self.from).member("to", self.to).end()
    }
}

fn step(report: &StageReport) -> Raw {
    Object::new()
        .member("purpose", report.purpose.map(|purpose| purpose.name()))
        .member("stage", report.stage.name())
        .member("ms", milliseconds(report.elapsed))
        .member("sent", report.sent)
        .member("received", report.received)
        .end()
}

fn unix_ms() -> u64 {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(age.as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{CONNECTIONS, FAILURES, History, STEPS};
    use crate::report::tests::{forbidden, refused_connection, stage};
    use aclk_core::driver::Observer;
    use aclk_core::engine::event::Event;
    use aclk_core::identity::guid::Guid;
    use aclk_core::stage::{Failure, Next, Purpose, Stage};
    use serde_json::{Value, json};

    fn value(history: &History) -> Value {
        serde_json::from_str(&history.json()).unwrap()
    }

    fn online() -> Event<'static> {
        let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        Event::Online { id, session_id: 1 }
    }

    fn tcp() -> Event<'static> {
        Event::Stage(stage(Some(Purpose::Env), Stage::Tcp, 1_500, 0, 0))
    }

    #[test]
    fn an_attempt_is_its_steps_and_how_it_ended() {
        let mut history = History::new();
        assert_eq!(value(&history)["state"], "idle");
        history.begin(true, None);
        history.event(&tcp());
        history.event(&Event::Stage(stage(Some(Purpose::Env), Stage::Tls, 9_000, 500, 1_200)));
        let seen = value(&history);
        assert_eq!(
            (&seen["state"], &seen["attempts"], &seen["failure"]),
            (&json!("connecting"), &json!(1), &Value::Null)
        );
        assert_eq!(
            seen["steps"],
            json!([{"purpose": "env", "stage": "tcp", "ms": 1.5, "sent": 0, "received": 0},
                   {"purpose": "env", "stage": "tls", "ms": 9.0, "sent": 500, "received": 1200}])
        );
        history.event(&Event::Offline { failure: &refused_connection() });
        let seen = value(&history);
        assert_eq!((&seen["state"], &seen["failure"]["stage"]), (&json!("waiting"), &json!("tcp")));
        assert_eq!(seen["failure"]["cause"], "127.0.0.1:443: connection refused");
        assert!(seen["failure"]["next_attempt"].as_u64() >= Some(seen["now"].as_u64().unwrap() + 3));
        assert_eq!(seen["steps"].as_array().unwrap().len(), 2, "they say how far it came");
        history.event(&tcp());
        let seen = value(&history);
        assert_eq!((&seen["state"], &seen["attempts"]), (&json!("connecting"), &json!(2)));
        assert_eq!((seen["steps"].as_array().unwrap().len(), &seen["failure"]), (1, &Value::Null));
        assert_eq!(seen["failures"].as_array().unwrap().len(), 1);
        history.event(&online());
        let seen = value(&history);
        assert_eq!((&seen["state"], &seen["connections"][0]["to"]), (&json!("online"), &Value::Null));
    }

    #[test]
    fn what_the_cloud_said_and_what_to_do_is_kept() {
        let mut history = History::new();
        let (failure, refusal) = forbidden();
        history.event(&Event::ClaimFailed { failure: &failure, refusal });
        let seen = value(&history);
        assert_eq!(seen["state"], "stopped");
        assert_eq!(seen["failure"]["hint"], "copy the token again");
        assert_eq!(seen["failure"]["server"]["status"], 403);
        let banned = Failure::new(Stage::Http, "go away").then(Next::Banned);
        history.event(&Event::Offline { failure: &banned });
        assert_eq!(value(&history)["state"], "banned");
        history.begin(false, Some("not claimed"));
        let seen = value(&history);
        assert_eq!(
            (&seen["state"], &seen["reason"], &seen["failure"]),
            (&json!("idle"), &json!("not claimed"), &Value::Null)
        );
    }

    #[test]
    fn nothing_grows() {
        let mut history = History::new();
        history.begin(true, None);
        for _ in 0..100 {
            for _ in 0..2 * STEPS {
                history.event(&tcp());
            }
            history.event(&online());
            history.event(&Event::Offline { failure: &refused_connection() });
        }
        let seen = value(&history);
        let count = |name: &str| seen[name].as_array().unwrap().len();
        assert_eq!((count("steps"), count("failures"), count("connections")), (STEPS, FAILURES, CONNECTIONS));
        assert!(seen["connections"].as_array().unwrap().iter().all(|connection| connection["to"].is_u64()));
    }
}
