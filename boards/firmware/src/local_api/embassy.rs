//! The API on the device's own TCP/IP stack.

use super::{Buffers, Pages, Server, Socket};
use crate::network::NetError;
use aclk_core::clock::Clock;
use core::pin::pin;
use embassy_futures::join::join;
use embassy_net::Stack;
use embassy_net::tcp::{State, TcpSocket};
use embassy_time::{Duration, with_timeout};
use embedded_io_async::{ErrorType, Read, Write};

/// Connections that a device serves at once. Another one is refused by the stack.
pub const SOCKETS: usize = 2;

/// Bytes of a request line and its headers.
const HEAD: usize = 1536;
/// Bytes of an answer that are written at a time.
const PIECE: usize = super::PIECE_MIN;
/// TCP window and send buffer of a connection, in bytes.
const TCP_RECEIVE: usize = 1 << 10;
const TCP_SEND: usize = 1 << 10;
/// A peer that has not been heard of for so long while something waits for it is gone: without this, one that never
/// completes a handshake would keep a socket for ever.
const PEER_IS_GONE: Duration = Duration::from_secs(10);
/// How long a RST may take to leave before the socket is used again.
const RESET_LEAVES_WITHIN: Duration = Duration::from_millis(100);

/// All memory of one connection.
pub struct ApiMemory {
    head: [u8; HEAD],
    piece: [u8; PIECE],
    receive: [u8; TCP_RECEIVE],
    send: [u8; TCP_SEND],
}

impl ApiMemory {
    /// All zero, so that a `static` costs no flash.
    #[must_use]
    pub const fn new() -> Self {
        Self { head: [0; HEAD], piece: [0; PIECE], receive: [0; TCP_RECEIVE], send: [0; TCP_SEND] }
    }
}

impl Default for ApiMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// Serves on `port` of `stack`, for ever; a port of 0 is none.
pub(crate) async fn listen<C: Clock, P: Pages>(
    stack: Stack<'_>,
    port: u16,
    memory: &mut [ApiMemory; SOCKETS],
    server: &Server<'_, C, P>,
) {
    let [first, second] = memory;
    // Pinned where they are made: an array of futures is built on the stack, several times over.
    let (first, second) = (pin!(one(stack, port, first, server)), pin!(one(stack, port, second, server)));
    join(first, second).await;
}

/// Serves one connection after the other.
async fn one<C: Clock, P: Pages>(stack: Stack<'_>, port: u16, memory: &mut ApiMemory, server: &Server<'_, C, P>) {
    let ApiMemory { head, piece, receive, send } = memory;
    let mut socket = TcpSocket::new(stack, receive, send);
    socket.set_timeout(Some(PEER_IS_GONE));
    while socket.accept(port).await.is_ok() {
        // With so few sockets nobody may keep one for later.
        server.serve(&mut Client(&mut socket), Buffers { head, piece }, || false).await;
        // One that ended in order can listen again at once.
        if !matches!(socket.state(), State::Closed | State::TimeWait) {
            socket.abort();
            let _ = with_timeout(RESET_LEAVES_WITHIN, socket.flush()).await;
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
