//! A connection of this machine's sockets.

use crate::net::NetError;
use aclk_firmware::local_api::Socket;
use embedded_io_async::{ErrorType, Read, Write};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Whoever has connected.
pub(super) struct Client(TcpStream);

impl Client {
    pub(super) fn new(stream: TcpStream) -> Self {
        // Answers are written as large as they can be: there is nothing to wait for. If it cannot be set, it is slower.
        let _ = stream.set_nodelay(true);
        Self(stream)
    }
}

impl ErrorType for Client {
    type Error = NetError;
}

impl Read for Client {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, NetError> {
        self.0.read(buffer).await.map_err(NetError::Io)
    }
}

impl Write for Client {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, NetError> {
        self.0.write(bytes).await.map_err(NetError::Io)
    }

    async fn flush(&mut self) -> Result<(), NetError> {
        self.0.flush().await.map_err(NetError::Io)
    }
}

impl Socket for Client {
    async fn finish(&mut self) -> Result<(), NetError> {
        self.0.shutdown().await.map_err(NetError::Io)
    }
}
