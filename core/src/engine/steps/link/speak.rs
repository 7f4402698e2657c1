//! What the device says on a link that is up: one PUBLISH at a time, as many on their way as the Cloud takes.

use super::live::Due;
use super::{Link, MESSAGE_MAX, State, at, encode, protocol};
use crate::api::Head;
use crate::body::Prepared;
use crate::engine::context::{Buffer, Context, Item, SEND_PER_INPUT};
use crate::engine::steps::Trouble;
use crate::identity::guid::Guid;
use crate::link::queries::{Refusal, ReplyHead};
use crate::link::session::{Granted, SessionError};
use crate::link::topics::{Name, Topic};
use crate::message::agent::{Timestamp, UpdateAgentConnection};
use crate::message::node::{CreateNodeInstance, UpdateNodeInstanceConnection};
use crate::report::{Ids, ReportKind, capabilities};
use crate::stage::{Failure, Purpose, Stage};
use crate::wire::buffer::Writer;
use crate::wire::mqtt;
use crate::wire::websocket::{self, Opcode};

/// Room for the envelope and the HTTP head of a reply.
const REPLY_HEAD_MAX: usize = 1_024;
/// Bytes of a PUBLISH around a message about contexts, at most: its header and topic.
const PUBLISH_HEAD_MAX: usize = 160;

/// A PUBLISH whose payload is being sent in pieces. Nothing else of MQTT may come in between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    id: u16,
    left: u64,
}

/// Whose body the driver is preparing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Preparing {
    Report(Due),
    /// The answer to the request at this place of the queue.
    Answer(usize),
}

impl Link {
    /// Says the next thing, if there is one and the Cloud takes it.
    pub(in crate::engine) fn pump<B: Buffer>(&mut self, cx: &mut Context<B>) -> Result<(), Trouble> {
        if let Some(stream) = self.stream {
            let room = cx.tx.as_ref().len().saturating_sub(SEND_PER_INPUT + websocket::header_len(usize::MAX));
            cx.push(Item::Body(usize::try_from(stream.left).unwrap_or(usize::MAX).min(room)));
            return Ok(());
        }
        while let Some(id) = self.pubacks.front().copied().filter(|_| cx.has_room()) {
            self.pubacks.pop_front();
            acknowledge(cx, id)?;
        }
        match self.state {
            State::Leaving(_) => self.say_farewell(cx),
            State::Online(ref online) if self.session.has_room(online.granted.receive_maximum) => {
                let granted = online.granted;
                self.say_next(cx, granted)
            }
            _ => Ok(()),
        }
    }

    /// Acknowledges a message of the Cloud, at once or as soon as the present PUBLISH is complete.
    pub(super) fn acknowledge<B: Buffer>(&mut self, cx: &mut Context<B>, id: u16) -> Result<(), Trouble> {
        if self.stream.is_none() && self.pubacks.is_empty() {
            return acknowledge(cx, id);
        }
        self.pubacks.push_back(id).map_err(|_| protocol(SessionError::ReceiveMaximum))
    }

    fn say_next<B: Buffer>(&mut self, cx: &mut Context<B>, granted: Granted) -> Result<(), Trouble> {
        let now = cx.now.instant;
        let place = cx.queue.next();
        let entry = place.and_then(|place| Some((place, cx.queue.get(place)?)));
        if let Some((place, entry)) = entry {
            if let Some(refusal) = entry.refusal {
                return self.refuse(cx, granted, place, refusal);
            }
            if entry.deadline <= now {
                cx.queue.refuse(place, Refusal::Late);
                return self.refuse(cx, granted, place, Refusal::Late);
            }
        }
        if let Some(due) = self.live.next(now) {
            return self.say(cx, granted, due);
        }
        if let Some(place) = place {
            self.preparing = Some(Preparing::Answer(place));
            cx.push(Item::PrepareAnswer(place));
        }
        Ok(())
    }

    /// Says what is due about the node.
    fn say<B: Buffer>(&mut self, cx: &mut Context<B>, granted: Granted, due: Due) -> Result<(), Trouble> {
        let claim = cx.target.id;
        let node = cx.saved.node_of(Some(claim));
        let kind = match (due, node) {
            _ if !has_topic(cx, due.topic()) => {
                self.live.drop(due);
                return self.pump(cx);
            }
            (Due::Create, _) => return self.create(cx, granted),
            (_, None) => {
                self.live.drop(due);
                return self.pump(cx);
            }
            (Due::Connection, Some(_)) => return self.connection(cx, granted),
            (Due::Info, Some(_)) => ReportKind::Info,
            (Due::Collectors, Some(_)) => ReportKind::Collectors,
            (Due::Contexts(what, from, known), Some(_)) => {
                let max = usize::try_from(granted.maximum_packet_size).unwrap_or(usize::MAX);
                ReportKind::Contexts { what, from, known, max: max.saturating_sub(PUBLISH_HEAD_MAX) }
            }
        };
        if let Some(node) = node {
            self.preparing = Some(Preparing::Report(due));
            cx.push(Item::PrepareReport(kind, Ids { claim, node }));
        }
        Ok(())
    }

    fn create<B: Buffer>(&mut self, cx: &mut Context<B>, granted: Granted) -> Result<(), Trouble> {
        let (claim, guid) = (cx.target.id.text(), cx.settings.machine_guid.text());
        let hostname = cx.settings.hostname.clone();
        let create = CreateNodeInstance {
            claim_id: &claim,
            machine_guid: &guid,
            hostname: &hostname,
            ..CreateNodeInstance::default()
        };
        let mut message = [0; MESSAGE_MAX];
        let payload = encode(&create, &mut message)?;
        self.publish(cx, granted, Name::CreateNodeInstance, payload)?;
        if self.live.done(Due::Create, cx.now.instant) {
            notice(cx, "the Cloud has not given the node an id yet");
        }
        Ok(())
    }

    fn connection<B: Buffer>(&mut self, cx: &mut Context<B>, granted: Granted) -> Result<(), Trouble> {
        let Some(node) = cx.saved.node_of(Some(cx.target.id)) else { return Ok(()) };
        let id = self.publish_node(cx, node, true, granted)?;
        self.live_puback = Some(id);
        self.live.done(Due::Connection, cx.now.instant);
        Ok(())
    }

    /// Publishes UpdateNodeInstanceConnection: `node` is live and answers requests, or is neither any more. Yields the
    /// packet id.
    pub(super) fn publish_node<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        node: Guid,
        is_there: bool,
        granted: Granted,
    ) -> Result<u16, Trouble> {
        let (claim, node) = (cx.target.id.text(), node.text());
        let capabilities = capabilities();
        let update = UpdateNodeInstanceConnection {
            claim_id: &claim,
            node_id: &node,
            liveness: is_there,
            queryable: is_there,
            session_id: i64::try_from(cx.session_id).unwrap_or(i64::MAX),
            updated_at: Some(Timestamp::of(cx.now.wall)),
            capabilities: &capabilities,
            ..UpdateNodeInstanceConnection::default()
        };
        let mut message = [0; MESSAGE_MAX];
        let payload = encode(&update, &mut message)?;
        self.publish(cx, granted, Name::NodeInstanceConnection, payload)
    }

    /// Publishes UpdateAgentConnection; yields the packet id.
    pub(super) fn publish_own<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        reachable: bool,
        granted: Granted,
    ) -> Result<u16, Trouble> {
        let id = cx.target.id.text();
        let capabilities = capabilities();
        let own = UpdateAgentConnection::own(&id, reachable, cx.session_id, cx.now.wall, &capabilities);
        let mut message = [0; MESSAGE_MAX];
        let payload = encode(&own, &mut message)?;
        self.publish(cx, granted, Name::AgentConnection, payload)
    }

    /// Publishes a whole message; yields its packet id.
    fn publish<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        granted: Granted,
        name: Name,
        payload: &[u8],
    ) -> Result<u16, Trouble> {
        let begun = self.begin(cx, granted, name, payload.len() as u64, payload)?;
        let Some(id) = begun else {
            return Err(protocol(SessionError::TooSmall(granted.maximum_packet_size)));
        };
        Ok(id)
    }

    /// Begins a PUBLISH of `len` bytes with those in `payload`; the rest is to follow. Yields its packet id, or `None` if
    /// the Cloud does not take one of that length.
    fn begin<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        granted: Granted,
        name: Name,
        len: u64,
        payload: &[u8],
    ) -> Result<Option<u16>, Trouble> {
        let Some(credentials) = &cx.credentials else { return Err(at(Stage::App, "there are no credentials")) };
        let (topic, alias) = self.session.address(&credentials.topics, name, granted.topic_alias_maximum);
        // A copy of this one: all of them are too large to be moved out of the way.
        let topic = Topic::try_from(topic).unwrap_or_default();
        self.begin_at(cx, granted, (&topic, alias), len, payload)
    }

    fn begin_at<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        granted: Granted,
        (topic, alias): (&str, Option<u16>),
        len: u64,
        payload: &[u8],
    ) -> Result<Option<u16>, Trouble> {
        let whole = usize::try_from(len).unwrap_or(usize::MAX);
        let mut publish = mqtt::Publish { topic, alias, id: Some(1), payload };
        let size = publish.header_len(whole).saturating_add(whole);
        if size > mqtt::REMAINING_MAX || size as u64 > u64::from(granted.maximum_packet_size) {
            return Ok(None);
        }
        let id = self.session.publish_id(cx.now.instant).map_err(protocol)?;
        publish.id = Some(id);
        let sent = cx.send_frame(Opcode::Binary, |w| {
            publish.header(whole, w);
            w.put(payload);
        });
        sent.map_err(|error| at(Stage::App, error))?;
        let left = len.saturating_sub(payload.len() as u64);
        self.stream = (left > 0).then_some(Stream { id, left });
        Ok(Some(id))
    }

    /// The driver has prepared what was asked for.
    pub(in crate::engine) fn on_prepared<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        prepared: Prepared,
    ) -> Result<(), Trouble> {
        let State::Online(online) = &self.state else { return Ok(()) };
        let granted = online.granted;
        match (self.preparing.take(), prepared) {
            (Some(Preparing::Report(due)), Prepared::Report { len, hash, next }) => {
                let begun = self.begin(cx, granted, due.topic(), len, &[])?;
                match due {
                    Due::Contexts(kind, ..) => self.live.on_contexts(kind, hash, next, cx.now.instant),
                    due => {
                        self.live.done(due, cx.now.instant);
                    }
                }
                if begun.is_none() {
                    notice(cx, format_args!("a message of {len} bytes is over the maximum packet size of the Cloud"));
                }
                Ok(())
            }
            (Some(Preparing::Report(due)), _) => {
                self.live.done(due, cx.now.instant);
                Ok(())
            }
            (Some(Preparing::Answer(place)), Prepared::Answer { status, content_type, encoding, len }) => {
                let unix_seconds = cx.now.wall.unix_seconds();
                let head = Head {
                    status,
                    content_type,
                    encoding,
                    content_length: len,
                    unix_seconds,
                    keep_alive: false,
                    allow: "GET",
                    further: "",
                };
                if self.reply(cx, granted, place, status, None, Some(&head))? {
                    cx.queue.remove(place);
                } else {
                    cx.queue.refuse(place, Refusal::TooLarge);
                    cx.push(Item::PrepareNothing);
                }
                Ok(())
            }
            (Some(Preparing::Answer(place)), _) => {
                cx.queue.refuse(place, Refusal::Malformed);
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// Begins the reply to the request at `place`. Yields whether the Cloud takes one of that length.
    fn reply<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        granted: Granted,
        place: usize,
        code: u16,
        error: Option<(u8, &'static str)>,
        head: Option<&Head>,
    ) -> Result<bool, Trouble> {
        let mut bytes = [0; REPLY_HEAD_MAX];
        let mut w = Writer::new(&mut bytes);
        let mut callback = crate::link::topics::Topic::new();
        if let Some(entry) = cx.queue.get(place) {
            let (now_us, session_id, received_us) = (cx.now.wall.unix_us, cx.session_id, entry.received_us);
            ReplyHead { msg_id: entry.msg_id, now_us, session_id, received_us, code, error }.write(&mut w);
            // A callback topic is never longer than a topic.
            let _ = callback.push_str(entry.callback);
        }
        if let Some(head) = head {
            w.put(b"\r\n\r\n");
            w.put_fmt(head);
        }
        let len = w.finish().map_err(|error| at(Stage::App, error))?;
        let payload = bytes.get(..len).unwrap_or_default();
        let whole = (len as u64).saturating_add(head.map_or(0, |head| head.content_length));
        Ok(self.begin_at(cx, granted, (&callback, None), whole, payload)?.is_some())
    }

    /// Refuses the request at `place`.
    fn refuse<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        granted: Granted,
        place: usize,
        refusal: Refusal,
    ) -> Result<(), Trouble> {
        let owed = cx.queue.get(place).and_then(|entry| entry.owed);
        let (code, error) = refusal.codes();
        if !self.reply(cx, granted, place, code, error, None)? {
            notice(cx, "not even a refusal fits the maximum packet size of the Cloud");
        }
        cx.queue.remove(place);
        match owed {
            Some(id) => self.acknowledge(cx, id),
            None => Ok(()),
        }
    }

    /// The next piece of the body.
    pub(in crate::engine) fn on_body<B: Buffer>(&mut self, cx: &mut Context<B>, piece: &[u8]) -> Result<(), Trouble> {
        let Some(stream) = self.stream else { return Ok(()) };
        let left = stream.left.checked_sub(piece.len() as u64).filter(|_| !piece.is_empty());
        let Some(left) = left else { return Err(at(Stage::App, "an answer has not the length that was told")) };
        cx.send_frame(Opcode::Binary, |w| w.put(piece)).map_err(|error| at(Stage::App, error))?;
        self.session.is_sending(stream.id, cx.now.instant);
        self.stream = (left > 0).then_some(Stream { left, ..stream });
        if left == 0 {
            cx.push(Item::PrepareNothing);
        }
        Ok(())
    }
}

/// Whether the Cloud named a topic for messages of this kind.
pub(super) fn has_topic<B: Buffer>(cx: &Context<B>, name: Name) -> bool {
    cx.credentials.as_ref().is_some_and(|known| !known.topics.topic(name).is_empty())
}

fn acknowledge<B: Buffer>(cx: &mut Context<B>, id: u16) -> Result<(), Trouble> {
    cx.send_frame(Opcode::Binary, |w| mqtt::puback(id, w)).map_err(|error| at(Stage::Mqtt, error))
}

/// Something that costs nothing but is worth a line.
pub(super) fn notice<B: Buffer>(cx: &mut Context<B>, cause: impl core::fmt::Display) {
    cx.notice = cx.hide_secrets(Failure::new(Stage::App, cause).on(Purpose::Link));
    cx.push(Item::Notice);
}
