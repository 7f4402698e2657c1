//! From a host name to a connection through a proxy.

use super::connection::{Work, within};
use super::establish::{Establish, NotEstablished, Socket};
use super::{Observer, tunnel};
use crate::clock::Clock;
use crate::stage::{Failure, Stage};
use crate::transport::{ADDRESSES, Network};
use crate::wire::proxy::{Proxy, Scheme, Target};
use core::net::{IpAddr, SocketAddr};
use core::pin::pin;

/// What to look at if nobody takes a connection.
const IS_IT_RUNNING: &str = "is the proxy running, and are its host and port right?";

impl<'n, N: Network, C: Clock, O: Observer> Establish<'n, '_, N, C, O> {
    /// A connection through `proxy`.
    ///
    /// With SOCKS5 names are looked up here, and every address that they have may need an attempt of its own, each on a new
    /// connection. All that happens behind the first connection to the proxy has one deadline.
    pub(super) async fn tunnel(&mut self, proxy: &Proxy, buffer: &mut [u8]) -> Option<Socket<'n, N>> {
        let (host, port) = (self.host, self.port);
        let found = self.resolve(proxy.host(), "the proxy ").await;
        let proxy_addresses = self.advise(found, "is the name of the proxy written as it should be?")?;
        let targets = match proxy.scheme() {
            Scheme::Socks5 => {
                let found = self.resolve(host, "").await;
                in_order(&self.advise(found, "with socks5h:// the proxy looks up the name")?)
            }
            Scheme::Http | Scheme::Socks5h => heapless::Vec::from_array([None]),
        };
        let begun = self.clock.instant();
        let reached = self.connect(&proxy_addresses, proxy.port(), "the proxy ").await;
        let (socket, proxy_address) = self.advise(reached, IS_IT_RUNNING)?;
        self.tell(Stage::Tcp, begun, 0, 0);

        let begun = self.clock.instant();
        let (clock, network, span) = (self.clock, self.network, self.timing.proxy);
        let mut traffic = tunnel::Traffic::default();
        let mut first = Some(socket);
        let negotiated = {
            let negotiating: Work<'_, Result<Socket<'n, N>, NotEstablished>> = pin!(async {
                let mut last = None;
                for address in targets {
                    let mut socket = match first.take() {
                        Some(socket) => socket,
                        None => {
                            let remote = SocketAddr::new(proxy_address, proxy.port());
                            let connect = network.connect(remote).await;
                            connect.map_err(|error| {
                                Failure::new(Stage::Tcp, format_args!("the proxy {remote}: {error}"))
                                    .hint(IS_IT_RUNNING)
                            })?
                        }
                    };
                    let target = Target { host, address, port };
                    match tunnel::negotiate(&mut socket, proxy, target, &mut traffic, buffer).await {
                        Ok(()) => return Ok(socket),
                        Err(refusal) if refusal.is_about_address => last = Some(refusal),
                        Err(refusal) => return Err(refusal.into()),
                    }
                }
                Err(last.map_or_else(|| Failure::new(Stage::Dns, "there is no address to ask for").into(), Into::into))
            });
            within(clock, span, negotiating).await
        };
        match negotiated {
            Some(Ok(socket)) => {
                self.tell(Stage::Proxy, begun, traffic.sent, traffic.received);
                Some(socket)
            }
            Some(Err(not_established)) => self.fail(not_established),
            None => {
                let cause = format_args!("{}: made no tunnel within {} s", proxy.endpoint(), span.as_secs());
                let hint =
                    "the proxy took the connection and does not answer: is it overloaded, or this the wrong port?";
                self.fail(Failure::new(Stage::Proxy, cause).hint(hint))
            }
        }
    }
}

/// IPv4 first, as the original: a proxy may well have no IPv6 (protocol.md 4.6).
fn in_order(addresses: &[IpAddr]) -> heapless::Vec<Option<IpAddr>, ADDRESSES> {
    let (v4, v6) = (addresses.iter().filter(|ip| ip.is_ipv4()), addresses.iter().filter(|ip| ip.is_ipv6()));
    v4.chain(v6).copied().map(Some).collect()
}
