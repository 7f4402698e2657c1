//! What an administrator sees and does: the JSON API of docs/cloud.md as plain functions over a [`Cloud`].
//!
//! Whether somebody is an administrator is decided by [`guard`], before anything here is called. A front end moves bytes:
//! it calls [`respond`], and for a [`Wait`] calls [`resume`] whenever something happened, until there is an answer. What is
//! about the program and not about the Cloud (what it takes, beginning anew), a front end adds itself.

mod change;
pub mod guard;
mod show;

use crate::cloud::Cloud;
use crate::query::{QueryId, Reply, Unanswered};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::Duration;

/// Longest wait for events.
const EVENTS_WAIT: Duration = Duration::from_secs(60);
/// Most events in one answer.
const EVENTS_MAX: usize = 1_000;

/// What an administrator asks for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path, as in `/api/nodes`.
    pub path: String,
    /// What follows the `?`, if anything.
    pub query: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What an administrator is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; `None` with status 204.
    pub body: Option<Value>,
}

/// An answer, or what it waits for.
#[derive(Debug)]
pub enum Outcome {
    /// The answer.
    Now(Answer),
    /// There is none yet.
    Later(Wait),
}

/// What an answer waits for.
#[derive(Debug)]
pub enum Wait {
    /// Something that happens, until this time since the start of the Cloud.
    Events {
        /// The number of the last event that is known.
        after: u64,
        /// Only events of this node.
        node: Option<String>,
        /// When the wait is over.
        until: Duration,
    },
    /// The reply of a node. The Cloud itself sees to it that there is an end.
    Reply {
        /// The node.
        claimed_id: String,
        /// The query.
        query: QueryId,
    },
}

/// What the front end knows of itself.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The base URL for claims.
    pub url: String,
    /// The file with the certificate of the certification authority.
    pub ca_file: String,
    /// What is in it.
    pub ca_pem: String,
    /// Whether the state outlives the program.
    pub keeps: bool,
}

impl Answer {
    const DONE: Self = Self { status: 204, body: None };

    fn of(body: Value) -> Self {
        Self { status: 200, body: Some(body) }
    }

    /// A refusal with its reason, a lower-case phrase.
    #[must_use]
    pub fn error(status: u16, reason: &str) -> Self {
        Self { status, body: Some(json!({ "error": reason })) }
    }
}

/// Answers a request of an administrator.
pub fn respond(cloud: &mut Cloud, now: Duration, place: &Place, request: &Request) -> Outcome {
    cloud.now = cloud.now.max(now);
    route(cloud, place, request).unwrap_or_else(Outcome::Now)
}

/// Asks again for what was not there yet.
pub fn resume(cloud: &mut Cloud, now: Duration, wait: &Wait) -> Option<Answer> {
    cloud.now = cloud.now.max(now);
    match wait {
        Wait::Events { after, node, until } => {
            let over = cloud.now >= *until;
            events(cloud, *after, node.as_deref(), EVENTS_MAX).or_else(|| over.then(|| no_events(cloud)))
        }
        Wait::Reply { query, .. } => cloud.take_reply(query).map(|outcome| match outcome {
            Ok(reply) => Answer::of(show_reply(&reply)),
            Err(Unanswered::Late) => Answer::error(504, "the node did not answer in time"),
            Err(Unanswered::Gone) => Answer::error(502, "the link of the node ended before it answered"),
        }),
    }
}

/// Nobody waits any more: the node is told to save itself the work.
pub fn abandon(cloud: &mut Cloud, now: Duration, wait: &Wait) {
    if let Wait::Reply { claimed_id, query } = wait {
        // A node that is gone, or does not listen, need not be told.
        let _ = cloud.cancel_request(now, claimed_id, query);
    }
}

/// The error side is an answer as well.
type Routed = Result<Outcome, Answer>;

fn route(cloud: &mut Cloud, place: &Place, request: &Request) -> Routed {
    let path = request.path.strip_prefix("/api/").unwrap_or_default();
    let path: Vec<&str> = path.split('/').collect();
    let method = request.method.as_str();
    let done = |result: Result<(), Answer>| result.map(|()| Outcome::Now(Answer::DONE));
    let made =
        |result: Result<Value, Answer>| result.map(|body| Outcome::Now(Answer { status: 201, body: Some(body) }));
    let shown = |value: Value| Ok(Outcome::Now(Answer::of(value)));
    let body = &request.body;
    match (method, path.as_slice()) {
        ("GET", ["cloud"]) => shown(show::cloud(cloud, place)),
        ("GET", ["spaces"]) => shown(show::spaces(cloud)),
        ("POST", ["spaces"]) => made(change::add_space(cloud, body)),
        ("POST", ["spaces", space, "rooms"]) => made(change::add_room(cloud, space, body)),
        ("GET", ["spaces", space, "tokens"]) => shown(show::tokens(cloud, place, change::known_space(cloud, space)?)),
        ("POST", ["spaces", space, "tokens"]) => made(change::add_token(cloud, place, space, body)),
        ("POST", ["tokens", "revoke"]) => done(change::revoke(cloud, body)),
        ("GET", ["nodes"]) => shown(show::nodes(cloud)),
        ("POST", ["nodes"]) => made(change::add_nodes(cloud, body)),
        ("GET", ["nodes", node]) => show::node(cloud, node).ok_or_else(no_node).and_then(shown),
        ("DELETE", ["nodes", node]) => done(change::remove(cloud, node)),
        ("GET", ["nodes", node, "history"]) => show::history(cloud, node).ok_or_else(no_node).and_then(shown),
        ("POST", ["nodes", node, "disconnect"]) => done(change::disconnect(cloud, node, body)),
        ("POST", ["nodes", node, "ban"]) => done(change::ban(cloud, node, true)),
        ("POST", ["nodes", node, "unban"]) => done(change::ban(cloud, node, false)),
        ("POST", ["nodes", node, "query"]) => change::ask(cloud, node, body).map(Outcome::Later),
        ("GET", ["faults"]) => shown(show::faults(cloud)),
        ("PUT", ["faults"]) => done(change::set_faults(cloud, body)),
        ("POST", ["faults"]) => done(change::add_fault(cloud, body)),
        ("DELETE", ["faults"]) => {
            cloud.faults.clear();
            done(Ok(()))
        }
        ("GET", ["events"]) => ask_events(cloud, &request.query),
        (_, path) if METHODS.iter().any(|known| fits(known, path)) => {
            Err(Answer::error(405, "there is something at this path, but not for this method"))
        }
        _ => Err(Answer::error(404, "there is nothing at this path")),
    }
}

/// Every path there is; `*` is any id.
const METHODS: [&[&str]; 14] = [
    &["cloud"],
    &["spaces"],
    &["spaces", "*", "rooms"],
    &["spaces", "*", "tokens"],
    &["tokens", "revoke"],
    &["nodes"],
    &["nodes", "*"],
    &["nodes", "*", "history"],
    &["nodes", "*", "disconnect"],
    &["nodes", "*", "ban"],
    &["nodes", "*", "unban"],
    &["nodes", "*", "query"],
    &["faults"],
    &["events"],
];

fn fits(known: &[&str], path: &[&str]) -> bool {
    known.len() == path.len() && known.iter().zip(path).all(|(known, part)| *known == "*" || known == part)
}

fn no_node() -> Answer {
    Answer::error(404, "no node was claimed under this id")
}

/// `after` (default 0: all that are kept), `wait` in seconds, `limit`, `node`.
fn ask_events(cloud: &Cloud, query: &str) -> Routed {
    let parameters = query.split('&').filter_map(|part| part.split_once('='));
    let number = |name: &str, default: u64| match parameters.clone().find(|(key, _)| *key == name) {
        Some((_, text)) => text.parse().map_err(|_| Answer::error(400, &format!("{name} is not a number"))),
        None => Ok(default),
    };
    let (after, limit) = (number("after", 0)?, number("limit", EVENTS_MAX as u64)?);
    let limit = usize::try_from(limit).unwrap_or(EVENTS_MAX).clamp(1, EVENTS_MAX);
    let wait = Duration::from_secs(number("wait", 0)?).min(EVENTS_WAIT);
    let node = parameters.clone().find(|(key, _)| *key == "node").map(|(_, value)| value.to_owned());
    match events(cloud, after, node.as_deref(), limit) {
        Some(answer) => Ok(Outcome::Now(answer)),
        None if wait.is_zero() => Ok(Outcome::Now(no_events(cloud))),
        None => Ok(Outcome::Later(Wait::Events { after, node, until: cloud.now + wait })),
    }
}

/// The events behind the number `after`: the oldest of them, or with `after` 0 the newest. `None` if there are none.
fn events(cloud: &Cloud, after: u64, node: Option<&str>, limit: usize) -> Option<Answer> {
    // A number from another run of the Cloud: start anew.
    let unknown = after > cloud.log.count();
    let after = if unknown { 0 } else { after };
    let first_kept = cloud.log.recent().next().map_or(1, |(number, _)| number);
    let of_node = |event: &crate::Event| node.is_none_or(|node| event.node.as_deref() == Some(node));
    let found = cloud.log.recent().filter(|(number, event)| *number > after && of_node(event));
    let mut found: Vec<_> = found.collect();
    if after == 0 {
        found.drain(..found.len().saturating_sub(limit));
    } else {
        found.truncate(limit);
    }
    let next = found.last()?.0;
    let lost = unknown || (after > 0 && after + 1 < first_kept);
    let list: Vec<_> = found.iter().map(|(number, event)| show::event(cloud, *number, event)).collect();
    Some(Answer::of(json!({ "events": list, "next": next, "lost": lost })))
}

fn no_events(cloud: &Cloud) -> Answer {
    Answer::of(json!({ "events": [], "next": cloud.log.count(), "lost": false }))
}

fn show_reply(reply: &Reply) -> Value {
    let (body, base64) = match std::str::from_utf8(&reply.body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(&reply.body), true),
    };
    json!({
        "code": reply.code,
        "error": reply.error.as_ref().map(|(code, text)| json!({ "code": code, "description": text })),
        "head": reply.head,
        "body": body,
        "base64": base64,
        "bytes": reply.body.len(),
        "took_ms": reply.took.as_secs_f64() * 1_000.0,
    })
}
