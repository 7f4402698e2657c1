//! One connection.

use super::{Ends, Overfull};
use crate::cable::Frame;
use crate::router::stack::Stack;
use aclk_core::clock::Instant;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;
use std::collections::VecDeque;

/// Most bytes in one [`Action::Send`](super::Action::Send).
const CHUNK: usize = 16 * 1_024;

pub(super) struct Flow {
    pub(super) ends: Ends,
    /// The device's initial sequence number, by which a repeated SYN is known from a new one.
    pub(super) number: i32,
    pub(super) opened: Instant,
    pub(super) stage: Stage,
}

pub(super) enum Stage {
    /// The host is asked. The device's SYN waits for the outcome.
    Connecting {
        syn: Frame,
    },
    Open(Open),
    /// Over for the host; the device's reset still has to go out.
    Dying {
        socket: SocketHandle,
        until: Instant,
    },
}

/// A connection that the host has accepted.
pub(super) struct Open {
    pub(super) socket: SocketHandle,
    /// The host has bytes that it has not written yet.
    pub(super) writing: bool,
    /// The host was told that the device has sent FIN.
    pub(super) shut: bool,
    /// The host has sent FIN.
    pub(super) host_closed: bool,
    /// And the socket knows.
    closed: bool,
    /// The device has sent FIN.
    finished: bool,
    /// What the device has sent before its FIN: the socket forgets it after a while.
    tail: VecDeque<u8>,
}

/// What the host has to do next.
pub(super) enum Next {
    Send,
    Shutdown,
}

impl Open {
    pub(super) const fn new(socket: SocketHandle) -> Self {
        Self {
            socket,
            writing: false,
            shut: false,
            host_closed: false,
            closed: false,
            finished: false,
            tail: VecDeque::new(),
        }
    }

    /// Follows a socket that is connected.
    pub(super) fn advance(&mut self, stack: &mut Stack) {
        let socket = stack.socket(self.socket);
        // Not earlier: smoltcp takes the acknowledgement of its SYN for that of its FIN.
        if self.host_closed && !self.closed {
            socket.close();
            self.closed = true;
        }
        let finished = matches!(socket.state(), State::CloseWait | State::Closing | State::LastAck | State::TimeWait);
        if finished && !self.finished {
            self.finished = true;
            while let Ok(1..) = socket.recv(|bytes| {
                self.tail.extend(&*bytes);
                (bytes.len(), bytes.len())
            }) {}
        }
    }

    pub(super) fn next(&self, stack: &mut Stack) -> Option<Next> {
        if self.writing {
            return None;
        }
        if !self.tail.is_empty() || !self.finished && stack.socket(self.socket).can_recv() {
            return Some(Next::Send);
        }
        (self.finished && !self.shut).then_some(Next::Shutdown)
    }

    /// The next bytes for the host, which is writing from now on.
    pub(super) fn take(&mut self, stack: &mut Stack) -> Vec<u8> {
        self.writing = true;
        if self.tail.is_empty() {
            let take = |bytes: &mut [u8]| {
                let chunk = bytes[..bytes.len().min(CHUNK)].to_vec();
                (chunk.len(), chunk)
            };
            stack.socket(self.socket).recv(take).unwrap_or_default()
        } else {
            self.tail.drain(..self.tail.len().min(CHUNK)).collect()
        }
    }

    pub(super) fn room(&self, stack: &mut Stack) -> usize {
        let socket = stack.socket(self.socket);
        if self.host_closed || !socket.may_send() { 0 } else { socket.send_capacity() - socket.send_queue() }
    }

    /// Takes all of `bytes` for the device.
    pub(super) fn enqueue(&self, stack: &mut Stack, bytes: &[u8]) -> Result<(), Overfull> {
        let room = self.room(stack);
        if bytes.len() > room {
            return Err(Overfull { room });
        }
        // There is room, and room only where sending is possible.
        let _ = stack.socket(self.socket).send_slice(bytes);
        Ok(())
    }

    /// Whether FIN has passed both ways.
    pub(super) const fn is_complete(&self) -> bool {
        self.finished && self.closed
    }

    /// Whether the host has, or is writing, all that the device has sent.
    pub(super) const fn is_delivered(&self) -> bool {
        self.shut
    }

    /// Whether the host has nothing more to do with it.
    pub(super) const fn is_over(&self) -> bool {
        self.shut && self.host_closed
    }
}
