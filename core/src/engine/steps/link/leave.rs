//! How a link ends in order: a farewell, DISCONNECT, the close of the WebSocket (protocol.md 2.10).

use super::speak::has_topic;
use super::{Link, State, at};
use crate::engine::context::{Buffer, Context};
use crate::engine::steps::{Delay, Step, Trouble, fail, start};
use crate::identity::guid::Guid;
use crate::link::session::Granted;
use crate::link::topics::Name;
use crate::stage::Stage;
use crate::wire::mqtt;
use crate::wire::websocket::Opcode;

/// WebSocket close code for a normal end.
const NORMAL_CLOSURE: [u8; 2] = 1000_u16.to_be_bytes();

/// The farewell message is on its way, or waits until it can be sent.
pub(super) struct Leaving {
    /// The last message, once it is on its way.
    id: Option<u16>,
    /// The node that is taken back: said before the farewell, or after it if that was only wished then.
    unclaimed: Option<Guid>,
    granted: Granted,
    pub(super) then: Afterwards,
}

/// What follows an orderly end.
pub(super) enum Afterwards {
    Done,
    Restart,
    /// The failure is in the context: it is too large for a state.
    Fail(Delay),
}

impl Link {
    /// Ends in order and then stops for good.
    pub(in crate::engine) fn stop<B: Buffer>(&mut self, cx: &mut Context<B>) -> Result<Option<Step>, Trouble> {
        self.end(cx, Afterwards::Done, None)
    }

    /// Ends in order and starts anew. `unclaimed` is the node that this machine no longer wants to be.
    pub(in crate::engine) fn restart<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        unclaimed: Option<Guid>,
    ) -> Result<Option<Step>, Trouble> {
        self.end(cx, Afterwards::Restart, unclaimed)
    }

    /// Yields the next step, if it is not this one.
    #[inline(never)]
    fn end<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        then: Afterwards,
        unclaimed: Option<Guid>,
    ) -> Result<Option<Step>, Trouble> {
        match &mut self.state {
            // The Cloud may have taken in that we are reachable, though its PUBACK is still on the way.
            State::Online(_) | State::AwaitingPuback { .. } => {
                self.leave(cx, then, unclaimed)?;
                Ok(None)
            }
            State::Leaving(leaving) => {
                // A wish from outside outranks what the Cloud asked for. (After a stop there is no other wish.)
                let unclaimed = telling(cx, unclaimed);
                if unclaimed.is_some() {
                    self.deadline = cx.after(cx.settings.timing.farewell);
                }
                leaving.unclaimed = unclaimed.or(leaving.unclaimed);
                leaving.then = then;
                self.say_farewell(cx)?;
                Ok(None)
            }
            State::Connecting | State::Upgrading { .. } | State::Checked => {
                cx.disconnect();
                Ok(Some(then.step(cx)))
            }
            _ => Ok(Some(self.depart(cx, then))),
        }
    }

    /// Says that the agent will not be reachable, and before that, that `unclaimed` is no node any more.
    pub(super) fn leave<B: Buffer>(
        &mut self,
        cx: &mut Context<B>,
        then: Afterwards,
        unclaimed: Option<Guid>,
    ) -> Result<(), Trouble> {
        let granted = match &self.state {
            State::Online(online) => online.granted,
            State::AwaitingSuback { granted, .. } | State::AwaitingPuback { granted, .. } => *granted,
            _ => return Ok(()),
        };
        let unclaimed = telling(cx, unclaimed);
        self.state = State::Leaving(Leaving { id: None, unclaimed, granted, then });
        self.deadline = cx.after(cx.settings.timing.farewell);
        self.say_farewell(cx)
    }

    /// Publishes the farewell, as soon as the Cloud takes it.
    pub(super) fn say_farewell<B: Buffer>(&mut self, cx: &mut Context<B>) -> Result<(), Trouble> {
        loop {
            let State::Leaving(Leaving { id, unclaimed, granted, .. }) = self.state else { return Ok(()) };
            if self.stream.is_some() || !self.session.has_room(granted.receive_maximum) {
                return Ok(());
            }
            let said = match (unclaimed, id) {
                (Some(node), _) => self.publish_node(cx, node, false, granted)?,
                (None, None) => self.publish_own(cx, false, granted)?,
                (None, Some(_)) => return Ok(()),
            };
            if let State::Leaving(leaving) = &mut self.state {
                if unclaimed.is_none() || id.is_some() {
                    leaving.id = Some(said);
                }
                leaving.unclaimed = None;
            }
        }
    }

    /// MQTT DISCONNECT, WebSocket close, end of the connection.
    pub(super) fn depart<B: Buffer>(&self, cx: &mut Context<B>, then: Afterwards) -> Step {
        if self.stream.is_some() {
            // Within a PUBLISH nothing else can be said.
            return self.vanish(cx, then);
        }
        // If the send buffer is too full for that, the peer sees the end of the connection all the same.
        if !matches!(self.state, State::Checked) {
            let _ = cx.send_frame(Opcode::Binary, |w| mqtt::disconnect(0, w));
        }
        let _ = cx.send_frame(Opcode::Close, |w| w.put(&NORMAL_CLOSURE));
        cx.disconnect();
        then.step(cx)
    }

    /// The end without a word: the Cloud sees it, and publishes the will. A DISCONNECT would take the will back.
    pub(super) fn vanish<B: Buffer>(&self, cx: &mut Context<B>, then: Afterwards) -> Step {
        cx.abandon();
        then.step(cx)
    }

    pub(in crate::engine) const fn is_leaving(&self) -> bool {
        matches!(self.state, State::Leaving(_))
    }

    /// The peer ended the connection.
    #[inline(never)]
    pub(in crate::engine) fn on_ended<B: Buffer>(&mut self, cx: &mut Context<B>) -> Result<Step, Trouble> {
        match core::mem::replace(&mut self.state, State::Connecting) {
            State::Leaving(leaving) => Ok(leaving.then.step(cx)),
            State::Checked => Ok(Step::Done),
            State::Connecting | State::Upgrading { .. } => {
                Err(at(Stage::Websocket, "the peer closed the connection before the upgrade"))
            }
            _ => Err(at(Stage::Tcp, "the Cloud closed the connection")),
        }
    }
}

impl Leaving {
    /// Whether the farewell is on its way.
    pub(super) const fn is_said(&self) -> bool {
        self.id.is_some()
    }

    /// Whether everything has been said once the Cloud has acknowledged message `id`.
    pub(super) fn ends_with(&self, id: u16) -> bool {
        self.id == Some(id) && self.unclaimed.is_none()
    }
}

impl Afterwards {
    fn step<B: Buffer>(self, cx: &mut Context<B>) -> Step {
        match self {
            Self::Done => Step::Done,
            Self::Restart => start(cx),
            Self::Fail(delay) => {
                let trouble = Trouble::new(cx.failure.clone(), delay);
                fail(cx, trouble)
            }
        }
    }
}

/// The node that is taken back, if that can be said.
fn telling<B: Buffer>(cx: &Context<B>, unclaimed: Option<Guid>) -> Option<Guid> {
    unclaimed.filter(|_| has_topic(cx, Name::NodeInstanceConnection))
}
