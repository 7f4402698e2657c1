//! What the driver needs of a network: names, connections, and a way to end them.

use core::net::IpAddr;
use embedded_io_async::Write;
use embedded_nal_async::{AddrType, Dns, TcpConnect};

/// How many addresses of one name are tried.
pub const ADDRESSES: usize = 8;

/// The addresses of a host, in the order in which they are tried.
pub type Addresses = heapless::Vec<IpAddr, ADDRESSES>;

/// A TCP/IP stack: the traits of `embedded-nal-async`, and two things they cannot say.
///
/// A connection that is dropped must release its socket at once, without lingering.
pub trait Network: TcpConnect + Dns {
    /// All addresses of `host` into `out`, in the order in which they should be tried.
    ///
    /// The default asks [`Dns`], which yields one address.
    ///
    /// # Errors
    /// Whatever the resolver reports. An empty list is not an error here.
    async fn addresses(&self, host: &str, out: &mut Addresses) -> Result<(), <Self as Dns>::Error> {
        out.clear();
        let address = self.get_host_by_name(host, AddrType::Either).await?;
        let _ = out.push(address);
        Ok(())
    }

    /// Ends `connection` in order: what was written is sent, then FIN. The driver puts a deadline on it and drops the
    /// connection if that passes.
    ///
    /// The default flushes and drops, which is right where dropping sends FIN.
    async fn close<'a>(&'a self, mut connection: <Self as TcpConnect>::Connection<'a>) {
        let _ = connection.flush().await;
    }
}
