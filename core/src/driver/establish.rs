//! From a host name to a connection on which nothing but TLS has been spoken: name resolution, TCP, a proxy if there is one,
//! and the handshake.

use super::connection::{Endpoint, within};
use super::{Evidence, Observer};
use crate::clock::{Clock, Instant};
use crate::engine::event::{Event, StageReport};
use crate::settings::Timing;
use crate::stage::{Failure, Stage};
use crate::tls::{ADD_ROOT, Anchors, Buffers, Policy, Secure, ServerCertificate};
use crate::transport::{Addresses, Network};
use crate::wire::proxy::Proxy;
#[cfg(not(feature = "proxy"))]
use crate::wire::proxy::ProxyUrlError;
use core::fmt::Display;
use core::net::{IpAddr, SocketAddr};
use core::pin::pin;
use embedded_nal_async::TcpConnect;
use rand_core::CryptoRng;

/// Everything that is needed to establish a connection.
pub(super) struct Establish<'n, 'e, N, C, O> {
    pub(super) network: &'n N,
    pub(super) clock: &'e C,
    pub(super) observer: &'e mut O,
    pub(super) anchors: Anchors<'e>,
    pub(super) build_unix_seconds: u64,
    pub(super) timing: &'e Timing,
    /// The proxy that leads to the endpoint; `None` for a direct connection.
    pub(super) proxy: Option<&'e Proxy>,
    pub(super) endpoint: &'e Endpoint,
}

/// Why there is no connection.
pub(super) struct NotEstablished {
    pub(super) failure: Failure,
    /// Whether only a person can change that.
    pub(super) refused: bool,
}

impl From<Failure> for NotEstablished {
    fn from(failure: Failure) -> Self {
        Self { failure, refused: false }
    }
}

/// A connection of the network.
pub(super) type Socket<'n, N> = <N as TcpConnect>::Connection<'n>;

/// What to look at if the certificate is nobody's that is trusted, and there is a proxy.
const BROKEN_OPEN: &str = "the connection goes through a proxy: if that breaks TLS open and is to be trusted, add its root \
                           certificate to the trust anchors";

impl<'n, N: Network, C: Clock, O: Observer> Establish<'n, '_, N, C, O> {
    pub(super) async fn run<'b>(
        mut self,
        buffers: Buffers<'b>,
        rng: &mut impl CryptoRng,
    ) -> Result<Secure<'b, Socket<'n, N>>, NotEstablished>
    where
        'n: 'b,
    {
        let socket = match self.proxy {
            None => self.reach().await?,
            // Nobody has one: there is nothing to make it with.
            #[cfg(not(feature = "proxy"))]
            Some(_) => return Err(Failure::new(Stage::Proxy, ProxyUrlError::NotBuiltIn).into()),
            // The buffer for TLS records is idle until the tunnel stands.
            #[cfg(feature = "proxy")]
            Some(proxy) => self.tunnel(proxy, &mut *buffers.write).await?,
        };
        let begun = self.clock.instant();
        let policy =
            Policy { anchors: self.anchors, wall: self.clock.wall(), build_unix_seconds: self.build_unix_seconds };
        let opened = {
            let (purpose, observer) = (self.endpoint.purpose, &mut *self.observer);
            let mut show = |certificate: &ServerCertificate<'_>| {
                observer.evidence(&Evidence::Certificate { purpose, certificate });
            };
            let open = Secure::open_showing(socket, &self.endpoint.host, &policy, buffers, rng, &mut show);
            within(self.clock, self.timing.tls, pin!(open)).await
        };
        let secure = match opened {
            Some(Ok(secure)) => secure,
            Some(Err(failure)) => return Err(self.with_proxy_in_mind(failure).into()),
            None => {
                let seconds = self.timing.tls.as_secs();
                return Err(Failure::new(Stage::Tls, format_args!("no complete handshake within {seconds} s")).into());
            }
        };
        let traffic = secure.traffic();
        self.tell(Stage::Tls, begun, traffic.sent, traffic.received);
        Ok(secure)
    }

    /// A direct connection.
    async fn reach(&mut self) -> Result<Socket<'n, N>, Failure> {
        let endpoint = self.endpoint;
        let addresses = self.resolve(&endpoint.host, "").await?;
        let begun = self.clock.instant();
        let (socket, _) = self.connect(&addresses, endpoint.port, "").await?;
        self.tell(Stage::Tcp, begun, 0, 0);
        Ok(socket)
    }

    /// The addresses of `host`. `role` says whose host that is.
    pub(super) async fn resolve(&mut self, host: &str, role: &str) -> Result<Addresses, Failure> {
        let mut addresses = Addresses::new();
        if let Ok(address) = host.parse::<IpAddr>() {
            let _ = addresses.push(address);
            return Ok(addresses);
        }
        let begun = self.clock.instant();
        let lookup = self.network.addresses(host, &mut addresses);
        let found = within(self.clock, self.timing.dns, pin!(lookup)).await;
        match found {
            Some(Ok(())) if addresses.is_empty() => {
                return Err(Failure::new(Stage::Dns, format_args!("{role}\"{host}\" has no address")));
            }
            Some(Ok(())) => {}
            Some(Err(error)) => {
                return Err(Failure::new(Stage::Dns, format_args!("cannot resolve {role}\"{host}\": {error:?}")));
            }
            None => {
                let seconds = self.timing.dns.as_secs();
                let cause = format_args!("no answer about {role}\"{host}\" within {seconds} s");
                return Err(Failure::new(Stage::Dns, cause));
            }
        }
        let purpose = self.endpoint.purpose;
        self.observer.evidence(&Evidence::Resolved { purpose, host, addresses: &addresses });
        self.tell(Stage::Dns, begun, 0, 0);
        Ok(addresses)
    }

    /// Tries one address after the other, and says which one it was.
    pub(super) async fn connect(
        &mut self,
        addresses: &[IpAddr],
        port: u16,
        role: impl Display + Copy,
    ) -> Result<(Socket<'n, N>, IpAddr), Failure> {
        let purpose = self.endpoint.purpose;
        let mut last = Failure::new(Stage::Tcp, "there is no address to connect to");
        for address in addresses {
            let remote = SocketAddr::new(*address, port);
            let attempt = within(self.clock, self.timing.tcp, pin!(self.network.connect(remote))).await;
            match attempt {
                Some(Ok(socket)) => {
                    self.observer.evidence(&Evidence::Reached { purpose, address: remote });
                    return Ok((socket, *address));
                }
                Some(Err(error)) => last = Failure::new(Stage::Tcp, format_args!("{role}{remote}: {error}")),
                None => {
                    let seconds = self.timing.tcp.as_secs();
                    last = Failure::new(Stage::Tcp, format_args!("{role}{remote}: no answer within {seconds} s"));
                }
            }
            self.observer.evidence(&Evidence::Unreached { purpose, failure: &last });
        }
        Err(last)
    }

    /// A certificate of somebody unknown may be that of a proxy.
    fn with_proxy_in_mind(&self, failure: Failure) -> Failure {
        if cfg!(feature = "proxy") && self.proxy.is_some() && failure.hint == ADD_ROOT {
            failure.hint(BROKEN_OPEN)
        } else {
            failure
        }
    }

    pub(super) fn tell(&mut self, stage: Stage, begun: Instant, sent: u64, received: u64) {
        let purpose = Some(self.endpoint.purpose);
        let elapsed = self.clock.instant().since(begun);
        self.observer.event(&Event::Stage(StageReport { purpose, stage, elapsed, sent, received }));
    }
}
