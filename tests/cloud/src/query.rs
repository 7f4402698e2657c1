//! HTTP over the link (protocol.md 3.3): requests to nodes and their replies.

use crate::cloud::Cloud;
use crate::control::NotSent;
use crate::deviation::rule;
use crate::event::What;
use crate::http::judge::Findings;
use crate::ident::{ConnectionId, random_uuid};
use flate2::bufread::GzDecoder;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::time::Duration;

/// Most bytes that an answer may inflate to.
const INFLATED_MAX: u64 = 64 << 20;
/// Answers that are kept until somebody takes them.
const KEPT: usize = 1_000;
/// What ends the envelope and the HTTP head.
const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// The `msg-id` of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(pub String);

impl fmt::Display for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a node replied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// `http-code` of the envelope.
    pub code: u16,
    /// `error-code` and `error-description`, if there are any.
    pub error: Option<(u64, String)>,
    /// The head of the HTTP response; empty if the reply is the envelope alone.
    pub head: String,
    /// The body, inflated if it came compressed.
    pub body: Vec<u8>,
    /// Time between request and reply.
    pub took: Duration,
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// Its time ran out.
    Late,
    /// The link ended.
    Gone,
}

#[derive(Debug)]
struct Pending {
    claim_id: String,
    callback: String,
    gzip: bool,
    sent: Duration,
    deadline: Duration,
}

/// Requests on their way, and replies that wait to be taken.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    pending: BTreeMap<QueryId, Pending>,
    deadlines: BTreeSet<(Duration, QueryId)>,
    done: BTreeMap<QueryId, Result<Reply, Unanswered>>,
}

impl Queries {
    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        self.deadlines.first().map(|(due, _)| *due)
    }

    fn finish(&mut self, id: &QueryId, outcome: Result<Reply, Unanswered>) {
        if let Some(pending) = self.pending.remove(id) {
            self.deadlines.remove(&(pending.deadline, id.clone()));
        }
        if self.done.len() >= KEPT {
            self.done.pop_first();
        }
        self.done.insert(id.clone(), outcome);
    }
}

impl Cloud {
    /// Sends an HTTP request to a node: `request` is a whole request, as in `GET /api/v1/info HTTP/1.1\r\n\r\n`. The
    /// reply is for [`take_reply`](Self::take_reply).
    ///
    /// # Errors
    /// [`NotSent`] if the node has no link that takes requests.
    pub fn send_request(
        &mut self,
        now: Duration,
        claimed_id: &str,
        request: &[u8],
        timeout: Duration,
    ) -> Result<QueryId, NotSent> {
        self.now = self.now.max(now);
        let connection = self.link_of(claimed_id)?;
        let session = self.session(connection).filter(|session| session.takes_requests());
        let topic = session.ok_or(NotSent::NotSubscribed)?.topics.requests();
        let (msg_id, callback) = match self.script.query() {
            Some(recorded) => recorded,
            None => (random_uuid(&mut self.rng), format!("/svc/agent-data-ctrl/{}/resp", random_uuid(&mut self.rng))),
        };
        let mut payload = format!(
            "{{\"type\":\"http\",\"msg-id\":\"{msg_id}\",\"callback-topic\":\"{callback}\",\"version\":2,\"timeout\":{}}}",
            timeout.as_millis()
        )
        .into_bytes();
        payload.extend_from_slice(BLANK_LINE);
        payload.extend_from_slice(request);
        self.publish_on(connection, topic, payload)?;
        let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line).into_owned();
        self.note(connection, Some(claimed_id), What::Asked { request: line });
        let deadline = self.now + timeout + self.config.limits.query;
        let head = String::from_utf8_lossy(request).to_ascii_lowercase();
        let gzip = head.lines().any(|line| line.starts_with("accept-encoding:") && line.contains("gzip"));
        let pending = Pending { claim_id: claimed_id.to_owned(), callback, gzip, sent: self.now, deadline };
        let id = QueryId(msg_id);
        self.queries.pending.insert(id.clone(), pending);
        self.queries.deadlines.insert((deadline, id.clone()));
        Ok(id)
    }

    /// What became of a request; `None` as long as nothing did.
    pub fn take_reply(&mut self, id: &QueryId) -> Option<Result<Reply, Unanswered>> {
        self.queries.done.remove(id)
    }

    /// A publish on a callback topic. `false` if the topic is none.
    pub(crate) fn reply(&mut self, id: ConnectionId, claim_id: &str, topic: &str, payload: &[u8]) -> bool {
        let found = self.queries.pending.iter().find(|(_, one)| one.callback == topic && one.claim_id == claim_id);
        let Some((query, pending)) = found else { return false };
        let (query, gzip, sent) = (query.clone(), pending.gzip, pending.sent);
        let session_id = self.session(id).map_or(0, |session| session.session_id);
        let mut findings = Findings::new();
        match read_reply(payload, &query, gzip, session_id, &mut findings) {
            Ok(mut reply) => {
                reply.took = self.now.saturating_sub(sent);
                self.note(id, Some(claim_id), What::Answered { code: reply.code, bytes: reply.body.len() });
                self.queries.finish(&query, Ok(reply));
            }
            Err(detail) => findings.push((rule::QUERY, detail)),
        }
        self.deviations_of(id, findings);
        true
    }

    pub(crate) fn expire_queries(&mut self) {
        while let Some((due, query)) = self.queries.deadlines.first().filter(|(due, _)| *due <= self.now).cloned() {
            let claim_id = self.queries.pending.get(&query).map(|pending| pending.claim_id.clone());
            self.queries.deadlines.remove(&(due, query.clone()));
            self.queries.finish(&query, Err(Unanswered::Late));
            self.log.event(self.now, None, claim_id.as_deref(), What::Unanswered);
        }
    }

    pub(crate) fn abandon_queries(&mut self, claim_id: &str) {
        let mine = self.queries.pending.iter().filter(|(_, pending)| pending.claim_id == claim_id);
        let mine: Vec<_> = mine.map(|(query, _)| query.clone()).collect();
        for query in mine {
            self.queries.finish(&query, Err(Unanswered::Gone));
            self.log.event(self.now, None, Some(claim_id), What::Unanswered);
        }
    }
}

/// The keys of a reply's envelope, in their order.
const KEYS: [&str; 10] = [
    "type",
    "msg-id",
    "timestamp",
    "timestamp-offset-usec",
    "connect",
    "connect-offset-usec",
    "version",
    "t-exec",
    "t-rx",
    "http-code",
];

/// A JSON object in the order it was written in.
struct Ordered(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Ordered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

fn read_reply(
    payload: &[u8],
    query: &QueryId,
    gzip: bool,
    session_id: i64,
    findings: &mut Findings,
) -> Result<Reply, String> {
    let (envelope, http) = match split(payload) {
        Some((envelope, http)) => (envelope, Some(http)),
        None => (payload, None),
    };
    let envelope: Ordered =
        serde_json::from_slice(envelope).map_err(|error| format!("the envelope is not JSON: {error}"))?;
    let names: Vec<_> = envelope.0.iter().map(|(name, _)| name.as_str()).collect();
    let expected: Vec<_> = KEYS.into_iter().chain(["error-code", "error-description"]).collect();
    if names != expected[..KEYS.len()] && names != expected {
        findings.push((rule::QUERY, format!("the envelope has the keys {}", names.join(", "))));
    }
    let get = |name: &str| envelope.0.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let number = |name: &str| get(name).and_then(Value::as_u64);
    let mut check = |good: bool, detail: &str| {
        if !good {
            findings.push((rule::QUERY, detail.to_owned()));
        }
    };
    check(get("type").and_then(Value::as_str) == Some("http"), "type is not http");
    check(get("msg-id").and_then(Value::as_str) == Some(&query.0), "msg-id is not that of the request");
    check(number("version") == Some(2), "version is not 2");
    check(number("timestamp").is_some_and(|seconds| seconds > 0), "timestamp is not a time");
    for name in ["timestamp-offset-usec", "connect-offset-usec"] {
        check(number(name).is_some_and(|micros| micros < 1_000_000), "an offset is not below a million");
    }
    let connect = number("connect").zip(number("connect-offset-usec"));
    let connect = connect.map(|(seconds, micros)| seconds.saturating_mul(1_000_000).saturating_add(micros));
    check(connect == u64::try_from(session_id).ok(), "connect is not the session id");
    check(number("t-exec").is_some() && number("t-rx").is_some(), "t-exec or t-rx is not a number");
    let code = number("http-code").and_then(|code| u16::try_from(code).ok()).filter(|code| (100..600).contains(code));
    let code = code.ok_or_else(|| "http-code is not a status".to_owned())?;
    let description = get("error-description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let error = number("error-code").map(|number| (number, description));
    let (head, body) = match http {
        Some(http) => read_response(http, code, gzip, findings)?,
        None => (String::new(), Vec::new()),
    };
    Ok(Reply { code, error, head, body, took: Duration::ZERO })
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.windows(BLANK_LINE.len()).position(|window| window == BLANK_LINE)?;
    Some((&bytes[..at], &bytes[at + BLANK_LINE.len()..]))
}

/// The HTTP response of a reply: its head as text, its body without compression.
fn read_response(http: &[u8], code: u16, gzip: bool, findings: &mut Findings) -> Result<(String, Vec<u8>), String> {
    let (head, body) = split(http).ok_or("the HTTP response has no end of its head")?;
    let head = String::from_utf8(head.to_vec()).map_err(|_| "the HTTP head is not text")?;
    let header = |name: &str| {
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    };
    let mut check = |good: bool, detail: &str| {
        if !good {
            findings.push((rule::QUERY, detail.to_owned()));
        }
    };
    check(head.starts_with(&format!("HTTP/1.1 {code} ")), "the status line has not the status of http-code");
    let length = header("Content-Length").and_then(|length| length.parse::<usize>().ok());
    check(length == Some(body.len()), "Content-Length is not the length of the body");
    check(header("Content-Type").is_some() || body.is_empty(), "a body without Content-Type");
    let body = match header("Content-Encoding").as_deref() {
        Some("gzip") => {
            check(gzip, "gzip, which was not asked for");
            inflate(body).ok_or("the body is not gzip")?
        }
        Some(other) => return Err(format!("Content-Encoding {other}")),
        None => body.to_vec(),
    };
    Ok((head, body))
}

/// The content of one gzip stream with nothing behind it.
fn inflate(body: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut decoder = GzDecoder::new(body);
    (&mut decoder).take(INFLATED_MAX).read_to_end(&mut plain).ok()?;
    decoder.into_inner().is_empty().then_some(plain)
}
