//! The API on the device's own TCP/IP stack.

use super::{Buffers, Pages, Server, Socket};
use crate::network::NetError;
use aclk_core::clock::Clock;
use embassy_futures::poll_once;
use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_net::tcp::{State, TcpSocket};
use embassy_time::{Duration, with_timeout};
use embedded_io_async::{ErrorType, Read, Write};

/// Connections that a device takes: one is served, the other waits for its turn. A third one is refused by the stack.
pub const SOCKETS: usize = 2;

/// Bytes of a request line and its headers.
const HEAD: usize = 1 << 10;
/// Bytes of an answer that are written at a time.
const PIECE: usize = super::PIECE_MIN;
/// TCP window and send buffer of a connection, in bytes: a segment to every host (RFC 9293 3.7.1), and a piece.
const TCP_RECEIVE: usize = 536;
const TCP_SEND: usize = PIECE;
/// A peer that has not been heard of for so long while something waits for it is gone: without this, one that never
/// completes a handshake would keep a socket for ever.
const PEER_IS_GONE: Duration = Duration::from_secs(10);
/// How long a RST may take to leave before the socket is used again.
const RESET_LEAVES_WITHIN: Duration = Duration::from_millis(100);

/// All memory of the local API.
pub struct ApiMemory {
    head: [u8; HEAD],
    piece: [u8; PIECE],
    tcp: [TcpMemory; SOCKETS],
}

struct TcpMemory {
    receive: [u8; TCP_RECEIVE],
    send: [u8; TCP_SEND],
}

impl ApiMemory {
    /// All zero, so that a `static` costs no flash.
    #[must_use]
    pub const fn new() -> Self {
        let tcp = [const { TcpMemory { receive: [0; TCP_RECEIVE], send: [0; TCP_SEND] } }; SOCKETS];
        Self { head: [0; HEAD], piece: [0; PIECE], tcp }
    }
}

impl Default for ApiMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// Serves on `port` of `stack`, for ever; a port of 0 is none.
///
/// One connection is served at a time. Whoever asks again as soon as the answer is there finds the other socket, while the
/// first one is still being closed.
pub(crate) async fn listen<C: Clock, P: Pages>(
    stack: Stack<'_>,
    port: u16,
    memory: &mut ApiMemory,
    server: &Server<'_, C, P>,
) {
    let ApiMemory { head, piece, tcp: [first, second] } = memory;
    let mut sockets = [first, second].map(|TcpMemory { receive, send }| TcpSocket::new(stack, receive, send));
    for socket in &mut sockets {
        socket.set_timeout(Some(PEER_IS_GONE));
    }
    loop {
        let [next, last] = &mut sockets;
        // It has to listen even if somebody waits at the other: whom that one answers may come again at once.
        let _ = poll_once(arrival(last, port));
        let is_last = match select(arrival(next, port), arrival(last, port)).await {
            Either::First(true) => false,
            Either::Second(true) => true,
            // There is no such port.
            Either::First(false) | Either::Second(false) => return,
        };
        let socket = if is_last { last } else { next };
        // With so few sockets nobody may keep one for later.
        server.serve(&mut Client(socket), Buffers { head, piece }, || false).await;
        // One that ended in order can listen again at once.
        if !matches!(socket.state(), State::Closed | State::TimeWait) {
            socket.abort();
            let _ = with_timeout(RESET_LEAVES_WITHIN, socket.flush()).await;
        }
        // Whoever has waited meanwhile comes next.
        if !is_last {
            sockets.swap(0, 1);
        }
    }
}

/// Resolves when somebody has connected; `false` if that cannot be. Dropped, it leaves the socket as it is: it goes on taking
/// a connection.
async fn arrival(socket: &mut TcpSocket<'_>, port: u16) -> bool {
    loop {
        match socket.state() {
            State::Closed | State::TimeWait | State::Listen => return socket.accept(port).await.is_ok(),
            // It fails, and listens again, or the timeout closes it.
            State::SynReceived => _ = with_timeout(PEER_IS_GONE, socket.wait_write_ready()).await,
            _ => return true,
        }
    }
}

/// Whoever has connected.
struct Client<'a, 's>(&'a mut TcpSocket<'s>);

impl ErrorType for Client<'_, '_> {
    type Error = NetError;
}

impl Read for Client<'_, '_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, NetError> {
        Ok(self.0.read(buffer).await?)
    }
}

impl Write for Client<'_, '_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, NetError> {
        Ok(self.0.write(bytes).await?)
    }

    async fn flush(&mut self) -> Result<(), NetError> {
        Ok(self.0.flush().await?)
    }
}

impl Socket for Client<'_, '_> {
    async fn finish(&mut self) -> Result<(), NetError> {
        self.0.close();
        Ok(self.0.flush().await?)
    }
}
