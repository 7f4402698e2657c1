//! The sockets of one device: bound to an address of its own, so that thousands do not share the ports of one.

use crate::net::{Connection, HostNetwork, NetError};
use aclk_core::transport::{Addresses, Network};
use embedded_nal_async::{AddrType, Dns, TcpConnect};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use tokio::net::TcpSocket;

/// The network of a device at `source`. Names were looked up once, for the whole fleet.
#[derive(Debug, Clone)]
pub(super) struct FleetNetwork {
    pub(super) source: Ipv4Addr,
    pub(super) cloud: Rc<CloudAddress>,
}

/// The Cloud: on this machine.
#[derive(Debug)]
pub(super) struct CloudAddress {
    pub(super) host: String,
    pub(super) address: Ipv4Addr,
}

impl TcpConnect for FleetNetwork {
    type Error = NetError;
    type Connection<'a> = Connection;

    async fn connect(&self, remote: SocketAddr) -> Result<Connection, NetError> {
        let socket = TcpSocket::new_v4().map_err(NetError::Io)?;
        socket.bind(SocketAddr::from((self.source, 0))).map_err(NetError::Io)?;
        Connection::of(socket.connect(remote).await)
    }
}

impl Dns for FleetNetwork {
    type Error = NetError;

    async fn get_host_by_name(&self, host: &str, _: AddrType) -> Result<IpAddr, NetError> {
        if host.eq_ignore_ascii_case(&self.cloud.host) {
            Ok(self.cloud.address.into())
        } else {
            Err(NetError::NoSuchHost)
        }
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, NetError> {
        Err(NetError::Unsupported)
    }
}

impl Network for FleetNetwork {
    async fn addresses(&self, host: &str, out: &mut Addresses) -> Result<(), NetError> {
        out.clear();
        // One address always fits.
        let _ = out.push(self.get_host_by_name(host, AddrType::IPv4).await?);
        Ok(())
    }

    async fn close(&self, connection: Connection) {
        HostNetwork.close(connection).await;
    }
}
