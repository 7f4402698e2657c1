//! The transport traits over embassy-net, with connections that end the way they should.

use crate::counters::Counters;
use aclk_core::transport::{Addresses, Network};
use core::cell::{RefCell, RefMut};
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::{ConnectError, Error as TcpError, TcpSocket};
use embassy_net::{IpAddress, IpEndpoint, Stack};
use embassy_time::{Duration, with_timeout};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use embedded_nal_async::{AddrType, Dns, TcpConnect};

/// How long a RST may take to leave before the socket is used again.
const RESET_LEAVES_WITHIN: Duration = Duration::from_millis(100);

/// Why the network did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetError {
    /// The peer refused or reset the connection.
    Reset,
    /// There is no route to the peer.
    NoRoute,
    /// Nothing came from the peer for too long.
    TimedOut,
    /// The socket is in use by another connection.
    Busy,
    /// The name has no IPv4 address.
    NoSuchName,
    /// The name server does not answer, or there is none.
    NoAnswer,
    /// The name is not one.
    InvalidName,
    /// IPv6 is not supported here.
    Ipv6,
    /// The stack does not offer this.
    Unsupported,
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reset => "connection refused or reset by the peer",
            Self::NoRoute => "no route to the host",
            Self::TimedOut => "connection timed out",
            Self::Busy => "another connection is open",
            Self::NoSuchName => "no such host",
            Self::NoAnswer => "the name server does not answer",
            Self::InvalidName => "not a host name",
            Self::Ipv6 => "IPv6 is not supported by this device",
            Self::Unsupported => "not supported by this device",
        })
    }
}

impl core::error::Error for NetError {}

impl embedded_io_async::Error for NetError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Reset => ErrorKind::ConnectionReset,
            Self::TimedOut => ErrorKind::TimedOut,
            Self::Busy => ErrorKind::AddrInUse,
            Self::InvalidName => ErrorKind::InvalidInput,
            Self::NoSuchName => ErrorKind::NotFound,
            Self::Ipv6 | Self::Unsupported => ErrorKind::Unsupported,
            Self::NoRoute | Self::NoAnswer => ErrorKind::Other,
        }
    }
}

impl From<TcpError> for NetError {
    fn from(error: TcpError) -> Self {
        match error {
            TcpError::ConnectionReset => Self::Reset,
        }
    }
}

/// One TCP socket, used for one connection after the other.
///
/// embassy-net's own client drops connections without FIN or RST; here a connection that is closed sends FIN and waits
/// for it to be acknowledged, and one that is dropped sends RST.
pub struct EmbassyNetwork<'s> {
    stack: Stack<'s>,
    socket: RefCell<TcpSocket<'s>>,
    counters: &'s Counters,
}

impl<'s> EmbassyNetwork<'s> {
    /// A network on `stack`. The buffers are those of TCP; `receive` is the window. Connections are counted by `counters`.
    #[must_use]
    pub fn new(stack: Stack<'s>, receive: &'s mut [u8], send: &'s mut [u8], counters: &'s Counters) -> Self {
        Self { stack, socket: RefCell::new(TcpSocket::new(stack, receive, send)), counters }
    }

    /// Lets the RST of a connection that was dropped go out. To be called before the stack is dropped.
    pub async fn end(self) {
        let mut socket = self.socket.into_inner();
        let _ = with_timeout(RESET_LEAVES_WITHIN, socket.flush()).await;
    }
}

impl<'s> TcpConnect for EmbassyNetwork<'s> {
    type Error = NetError;

    type Connection<'a>
        = Connection<'a, 's>
    where
        Self: 'a;

    async fn connect<'a>(&'a self, remote: SocketAddr) -> Result<Connection<'a, 's>, NetError> {
        let IpAddr::V4(address) = remote.ip() else { return Err(NetError::Ipv6) };
        let socket = self.socket.try_borrow_mut().map_err(|_| NetError::Busy)?;
        let mut connection = Connection { socket, counters: self.counters, opened: false, ended: false };
        let socket = &mut connection.socket;
        // What the connection before left unsent (a RST, most likely) goes out first.
        socket.abort();
        let _ = with_timeout(RESET_LEAVES_WITHIN, socket.flush()).await;
        socket.connect(IpEndpoint::new(IpAddress::Ipv4(address), remote.port())).await.map_err(
            |error| match error {
                ConnectError::NoRoute => NetError::NoRoute,
                ConnectError::TimedOut => NetError::TimedOut,
                ConnectError::ConnectionReset => NetError::Reset,
                ConnectError::InvalidState => NetError::Busy,
            },
        )?;
        connection.opened = true;
        self.counters.tcp_opened.add(1);
        Ok(connection)
    }
}

impl Dns for EmbassyNetwork<'_> {
    type Error = NetError;

    async fn get_host_by_name(&self, host: &str, family: AddrType) -> Result<IpAddr, NetError> {
        if family == AddrType::IPv6 {
            return Err(NetError::Ipv6);
        }
        let mut addresses = Addresses::new();
        self.addresses(host, &mut addresses).await?;
        addresses.first().copied().ok_or(NetError::NoSuchName)
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, NetError> {
        Err(NetError::Unsupported)
    }
}

impl<'s> Network for EmbassyNetwork<'s> {
    async fn addresses(&self, host: &str, out: &mut Addresses) -> Result<(), NetError> {
        use embassy_net::dns::Error;

        out.clear();
        let found = self.stack.dns_query(host, DnsQueryType::A).await.map_err(|error| match error {
            Error::InvalidName | Error::NameTooLong => NetError::InvalidName,
            Error::Failed => NetError::NoSuchName,
        })?;
        for IpAddress::Ipv4(address) in found {
            let _ = out.push(IpAddr::V4(address));
        }
        Ok(())
    }

    async fn close<'a>(&'a self, mut connection: Connection<'a, 's>) {
        connection.socket.close();
        // Waits until the peer has acknowledged our FIN.
        connection.ended = connection.socket.flush().await.is_ok();
        // Nor is the socket used again before the peer has ended, too: a RST may overtake what it has not read yet.
        let mut rest = [0; 64];
        while matches!(connection.socket.read(&mut rest).await, Ok(len) if len > 0) {}
    }
}

/// The connection of an [`EmbassyNetwork`].
pub struct Connection<'a, 's> {
    socket: RefMut<'a, TcpSocket<'s>>,
    counters: &'s Counters,
    /// Whether it came to be.
    opened: bool,
    /// Whether it was closed in order.
    ended: bool,
}

impl Drop for Connection<'_, '_> {
    fn drop(&mut self) {
        if !self.ended {
            self.socket.abort();
            (if self.opened { &self.counters.tcp_reset } else { &self.counters.tcp_failed }).add(1);
        }
    }
}

impl ErrorType for Connection<'_, '_> {
    type Error = NetError;
}

impl Read for Connection<'_, '_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, NetError> {
        Ok(self.socket.read(buffer).await?)
    }
}

impl Write for Connection<'_, '_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, NetError> {
        Ok(self.socket.write(bytes).await?)
    }

    async fn flush(&mut self) -> Result<(), NetError> {
        Ok(self.socket.flush().await?)
    }
}
