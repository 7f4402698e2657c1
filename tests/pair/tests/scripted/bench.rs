//! An engine whose Cloud says exactly what a test wants, byte for byte.

use aclk_core::body::{Prepare, Prepared};
use aclk_core::clock::{Instant, Now, Trust, WallTime};
use aclk_core::engine::event::{Event, Goal, Input, Output};
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::{Key, KeyError};
use aclk_core::identity::software::SoftwareKey;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::stage::{Failure, Purpose};
use aclk_core::store::{Claim, Saved};
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use aclk_core::wire::websocket::accept_of;
use aclk_pair::{GUID, OTHER_PRIVATE_PEM, PRIVATE_PEM, saved_record_name};
use std::collections::VecDeque;
use std::time::Duration;

/// The claiming token of the device.
pub const TOKEN: &str = "token-that-nobody-may-see-0123456789";
/// What the challenge decrypts to.
pub const ANSWER: &[u8] = b"an answer of thirty-two bytes ??";
/// The same, as it is sent.
pub const ANSWER_BASE64: &str = "YW4gYW5zd2VyIG9mIHRoaXJ0eS10d28gYnl0ZXMgPz8=";
/// The MQTT password.
pub const PASSWORD: &str = "mqtt-password-that-nobody-may-see";
const START: u64 = 1_748_736_000_000_000;

/// What the Cloud says to whatever comes on a connection. What is not changed is as it should be.
#[derive(Clone)]
pub struct Script {
    pub claim: VecDeque<String>,
    pub env: String,
    pub challenge: String,
    pub password: String,
    pub upgrade: Option<String>,
    pub connack: Vec<u8>,
    /// Whether PUBACK and PINGRESP come.
    pub answers: bool,
}

/// A reply with a JSON body.
pub fn json(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The reply to `/env` with this back-off.
pub fn env(backoff: &str) -> String {
    let body = format!(
        r#"{{"authEndpoint":"https://cloud.test/auth","encoding":"proto","capabilities":["proto"],
        "transports":[{{"type":"MQTTv5","endpoint":"https://cloud.test/mqtt"}}],"backoff":{{{backoff}}}}}"#
    );
    json("200 OK", &body)
}

/// The reply to the password request, with the topics without which there is no link, and `more` to publish to.
pub fn password(more: &[&str]) -> String {
    let topic = |name: &str, topic: &str| format!(r##"{{"name":"{name}","topic":"/agent/#{{claim_id}}/{topic}"}}"##);
    let mut topics = vec![
        topic("inbox-cmd", "inbound/cmd"),
        topic("inbox-cmd-v1", "inbound/v1/cmd/+"),
        topic("agent-connection", "outbound/v1/agent-connection"),
    ];
    topics.extend(more.iter().map(|name| topic(name, &format!("outbound/v1/{name}"))));
    let topics = topics.join(",");
    let credentials = format!(r#"{{"clientID":"c","username":"u","password":"{PASSWORD}","topics":[{topics}]}}"#);
    json("201 Created", &credentials)
}

impl Default for Script {
    fn default() -> Self {
        Self {
            claim: VecDeque::new(),
            env: env(r#""base":2,"minSeconds":0,"maxSeconds":1024"#),
            challenge: json("200 OK", &format!(r#"{{"challenge":"{}=="}}"#, "A".repeat(342))),
            password: password(&[]),
            upgrade: None,
            connack: vec![0x20, 3, 0, 0, 0],
            answers: true,
        }
    }
}

/// The engine, and what it did.
pub struct Bench {
    pub script: Script,
    pub failures: Vec<Failure>,
    /// Everything it told, as a log would show it.
    pub told: String,
    /// The purposes of its connections, in order.
    pub connections: Vec<Purpose>,
    /// The records it stored, in order.
    pub records: Vec<&'static str>,
    /// MQTT packets it sent, of all connections.
    pub packets: Vec<Vec<u8>>,
    pub online: bool,
    /// What its HTTP requests said, in order.
    pub requests: Vec<String>,
    /// A reload that comes while the key is looked for, and brings another key.
    pub reload_at_key: Option<Saved>,
    /// What the device has for every request over the link.
    pub answer: Option<Prepared>,
    /// What the key hardware says in place of giving a key or decrypting.
    pub key_fails: Option<KeyError>,
    /// A reload that comes while the challenge is being decrypted.
    pub reload_at_decrypt: Option<Saved>,
    /// What it waits for.
    pub wait: Option<Instant>,
    agent: Agent<'static, Vec<u8>>,
    key: SoftwareKey,
    now: Duration,
    open: Option<Purpose>,
    heard: Vec<u8>,
    upgraded: bool,
}

/// The claim of the device.
pub fn claim() -> Claim {
    Claim { id: Guid::parse(GUID).unwrap(), url: Url::parse("https://cloud.test").unwrap() }
}

/// A device that is claimed.
pub fn claimed() -> Saved {
    Saved { claimed: Some(claim()), pending: None, node: None }
}

impl Bench {
    pub fn new(goal: Goal, saved: Saved, script: Script) -> Self {
        let guid = Guid::parse(GUID).unwrap();
        let settings = Settings {
            url: Url::parse("https://cloud.test").unwrap(),
            id: guid,
            machine_guid: guid,
            hostname: "edge-1".try_into().unwrap(),
            token: Secret::copy_of(TOKEN.as_bytes()).unwrap(),
            rooms: "".try_into().unwrap(),
            claim_attempts: Some(3),
            proxy: None,
            no_proxy: Exceptions::NONE,
            timing: Timing::DEFAULT,
            limits: Limits::DEVICE,
        };
        let mut key = SoftwareKey::new();
        key.import_pem(PRIVATE_PEM.as_bytes()).unwrap();
        let buffers = Buffers { receive: vec![0; 8192], send: vec![0; 4096], queries: vec![0; 4096] };
        let agent = Agent::new(goal, Box::leak(Box::new(settings)), &saved, buffers, [7; 32], at(Duration::ZERO));
        Self {
            script,
            failures: Vec::new(),
            told: String::new(),
            connections: Vec::new(),
            records: Vec::new(),
            packets: Vec::new(),
            online: false,
            requests: Vec::new(),
            reload_at_key: None,
            answer: None,
            key_fails: None,
            reload_at_decrypt: None,
            wait: None,
            agent,
            key,
            now: Duration::ZERO,
            open: None,
            heard: Vec::new(),
            upgraded: false,
        }
    }

    /// A device that is claimed and whose link is up.
    pub fn online(script: Script) -> Self {
        let mut bench = Self::new(Goal::Link, claimed(), script);
        bench.run_for(Duration::ZERO);
        assert!(bench.online, "{:?}", bench.failures);
        bench
    }

    /// Lets so much time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        self.work();
        while let Some(due) = self.wait.map(|wait| Duration::from_micros(wait.as_micros())).filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.agent.handle(at(self.now), Input::Tick);
            self.work();
        }
        self.now = end;
    }

    /// The Cloud sends these bytes in a WebSocket frame.
    pub fn say(&mut self, payload: &[u8]) {
        self.say_bytes(&frame(2, payload));
    }

    /// The Cloud sends these bytes.
    pub fn say_bytes(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && self.open.is_some() {
            let taken = self.agent.receive(at(self.now), rest);
            if taken == 0 {
                // What the driver does about that.
                let failure = Failure::new(aclk_core::stage::Stage::App, "the peer sent what nobody asked for");
                self.agent.handle(at(self.now), Input::Broken(failure));
                self.open = None;
            }
            rest = &rest[taken..];
            self.work();
        }
    }

    /// The Cloud ends the connection, or its network does with this failure.
    pub fn hang_up(&mut self, failure: Option<Failure>) {
        self.open = None;
        self.agent.handle(at(self.now), failure.map_or(Input::Ended, Input::Broken));
        self.work();
    }

    /// The engine is told that time has passed, though it has asked for a later point.
    pub fn tick_early(&mut self) {
        self.agent.handle(at(self.now), Input::Tick);
        self.work();
    }

    pub fn reload(&mut self, saved: &Saved) {
        self.agent.handle(at(self.now), Input::Reload(saved));
        self.work();
    }

    fn work(&mut self) {
        let mut replies: VecDeque<Vec<u8>> = VecDeque::new();
        loop {
            let output = self.agent.poll();
            self.told += &format!("{output:?}\n");
            match output {
                Output::Wait(until) => {
                    self.wait = until;
                    let Some(reply) = replies.pop_front() else { return };
                    self.say_bytes(&reply);
                }
                Output::Done => {
                    self.wait = None;
                    return;
                }
                Output::Event(event) => match event {
                    Event::ClaimFailed { failure, .. } | Event::Offline { failure } | Event::Notice(failure) => {
                        self.told += &format!("{failure}\n");
                        self.failures.push(failure.clone());
                        self.online &= matches!(event, Event::Notice(_));
                    }
                    Event::Online { .. } => self.online = true,
                    _ => {}
                },
                Output::Connect { purpose, .. } => {
                    self.connections.push(purpose);
                    self.open = Some(purpose);
                    self.heard.clear();
                    self.upgraded = false;
                    self.agent.handle(at(self.now), Input::Connected);
                }
                Output::Send(bytes) => {
                    self.heard.extend_from_slice(bytes);
                    replies.extend(self.answer());
                }
                Output::Prepare(Prepare::Answer(_)) => {
                    let answer = self.answer.unwrap_or(Prepared::Nothing);
                    self.agent.handle(at(self.now), Input::Prepared(answer));
                }
                Output::Prepare(_) => self.agent.handle(at(self.now), Input::Prepared(Prepared::Nothing)),
                Output::Body(_) => panic!("there is no body"),
                Output::Close => {
                    self.open = None;
                    replies.clear();
                }
                Output::NeedKey => {
                    let public_pem = self.key.public_pem().unwrap();
                    if let Some(saved) = self.reload_at_key.take() {
                        self.agent.handle(at(self.now), Input::Reload(&saved));
                        self.key.import_pem(OTHER_PRIVATE_PEM.as_bytes()).unwrap();
                    }
                    let key = Input::Key { public_pem, fresh: false };
                    self.agent.handle(at(self.now), self.key_fails.map_or(key, Input::KeyFailed));
                }
                Output::Decrypt(_) => {
                    if let Some(saved) = self.reload_at_decrypt.take() {
                        self.agent.handle(at(self.now), Input::Reload(&saved));
                    }
                    let answer = self.key_fails.map_or_else(|| Ok(Secret::copy_of(ANSWER).unwrap()), Err);
                    self.agent.handle(at(self.now), Input::Decrypted(answer));
                }
                Output::Save(save) => {
                    self.records.push(saved_record_name(&save));
                    self.agent.handle(at(self.now), Input::Saved);
                }
            }
        }
    }

    /// What the Cloud says to what it has heard.
    fn answer(&mut self) -> Vec<Vec<u8>> {
        let Some(purpose) = self.open else { return Vec::new() };
        if !self.upgraded {
            let request = String::from_utf8(std::mem::take(&mut self.heard)).unwrap();
            self.requests.push(request.clone());
            let reply = match purpose {
                Purpose::Claim => self.script.claim.pop_front().expect("the script has an answer to this claim"),
                Purpose::Env => self.script.env.clone(),
                Purpose::Challenge => self.script.challenge.clone(),
                Purpose::Password => self.script.password.clone(),
                Purpose::Link => {
                    self.upgraded = true;
                    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
                    let good = || {
                        format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {}\r\n\r\n", accept_of(key))
                    };
                    self.script.upgrade.clone().unwrap_or_else(good)
                }
            };
            return vec![reply.into_bytes()];
        }
        let mut replies = Vec::new();
        while let Some((packet, len)) = unmask(&self.heard) {
            self.heard.drain(..len);
            match packet.first() {
                Some(0x10) => replies.push(frame(2, &self.script.connack)),
                Some(0x82) => replies.push(frame(2, &[0x90, 4, packet[2], packet[3], 0, 1])),
                Some(0x32) if self.script.answers => {
                    let topic = usize::from(u16::from_be_bytes([packet[2 + 1], packet[3 + 1]]));
                    replies.push(frame(2, &[0x40, 2, packet[5 + topic], packet[6 + topic]]));
                }
                Some(0xc0) if self.script.answers => replies.push(frame(2, &[0xd0, 0])),
                _ => {}
            }
            self.packets.push(packet);
        }
        replies
    }
}

fn at(now: Duration) -> Now {
    let us = u64::try_from(now.as_micros()).unwrap();
    Now { instant: Instant::from_micros(us), wall: WallTime { unix_us: START + us, trust: Trust::Trusted } }
}

/// A frame of a server.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        len @ 0..126 => frame.push(len as u8),
        len => {
            frame.push(126);
            frame.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// The payload of the first frame of a client, and the length of that frame.
fn unmask(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (len, header) = match bytes.get(1)? & 0x7f {
        126 => (usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])), 4),
        len => (usize::from(len), 2),
    };
    let mask = bytes.get(header..header + 4)?;
    let payload = bytes.get(header + 4..header + 4 + len)?;
    Some((payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect(), header + 4 + len))
}

/// A PUBLISH of the Cloud with QoS 0.
pub fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
    body.extend(topic.as_bytes());
    body.push(0);
    body.extend(payload);
    assert!(body.len() < 0x4000);
    let mut packet = vec![0x30, (body.len() & 0x7f) as u8 | 0x80, (body.len() >> 7) as u8];
    if packet[2] == 0 {
        packet.pop();
        packet[1] &= 0x7f;
    }
    packet.extend(body);
    packet
}
