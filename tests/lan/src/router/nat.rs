//! TCP connections between devices and the host: one end is a socket of smoltcp, the other a name for what the caller
//! does on the host.

mod flow;

use super::config::{Nat, Target};
use super::packet::Segment;
use super::stack::Stack;
use crate::cable::Frame;
use aclk_core::clock::Instant;
use core::fmt;
use core::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use core::time::Duration;
use flow::{Flow, Next, Open, Stage};
use smoltcp::socket::tcp::{self, State};
use std::collections::{BTreeMap, VecDeque};

/// How long a reset may wait for the hardware address of the device.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// After how long an opening segment that was seen before is no echo of the first one, but a device that has restarted
/// and has rolled the same dice.
const ECHO: Duration = Duration::from_secs(5);

/// A connection between a device and the host. Never used twice by one router.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(u64);

/// What to do on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Connect to `target`; answer with [`HostEvent::Connected`], [`HostEvent::Refused`] or
    /// [`HostEvent::Unreachable`].
    Connect {
        /// The new connection.
        flow: FlowId,
        /// The device that asks for it.
        device: SocketAddrV4,
        /// What it shall be connected to.
        target: SocketAddr,
    },
    /// Write `bytes`, 16 KiB at most; answer with [`HostEvent::Written`]. Until then there is no other action but
    /// [`Abort`](Self::Abort) for this flow.
    Send {
        /// The connection.
        flow: FlowId,
        /// What the device has sent.
        bytes: Vec<u8>,
    },
    /// The device has sent FIN, and will not send more: close the writing half.
    Shutdown {
        /// The connection.
        flow: FlowId,
    },
    /// The connection is gone, by a reset or by silence: reset the connection, or stop connecting.
    Abort {
        /// The connection.
        flow: FlowId,
    },
}

/// What happened on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostEvent<'a> {
    /// The connection stands.
    Connected,
    /// Nobody listens there: the device gets a reset.
    Refused,
    /// Nobody answers there: the device gets no answer either.
    Unreachable,
    /// These bytes came for the device. No more than [`Router::room`](super::Router::room).
    Data(&'a [u8]),
    /// What [`Action::Send`] brought is written.
    Written,
    /// The host has sent FIN: nothing more will come.
    Closed,
    /// The host has reset the connection.
    Reset,
}

/// More bytes for a device than its connection has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overfull {
    /// How many bytes there is room for.
    pub room: usize,
}

impl fmt::Display for Overfull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the connection to the device takes only {} more bytes", self.room)
    }
}

impl std::error::Error for Overfull {}

/// All connections.
#[derive(Default)]
pub(super) struct Translator {
    flows: BTreeMap<FlowId, Flow>,
    by_ends: BTreeMap<Ends, FlowId>,
    actions: VecDeque<Action>,
    created: u64,
    /// Whose turn it was last, so that one busy connection does not starve the others.
    turn: FlowId,
}

/// The device's end, and the one it connects to.
type Ends = (SocketAddrV4, SocketAddrV4);

impl Translator {
    /// Takes a segment of a device.
    pub(super) fn receive(&mut self, config: &Nat, stack: &mut Stack, now: Instant, segment: Segment, frame: &[u8]) {
        let ends = (segment.source, segment.destination);
        if let Some(id) = self.by_ends.get(&ends).copied() {
            if !self.is_reborn(stack, now, id, segment) {
                return self.continue_flow(stack, now, id, segment, frame);
            }
            self.tell_host(id);
            self.remove(stack, id);
        }
        match (segment.opens, config.strays) {
            (Some(number), _) => self.open(config, stack, now, ends, number, frame),
            (None, super::Strays::Reset) => stack.feed(now, frame.to_vec()),
            (None, super::Strays::Silent) => {}
        }
    }

    pub(super) fn host(
        &mut self,
        config: &Nat,
        stack: &mut Stack,
        now: Instant,
        id: FlowId,
        event: HostEvent<'_>,
    ) -> Result<(), Overfull> {
        let Some(flow) = self.flows.get_mut(&id) else { return Ok(()) };
        match (&mut flow.stage, event) {
            (Stage::Connecting { syn }, HostEvent::Connected) => {
                let syn = core::mem::take(syn);
                self.establish(config, stack, now, id, syn);
            }
            (Stage::Connecting { syn }, HostEvent::Refused | HostEvent::Reset | HostEvent::Closed) => {
                // No socket waits for it, so the stack answers with a reset.
                let syn = core::mem::take(syn);
                self.remove(stack, id);
                stack.feed(now, syn);
            }
            (Stage::Connecting { .. }, HostEvent::Unreachable) => self.remove(stack, id),
            (Stage::Connecting { .. }, HostEvent::Data([_, ..])) => return Err(Overfull { room: 0 }),
            (Stage::Open(open), HostEvent::Data(bytes)) => open.enqueue(stack, bytes)?,
            (Stage::Open(open), HostEvent::Written) => open.writing = false,
            (Stage::Open(open), HostEvent::Closed) => open.host_closed = true,
            (Stage::Open(open), HostEvent::Reset) => {
                let socket = open.socket;
                stack.socket(socket).abort();
                flow.stage = Stage::Dying { socket, until: now + LAST_WORDS };
            }
            _ => {}
        }
        Ok(())
    }

    /// Lets every connection do what it has to do at `now`.
    pub(super) fn drive(&mut self, stack: &mut Stack, now: Instant) {
        self.settle_all(stack, now);
        stack.drive(now);
        self.settle_all(stack, now);
    }

    pub(super) fn poll(&mut self, stack: &mut Stack) -> Option<Action> {
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        let id = self.whose_turn(stack)?;
        self.turn = id;
        let Stage::Open(open) = &mut self.flows.get_mut(&id)?.stage else { return None };
        Some(match open.next(stack)? {
            Next::Send => Action::Send { flow: id, bytes: open.take(stack) },
            Next::Shutdown => {
                open.shut = true;
                Action::Shutdown { flow: id }
            }
        })
    }

    pub(super) fn has_action(&self, stack: &mut Stack) -> bool {
        !self.actions.is_empty() || self.whose_turn(stack).is_some()
    }

    pub(super) fn room(&self, stack: &mut Stack, id: FlowId) -> usize {
        match self.flows.get(&id).map(|flow| &flow.stage) {
            Some(Stage::Open(open)) => open.room(stack),
            _ => 0,
        }
    }

    pub(super) fn next_event(&self) -> Option<Instant> {
        let deadlines = self.flows.values().filter_map(|flow| match flow.stage {
            Stage::Dying { until, .. } => Some(until),
            _ => None,
        });
        deadlines.min()
    }

    pub(super) fn forget(&mut self, stack: &mut Stack) {
        for id in self.ids() {
            self.tell_host(id);
            self.remove(stack, id);
        }
    }

    pub(super) fn flows(&self) -> usize {
        self.flows.len()
    }

    /// Whether `segment` opens a new connection between the ends of one that the device has forgotten.
    fn is_reborn(&self, stack: &mut Stack, now: Instant, id: FlowId, segment: Segment) -> bool {
        let (Some(flow), Some(number)) = (self.flows.get(&id), segment.opens) else { return false };
        match &flow.stage {
            Stage::Connecting { .. } => false,
            Stage::Dying { .. } => true,
            Stage::Open(open) => {
                let unanswered = stack.socket(open.socket).state() == State::SynReceived;
                number != flow.number || !unanswered && now.since(flow.opened) > ECHO
            }
        }
    }

    fn continue_flow(&mut self, stack: &mut Stack, now: Instant, id: FlowId, segment: Segment, frame: &[u8]) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        match &mut flow.stage {
            Stage::Connecting { syn } => {
                if let Some(number) = segment.opens {
                    *syn = frame.to_vec();
                    flow.number = number;
                } else if segment.resets {
                    self.tell_host(id);
                    self.remove(stack, id);
                }
            }
            Stage::Open(_) => {
                stack.feed(now, frame.to_vec());
                self.settle(stack, now, id, segment.resets);
            }
            Stage::Dying { .. } => {}
        }
    }

    fn open(&mut self, config: &Nat, stack: &mut Stack, now: Instant, ends: Ends, number: i32, frame: &[u8]) {
        let target = match config.target(*ends.1.ip(), ends.1.port()) {
            Target::Silent => return,
            Target::Refused => return stack.feed(now, frame.to_vec()),
            Target::Loopback => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), ends.1.port()),
            Target::Host(address) => address,
        };
        if self.flows.len() >= config.flows && !self.remove_lingering(stack) {
            return stack.feed(now, frame.to_vec());
        }
        self.created += 1;
        let id = FlowId(self.created);
        let stage = Stage::Connecting { syn: frame.to_vec() };
        self.flows.insert(id, Flow { ends, number, opened: now, stage });
        self.by_ends.insert(ends, id);
        self.actions.push_back(Action::Connect { flow: id, device: ends.0, target });
    }

    /// The host has accepted: now the device may learn that it is connected.
    fn establish(&mut self, config: &Nat, stack: &mut Stack, now: Instant, id: FlowId, syn: Frame) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        let buffer = || tcp::SocketBuffer::new(vec![0; config.buffer.max(1)]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        socket.set_timeout(Some(smoltcp::time::Duration::from_micros(
            u64::try_from(config.idle.as_micros()).unwrap_or(u64::MAX).min(u64::MAX / 4),
        )));
        // A parsed segment has no port 0, which is all that listening could object to.
        let _ = socket.listen((*flow.ends.1.ip(), flow.ends.1.port()));
        flow.opened = now;
        flow.stage = Stage::Open(Open::new(stack.add(socket)));
        stack.feed(now, syn);
        self.settle(stack, now, id, false);
    }

    fn settle_all(&mut self, stack: &mut Stack, now: Instant) {
        for id in self.ids() {
            self.settle(stack, now, id, false);
        }
    }

    /// Draws the conclusions from the state of the socket. `reset` says that the device has just sent a reset.
    fn settle(&mut self, stack: &mut Stack, now: Instant, id: FlowId, reset: bool) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        match &mut flow.stage {
            Stage::Connecting { .. } => {}
            Stage::Dying { socket, until } => {
                if stack.socket(*socket).remote_endpoint().is_none() || now >= *until {
                    self.remove(stack, id);
                }
            }
            Stage::Open(open) => match stack.socket(open.socket).state() {
                State::SynReceived => {}
                // Where smoltcp goes when a connection is reset before it stands.
                State::Listen => {
                    self.tell_host(id);
                    self.remove(stack, id);
                }
                State::Closed if open.is_complete() && !reset => {
                    if open.is_delivered() {
                        self.remove(stack, id);
                    }
                }
                State::Closed => {
                    let socket = open.socket;
                    self.tell_host(id);
                    if stack.socket(socket).remote_endpoint().is_none() {
                        self.remove(stack, id);
                    } else if let Some(flow) = self.flows.get_mut(&id) {
                        flow.stage = Stage::Dying { socket, until: now + LAST_WORDS };
                    }
                }
                _ => open.advance(stack),
            },
        }
    }

    /// Makes room by dropping the oldest connection that is over on both sides.
    fn remove_lingering(&mut self, stack: &mut Stack) -> bool {
        let lingers = |flow: &Flow| matches!(&flow.stage, Stage::Open(open) if open.is_over());
        let oldest = self.flows.iter().find(|(_, flow)| lingers(flow)).map(|(id, _)| *id);
        if let Some(id) = oldest {
            self.remove(stack, id);
        }
        oldest.is_some()
    }

    /// Tells the host that `id` is gone, unless it is over there too.
    fn tell_host(&mut self, id: FlowId) {
        let over = match self.flows.get(&id).map(|flow| &flow.stage) {
            Some(Stage::Connecting { .. }) => false,
            Some(Stage::Open(open)) => open.is_over(),
            Some(Stage::Dying { .. }) | None => true,
        };
        if !over {
            self.actions.push_back(Action::Abort { flow: id });
        }
    }

    fn remove(&mut self, stack: &mut Stack, id: FlowId) {
        let Some(flow) = self.flows.remove(&id) else { return };
        self.by_ends.remove(&flow.ends);
        match flow.stage {
            Stage::Connecting { .. } => {}
            Stage::Open(Open { socket, .. }) | Stage::Dying { socket, .. } => stack.remove(socket),
        }
    }

    fn whose_turn(&self, stack: &mut Stack) -> Option<FlowId> {
        let after = self.flows.range((core::ops::Bound::Excluded(self.turn), core::ops::Bound::Unbounded));
        for (id, flow) in after.chain(self.flows.range(..=self.turn)) {
            if let Stage::Open(open) = &flow.stage
                && open.next(stack).is_some()
            {
                return Some(*id);
            }
        }
        None
    }

    fn ids(&self) -> Vec<FlowId> {
        self.flows.keys().copied().collect()
    }
}
