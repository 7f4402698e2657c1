//! The local HTTP API, for a client that says anything, in pieces, with pauses, and takes what it is told slowly or not at all.

use crate::bench::device::{self, every_view_is_free};
use crate::bench::wait::Ticks;
use crate::input::Steps;
use aclk_core::metrics::Device;
use aclk_core::node::Node;
use aclk_firmware::local_api::{Buffers, Holdings, NoPages, PIECE_MIN, Server, Socket, Timing};
use embedded_io_async::{ErrorType, Read, Write};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Bytes of a request line and its headers that there is room for.
const HEAD: usize = 1_024;
const SECOND: u64 = 1_000_000;
/// Everybody is sent away before that: the answer may take 30 s, and there are 20 of them at most.
const PATIENCE: u64 = 1_200 * SECOND;

/// A client with a plan.
struct Client<'t, 'i> {
    ticks: &'t Ticks,
    /// What it says, and when.
    says: VecDeque<(u64, &'i [u8])>,
    /// Whether it ends its side behind that, or just waits.
    ends: bool,
    /// Bytes that it takes in a second.
    rate: u64,
    heard: Vec<u8>,
}

impl ErrorType for Client<'_, '_> {
    type Error = Infallible;
}

impl Read for Client<'_, '_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|_| match self.says.front_mut() {
            Some((at, bytes)) if *at <= self.ticks.now() => {
                let (now, later) = bytes.split_at(bytes.len().min(buffer.len()));
                buffer[..now.len()].copy_from_slice(now);
                *bytes = later;
                if later.is_empty() {
                    self.says.pop_front();
                }
                Poll::Ready(Ok(now.len()))
            }
            Some((at, _)) => {
                self.ticks.want(*at);
                Poll::Pending
            }
            None if self.ends => Poll::Ready(Ok(0)),
            None => Poll::Pending,
        })
        .await
    }
}

impl Write for Client<'_, '_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let allowed = (self.rate * (1 + self.ticks.now() / SECOND)).saturating_sub(self.heard.len() as u64);
            let len = bytes.len().min(usize::try_from(allowed).unwrap_or(usize::MAX));
            if len == 0 {
                self.ticks.want((self.ticks.now() / SECOND + 1) * SECOND);
                return Poll::Pending;
            }
            self.heard.extend(&bytes[..len]);
            Poll::Ready(Ok(len))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Socket for Client<'_, '_> {
    async fn finish(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let manner = steps.byte();
    let ticks = Ticks::default();
    let rate = if manner & 2 == 0 { 1 << 40 } else { u64::from(steps.byte()) * 64 };
    let (mut says, mut at) = (VecDeque::new(), 0);
    while let Some(pause) = steps.next(4) {
        // Now, or after some seconds: a request may take five.
        at += [0, 0, 1, 6][usize::from(pause)] * SECOND;
        let bytes = steps.bytes();
        if !bytes.is_empty() {
            says.push_back((at, bytes));
        }
    }
    let mut client = Client { ticks: &ticks, says, ends: manner & 1 == 0, rate, heard: Vec::new() };
    let node = RefCell::new(device::node());
    {
        let node: &RefCell<Node<dyn Device + '_>> = &node;
        let (mut head, mut piece, holdings) = ([0; HEAD], [0; PIECE_MIN], Holdings::new());
        let server = Server::new(node, &ticks, &NoPages, Timing::DEFAULT, &holdings);
        let buffers = Buffers { head: &mut head, piece: &mut piece };
        ticks.run(pin!(server.serve(&mut client, buffers, || manner & 4 == 0)));
    }
    assert!(ticks.now() <= PATIENCE, "a client was waited for for {} s", ticks.now() / SECOND);
    assert!(client.heard.is_empty() || client.heard.starts_with(b"HTTP/1.1 "), "no HTTP is said");
    every_view_is_free(&mut node.borrow_mut());
}
