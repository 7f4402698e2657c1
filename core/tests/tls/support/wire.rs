//! Two pipes of memory between client and server.

use super::heap::{counted, uncounted};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::prelude::v1::*;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// How many bytes the client's socket hands over and takes at most in one call.
#[derive(Clone, Copy)]
pub struct Drip {
    pub read: usize,
    pub write: usize,
}

struct State {
    to_client: VecDeque<u8>,
    to_server: VecDeque<u8>,
    /// Everything the client ever sent.
    sent: Vec<u8>,
    server_closed: bool,
    broken: Option<ErrorKind>,
    drip: Drip,
    flushes: usize,
    /// How many bytes may still reach the client; what is beyond is lost.
    quota: usize,
    /// Grows with every byte that moves.
    moved: u64,
}

/// The pipes. Clones share them.
#[derive(Clone)]
pub struct Wire(Rc<RefCell<State>>);

impl Default for Wire {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(State {
            to_client: VecDeque::new(),
            to_server: VecDeque::new(),
            sent: Vec::new(),
            server_closed: false,
            broken: None,
            drip: Drip { read: usize::MAX, write: usize::MAX },
            flushes: 0,
            quota: usize::MAX,
            moved: 0,
        })))
    }
}

impl Wire {
    /// The end of the client.
    pub fn socket(&self) -> Socket {
        Socket(self.clone())
    }

    pub fn set_drip(&mut self, drip: Drip) {
        self.0.borrow_mut().drip = drip;
    }

    /// Sends `bytes` to the client.
    pub fn send(&self, bytes: &[u8]) {
        let mut state = self.0.borrow_mut();
        let bytes = &bytes[..bytes.len().min(state.quota)];
        state.quota -= bytes.len();
        state.to_client.extend(bytes);
        state.moved += bytes.len() as u64;
    }

    /// Lets only so many bytes more reach the client.
    pub fn set_quota(&self, bytes: usize) {
        self.0.borrow_mut().quota = bytes;
    }

    /// Takes what the client has sent since.
    pub fn receive(&self) -> Vec<u8> {
        let mut state = self.0.borrow_mut();
        state.moved += state.to_server.len() as u64;
        state.to_server.drain(..).collect()
    }

    /// Hands `bytes` to the server, as if the client had sent them.
    pub fn put_to_server(&self, bytes: &[u8]) {
        self.0.borrow_mut().to_server.extend(bytes);
    }

    /// Takes what is there for the client.
    pub fn take_for_client(&self) -> Vec<u8> {
        self.0.borrow_mut().to_client.drain(..).collect()
    }

    /// Ends the connection as the server.
    pub fn close(&self) {
        let mut state = self.0.borrow_mut();
        state.moved += u64::from(!state.server_closed);
        state.server_closed = true;
    }

    /// Lets every further call of the socket fail.
    pub fn fail(&self, kind: ErrorKind) {
        self.0.borrow_mut().broken = Some(kind);
    }

    /// How often the client flushed its socket.
    pub fn flushes(&self) -> usize {
        self.0.borrow().flushes
    }

    /// Bytes for the client that it has not read.
    pub fn unread(&self) -> usize {
        self.0.borrow().to_client.len()
    }

    /// Everything the client has sent, as records: type and content.
    pub fn records(&self) -> Vec<(u8, Vec<u8>)> {
        let sent = &self.0.borrow().sent;
        let mut rest = sent.as_slice();
        let mut records = Vec::new();
        while let [kind, _, _, high, low, tail @ ..] = rest {
            let (content, tail) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            records.push((*kind, content.to_vec()));
            rest = tail;
        }
        assert!(rest.is_empty(), "the client sent half a record");
        records
    }

    /// How many encrypted records the client has sent; the first is its Finished.
    pub fn encrypted_records(&self) -> usize {
        self.records().iter().filter(|(kind, _)| *kind == 23).count()
    }

    /// How many encrypted records the client has sent after its Finished.
    pub fn application_records(&self) -> usize {
        self.encrypted_records().saturating_sub(1)
    }

    /// The descriptions of the unencrypted alerts that the client has sent.
    pub fn alerts(&self) -> Vec<u8> {
        self.records().iter().filter(|(kind, _)| *kind == 21).map(|(_, content)| content[1]).collect()
    }

    /// Everything the client has sent, byte for byte.
    pub fn sent(&self) -> Vec<u8> {
        self.0.borrow().sent.clone()
    }

    pub fn moved(&self) -> u64 {
        self.0.borrow().moved
    }
}

/// The client's socket.
pub struct Socket(Wire);

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let mut state = self.0.0.borrow_mut();
            if let Some(kind) = state.broken {
                return Poll::Ready(Err(kind));
            }
            let count = buf.len().min(state.drip.read).min(state.to_client.len());
            if count == 0 && !state.server_closed && !buf.is_empty() {
                return Poll::Pending;
            }
            for (to, from) in buf.iter_mut().zip(state.to_client.drain(..count)) {
                *to = from;
            }
            state.moved += count as u64;
            Poll::Ready(Ok(count))
        })
        .await
    }
}

impl Write for Socket {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        let mut state = self.0.0.borrow_mut();
        if let Some(kind) = state.broken {
            return Err(kind);
        }
        let bytes = &buf[..buf.len().min(state.drip.write)];
        uncounted(|| {
            state.to_server.extend(bytes);
            state.sent.extend(bytes);
        });
        state.moved += bytes.len() as u64;
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.0.borrow_mut().flushes += 1;
        Ok(())
    }
}

/// The other end.
pub trait Peer {
    /// Does what there is to do now.
    fn step(&mut self, wire: &Wire);
}

/// A server that does nothing.
pub struct Silent;

impl Peer for Silent {
    fn step(&mut self, _wire: &Wire) {}
}

/// Runs `future` and `server` in turns until `future` is done.
///
/// # Panics
/// If both wait for each other: that would be a hang in the world outside.
pub fn drive<T>(wire: &Wire, server: &mut dyn Peer, future: impl Future<Output = T>) -> T {
    drive_while(wire, server, future).expect("client and server wait for each other")
}

/// The same, but yields `None` as soon as both wait for each other. The future is dropped then.
pub fn drive_while<T>(wire: &Wire, server: &mut dyn Peer, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut idle = 0;
    while idle < 3 {
        let before = wire.moved();
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(value) = counted(|| future.as_mut().poll(&mut context)) {
            return Some(value);
        }
        server.step(wire);
        idle = if wire.moved() == before { idle + 1 } else { 0 };
    }
    None
}
