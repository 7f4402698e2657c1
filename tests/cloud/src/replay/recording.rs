//! Reading a recording, and comparing a Cloud with it.

use super::Recorded;
use crate::broker::packet::{Packet, Stream};
use crate::cloud::Cloud;
use crate::config::Peer;
use crate::connection::Action;
use crate::ident::ConnectionId;
use crate::space::{Room, Space, Token};
use crate::topics::Topic;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// One line of a recording.
#[derive(Debug, Clone)]
pub struct Line {
    /// When, in seconds since the recorded server started.
    pub t: f64,
    /// Number of the TCP connection.
    pub conn: u64,
    /// Whether the client sent it.
    pub from_client: bool,
    /// `http`, `ws`, `mqtt` or `app`.
    pub layer: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What the recorder read from them.
    pub decoded: Value,
}

#[derive(Deserialize)]
struct RawLine {
    t: f64,
    conn: u64,
    dir: String,
    layer: String,
    raw: String,
    #[serde(default)]
    decoded: Value,
}

/// A recorded session.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Its lines, in the order in which the recorded server handled them.
    pub lines: Vec<Line>,
}

/// Why a text is not a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingError {
    /// A line is not what it should be: its number, from 1, and why.
    Line(usize, String),
    /// Something that every session has is missing.
    Missing(&'static str),
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number, why) => write!(f, "line {number}: {why}"),
            Self::Missing(what) => write!(f, "the recording has no {what}"),
        }
    }
}

impl std::error::Error for RecordingError {}

/// Where a replay differs from its recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Number of the TCP connection.
    pub conn: u64,
    /// What the recorded server said.
    pub recorded: Vec<u8>,
    /// What the Cloud said.
    pub replayed: Vec<u8>,
}

impl Recording {
    /// Reads JSON lines.
    ///
    /// # Errors
    /// [`RecordingError::Line`].
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let parse = |(at, line): (usize, &str)| {
            let raw: RawLine =
                serde_json::from_str(line).map_err(|error| RecordingError::Line(at + 1, error.to_string()))?;
            let bytes = unhex(&raw.raw).ok_or_else(|| RecordingError::Line(at + 1, "raw is not hex".to_owned()))?;
            let from_client = raw.dir == "c2s";
            Ok(Line { t: raw.t, conn: raw.conn, from_client, layer: raw.layer, bytes, decoded: raw.decoded })
        };
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(parse).collect::<Result<_, _>>().map(|lines| Self { lines })
    }

    /// What the recorded server had made up.
    ///
    /// # Errors
    /// [`RecordingError::Missing`].
    pub fn recorded(&self) -> Result<Recorded, RecordingError> {
        let mut recorded = Recorded::default();
        let claim = self.body("PUT /api/v1/spaces/nodes/", true).ok_or(RecordingError::Missing("claim"))?;
        let env = self.body("\"authEndpoint\"", false).ok_or(RecordingError::Missing("env reply"))?;
        let challenge = self.body("{\"challenge\"", false).ok_or(RecordingError::Missing("challenge"))?;
        let answer = self.body("/password ", true).ok_or(RecordingError::Missing("password request"))?;
        let password = self.body("\"clientID\"", false).ok_or(RecordingError::Missing("password reply"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();

        let plaintext = STANDARD.decode(text(&answer["response"])).unwrap_or_default();
        recorded.challenges.push((plaintext, text(&challenge["challenge"])));
        recorded.credentials.push((
            text(&password["clientID"]),
            text(&password["username"]),
            text(&password["password"]),
        ));
        for topic in password["topics"].as_array().into_iter().flatten() {
            recorded.topics.push(Topic { name: text(&topic["name"]), topic: text(&topic["topic"]) });
        }
        for transport in env["transports"].as_array().into_iter().flatten() {
            recorded.transports.push(text(&transport["type"]));
        }
        let authority = text(&env["authEndpoint"]);
        let port = authority.split('/').nth(2).and_then(|host| host.rsplit_once(':')).map(|(_, port)| port.parse());
        recorded.listen_port = port.and_then(Result::ok).ok_or(RecordingError::Missing("port in /env"))?;

        let sent = |message: &'static str| self.lines.iter().filter(move |line| line.decoded["message"] == message);
        let space = sent("SendNodeInstances").next().map(|line| text(&line.decoded["fields"]["space_id"]));
        let space = space.ok_or(RecordingError::Missing("SendNodeInstances"))?;
        recorded.node_ids =
            sent("CreateNodeInstanceResult").map(|line| text(&line.decoded["fields"]["node_id"])).collect();
        recorded.queries = sent("http request").filter_map(query_ids).collect();

        let state = &mut recorded.state;
        state.spaces.push(Space { id: space.clone(), name: "Recorded".to_owned(), administrators: Vec::new() });
        for room in claim["rooms"].as_array().into_iter().flatten() {
            state.rooms.push(Room { id: text(room), name: text(room), space: space.clone() });
        }
        state.tokens.push(Token { token: text(&claim["token"]), space, expires: None, revoked: false });
        Ok(recorded)
    }

    /// The JSON body of the first HTTP message of one side that contains `mark`.
    fn body(&self, mark: &str, from_client: bool) -> Option<Value> {
        let messages = self.lines.iter().filter(|line| line.layer == "http" && line.from_client == from_client);
        let texts = messages.map(|line| String::from_utf8_lossy(&line.bytes));
        let found = texts.into_iter().find(|text| text.contains(mark))?;
        serde_json::from_str(found.split_once("\r\n\r\n")?.1).ok()
    }

    /// Feeds the client's bytes to `cloud`, in pieces of `chunk` bytes, and has it send the requests and checkpoints that
    /// the recorded server sent on its own account. Returns the connections on which it said something else.
    pub fn play(&self, cloud: &mut Cloud, chunk: usize) -> Vec<Difference> {
        let mut player = Player { cloud, ids: BTreeMap::new(), said: BTreeMap::new(), claimed_id: String::new() };
        let mut recorded: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for line in &self.lines {
            let now = Duration::from_secs_f64(line.t);
            match (line.layer.as_str(), line.from_client) {
                ("http" | "ws", true) => player.receive(now, line, chunk),
                ("http" | "ws", false) => recorded.entry(line.conn).or_default().extend_from_slice(&line.bytes),
                ("mqtt", false) => player.send_by_itself(now, line),
                _ => {}
            }
        }
        let said = player.said;
        let mut differences = Vec::new();
        for (conn, recorded) in recorded {
            let replayed = said.get(&conn).cloned().unwrap_or_default();
            if replayed != recorded {
                differences.push(Difference { conn, recorded, replayed });
            }
        }
        differences
    }
}

/// `msg-id` and callback topic of a request over the link.
fn query_ids(line: &Line) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(&line.bytes);
    let envelope: Value = serde_json::from_str(text.split_once("\r\n\r\n")?.0).ok()?;
    Some((envelope["msg-id"].as_str()?.to_owned(), envelope["callback-topic"].as_str()?.to_owned()))
}

struct Player<'c> {
    cloud: &'c mut Cloud,
    ids: BTreeMap<u64, ConnectionId>,
    said: BTreeMap<u64, Vec<u8>>,
    claimed_id: String,
}

impl Player<'_> {
    fn receive(&mut self, now: Duration, line: &Line, chunk: usize) {
        if let Some(id) =
            line.decoded["target"].as_str().and_then(|target| target.strip_prefix("/api/v1/spaces/nodes/"))
        {
            self.claimed_id = id.to_owned();
        }
        let id = *self.ids.entry(line.conn).or_insert_with(|| self.cloud.open(now, Peer::default()));
        for piece in line.bytes.chunks(chunk.max(1)) {
            self.cloud.receive(now, id, piece);
            self.collect(now);
        }
    }

    /// What the recorded server did without being asked: requests and checkpoints.
    fn send_by_itself(&mut self, now: Duration, line: &Line) {
        let Some((topic, payload)) = published(&line.bytes) else { return };
        if topic.ends_with("/inbound/cmd") {
            let text = String::from_utf8_lossy(&payload).into_owned();
            let Some((envelope, request)) = text.split_once("\r\n\r\n") else { return };
            let envelope: Value = serde_json::from_str(envelope).unwrap_or_default();
            let timeout = Duration::from_millis(envelope["timeout"].as_u64().unwrap_or_default());
            // A request that cannot be sent shows as a difference.
            let _ = self.cloud.send_request(now, &self.claimed_id, request.as_bytes(), timeout);
        } else if topic.ends_with("/ContextsCheckpoint") {
            let checkpoint = crate::message::ContextsCheckpoint::default();
            let message = prost::Message::decode(payload.as_slice()).unwrap_or(checkpoint);
            let _ = self.cloud.ask_contexts(now, &self.claimed_id, &message.node_id, message.version_hash);
        }
        self.collect(now);
    }

    fn collect(&mut self, now: Duration) {
        while let Some((id, action)) = self.cloud.poll(now) {
            let conn = self.ids.iter().find(|(_, known)| **known == id).map(|(conn, _)| *conn);
            if let (Some(conn), Action::Send(bytes)) = (conn, action) {
                self.said.entry(conn).or_default().extend_from_slice(&bytes);
            }
        }
    }
}

/// Topic and payload of a PUBLISH.
fn published(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let mut stream = Stream::default();
    stream.push(bytes);
    match stream.next(usize::MAX) {
        Ok(Some(Packet::Publish(packet))) => Some((packet.topic, packet.payload)),
        _ => None,
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?));
    bytes.collect::<Option<Vec<_>>>().filter(|_| rest.is_empty())
}
