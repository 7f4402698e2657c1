//! What the Cloud says on the link.

use super::leave::Afterwards;
use super::speak::notice;
use super::{Link, State, alias_maximum, at, protocol};
use crate::engine::context::{Buffer, Context, Item};
use crate::engine::steps::{Delay, Trouble};
use crate::identity::guid::Guid;
use crate::link::error::RETRY_DELAY_MAX;
use crate::link::queries::Outcome;
use crate::link::session::{Granted, SessionError};
use crate::link::topics::TopicError;
use crate::message::Inbound;
use crate::message::agent::DisconnectReq;
use crate::message::context::{ContextsCheckpoint, StopStreamingContexts};
use crate::message::node::{CancelPendingRequest, CreateNodeInstanceResult};
use crate::node::CLONED;
use crate::stage::{Failure, Purpose, Stage};
use crate::store::{NodeId, Saved};
use crate::text::Text;
use crate::wire::mqtt::Packet;
use core::time::Duration;
use femtopb::Message;
use rand_core::Rng;

/// Who was thrown out by another client with the same identity keeps away for this long, and by chance for up to half of
/// it more: two copies of one disk image must not take turns.
const TAKEN_OVER_DELAY: Duration = Duration::from_secs(600);
/// DISCONNECT reason: session taken over.
const TAKEN_OVER: u8 = 0x8e;

/// What a message of the Cloud says.
enum Said {
    Nothing,
    Request(Outcome),
    Notice(Text<128>),
    Leave(Trouble),
    /// A message that would matter cannot be read.
    Broken,
    Asked,
    Node(Guid),
    Checkpoint(u64),
    StopContexts,
}

impl Link {
    /// A complete packet lies in the first `len` bytes of the receive buffer.
    #[inline(never)]
    pub(super) fn on_packet<B: Buffer>(&mut self, cx: &mut Context<B>, len: usize) -> Result<(), Trouble> {
        let maximum = alias_maximum(cx);
        let bytes = cx.rx.as_ref().get(..len).unwrap_or_default();
        match Packet::parse(bytes).map_err(|error| at(Stage::Mqtt, error))? {
            Packet::Connack { session_present, reason, properties } => {
                if session_present {
                    return Err(protocol(SessionError::SessionPresent));
                }
                if reason != 0 {
                    return Err(protocol(SessionError::Refused(reason)));
                }
                let granted = Granted::of(&properties).map_err(protocol)?;
                self.on_connack(cx, granted)
            }
            Packet::Suback { id, reason } => self.on_suback(cx, id, reason),
            Packet::Puback { id, reason } => self.on_puback(cx, id, reason),
            Packet::Pingresp => self.on_pingresp(),
            Packet::Disconnect { reason, reason_string } => {
                Err(thrown_out(disconnected(reason, reason_string), reason, cx.rng.next_u32()))
            }
            Packet::Publish { topic, alias, id, payload, .. } => {
                if matches!(self.state, State::AwaitingConnack) {
                    return Err(protocol(SessionError::Unexpected("PUBLISH before CONNACK")));
                }
                let inbound = self.session.inbound(topic, alias, maximum).map_err(protocol)?;
                let said = match inbound {
                    Inbound::HttpRequest => {
                        let queries = cx.receive_maximum.max(1);
                        Said::Request(cx.queue.receive(payload, id, queries, cx.now))
                    }
                    Inbound::CancelPendingRequest => {
                        if let Ok(cancel) = CancelPendingRequest::decode(payload) {
                            cx.queue.cancel(cancel.request_id);
                        }
                        Said::Nothing
                    }
                    Inbound::Unknown => {
                        Said::Notice(Text::of(format_args!("a message nobody understands came on {topic}")))
                    }
                    inbound => read(inbound, payload, cx.target.id, cx.settings.machine_guid, &cx.saved),
                };
                self.on_said(cx, id, said)
            }
        }
    }

    /// A message of the Cloud. Only a request that is refused is not acknowledged yet.
    #[inline(never)]
    fn on_said<B: Buffer>(&mut self, cx: &mut Context<B>, id: Option<u16>, said: Said) -> Result<(), Trouble> {
        let is_owed = matches!(said, Said::Request(Outcome::Refused));
        if let Some(id) = id.filter(|_| !is_owed) {
            self.acknowledge(cx, id)?;
        }
        match said {
            Said::Nothing | Said::Request(Outcome::Waits | Outcome::Refused) => Ok(()),
            Said::Request(Outcome::Overrun) => Err(protocol(SessionError::ReceiveMaximum)),
            Said::Request(Outcome::Lost(why)) | Said::Notice(why) => {
                notice(cx, why);
                Ok(())
            }
            Said::Leave(trouble) => {
                cx.failure = trouble.failure;
                self.leave(cx, Afterwards::Fail(trouble.delay), None)
            }
            Said::Broken => Err(at(Stage::App, "a DisconnectReq that is not protobuf came")),
            Said::Asked => {
                let missing = cx.credentials.as_ref().and_then(|known| known.topics.missing_for_a_node());
                if let Some(name) = missing {
                    notice(cx, format_args!("this node cannot be live: {}", TopicError(name)));
                } else {
                    let is_known = cx.saved.node_of(Some(cx.target.id)).is_some();
                    self.live.on_asked(is_known, cx.now.instant);
                }
                Ok(())
            }
            Said::Node(node) => {
                let claimed = cx.target.id;
                let id = NodeId { claimed, node };
                cx.saved.node = Some(id);
                cx.push(Item::SaveNode(id));
                Ok(())
            }
            Said::Checkpoint(hash) => {
                self.live.on_checkpoint(hash);
                Ok(())
            }
            Said::StopContexts => {
                self.live.on_stop_contexts();
                Ok(())
            }
        }
    }

    /// The node id is stored, or cannot be: then it is asked for again after the next start.
    pub(in crate::engine) fn on_node_saved<B: Buffer>(&mut self, cx: &mut Context<B>, failure: Option<Failure>) {
        if let Some(failure) = failure {
            cx.notice = failure;
            cx.push(Item::Notice);
        }
        self.live.on_node();
    }
}

/// Reads a message of the Cloud.
#[inline(never)]
fn read(inbound: Inbound, payload: &[u8], claim: Guid, machine_guid: Guid, saved: &Saved) -> Said {
    let unreadable = |name: &str| Said::Notice(Text::of(format_args!("a {name} that cannot be read came")));
    let is_ours = |claim_id: &str, node_id: &str| {
        let node = saved.node_of(Some(claim));
        Guid::parse(claim_id) == Ok(claim) && node.is_some_and(|node| Guid::parse(node_id) == Ok(node))
    };
    match inbound {
        Inbound::DisconnectReq => match DisconnectReq::decode(payload) {
            Ok(request) => Said::Leave(asked_to_leave(request)),
            Err(_) => Said::Broken,
        },
        // What is in it does not matter (protocol.md 3.4).
        Inbound::SendNodeInstances => Said::Asked,
        Inbound::CreateNodeInstanceResult => match CreateNodeInstanceResult::decode(payload) {
            Err(_) => unreadable("CreateNodeInstanceResult"),
            Ok(result) if Guid::parse(result.machine_guid) != Ok(machine_guid) => {
                Said::Notice(Text::of("a CreateNodeInstanceResult for another machine came"))
            }
            Ok(result) => match Guid::parse(result.node_id) {
                Ok(node) if saved.node_of(Some(claim)) == Some(node) => Said::Nothing,
                Ok(node) => Said::Node(node),
                Err(_) => Said::Notice(Text::of("a CreateNodeInstanceResult without a node id came")),
            },
        },
        Inbound::ContextsCheckpoint => match ContextsCheckpoint::decode(payload) {
            Err(_) => unreadable("ContextsCheckpoint"),
            Ok(asked) if is_ours(asked.claim_id, asked.node_id) => Said::Checkpoint(asked.version_hash),
            Ok(_) => Said::Nothing,
        },
        Inbound::StopStreamingContexts => match StopStreamingContexts::decode(payload) {
            Err(_) => unreadable("StopStreamingContexts"),
            Ok(stop) if is_ours(stop.claim_id, stop.node_id) => Said::StopContexts,
            Ok(_) => Said::Nothing,
        },
        _ => Said::Nothing,
    }
}

/// The Cloud ended the session.
fn disconnected(reason: u8, words: Option<&str>) -> Failure {
    let error = SessionError::Disconnected(reason);
    match words.filter(|words| !words.is_empty()) {
        Some(words) => Failure::new(Stage::Mqtt, format_args!("{error} ({words})")),
        None => Failure::new(Stage::Mqtt, error),
    }
    .on(Purpose::Link)
}

/// The same, and when to come back.
fn thrown_out(failure: Failure, reason: u8, chance: u32) -> Trouble {
    if reason != TAKEN_OVER {
        return failure.into();
    }
    let more = Duration::from_secs(u64::from(chance) % (TAKEN_OVER_DELAY.as_secs() / 2));
    Trouble::new(failure.hint(CLONED), Delay::AtLeast(TAKEN_OVER_DELAY + more))
}

/// A DisconnectReq as the trouble that follows our farewell.
fn asked_to_leave(request: DisconnectReq<'_>) -> Trouble {
    let words = if request.error_description.is_empty() { "no reason given" } else { request.error_description };
    let failure = Failure::new(Stage::App, format_args!("the Cloud asked to disconnect: {words}")).on(Purpose::Link);
    let delay = if request.permaban {
        Delay::Never
    } else if request.reconnect_after_seconds > 0 {
        Delay::After(Duration::from_secs(request.reconnect_after_seconds).min(RETRY_DELAY_MAX))
    } else {
        Delay::Backoff
    };
    Trouble::new(failure, delay)
}
