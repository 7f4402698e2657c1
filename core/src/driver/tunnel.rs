//! Runs a [`Negotiation`] over a connection to a proxy.

use super::establish::NotEstablished;
use crate::stage::{Failure, Stage};
use crate::wire::proxy::{Negotiation, Proxy, ProxyError, Step, Target};
use embassy_futures::{poll_once, yield_now};
use embedded_io_async::{Read, Write};
use zeroize::Zeroize;

/// Bytes of an answer that are read at a time. Most of the time it is one or two: not a byte is read that is not the proxy's.
const PIECE: usize = 32;

/// Bytes that went to and fro.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Traffic {
    pub(super) sent: u64,
    pub(super) received: u64,
}

/// Why there is no tunnel.
pub(super) struct Refusal {
    failure: Failure,
    is_about_credentials: bool,
    /// Whether another address of the target may help.
    pub(super) is_about_address: bool,
}

impl From<Refusal> for NotEstablished {
    fn from(refusal: Refusal) -> Self {
        Self { failure: refusal.failure, refused: refusal.is_about_credentials }
    }
}

/// Asks `proxy` at the other end of `socket` for a tunnel to `target`. What is sent is put into `buffer`, and wiped.
///
/// Afterwards the next byte on `socket` is the target's. The caller puts a deadline on it.
pub(super) async fn negotiate<S: Read + Write>(
    socket: &mut S,
    proxy: &Proxy,
    target: Target<'_>,
    traffic: &mut Traffic,
    buffer: &mut [u8],
) -> Result<(), Refusal> {
    let refused = |error: ProxyError| Refusal {
        failure: proxy.failure(&error),
        is_about_credentials: error.is_about_credentials(proxy),
        is_about_address: error.is_about_address(),
    };
    let broken = |error: S::Error| {
        let cause = format_args!("{}: the connection broke: {error}", proxy.endpoint());
        let failure =
            Failure::new(Stage::Proxy, cause).hint("does the proxy allow connections from here? ask who runs it");
        Refusal { failure, is_about_credentials: false, is_about_address: false }
    };
    let mut talk = Negotiation::new(proxy, target);
    loop {
        match talk.poll(buffer).map_err(refused)? {
            Step::Send(bytes) => {
                traffic.sent = traffic.sent.saturating_add(bytes.len() as u64);
                let sent = match socket.write_all(bytes).await {
                    Ok(()) => socket.flush().await,
                    Err(error) => Err(error),
                };
                // There may be a password in it.
                buffer.zeroize();
                sent.map_err(broken)?;
            }
            Step::Receive(most) => {
                let mut piece = [0; PIECE];
                let room = piece.get_mut(..most.min(PIECE)).unwrap_or_default();
                let len = socket.read(room).await.map_err(broken)?;
                if len == 0 {
                    return Err(refused(talk.on_end()));
                }
                traffic.received = traffic.received.saturating_add(len as u64);
                talk.receive(room.get(..len).unwrap_or_default()).map_err(refused)?;
            }
            Step::Done => break,
        }
    }
    // What is here already cannot be the target's: a TLS server waits to be spoken to. The executor may have had enough of
    // many small reads in a row, so it gets its turn first.
    yield_now().await;
    match poll_once(socket.read(&mut [0; 1])) {
        core::task::Poll::Pending => Ok(()),
        core::task::Poll::Ready(Ok(0)) => Err(refused(ProxyError::ClosedBehind)),
        core::task::Poll::Ready(Ok(_)) => Err(refused(ProxyError::TooTalkative)),
        core::task::Poll::Ready(Err(error)) => Err(broken(error)),
    }
}
