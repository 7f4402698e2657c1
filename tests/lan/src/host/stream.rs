//! One connection of the router, as a socket of the operating system.

use crate::router::{FlowId, HostEvent, Router};
use aclk_core::clock::Instant;
use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::{self, ErrorKind};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Most bytes read at once.
const CHUNK: usize = 16 * 1_024;

pub(super) enum Stream {
    Connecting(Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>),
    Open(Open),
}

pub(super) struct Open {
    stream: TcpStream,
    /// What is to be written, and how much of it is.
    pending: Vec<u8>,
    written: usize,
    read_half: Half,
    write_half: Half,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Open,
    /// To be closed once everything is written.
    Closing,
    Closed,
}

pub(super) enum Progress {
    None,
    Some,
    /// The stream has nothing more to do.
    Over,
}

impl Stream {
    pub(super) fn connect(target: SocketAddr) -> Self {
        Self::Connecting(Box::pin(TcpStream::connect(target)))
    }

    pub(super) fn send(&mut self, bytes: Vec<u8>) {
        if let Self::Open(open) = self {
            open.pending = bytes;
            open.written = 0;
        }
    }

    pub(super) fn shutdown(&mut self) {
        if let Self::Open(open) = self {
            open.write_half = Half::Closing;
        }
    }

    /// Ends it with a reset.
    pub(super) fn abort(self) {
        if let Self::Open(open) = self {
            // If this fails, the peer gets a FIN instead: the socket is closed either way.
            let _ = open.stream.set_zero_linger();
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>, router: &mut Router, now: Instant, flow: FlowId) -> Progress {
        match self {
            Self::Connecting(connection) => match connection.as_mut().poll(cx) {
                Poll::Pending => Progress::None,
                Poll::Ready(Ok(stream)) => {
                    tell(router, now, flow, HostEvent::Connected);
                    *self = Self::Open(Open::new(stream));
                    Progress::Some
                }
                Poll::Ready(Err(error)) => {
                    tell(router, now, flow, refusal(&error));
                    Progress::Over
                }
            },
            Self::Open(open) => open.poll(cx, router, now, flow).unwrap_or_else(|_| {
                tell(router, now, flow, HostEvent::Reset);
                Progress::Over
            }),
        }
    }
}

impl Open {
    fn new(stream: TcpStream) -> Self {
        // Without it, small segments wait for each other: slower, but not wrong.
        let _ = stream.set_nodelay(true);
        Self { stream, pending: Vec::new(), written: 0, read_half: Half::Open, write_half: Half::Open }
    }

    fn poll(&mut self, cx: &mut Context<'_>, router: &mut Router, now: Instant, flow: FlowId) -> io::Result<Progress> {
        let wrote = self.poll_write(cx, router, now, flow)?;
        let shut = self.poll_shutdown(cx)?;
        let read = self.poll_read(cx, router, now, flow)?;
        Ok(if self.read_half == Half::Closed && self.write_half == Half::Closed {
            Progress::Over
        } else if wrote || shut || read {
            Progress::Some
        } else {
            Progress::None
        })
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        router: &mut Router,
        now: Instant,
        flow: FlowId,
    ) -> io::Result<bool> {
        let mut progress = false;
        while let Some(rest) = self.pending.get(self.written..).filter(|rest| !rest.is_empty()) {
            let Poll::Ready(count) = Pin::new(&mut self.stream).poll_write(cx, rest) else { return Ok(progress) };
            self.written += count?;
            progress = true;
            if self.written == self.pending.len() {
                self.pending.clear();
                self.written = 0;
                tell(router, now, flow, HostEvent::Written);
            }
        }
        Ok(progress)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        if self.write_half != Half::Closing || !self.pending.is_empty() {
            return Ok(false);
        }
        let Poll::Ready(result) = Pin::new(&mut self.stream).poll_shutdown(cx) else { return Ok(false) };
        result?;
        self.write_half = Half::Closed;
        Ok(true)
    }

    /// Reads no more than the device's connection has room for: what is not read slows down the peer.
    fn poll_read(&mut self, cx: &mut Context<'_>, router: &mut Router, now: Instant, flow: FlowId) -> io::Result<bool> {
        let room = router.room(flow).min(CHUNK);
        if self.read_half != Half::Open || room == 0 {
            return Ok(false);
        }
        let mut bytes = vec![0; room];
        let mut buffer = ReadBuf::new(&mut bytes);
        let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(cx, &mut buffer) else { return Ok(false) };
        result?;
        if buffer.filled().is_empty() {
            self.read_half = Half::Closed;
            tell(router, now, flow, HostEvent::Closed);
        } else {
            tell(router, now, flow, HostEvent::Data(buffer.filled()));
        }
        Ok(true)
    }
}

/// There is room for every byte that is told: it was asked for just before.
fn tell(router: &mut Router, now: Instant, flow: FlowId, event: HostEvent<'_>) {
    let told = router.host(now, flow, event);
    debug_assert_eq!(told, Ok(()));
}

fn refusal(error: &io::Error) -> HostEvent<'static> {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => HostEvent::Unreachable,
        _ => HostEvent::Refused,
    }
}
