//! Which request is which, and the frame around every answer: judgement, sequence, faults.

use crate::cloud::Cloud;
use crate::config::Peer;
use crate::connection::Phase;
use crate::deviation::{Dialect, rule};
use crate::event::What;
use crate::fault::Step;
use crate::http::answer::{ErrorBody, Then};
use crate::http::judge::{self, Findings};
use crate::http::{Answer, Request};
use crate::ident::{ConnectionId, random_uuid};
use crate::presence::{Presence, Progress};
use crate::websocket;
use serde_json::Value;
use std::time::Duration;

/// How many WebSocket keys are remembered.
const KEYS: usize = 1_000;
/// How much too early a client may come back: agents count whole seconds.
const EARLY: Duration = Duration::from_secs(1);

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Route {
    Claim(String),
    Env,
    Challenge(String),
    Password(String),
    Upgrade,
    Root,
    Unknown,
}

impl Route {
    fn of(request: &Request, prefix: &str) -> Self {
        if request.header("upgrade").is_some() {
            return Self::Upgrade;
        }
        let path = request.path();
        if path == "/api/v1/env" {
            return Self::Env;
        }
        let path = path.strip_prefix(prefix).unwrap_or(path);
        if let Some(id) = path.strip_prefix("/api/v1/spaces/nodes/") {
            return Self::Claim(id.to_owned());
        }
        if let Some((id, last)) = path.strip_prefix("/api/v1/auth/node/").and_then(|rest| rest.split_once('/')) {
            match last {
                "challenge" => return Self::Challenge(id.to_owned()),
                "password" => return Self::Password(id.to_owned()),
                _ => {}
            }
        }
        if path == "/" { Self::Root } else { Self::Unknown }
    }

    fn step(&self) -> Option<Step> {
        match self {
            Self::Claim(_) => Some(Step::Claim),
            Self::Env => Some(Step::Env),
            Self::Challenge(_) => Some(Step::Challenge),
            Self::Password(_) => Some(Step::Password),
            Self::Upgrade => Some(Step::Upgrade),
            Self::Root | Self::Unknown => None,
        }
    }
}

impl Cloud {
    /// Answers one request.
    pub(crate) fn answer(&mut self, id: ConnectionId, request: &Request) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let peer = connection.peer.clone();
        connection.requests += 1;
        let again = connection.requests > 1;
        let route = Route::of(request, &self.public_path());
        let dialect = self.config.dialect.unwrap_or_else(|| Dialect::of(request.header("user-agent")));
        let findings = self.judge(request, &route, &peer, dialect);
        self.deviations_of(id, findings);
        if again && !matches!(route, Route::Claim(_) | Route::Root) {
            self.deviation(id, rule::SEQUENCE, "a second request on one connection");
        }
        let node = self.keep_sequence(id, request, &route, dialect);

        let strikes = route.step().map(|step| self.faults.strike(step)).unwrap_or_default();
        for strike in &strikes {
            self.note(id, node.as_deref(), What::Fault { fault: strike.to_string() });
        }
        let mut answer = if strikes.iter().any(|strike| strike.is_instead()) {
            Answer::bare(200, "OK")
        } else {
            self.handle(id, request, &route, &peer)
        };
        let upgraded = route == Route::Upgrade && answer.status == 101;
        for strike in &strikes {
            strike.bend_answer(&mut answer, &mut self.rng);
        }
        self.remember_delay(node.as_deref(), &answer);
        self.deliver(id, &answer);
        if upgraded && matches!(answer.then, Then::KeepOpen | Then::Silence) {
            self.upgrade(id);
        } else if route.step().is_some() && route != Route::Upgrade {
            self.judge_pipelining(id);
        }
    }

    fn judge(&self, request: &Request, route: &Route, peer: &Peer, dialect: Dialect) -> Findings {
        match route {
            Route::Claim(_) => judge::claim(request),
            Route::Env => judge::env(request, peer, dialect),
            Route::Challenge(_) => judge::challenge(request, peer, dialect),
            Route::Password(_) => judge::password(request, peer, dialect),
            Route::Upgrade => judge::upgrade(request, peer, self.config.dialect),
            Route::Root => Findings::new(),
            Route::Unknown => {
                vec![(rule::HTTPS, format!("{} {} is no part of the protocol", request.method, request.target))]
            }
        }
    }

    /// A client that sends more before it has its answer does not keep to one request per connection.
    fn judge_pipelining(&mut self, id: ConnectionId) {
        let more = self.connections.get(&id).is_some_and(|connection| match &connection.phase {
            Phase::Http(reader) => !reader.is_empty(),
            Phase::Link(_) | Phase::Over => false,
        });
        if more {
            self.deviation(id, rule::SEQUENCE, "bytes after the request");
        }
    }

    /// Follows the sequence of protocol.md 2.1. Returns the claimed id that the request is about.
    fn keep_sequence(
        &mut self,
        id: ConnectionId,
        request: &Request,
        route: &Route,
        dialect: Dialect,
    ) -> Option<String> {
        let (claim_id, wanted, reached) = match route {
            Route::Env => {
                let claim_id = request.query().split('&').find_map(|pair| pair.strip_prefix("claim_id="))?;
                (claim_id.to_owned(), None, Progress::Env)
            }
            Route::Challenge(claim_id) => (claim_id.clone(), Some(Progress::Env), Progress::Challenge),
            Route::Password(claim_id) => (claim_id.clone(), Some(Progress::Challenge), Progress::Password),
            Route::Claim(claim_id) => return Some(claim_id.clone()),
            Route::Upgrade | Route::Root | Route::Unknown => return None,
        };
        if !self.state.nodes.contains_key(&claim_id) {
            return Some(claim_id);
        }
        let presence = self.presence.entry(claim_id.clone()).or_default();
        presence.dialect = Some(dialect);
        let before = std::mem::replace(&mut presence.progress, reached);
        let early = presence.not_before.take().filter(|end| self.now + EARLY < *end);
        if wanted.is_some_and(|wanted| wanted != before) {
            let detail = format!("{} out of the order env, challenge, password", route.step().map_or("", Step::name));
            self.deviation(id, rule::SEQUENCE, detail);
        }
        if let Some(end) = early {
            let left = end.saturating_sub(self.now).as_secs_f64();
            self.deviation(id, rule::ERROR_BODY, format!("came back {left:.1} s before the time it was told"));
        }
        Some(claim_id)
    }

    fn handle(&mut self, id: ConnectionId, request: &Request, route: &Route, peer: &Peer) -> Answer {
        let wanted = match route {
            Route::Claim(_) => "PUT",
            Route::Password(_) => "POST",
            _ => "GET",
        };
        if request.method != wanted && *route != Route::Unknown {
            return Answer::text(405, "Method Not Allowed", "method not allowed").header("Allow", wanted);
        }
        match route {
            Route::Claim(claim_id) => self.claim(id, claim_id, request),
            Route::Env => self.env(id, request, peer),
            Route::Challenge(claim_id) => self.challenge(id, claim_id),
            Route::Password(claim_id) => self.password(id, claim_id, request),
            Route::Upgrade => self.switch_protocols(id, request),
            Route::Root => Answer::text(200, "OK", "This is an emulated Netdata Cloud.\n"),
            Route::Unknown => {
                let line = format!("{} {}", request.method, request.target);
                self.note(id, None, What::Http { request: line, status: 404 });
                Answer::text(404, "Not Found", "not found")
            }
        }
    }

    /// 101, or 400 if there is no key to answer.
    fn switch_protocols(&mut self, id: ConnectionId, request: &Request) -> Answer {
        let Some(key) = request.header("sec-websocket-key") else {
            return Answer::text(400, "Bad Request", "Sec-WebSocket-Key is missing");
        };
        if self.websocket_keys.iter().any(|seen| seen == key) {
            self.deviation(id, rule::UPGRADE, "a Sec-WebSocket-Key that was used before");
        }
        self.websocket_keys.push_back(key.to_owned());
        if self.websocket_keys.len() > KEYS {
            self.websocket_keys.pop_front();
        }
        Answer::bare(101, "Switching Protocols")
            .header("Upgrade", "websocket")
            .header("Connection", "Upgrade")
            .header("Sec-WebSocket-Accept", &websocket::accept(key))
            .header("Sec-WebSocket-Protocol", "mqtt")
    }

    /// An error in the form of protocol.md 1.6 and 2.6.
    pub(crate) fn error(&mut self, body: &ErrorBody) -> Answer {
        body.answer(&random_uuid(&mut self.rng))
    }

    /// Whether the answer that goes out tells the node to wait (protocol.md 2.6).
    fn remember_delay(&mut self, node: Option<&str>, answer: &Answer) {
        if answer.status < 400 || answer.wire.is_some() {
            return;
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let complete = ["errorCode", "errorMsgKey", "errorMessage"].iter().all(|key| body[*key].is_string());
        if let Some(seconds) = body["errorRetryDelaySeconds"].as_u64().filter(|seconds| complete && *seconds > 0)
            && let Some(node) = node.filter(|node| self.state.nodes.contains_key(*node))
        {
            let until = self.now.saturating_add(Duration::from_secs(seconds));
            self.presence_of(node).not_before = Some(until);
        }
    }

    pub(crate) fn presence_of(&mut self, claim_id: &str) -> &mut Presence {
        self.presence.entry(claim_id.to_owned()).or_default()
    }

    /// The path of the public URL, which every path but `/api/v1/env` starts with.
    fn public_path(&self) -> String {
        let url = self.config.public_url.as_deref().unwrap_or_default();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.find('/').map_or("", |at| rest[at..].trim_end_matches('/')).to_owned()
    }
}
