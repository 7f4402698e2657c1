//! A scripted client: it speaks the protocol byte by byte, knows nothing of the Cloud's code, and lets a test bend any of it.
#![allow(dead_code, unreachable_pub, reason = "no test file uses all of it")]

pub mod mqtt;
pub mod wire;

use aclk_cloud::message::{
    Capability, CreateNodeInstance, NodeInfo, Timestamp, UpdateAgentConnection, UpdateNodeInfo,
    UpdateNodeInstanceConnection,
};
use aclk_cloud::{Cloud, Config, ConnectionId, Peer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt::Topic;
use prost::Message;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Oaep, RsaPrivateKey};
use std::time::Duration;
pub use wire::Wire;

pub const CLAIM_ID: &str = "11111111-2222-4333-8444-555555555555";
pub const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
pub const PUBLIC_PEM: &str = include_str!("key.pub.pem");
pub const SESSION: i64 = 1_700_000_000_123_456;
pub const AGENT: &str = "Netdata/rocks newhttpclient";

/// How long a step may take in virtual time.
const PATIENCE: Duration = Duration::from_secs(4);

/// A way to a Cloud that is somewhere else.
pub trait Remote: Send {
    fn open(&mut self) -> ConnectionId;
    fn send(&mut self, id: ConnectionId, bytes: &[u8]);
    /// What comes until nothing more seems to come.
    fn collect(&mut self, id: ConnectionId) -> Wire;
    fn close(&mut self, id: ConnectionId);
}

/// A Cloud, and a client that walks through the steps against it.
pub struct Client {
    pub cloud: Cloud,
    /// Where to go instead of `cloud`.
    pub remote: Option<Box<dyn Remote>>,
    /// The node id that a remote Cloud gave.
    pub remote_node: String,
    pub now: Duration,
    pub user_agent: String,
    pub claim_id: String,
    pub hostname: String,
    /// What the password reply said.
    pub credentials: Option<serde_json::Value>,
    pub link: Option<ConnectionId>,
    pub next_id: u16,
    pub mask: u32,
}

impl Client {
    pub fn new(config: Config) -> Self {
        Self {
            cloud: Cloud::new(config),
            remote: None,
            remote_node: String::new(),
            now: Duration::from_secs(1),
            user_agent: AGENT.to_owned(),
            claim_id: CLAIM_ID.to_owned(),
            hostname: "edge-1".to_owned(),
            credentials: None,
            link: None,
            next_id: 1,
            mask: 1,
        }
    }

    pub fn with_faults(faults: &str) -> Self {
        Self::new(Config { faults: faults.parse().unwrap(), ..Config::default() })
    }

    pub fn open(&mut self) -> ConnectionId {
        if let Some(remote) = &mut self.remote {
            return remote.open();
        }
        self.cloud.open(self.now, Peer { server_name: Some("localhost".to_owned()), address: None })
    }

    /// Sends bytes and collects what comes back in the time a client would wait.
    pub fn send(&mut self, id: ConnectionId, bytes: &[u8]) -> Wire {
        match &mut self.remote {
            Some(remote) => remote.send(id, bytes),
            None => self.cloud.receive(self.now, id, bytes),
        }
        self.collect(id)
    }

    /// What comes on a connection within [`PATIENCE`], without waiting longer than it keeps coming.
    pub fn collect(&mut self, id: ConnectionId) -> Wire {
        if let Some(remote) = &mut self.remote {
            return remote.collect(id);
        }
        let mut wire = Wire::default();
        let limit = self.now + PATIENCE;
        loop {
            while let Some((from, action)) = self.cloud.poll(self.now) {
                if from == id {
                    wire.add(action);
                }
            }
            match self.cloud.next_timeout() {
                Some(next) if next <= limit => {
                    self.now = next;
                    self.cloud.handle_timeout(next);
                }
                _ => return wire,
            }
        }
    }

    /// Lets time pass, with everything the Cloud does by itself in it.
    pub fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.cloud.next_timeout().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.cloud.handle_timeout(self.now);
            while self.cloud.poll(self.now).is_some() {}
        }
        self.now = end;
    }

    /// One HTTP request on a connection of its own, left open as a patient client does.
    pub fn request(&mut self, request: &[u8]) -> Wire {
        let id = self.open();
        let wire = self.send(id, request);
        match &mut self.remote {
            Some(remote) => remote.close(id),
            None => self.cloud.hang_up(self.now, id),
        }
        wire
    }

    pub fn claim_body(&self) -> serde_json::Value {
        let room = self.cloud.rooms()[1].id.clone();
        serde_json::json!({
            "node": {"id": self.claim_id, "hostname": self.hostname},
            "token": self.cloud.token(), "rooms": [room], "publicKey": PUBLIC_PEM, "mGUID": GUID,
        })
    }

    pub fn claim_request(&self, body: &str) -> Vec<u8> {
        format!(
            "PUT /api/v1/spaces/nodes/{} HTTP/1.1\r\nHost: localhost:443\r\nAccept: */*\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.claim_id,
            body.len()
        )
        .into_bytes()
    }

    pub fn claim(&mut self) -> Wire {
        let request = self.claim_request(&self.claim_body().to_string());
        self.request(&request)
    }

    pub fn get(&self, target: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {}\r\n\r\n", self.user_agent)
    }

    pub fn env_request(&self) -> String {
        self.get(&format!("/api/v1/env?v=2.10.4&cap=proto,ctx&claim_id={}", self.claim_id))
    }

    pub fn env(&mut self) -> Wire {
        self.request(self.env_request().as_bytes())
    }

    pub fn challenge_request(&self) -> String {
        self.get(&format!("/api/v1/auth/node/{}/challenge", self.claim_id))
    }

    pub fn challenge(&mut self) -> Wire {
        self.request(self.challenge_request().as_bytes())
    }

    pub fn post(&self, target: &str, body: &str) -> String {
        let (agent, len) = (&self.user_agent, body.len());
        format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {agent}\r\nContent-Length: {len}\r\n\r\n{body}"
        )
    }

    pub fn password_request(&self, body: &str) -> String {
        self.post(&format!("/api/v1/auth/node/{}/password", self.claim_id), body)
    }

    /// Answers a challenge.
    pub fn password(&mut self, challenge: &Wire) -> Wire {
        let body = serde_json::from_slice::<serde_json::Value>(&challenge.http().body).unwrap_or_default();
        let response = decrypt(body["challenge"].as_str().unwrap_or_default()).unwrap_or_default();
        let body = format!("{{\"agent_version\":\"v2.10.4\", \"response\":\"{}\"}}", STANDARD.encode(response));
        let request = self.password_request(&body);
        let wire = self.request(request.as_bytes());
        self.credentials = serde_json::from_slice(&wire.try_http().map(|http| http.body).unwrap_or_default()).ok();
        wire
    }

    pub fn upgrade_request(&self) -> String {
        // Every upgrade has another key.
        let key = STANDARD.encode(format!("{:016}", self.mask));
        format!(
            "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nOrigin: \r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
    }

    pub fn upgrade(&mut self) -> Wire {
        let id = self.open();
        self.link = Some(id);
        let request = self.upgrade_request();
        self.send(id, request.as_bytes())
    }

    /// Sends bytes as one masked frame on the link.
    pub fn frame(&mut self, opcode: u8, payload: &[u8]) -> Wire {
        let bytes = self.masked(0x80 | opcode, payload);
        self.raw(&bytes)
    }

    pub fn masked(&mut self, first: u8, payload: &[u8]) -> Vec<u8> {
        self.mask = self.mask.wrapping_mul(0x9e37_79b1) | 1;
        wire::frame(first, Some(self.mask.to_be_bytes()), payload)
    }

    pub fn raw(&mut self, bytes: &[u8]) -> Wire {
        let link = self.link.expect("no link");
        self.send(link, bytes)
    }

    pub fn take_id(&mut self) -> u16 {
        self.next_id += 1;
        self.next_id - 1
    }

    pub fn connect(&mut self) -> Wire {
        let packet = mqtt::Connect::new(self).encode();
        self.frame(2, &packet)
    }

    pub fn subscribe(&mut self, name: &str) -> Wire {
        let packet = mqtt::subscribe(self.take_id(), &[(&self.topic(name), 0x09)]);
        self.frame(2, &packet)
    }

    /// A topic of the password reply, with the claimed id filled in.
    pub fn topic(&self, name: &str) -> String {
        self.topics().into_iter().find(|topic| topic.name == name).map(|topic| topic.topic).unwrap_or_default()
    }

    pub fn topics(&self) -> Vec<Topic> {
        let credentials = self.credentials.clone().unwrap_or_default();
        let topics = credentials["topics"].as_array().cloned().unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let topic = |entry: serde_json::Value| Topic {
            name: text(&entry["name"]),
            topic: text(&entry["topic"]).replacen("#{claim_id}", &self.claim_id, 1),
        };
        topics.into_iter().map(topic).collect()
    }

    /// Publishes on a named topic without alias.
    pub fn publish(&mut self, name: &str, message: &impl Message) -> Wire {
        let packet = mqtt::publish(0x32, &self.topic(name), Some(self.take_id()), None, &message.encode_to_vec());
        self.frame(2, &packet)
    }

    pub fn announcement(&self, reachable: bool) -> UpdateAgentConnection {
        UpdateAgentConnection {
            claim_id: self.claim_id.clone(),
            reachable,
            session_id: SESSION,
            update_source: 1,
            updated_at: Some(Timestamp { seconds: 1_700_000_000, nanos: 123_456_000 }),
            capabilities: capabilities(),
            ..UpdateAgentConnection::default()
        }
    }

    pub fn will(&self) -> UpdateAgentConnection {
        UpdateAgentConnection { update_source: 2, capabilities: Vec::new(), ..self.announcement(false) }
    }

    pub fn announce(&mut self) -> Wire {
        self.publish("agent-connection", &self.announcement(true))
    }

    pub fn creation(&self) -> CreateNodeInstance {
        CreateNodeInstance {
            claim_id: self.claim_id.clone(),
            machine_guid: GUID.to_owned(),
            hostname: self.hostname.clone(),
            ..CreateNodeInstance::default()
        }
    }

    pub fn create_node(&mut self) -> Wire {
        self.publish("create-node-instance", &self.creation())
    }

    /// The node id that the Cloud gave.
    pub fn node_id(&self) -> String {
        if self.remote.is_some() {
            return self.remote_node.clone();
        }
        let view = self.cloud.view();
        view.node(&self.claim_id)
            .and_then(|node| node.instances.first())
            .map(|one| one.node_id.clone())
            .unwrap_or_default()
    }

    pub fn liveness(&self, liveness: bool) -> UpdateNodeInstanceConnection {
        UpdateNodeInstanceConnection {
            claim_id: self.claim_id.clone(),
            node_id: self.node_id(),
            liveness,
            queryable: liveness,
            session_id: SESSION,
            updated_at: Some(Timestamp { seconds: 1_700_000_001, nanos: 0 }),
            capabilities: capabilities(),
            ..UpdateNodeInstanceConnection::default()
        }
    }

    pub fn live(&mut self) -> Wire {
        self.publish("node-instance-connection", &self.liveness(true))
    }

    pub fn information(&self) -> UpdateNodeInfo {
        UpdateNodeInfo {
            claim_id: self.claim_id.clone(),
            node_id: self.node_id(),
            machine_guid: GUID.to_owned(),
            updated_at: Some(Timestamp { seconds: 1_700_000_002, nanos: 0 }),
            data: Some(NodeInfo {
                name: self.hostname.clone(),
                os: "linux".to_owned(),
                version: "v2.10.4".to_owned(),
                ..NodeInfo::default()
            }),
            ..UpdateNodeInfo::default()
        }
    }

    pub fn info(&mut self) -> Wire {
        self.publish("node-instance-info", &self.information())
    }

    /// Challenge and password, then the upgrade.
    pub fn log_in(&mut self) {
        self.env();
        let challenge = self.challenge();
        self.password(&challenge);
        self.upgrade();
    }

    /// Everything up to two subscriptions.
    pub fn subscribed(&mut self) {
        self.log_in();
        self.connect();
        self.subscribe("inbox-cmd");
        self.subscribe("inbox-cmd-v1");
    }

    /// Everything up to a live node that has sent its info.
    pub fn go_live(&mut self) {
        self.subscribed();
        self.announce();
        self.create_node();
        self.live();
        self.info();
    }

    /// The farewell of protocol.md 2.10.
    pub fn leave(&mut self) -> Wire {
        self.publish("agent-connection", &self.announcement(false));
        self.frame(2, &[0xe0, 0]);
        self.frame(8, &1000_u16.to_be_bytes())
    }

    /// Drops the TCP connection of the link.
    pub fn vanish(&mut self) {
        if let Some(link) = self.link.take() {
            self.cloud.hang_up(self.now, link);
        }
    }

    pub fn rules(&self) -> Vec<&'static str> {
        self.cloud.deviations().iter().map(|deviation| deviation.rule).collect()
    }

    /// What happened, one line each.
    pub fn events(&mut self) -> Vec<String> {
        self.cloud.drain_events().iter().map(|event| event.what.to_string()).collect()
    }

    pub fn state(&self) -> Option<aclk_cloud::NodeState> {
        self.cloud.view().node(&self.claim_id).map(|node| node.state)
    }
}

pub fn capabilities() -> Vec<Capability> {
    vec![Capability { name: "proto".to_owned(), version: 1, enabled: true }]
}

/// RSAES-OAEP with SHA-1, as the key pair of the claim allows.
pub fn decrypt(challenge: &str) -> Option<Vec<u8>> {
    let key = RsaPrivateKey::from_pkcs8_pem(include_str!("key.pem")).ok()?;
    key.decrypt(Oaep::<sha1::Sha1>::new(), &STANDARD.decode(challenge).ok()?).ok()
}
