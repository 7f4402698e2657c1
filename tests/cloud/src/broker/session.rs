//! From frames to packets to messages, and how a link ends.

use super::judge;
use super::link::{Link, LinkAnswer, Out, Session, patience};
use super::packet::{Connect, Packet, Publish, Will, reason};
use super::{encode, packet::Malformed};
use crate::cloud::Cloud;
use crate::connection::{Action, Phase};
use crate::deviation::{Dialect, rule};
use crate::event::What;
use crate::fault::Step;
use crate::http::answer::Then;
use crate::ident::ConnectionId;
use crate::message::{DisconnectReq, UpdateAgentConnection};
use crate::presence::Progress;
use crate::topics::NodeTopics;
use crate::websocket::{self, Frame, opcode};
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// WebSocket close codes.
const CLOSE_NORMAL: u16 = 1000;
const CLOSE_PROTOCOL: u16 = 1002;
/// Bytes of a PUBACK without reason code, after its header.
const PUBACK_LEN: usize = 2;

impl Cloud {
    /// Bytes on a link.
    pub(crate) fn read_frames(&mut self, id: ConnectionId, bytes: &[u8]) {
        if let Some(link) = self.link(id) {
            link.frames.push(bytes);
        }
        let limit = self.config.limits.packet;
        loop {
            let mut findings = Vec::new();
            let Some(link) = self.link(id) else { return };
            let frame = link.frames.next(limit, &mut findings);
            self.deviations_of(id, findings);
            match frame {
                Ok(None) => return,
                Ok(Some(frame)) => self.frame(id, frame),
                Err(error) => {
                    self.deviation(id, rule::FRAMES, error.to_string());
                    return self.drop_link(id, reason::PROTOCOL_ERROR, CLOSE_PROTOCOL, &error.to_string());
                }
            }
        }
    }

    /// The link of a connection that still listens.
    pub(crate) fn link(&mut self, id: ConnectionId) -> Option<&mut Link> {
        self.connections.get_mut(&id).filter(|connection| !connection.silent)?.link()
    }

    pub(crate) fn session(&mut self, id: ConnectionId) -> Option<&mut Session> {
        self.link(id)?.session.as_deref_mut()
    }

    fn frame(&mut self, id: ConnectionId, frame: Frame) {
        match frame {
            Frame::Data(bytes) => self.read_packets(id, &bytes),
            Frame::Ping(payload) => {
                self.deviation(id, rule::FRAMES, "a ping, which only the Cloud sends");
                self.emit(id, vec![Out::Raw(websocket::frame(opcode::PONG, &payload))]);
            }
            Frame::Pong(payload) => {
                let known = self.link(id).is_some_and(|link| {
                    let found = link.pings.iter().position(|sent| *sent == payload);
                    found.and_then(|at| link.pings.remove(at)).is_some()
                });
                if !known {
                    self.deviation(id, rule::FRAMES, "a pong that answers no ping, or with another payload");
                }
            }
            Frame::Close(code) => self.close_frame(id, code),
        }
    }

    /// The farewell of the client: echoed, then the connection ends.
    fn close_frame(&mut self, id: ConnectionId, code: Option<u16>) {
        // Who never had a session has none to leave.
        let owes = self.link(id).is_some_and(|link| link.session.is_some() && !link.left);
        if owes {
            self.deviation(id, rule::MQTT, "WebSocket close without DISCONNECT");
        }
        if code != Some(CLOSE_NORMAL) {
            self.deviation(id, rule::MQTT, format!("WebSocket close code {code:?} instead of {CLOSE_NORMAL}"));
        }
        self.emit(id, vec![Out::Raw(websocket::close(code.unwrap_or(CLOSE_NORMAL)))]);
        self.link_ended(id, "the client closed the WebSocket");
        self.end(id, Action::Close);
    }

    fn read_packets(&mut self, id: ConnectionId, bytes: &[u8]) {
        if let Some(link) = self.link(id) {
            link.packets.push(bytes);
        }
        let limit = self.config.maximum_packet_size.map_or(self.config.limits.packet, |max| max as usize);
        loop {
            let Some(link) = self.link(id) else { return };
            match link.packets.next(limit) {
                Ok(None) => return,
                Ok(Some(packet)) => self.packet(id, packet),
                Err(Malformed { reason, what }) => {
                    self.deviation(id, rule::MQTT, what.clone());
                    return self.drop_link(id, reason, CLOSE_PROTOCOL, &what);
                }
            }
        }
    }

    fn packet(&mut self, id: ConnectionId, packet: Packet) {
        let Some(link) = self.link(id) else { return };
        if link.left {
            return self.deviation(id, rule::MQTT, "a packet after DISCONNECT");
        }
        if link.session.is_none() {
            return match packet {
                Packet::Connect(packet) => self.connect(id, &packet),
                _ => {
                    self.deviation(id, rule::MQTT, "the first packet is not CONNECT");
                    self.drop_link(id, reason::PROTOCOL_ERROR, CLOSE_PROTOCOL, "the first packet is not CONNECT");
                }
            };
        }
        self.heard(id);
        match packet {
            Packet::Subscribe { id: packet_id, properties, filters } => {
                self.subscribe(id, packet_id, properties, &filters);
            }
            Packet::Publish(packet) => self.publish_from(id, packet),
            Packet::Puback { id: packet_id, len } => self.puback(id, packet_id, len),
            Packet::Pingreq => {
                if !self.session(id).is_some_and(|session| session.traits.no_pingresp) {
                    self.heartbeats += 1;
                    self.emit(id, vec![Out::Packet(encode::pingresp())]);
                }
            }
            Packet::Disconnect { reason, len } => self.disconnected(id, reason, len),
            Packet::Connect(_) => {
                self.deviation(id, rule::MQTT, "a second CONNECT");
                self.drop_link(id, reason::PROTOCOL_ERROR, CLOSE_PROTOCOL, "a second CONNECT");
            }
            Packet::Other(first) => {
                let what = format!("a packet with first byte 0x{first:02x}, which no client sends");
                self.deviation(id, rule::MQTT, what.clone());
                self.drop_link(id, reason::PROTOCOL_ERROR, CLOSE_PROTOCOL, &what);
            }
        }
    }

    /// A sign of life moves the deadline.
    fn heard(&mut self, id: ConnectionId) {
        let now = self.now;
        let Some(session) = self.session(id) else { return };
        let (keep_alive, overdue) = (session.keep_alive, session.take_overdue(now));
        for packet_id in overdue {
            self.deviation(id, rule::MQTT, format!("no PUBACK for packet id {packet_id} in a minute"));
        }
        let deadline = patience(keep_alive).map(|patience| self.now + patience);
        self.set_deadline(id, deadline);
    }

    fn connect(&mut self, id: ConnectionId, packet: &Connect) {
        let result = self.admit(packet);
        let claim_id = match &result {
            Ok(claim_id) => Some(claim_id.clone()),
            Err(_) => self.clients.get(&packet.client_id).cloned(),
        };
        let strikes = self.strike(id, claim_id.as_deref(), Step::Connect);
        let topics = NodeTopics::new(&self.config.topics, claim_id.as_deref().unwrap_or_default());
        let mut answer = LinkAnswer::new(Vec::new(), topics.clone());
        match &result {
            Ok(claim_id) => {
                self.begin_session(id, claim_id, packet, topics);
                answer.out.push(Out::Packet(encode::connack(&self.config)));
            }
            Err(code) => {
                if *code != reason::NOT_AUTHORIZED {
                    self.deviation(id, rule::MQTT, "CONNECT without the credentials of a password reply of its own");
                }
                self.note(id, claim_id.as_deref(), What::ConnectRefused { reason: *code });
                answer.out.push(Out::Packet(encode::connack_refusal(*code)));
                answer.out.push(Out::Raw(websocket::close(CLOSE_NORMAL)));
                answer.then = Then::Close;
            }
        }
        self.say(id, answer, &strikes);
    }

    /// Which node may connect with this packet, or the reason code that refuses it.
    fn admit(&mut self, packet: &Connect) -> Result<String, u8> {
        let claim_id = self.clients.get(&packet.client_id).cloned().ok_or(reason::CLIENT_ID)?;
        let banned = self.state.nodes.get(&claim_id).is_none_or(|node| node.banned);
        let presence = self.presence_of(&claim_id);
        let credentials = presence.credentials.take().filter(|known| known.client_id == packet.client_id);
        let right = credentials.is_some_and(|known| {
            packet.username.as_deref() == Some(&known.username)
                && packet.password.as_deref() == Some(known.password.as_bytes())
        });
        match (right, banned) {
            (true, false) => Ok(claim_id),
            (true, true) => Err(reason::NOT_AUTHORIZED),
            (false, _) => Err(reason::BAD_CREDENTIALS),
        }
    }

    fn begin_session(&mut self, id: ConnectionId, claim_id: &str, packet: &Connect, topics: NodeTopics) {
        let presence = self.presence_of(claim_id);
        let dialect = presence.dialect.unwrap_or(Dialect::Client);
        if let Some(older) = presence.connection {
            self.drop_link(older, reason::TAKEN_OVER, CLOSE_NORMAL, "taken over by a new session");
        }
        self.deviations_of(id, judge::connect(packet, dialect, claim_id, &topics));
        let will = packet.will.as_ref().map(|will| UpdateAgentConnection::decode(will.payload.as_slice()));
        let session_id = will.and_then(Result::ok).map_or(0, |will| will.session_id);
        let session = Session {
            claim_id: claim_id.to_owned(),
            dialect,
            topics,
            will: packet.will.clone(),
            session_id,
            keep_alive: packet.keep_alive,
            receive_maximum: usize::from(packet.receive_maximum.unwrap_or(u16::MAX)),
            maximum_packet_size: packet.maximum_packet_size.map_or(usize::MAX, |max| max as usize),
            subscriptions: Vec::new(),
            aliases: BTreeMap::new(),
            unacknowledged: BTreeMap::new(),
            queue: VecDeque::new(),
            owed: 0,
            next_id: 1,
            last_id: None,
            announced: false,
            farewell: false,
            online: false,
            asked: BTreeSet::new(),
            traits: super::link::Traits::default(),
        };
        if let Some(link) = self.link(id) {
            link.session = Some(Box::new(session));
        }
        let presence = self.presence_of(claim_id);
        presence.progress = Progress::Nothing;
        presence.connection = Some(id);
        presence.connections += 1;
        self.note(id, Some(claim_id), What::Connected);
        self.heard(id);
    }

    fn subscribe(&mut self, id: ConnectionId, packet_id: u16, properties: bool, filters: &[(String, u8)]) {
        let Some(session) = self.session(id) else { return };
        let mut findings = judge::subscribe(session, properties, filters);
        if packet_id == 0 {
            return self.no_packet_id(id);
        }
        findings.extend(judge::packet_id(session, packet_id));
        session.last_id = Some(packet_id);
        let mut codes = Vec::new();
        for (filter, options) in filters {
            let ours = ["inbox-cmd", "inbox-cmd-v1"].iter().any(|name| session.topics.topic(name) == Some(filter));
            codes.push(if ours { (options & 3).min(1) } else { reason::NOT_AUTHORIZED });
            if ours {
                session.subscriptions.push(filter.clone());
            }
        }
        let (claim_id, topics) = (session.claim_id.clone(), session.topics.clone());
        self.deviations_of(id, findings);
        let strikes = self.strike(id, Some(&claim_id), Step::Subscribe);
        let answer = LinkAnswer::new(vec![Out::Packet(encode::suback(packet_id, &codes))], topics);
        self.say(id, answer, &strikes);
    }

    fn publish_from(&mut self, id: ConnectionId, packet: Publish) {
        let granted = self.config.topic_alias_maximum.unwrap_or(0);
        let receive_maximum = self.config.receive_maximum;
        let Some(session) = self.session(id) else { return };
        let topic = match (packet.alias, packet.topic.as_str()) {
            (Some(alias), "") => session.aliases.get(&alias).cloned(),
            (Some(alias), _) if usize::from(alias) > session.topics.len() => None,
            (None, "") => None,
            (_, topic) => Some(topic.to_owned()),
        };
        let Some(topic) = topic else {
            let what = "a PUBLISH whose topic alias nobody set, or is beyond the topics";
            self.deviation(id, rule::MQTT, what);
            return self.drop_link(id, reason::ALIAS, CLOSE_PROTOCOL, what);
        };
        let mut findings = judge::publish(session, &packet, &topic, granted);
        let packet_id = packet.id.unwrap_or_default();
        if packet.qos() > 0 {
            if packet_id == 0 {
                return self.no_packet_id(id);
            }
            findings.extend(judge::packet_id(session, packet_id));
            session.last_id = Some(packet_id);
        }
        if let Some(alias) = packet.alias {
            session.aliases.insert(alias, topic.clone());
        }
        let (claim_id, topics, traits) = (session.claim_id.clone(), session.topics.clone(), session.traits);
        let over = receive_maximum.is_some_and(|maximum| session.owed >= maximum);
        if over && session.dialect == Dialect::Client {
            findings.push((rule::MQTT, "more publishes on their way than the Receive Maximum allows".to_owned()));
        }
        session.owed = session.owed.saturating_add(u16::from(traits.no_puback));
        self.deviations_of(id, findings);

        let mut out = Vec::new();
        if packet.qos() == 1 && !traits.no_puback {
            out.push(Out::Packet(encode::puback(packet_id)));
        }
        let (more, step) = self.message(id, &topic, &packet.payload);
        out.extend(more);
        let strikes = step.map(|step| self.strike(id, Some(&claim_id), step)).unwrap_or_default();
        self.say(id, LinkAnswer::new(out, topics), &strikes);
    }

    /// Zero is no packet id, and no acknowledgement could name it.
    fn no_packet_id(&mut self, id: ConnectionId) {
        self.deviation(id, rule::MQTT, "packet id 0");
        self.drop_link(id, reason::PROTOCOL_ERROR, CLOSE_PROTOCOL, "packet id 0");
    }

    fn puback(&mut self, id: ConnectionId, packet_id: u16, len: usize) {
        let Some(session) = self.session(id) else { return };
        let known = session.unacknowledged.remove(&packet_id).is_some();
        if !known {
            self.deviation(id, rule::MQTT, format!("PUBACK for packet id {packet_id}, which waits for none"));
        }
        if len != PUBACK_LEN {
            self.deviation(id, rule::MQTT, "PUBACK longer than its packet id");
        }
        if let Some((topic, payload)) = self.session(id).and_then(|session| session.queue.pop_front()) {
            self.emit(id, vec![Out::Publish { topic, payload }]);
        }
    }

    /// DISCONNECT: the will is void, the WebSocket close has to follow.
    fn disconnected(&mut self, id: ConnectionId, code: u8, len: usize) {
        let Some(session) = self.session(id) else { return };
        // Who never said that it is reachable has nothing to take back.
        let farewell = session.farewell || !session.announced;
        let keeps_will = code == 0x04;
        if !keeps_will {
            session.will = None;
        }
        if len != 0 {
            self.deviation(id, rule::MQTT, format!("DISCONNECT with reason 0x{code:02x} instead of E0 00"));
        }
        if !farewell {
            self.deviation(id, rule::MQTT, "DISCONNECT without UpdateAgentConnection reachable=false before it");
        }
        if let Some(link) = self.link(id) {
            link.left = true;
        }
        self.link_ended(id, "the client disconnected");
        let deadline = self.now + self.config.limits.farewell;
        self.set_deadline(id, Some(deadline));
    }

    /// The faults that strike at a step of a link, with a line in the log for each.
    fn strike(&mut self, id: ConnectionId, claim_id: Option<&str>, step: Step) -> Vec<crate::fault::Strike> {
        let strikes = self.faults.strike(step);
        for strike in &strikes {
            self.note(id, claim_id, What::Fault { fault: strike.to_string() });
        }
        strikes
    }

    /// Bends what the broker is about to say, then says it.
    fn say(&mut self, id: ConnectionId, mut answer: LinkAnswer, strikes: &[crate::fault::Strike]) {
        // What an earlier fault took away stays away.
        answer.traits = self.session(id).map(|session| session.traits).unwrap_or_default();
        for strike in strikes {
            strike.bend_link(&mut answer, &mut self.rng);
        }
        if let Some(session) = self.session(id) {
            session.traits = answer.traits;
        }
        if let Some(link) = self.link(id) {
            link.pings.extend(answer.pings);
        }
        self.emit(id, answer.out);
        self.conclude(id, answer.then, self.now);
    }

    /// Puts packets into frames and sends them.
    pub(crate) fn emit(&mut self, id: ConnectionId, out: Vec<Out>) {
        let now = self.now;
        for out in out {
            let bytes = match out {
                Out::Packet(packet) => websocket::frame(opcode::BINARY, &packet),
                Out::Raw(bytes) => bytes,
                Out::Publish { topic, payload } => {
                    let Some(session) = self.session(id) else { continue };
                    if session.unacknowledged.len() >= session.receive_maximum {
                        session.queue.push_back((topic, payload));
                        continue;
                    }
                    let packet_id = session.take_id(now);
                    let claim_id = session.claim_id.clone();
                    if topic.ends_with("/DisconnectReq") {
                        self.remember_request(&claim_id, &payload);
                    }
                    websocket::frame(opcode::BINARY, &encode::publish(&topic, packet_id, &payload))
                }
            };
            self.push(id, self.now, Action::Send(bytes));
        }
    }

    /// A node that is told to come back later is held to it.
    fn remember_request(&mut self, claim_id: &str, payload: &[u8]) {
        let seconds = DisconnectReq::decode(payload).map_or(0, |request| request.reconnect_after_seconds);
        if seconds > 0 {
            let until = self.now.saturating_add(Duration::from_secs(seconds));
            self.presence_of(claim_id).not_before = Some(until);
        }
    }

    /// Ends a link from this side: DISCONNECT, WebSocket close, close.
    pub(crate) fn drop_link(&mut self, id: ConnectionId, code: u8, close: u16, why: &str) {
        let connected = self.link(id).is_some_and(|link| link.session.is_some() && !link.left);
        let mut out = Vec::new();
        if connected {
            out.push(Out::Packet(encode::disconnect(code)));
        }
        out.push(Out::Raw(websocket::close(close)));
        self.emit(id, out);
        self.link_ended(id, why);
        self.end(id, Action::Close);
    }

    /// A link was silent for too long, or did not close after its farewell.
    pub(crate) fn link_timed_out(&mut self, id: ConnectionId) {
        let Some(link) = self.link(id) else { return self.end(id, Action::Close) };
        if link.left || link.session.is_none() {
            return self.end(id, Action::Close);
        }
        self.deviation(id, rule::MQTT, "nothing heard for one and a half times the keep alive");
        self.drop_link(id, reason::KEEP_ALIVE, CLOSE_NORMAL, "keep alive ran out");
    }

    /// Takes the session off a connection: its will is published unless the client disconnected properly.
    pub(crate) fn link_ended(&mut self, id: ConnectionId, why: &str) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Phase::Link(link) = &mut connection.phase else { return };
        let Some(session) = &mut link.session else { return };
        let claim_id = session.claim_id.clone();
        let will: Option<Will> = session.will.take();
        if let Some(will) = will {
            self.note(id, Some(&claim_id), What::Will);
            self.will(id, &claim_id, &will);
        }
        self.absent(id, &claim_id, why);
    }
}
