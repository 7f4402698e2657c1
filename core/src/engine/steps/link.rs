//! The link itself: WebSocket, MQTT 5, UpdateAgentConnection, and then holding it (protocol.md 2.8 to 2.10).

mod hear;
mod leave;
mod live;
mod speak;

use super::exchange::{Reply, answer};
use super::{Step, Trouble, start};
use crate::broken::{Broken, is};
use crate::clock::Instant;
use crate::engine::context::{Buffer, Context, Item};
use crate::engine::event::Until;
use crate::link::queries::QUERIES_MAX;
use crate::link::session::{Granted, Session, SessionError};
use crate::link::topics::Name;
use crate::message::agent::UpdateAgentConnection;
use crate::node::{PROVING_PUBACKS, Traffic};
use crate::settings::INBOUND_ALIASES;
use crate::stage::{Failure, Purpose, Stage};
use crate::transport::ADDRESSES;
use crate::wire::buffer::Writer;
use crate::wire::http::{self, Decoder};
use crate::wire::mqtt::{self, Framer};
use crate::wire::protobuf::{self, Encode};
use crate::wire::websocket::{self, Incoming, Opcode};
use core::time::Duration;
use leave::{Afterwards, Leaving};
use live::Live;
use rand_core::Rng;
use speak::{Preparing, Stream};

/// Room for the messages that are sent whole. The longest is CreateNodeInstance with a host name of 253 bytes.
const MESSAGE_MAX: usize = 384;
/// Received bytes worked on at a time: so many that acknowledging them never fills the send buffer.
const HELPING: usize = 64;
/// Longest WebSocket frame that is taken, in bytes, as in the original (protocol.md 2.9). Frames are not stored: one may
/// hold many packets.
const FRAME_MAX: u64 = 16 << 20;
/// Options byte of SUBSCRIBE: QoS 1, retain as published.
const SUBSCRIBE_OPTIONS: u8 = 0x09;

/// The connection of the link, from its first byte to its last.
pub(in crate::engine) struct Link {
    state: State,
    websocket: websocket::Decoder,
    framer: Framer,
    session: Session,
    deadline: Instant,
    live: Live,
    /// Messages of the Cloud that are acknowledged as soon as the present PUBLISH is complete.
    pubacks: heapless::Deque<u16, { QUERIES_MAX as usize }>,
    stream: Option<Stream>,
    preparing: Option<Preparing>,
    /// The packet id whose PUBACK says that the node is live.
    live_puback: Option<u16>,
}

enum State {
    Connecting,
    Upgrading {
        decoder: Decoder,
        accept: heapless::String<{ websocket::ACCEPT_LEN }>,
    },
    /// A check ends here: nothing is said but goodbye.
    Checked,
    AwaitingConnack,
    AwaitingSuback {
        id: u16,
        name: Name,
        granted: Granted,
    },
    AwaitingPuback {
        id: u16,
        granted: Granted,
    },
    Online(Online),
    Leaving(Leaving),
}

struct Online {
    granted: Granted,
    since: Instant,
    proved: bool,
    /// When the PINGRESP that is awaited must have come.
    pingresp: Option<Instant>,
}

impl Link {
    pub(super) fn start<B: Buffer>(cx: &mut Context<B>) -> Step {
        if cx.environment.is_none() {
            return start(cx);
        }
        // The session id must grow even if the wall clock is set back.
        cx.session_id = cx.now.wall.unix_us.max(cx.session_id.saturating_add(1));
        cx.queue.clear();
        cx.connect(Purpose::Link);
        let patience = cx.settings.timing.connect(ADDRESSES as u32, cx.settings.proxy.is_some());
        Step::Link(Self {
            state: State::Connecting,
            websocket: websocket::Decoder::new(FRAME_MAX),
            framer: Framer::new(),
            session: Session::new(),
            deadline: cx.after(patience),
            live: Live::new(),
            pubacks: heapless::Deque::new(),
            stream: None,
            preparing: None,
            live_puback: None,
        })
    }

    /// Asks for the upgrade. The headers and their order are those of the original; it sends an empty `Origin`.
    pub(in crate::engine) fn on_connected<B: Buffer>(&mut self, cx: &mut Context<B>) -> Result<(), Trouble> {
        let State::Connecting = self.state else { return Ok(()) };
        let mut random = [0; 16];
        cx.rng.fill_bytes(&mut random);
        let key = websocket::encode_key(&random);
        cx.begin_stage();
        cx.send_request(&mut |draft| {
            http::Request {
                method: "GET",
                target: format_args!("/mqtt"),
                host: format_args!("{}", draft.url.host_without_port()),
                headers: &[
                    ("Upgrade", "websocket"),
                    ("Connection", "Upgrade"),
                    ("Sec-WebSocket-Key", &key),
                    ("Origin", ""),
                    ("Sec-WebSocket-Protocol", "mqtt"),
                    ("Sec-WebSocket-Version", "13"),
                ],
                body: None,
            }
            .encode(draft.w);
            Ok(())
        })
        .map_err(|error| at(Stage::Websocket, error))?;
        self.state = State::Upgrading { decoder: Decoder::new(), accept: websocket::accept_of(&key) };
        self.deadline = cx.after(cx.settings.timing.upgrade);
        Ok(())
    }

    /// Takes received bytes as long as there is room for the answers; yields how many.
    #[inline(never)]
    pub(in crate::engine) fn on_bytes<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        bytes: &[u8],
    ) -> Result<usize, Trouble> {
        let mut rest = bytes;
        while !rest.is_empty() && cx.has_room() {
            let taken = match &self.state {
                // Left over from the connection before, or for nobody any more.
                State::Connecting | State::Checked => rest.len(),
                State::Upgrading { .. } => self.on_upgrade_bytes(cx, rest)?,
                _ => self.on_frame_bytes(cx, rest.get(..HELPING).unwrap_or(rest))?,
            };
            if taken == 0 {
                break;
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(bytes.len() - rest.len())
    }

    #[inline(never)]
    fn on_upgrade_bytes<B: Buffer>(&mut self, cx: &mut Context<B>, bytes: &[u8]) -> Result<usize, Trouble> {
        let State::Upgrading { decoder, accept } = &mut self.state else { return Ok(0) };
        let taken = decoder.receive(cx.rx.as_mut(), bytes).map_err(|error| at(Stage::Websocket, error))?;
        cx.count_received(taken);
        if !decoder.is_complete() {
            return Ok(taken);
        }
        cx.push(Item::Answer(answer(decoder, Purpose::Link)));
        if decoder.status() != 101 {
            let reply = Reply::of(decoder, cx.rx.as_ref());
            return Err(reply.refusal(cx, Purpose::Link));
        }
        match decoder.websocket_accept() {
            None => return Err(at(Stage::Websocket, "the 101 reply lacks Sec-WebSocket-Accept")),
            Some(given) if given != accept.as_str() && !is(Broken::Upgrade) => {
                return Err(at(Stage::Websocket, "Sec-WebSocket-Accept does not match our key"));
            }
            Some(_) => {}
        }
        cx.end_stage(Stage::Websocket, Some(Purpose::Link));
        if cx.ends(Until::Upgrade) {
            self.state = State::Checked;
            self.deadline = cx.now.instant;
            return Ok(taken);
        }
        self.send_connect(cx)?;
        Ok(taken)
    }

    #[inline(never)]
    fn send_connect<B: Buffer>(&mut self, cx: &mut Context<B>) -> Result<(), Trouble> {
        let id = cx.target.id.text();
        let will = UpdateAgentConnection::will(&id, cx.session_id, cx.now.wall);
        let mut message = [0; MESSAGE_MAX];
        let will = encode(&will, &mut message)?;
        if cx.credentials.is_none() {
            return Err(at(Stage::Mqtt, "there are no credentials"));
        }
        let receive_maximum = cx.receive_maximum.max(1);
        let (keep_alive, receive, aliases) =
            (cx.settings.timing.keep_alive.as_secs(), cx.rx.as_ref().len(), alias_maximum(cx));
        let sent = cx.send_frame_with(Opcode::Binary, &mut |w, credentials| {
            let Some(credentials) = credentials else { return };
            let connect = mqtt::Connect {
                client_id: &credentials.client_id,
                username: &credentials.username,
                password: credentials.password.expose(),
                keep_alive: u16::try_from(keep_alive).unwrap_or(u16::MAX),
                receive_maximum: Some(receive_maximum),
                maximum_packet_size: Some(u32::try_from(receive).unwrap_or(u32::MAX)),
                topic_alias_maximum: Some(aliases),
                will_topic: credentials.topics.topic(Name::AgentConnection),
                will_payload: will,
                will_qos: mqtt::Qos::ExactlyOnce,
            };
            connect.encode(w);
        });
        sent.map_err(|error| at(Stage::Mqtt, error))?;
        self.state = State::AwaitingConnack;
        self.deadline = cx.after(cx.settings.timing.connack);
        Ok(())
    }

    /// Takes a helping of WebSocket frames. MQTT packets do not end where frames end.
    #[inline(never)]
    fn on_frame_bytes<B: Buffer>(&mut self, cx: &mut Context<B>, bytes: &[u8]) -> Result<usize, Trouble> {
        let (taken, event) = self.websocket.receive(bytes).map_err(|error| at(Stage::Websocket, error))?;
        cx.count_received(taken);
        match event {
            None => {}
            Some(Incoming::Data(mut data)) => {
                while !data.is_empty() {
                    let (used, packet) =
                        self.framer.receive(cx.rx.as_mut(), data).map_err(|error| at(Stage::Mqtt, error))?;
                    data = data.get(used..).unwrap_or_default();
                    if let Some(len) = packet {
                        self.on_packet(cx, len)?;
                    }
                }
            }
            Some(Incoming::Ping(payload)) => {
                cx.send_frame(Opcode::Pong, |w| w.put(&payload)).map_err(|error| at(Stage::Websocket, error))?;
            }
            Some(Incoming::Close { code, reason }) => return Err(closed_by_peer(code, reason.as_str())),
        }
        Ok(taken)
    }

    #[inline(never)]
    fn on_connack<B: Buffer>(&mut self, cx: &mut Context<B>, granted: Granted) -> Result<(), Trouble> {
        let State::AwaitingConnack = self.state else { return Err(protocol(SessionError::Unexpected("CONNACK"))) };
        self.session.on_connack(&granted);
        self.subscribe(cx, Name::InboxCmd, granted)
    }

    fn subscribe<B: Buffer>(&mut self, cx: &mut Context<B>, name: Name, granted: Granted) -> Result<(), Trouble> {
        let id = self.session.next_id();
        if cx.credentials.is_none() {
            return Err(at(Stage::Mqtt, "there are no credentials"));
        }
        let sent = cx.send_frame_with(Opcode::Binary, &mut |w, credentials| {
            let filter = credentials.map_or("", |credentials| credentials.topics.topic(name));
            mqtt::Subscribe { id, filter, options: SUBSCRIBE_OPTIONS }.encode(w);
        });
        sent.map_err(|error| at(Stage::Mqtt, error))?;
        self.state = State::AwaitingSuback { id, name, granted };
        self.deadline = cx.after(cx.settings.timing.suback);
        Ok(())
    }

    #[inline(never)]
    fn on_suback<B: Buffer>(&mut self, cx: &mut Context<B>, id: u16, reason: u8) -> Result<(), Trouble> {
        let State::AwaitingSuback { id: awaited, name, granted } = self.state else {
            return Err(protocol(SessionError::Unexpected("SUBACK")));
        };
        if id != awaited {
            return Err(protocol(SessionError::UnknownId("SUBACK", id)));
        }
        if reason >= 0x80 {
            return Err(protocol(SessionError::Subscription(reason)));
        }
        if name == Name::InboxCmd {
            return self.subscribe(cx, Name::InboxCmdV1, granted);
        }
        cx.end_stage(Stage::Mqtt, Some(Purpose::Link));
        let id = self.publish_own(cx, true, granted)?;
        self.state = State::AwaitingPuback { id, granted };
        self.deadline = cx.after(cx.settings.timing.puback);
        Ok(())
    }

    #[inline(never)]
    fn on_puback<B: Buffer>(&mut self, cx: &mut Context<B>, id: u16, reason: u8) -> Result<(), Trouble> {
        let acknowledged = self.session.on_puback(id, reason, cx.now.instant).map_err(protocol)?;
        if self.live_puback == Some(id) {
            self.live_puback = None;
            cx.push(Item::Live);
        }
        match &mut self.state {
            State::AwaitingPuback { id: awaited, granted } if *awaited == id => {
                let granted = *granted;
                cx.end_stage(Stage::App, Some(Purpose::Link));
                cx.push(Item::Online);
                self.state = State::Online(Online { granted, since: cx.now.instant, proved: false, pingresp: None });
                if cx.ends(Until::Online) { self.leave(cx, Afterwards::Done, None) } else { Ok(()) }
            }
            State::Online(online) => {
                if acknowledged >= PROVING_PUBACKS {
                    online.prove(cx);
                }
                Ok(())
            }
            State::Leaving(leaving) if leaving.ends_with(id) => {
                self.deadline = cx.now.instant;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn on_pingresp(&mut self) -> Result<(), Trouble> {
        match &mut self.state {
            State::Online(online) if online.pingresp.is_some() => {
                online.pingresp = None;
                Ok(())
            }
            State::Leaving(_) => Ok(()),
            _ => Err(protocol(SessionError::Unexpected("PINGRESP"))),
        }
    }

    /// What has gone over it.
    pub(in crate::engine) fn traffic(&self) -> Traffic {
        self.session.traffic()
    }

    // --- time ---

    /// `None` only if the link is up and the settings turn the keep-alive off.
    pub(in crate::engine) fn deadline<B: Buffer>(&self, cx: &Context<B>) -> Option<Instant> {
        let State::Online(online) = &self.state else { return Some(self.deadline) };
        let puback = self.session.oldest_in_flight().map(|sent| sent + cx.settings.timing.puback);
        let proved = (!online.proved).then(|| online.since + cx.settings.timing.proved);
        // Within a PUBLISH no ping can be sent, and its pieces show that we are there.
        let ping = online.pingresp.or_else(|| online.ping_at(cx).filter(|_| self.stream.is_none()));
        let live = self.live.wake().filter(|_| self.can_speak(online));
        [puback, proved, ping, live].into_iter().flatten().min()
    }

    /// Whether what is due can be said now.
    fn can_speak(&self, online: &Online) -> bool {
        self.stream.is_none() && self.session.has_room(online.granted.receive_maximum)
    }

    /// A deadline has passed; yields the next step, if it is not this one.
    #[inline(never)]
    pub(in crate::engine) fn on_deadline<B: Buffer>(&mut self, cx: &mut Context<B>) -> Result<Option<Step>, Trouble> {
        let timing = cx.settings.timing;
        let late =
            |stage, what: &str, limit: Duration| at(stage, format_args!("no {what} within {} s", limit.as_secs()));
        match &mut self.state {
            State::Connecting => Err(at(Stage::Tcp, "the connection took too long")),
            State::Upgrading { .. } => Err(late(Stage::Websocket, "reply to the upgrade", timing.upgrade)),
            State::Checked => Ok(Some(self.depart(cx, Afterwards::Done))),
            State::AwaitingConnack => Err(late(Stage::Mqtt, "CONNACK", timing.connack)),
            State::AwaitingSuback { .. } => Err(late(Stage::Mqtt, "SUBACK", timing.suback)),
            State::AwaitingPuback { .. } => Err(late(Stage::App, "PUBACK", timing.puback)),
            State::Leaving(_) => {
                let State::Leaving(leaving) = core::mem::replace(&mut self.state, State::Connecting) else {
                    return Ok(None);
                };
                let (is_said, then) = (leaving.is_said(), leaving.then);
                Ok(Some(if is_said { self.depart(cx, then) } else { self.vanish(cx, then) }))
            }
            State::Online(online) => {
                let now = cx.now.instant;
                if online.pingresp.is_some_and(|deadline| deadline <= now) {
                    return Err(late(Stage::Mqtt, "PINGRESP", timing.pingresp));
                }
                if self.session.oldest_in_flight().is_some_and(|sent| sent + timing.puback <= now) {
                    return Err(late(Stage::App, "PUBACK", timing.puback));
                }
                if online.since + timing.proved <= now {
                    online.prove(cx);
                }
                if self.stream.is_none() && online.pingresp.is_none() && online.ping_at(cx).is_some_and(|at| at <= now)
                {
                    cx.send_frame(Opcode::Binary, mqtt::pingreq).map_err(|error| at(Stage::Mqtt, error))?;
                    online.pingresp = Some(cx.after(timing.pingresp));
                }
                Ok(None)
            }
        }
    }
}

impl Online {
    fn prove<B: Buffer>(&mut self, cx: &mut Context<B>) {
        if !self.proved {
            self.proved = true;
            cx.backoff.reset();
        }
    }

    /// When silence has lasted three quarters of the keep-alive: that of the server, or ours if it is shorter or the
    /// server has none. A client may ping at any time (MQTT 5, 3.1.2.10), and nothing else shows that a path is dead.
    fn ping_at<B: Buffer>(&self, cx: &Context<B>) -> Option<Instant> {
        let spans = [Some(cx.settings.timing.keep_alive), self.granted.keep_alive];
        let keep_alive = spans.into_iter().flatten().filter(|span| !span.is_zero()).min()?;
        Some(cx.last_sent + keep_alive.saturating_mul(3) / 4)
    }
}

fn alias_maximum<B: Buffer>(cx: &Context<B>) -> u16 {
    cx.settings.limits.topic_alias_maximum.min(INBOUND_ALIASES as u16)
}

fn encode<'m>(message: &dyn Encode, room: &'m mut [u8; MESSAGE_MAX]) -> Result<&'m [u8], Trouble> {
    let mut w = Writer::new(room);
    protobuf::encode(message, &mut |piece| w.put(piece));
    let len = w.finish().map_err(|_| at(Stage::App, "a message is longer than its buffer"))?;
    Ok(room.get(..len).unwrap_or_default())
}

fn at(stage: Stage, cause: impl core::fmt::Display) -> Trouble {
    because(stage, &cause)
}

// One for all kinds of causes.
#[inline(never)]
fn because(stage: Stage, cause: &dyn core::fmt::Display) -> Trouble {
    Failure::new(stage, cause).on(Purpose::Link).into()
}

fn protocol(error: SessionError) -> Trouble {
    at(Stage::Mqtt, error)
}

fn closed_by_peer(code: Option<u16>, reason: &str) -> Trouble {
    match code {
        Some(code) if reason.is_empty() => at(Stage::Websocket, format_args!("the Cloud closed the link: {code}")),
        Some(code) => at(Stage::Websocket, format_args!("the Cloud closed the link: {code} ({reason})")),
        None => at(Stage::Websocket, "the Cloud closed the link"),
    }
}
