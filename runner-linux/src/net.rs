//! The network of this machine: names by its resolver, connections by its sockets.

use crate::store::error::words;
use aclk_core::transport::{Addresses, Network};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use embedded_nal_async::{AddrType, Dns, TcpConnect};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The sockets of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HostNetwork;

/// What the network said. The driver names the host or address.
pub(crate) enum NetError {
    /// The name has no address.
    NoSuchHost,
    /// The name servers do not answer.
    Resolver,
    /// What was asked for cannot be done here.
    Unsupported,
    /// An error of the operating system.
    Io(io::Error),
}

impl NetError {
    /// The resolver's error codes get lost on the way to us; its words remain.
    fn of_lookup(error: &io::Error) -> Self {
        let text = error.to_string();
        // glibc says "Temporary failure in name resolution", musl "Try again".
        if text.contains("Temporary failure") || text.contains("Try again") { Self::Resolver } else { Self::NoSuchHost }
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchHost => f.write_str("no such host"),
            Self::Resolver => f.write_str("no name server answers: check the network connection"),
            Self::Unsupported => f.write_str("not supported"),
            Self::Io(error) => f.write_str(&words(error)),
        }
    }
}

/// `Dns` demands no more of its errors than `Debug`, so this is what people read.
impl fmt::Debug for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for NetError {}

impl embedded_io_async::Error for NetError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoSuchHost | Self::Resolver => ErrorKind::NotFound,
            Self::Unsupported => ErrorKind::Unsupported,
            Self::Io(error) => error.kind().into(),
        }
    }
}

/// An open connection. Dropping it releases the socket at once.
#[derive(Debug)]
pub(crate) struct Connection(TcpStream);

impl Connection {
    /// What came of an attempt to connect.
    pub(crate) fn of(connected: io::Result<TcpStream>) -> Result<Self, NetError> {
        let stream = connected.map_err(NetError::Io)?;
        // Every write is a whole message: there is nothing to wait for.
        stream.set_nodelay(true).map_err(NetError::Io)?;
        Ok(Self(stream))
    }
}

impl ErrorType for Connection {
    type Error = NetError;
}

impl Read for Connection {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, NetError> {
        self.0.read(buf).await.map_err(NetError::Io)
    }
}

impl Write for Connection {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, NetError> {
        self.0.write(buf).await.map_err(NetError::Io)
    }

    async fn flush(&mut self) -> Result<(), NetError> {
        self.0.flush().await.map_err(NetError::Io)
    }
}

impl TcpConnect for HostNetwork {
    type Error = NetError;
    type Connection<'a> = Connection;

    async fn connect(&self, remote: SocketAddr) -> Result<Connection, NetError> {
        Connection::of(TcpStream::connect(remote).await)
    }
}

impl Dns for HostNetwork {
    type Error = NetError;

    async fn get_host_by_name(&self, host: &str, addr_type: AddrType) -> Result<IpAddr, NetError> {
        let fits = |address: &IpAddr| match addr_type {
            AddrType::IPv4 => address.is_ipv4(),
            AddrType::IPv6 => address.is_ipv6(),
            AddrType::Either => true,
        };
        lookup(host).await?.find(fits).ok_or(NetError::NoSuchHost)
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, NetError> {
        Err(NetError::Unsupported)
    }
}

impl Network for HostNetwork {
    async fn addresses(&self, host: &str, out: &mut Addresses) -> Result<(), NetError> {
        collect(lookup(host).await?, out);
        Ok(())
    }

    async fn close<'a>(&'a self, connection: <Self as TcpConnect>::Connection<'a>) {
        let mut stream = connection.0;
        if stream.shutdown().await.is_err() {
            return;
        }
        // Closing with unread bytes makes the system send RST, which may overtake what the peer has not read yet.
        let mut rest = [0; 512];
        while matches!(stream.read(&mut rest).await, Ok(len) if len > 0) {}
    }
}

/// The addresses of `host` as the system sorts them (RFC 6724).
async fn lookup(host: &str) -> Result<impl Iterator<Item = IpAddr>, NetError> {
    let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| NetError::of_lookup(&error))?;
    Ok(found.map(|address| address.ip()))
}

/// Each address once; addresses beyond the limit are the least preferred ones.
fn collect(addresses: impl Iterator<Item = IpAddr>, out: &mut Addresses) {
    out.clear();
    for address in addresses {
        if !out.contains(&address) && out.push(address).is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HostNetwork, NetError, collect};
    use aclk_core::transport::{Addresses, Network};
    use embedded_io_async::{Error, ErrorKind, Read, Write};
    use embedded_nal_async::{AddrType, Dns, TcpConnect};
    use std::io;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn run(future: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), future).await.expect("it hangs") });
    }

    #[test]
    fn a_refused_connection_is_said_in_plain_words() {
        run(async {
            // Nobody listens there.
            let address = SocketAddr::from(([127, 0, 0, 1], 1));
            let error = HostNetwork.connect(address).await.unwrap_err();
            assert_eq!(error.to_string(), "connection refused");
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        });
    }

    #[test]
    fn addresses_are_their_own_names() {
        run(async {
            let mut addresses = Addresses::new();
            for (host, address) in
                [("127.0.0.1", IpAddr::from(Ipv4Addr::LOCALHOST)), ("::1", IpAddr::from(Ipv6Addr::LOCALHOST))]
            {
                HostNetwork.addresses(host, &mut addresses).await.unwrap();
                assert_eq!(addresses, [address]);
            }
            let wanted = HostNetwork.get_host_by_name("127.0.0.1", AddrType::IPv6).await.unwrap_err();
            assert_eq!(wanted.to_string(), "no such host");
        });
    }

    #[test]
    fn each_address_is_tried_once_and_the_first_eight_only() {
        let mut addresses = Addresses::new();
        collect([1, 2, 1, 3, 4, 5, 6, 7, 8, 9].map(|n| IpAddr::from([10, 0, 0, n])).into_iter(), &mut addresses);
        assert_eq!(addresses, [1, 2, 3, 4, 5, 6, 7, 8].map(|n| IpAddr::from([10, 0, 0, n])));
    }

    #[test]
    fn names_are_looked_up() {
        run(async {
            let mut addresses = Addresses::new();
            HostNetwork.addresses("localhost", &mut addresses).await.unwrap();
            assert!(addresses.contains(&IpAddr::from(Ipv4Addr::LOCALHOST)), "{addresses:?}");
        });
    }

    #[test]
    fn the_words_of_both_c_libraries_are_understood() {
        let lookup = |text| format!("{:?}", NetError::of_lookup(&io::Error::other(text)));
        for text in ["failed to lookup address information: Temporary failure in name resolution", "…: Try again"] {
            assert_eq!(lookup(text), "no name server answers: check the network connection");
        }
        for text in ["…: Name or service not known", "…: Name does not resolve"] {
            assert_eq!(lookup(text), "no such host");
        }
    }

    #[test]
    fn closing_sends_everything_and_waits_for_the_peer() {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let ended = Arc::new(AtomicBool::new(false));
            let tell = ended.clone();
            let peer = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                // Unread bytes on our side must not cost the peer what we sent.
                stream.write_all(&[7; 4096]).await.unwrap();
                let mut received = Vec::new();
                stream.read_to_end(&mut received).await.unwrap();
                tell.store(true, Ordering::Relaxed);
                received
            });
            let mut connection = HostNetwork.connect(address).await.unwrap();
            connection.read(&mut [0; 1]).await.unwrap();
            connection.write_all(b"farewell").await.unwrap();
            HostNetwork.close(connection).await;
            assert!(ended.load(Ordering::Relaxed), "the peer was not waited for");
            assert_eq!(peer.await.unwrap(), b"farewell");
        });
    }

    #[test]
    fn dropping_ends_the_connection() {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let connection = HostNetwork.connect(listener.local_addr().unwrap()).await.unwrap();
            let (mut stream, _) = listener.accept().await.unwrap();
            drop(connection);
            assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        });
    }
}
