//! From a host name to a connection on which nothing but TLS has been spoken: name resolution, TCP, a proxy if there is one,
//! and the handshake.

use super::connection::{Work, within};
use super::{Evidence, Observer};
use crate::clock::{Clock, Instant};
use crate::engine::event::{Event, StageReport};
use crate::settings::Timing;
use crate::stage::{Failure, Purpose, Stage};
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
    /// Whom to connect to.
    pub(super) host: &'e str,
    pub(super) port: u16,
    pub(super) purpose: Purpose,
    /// Where it is put why there is no connection. Failures are large, and would be on the stack of everybody on the way.
    pub(super) failed: &'e mut Option<NotEstablished>,
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
    /// Puts a connection into `secure`. If there is none in the end, or this is dropped, what is in `secure` is of no use.
    pub(super) async fn run<'b>(
        mut self,
        buffers: Buffers<'b>,
        rng: &mut impl CryptoRng,
        secure: &mut Option<Secure<'b, Socket<'n, N>>>,
    ) where
        'n: 'b,
    {
        // Each has its own frame on the stack.
        let socket = match self.proxy {
            None => {
                let reaching: Work<'_, _> = pin!(self.reach());
                reaching.await
            }
            // Nobody has one: there is nothing to make it with.
            #[cfg(not(feature = "proxy"))]
            Some(_) => self.fail(Failure::new(Stage::Proxy, ProxyUrlError::NotBuiltIn)),
            // The buffer for TLS records is idle until the tunnel stands.
            #[cfg(feature = "proxy")]
            Some(proxy) => {
                let digging: Work<'_, _> = pin!(self.tunnel(proxy, &mut *buffers.write));
                digging.await
            }
        };
        let Some(socket) = socket else { return };
        let begun = self.clock.instant();
        let policy =
            Policy { anchors: self.anchors, wall: self.clock.wall(), build_unix_seconds: self.build_unix_seconds };
        let mut refused = None;
        let opened = {
            let (purpose, observer) = (self.purpose, &mut *self.observer);
            let mut show = |certificate: &ServerCertificate<'_>| {
                observer.evidence(&Evidence::Certificate { purpose, certificate });
            };
            let opening: Work<'_, ()> =
                pin!(Secure::open_in(secure, &mut refused, socket, self.host, &policy, buffers, rng, &mut show));
            within(self.clock, self.timing.tls, opening).await
        };
        if let (Some(()), None, Some(secure)) = (opened, &refused, &*secure) {
            let traffic = secure.traffic();
            self.tell(Stage::Tls, begun, traffic.sent, traffic.received);
        } else {
            self.not_secure(&mut refused);
        }
    }

    /// There is no connection for this reason, if it is not time.
    #[inline(never)]
    fn not_secure(&mut self, refused: &mut Option<Failure>) {
        let failure = match refused.take() {
            Some(failure) => self.with_proxy_in_mind(failure),
            None => {
                let seconds = self.timing.tls.as_secs();
                Failure::new(Stage::Tls, format_args!("no complete handshake within {seconds} s"))
            }
        };
        *self.failed = Some(failure.into());
    }

    /// There is no connection, because of this.
    pub(super) fn fail<T>(&mut self, why: impl Into<NotEstablished>) -> Option<T> {
        *self.failed = Some(why.into());
        None
    }

    /// Advice for the failure that has just been noted.
    #[cfg(feature = "proxy")]
    pub(super) fn advise<T>(&mut self, found: Option<T>, hint: &'static str) -> Option<T> {
        if let (None, Some(failed)) = (&found, &mut *self.failed) {
            failed.failure.hint = hint;
        }
        found
    }

    /// A direct connection.
    async fn reach(&mut self) -> Option<Socket<'n, N>> {
        let addresses = self.resolve(self.host, "").await?;
        let begun = self.clock.instant();
        let (socket, _) = self.connect(&addresses, self.port, "").await?;
        self.tell(Stage::Tcp, begun, 0, 0);
        Some(socket)
    }

    /// The addresses of `host`. `role` says whose host that is.
    pub(super) async fn resolve(&mut self, host: &str, role: &str) -> Option<Addresses> {
        let mut addresses = Addresses::new();
        if let Ok(address) = host.parse::<IpAddr>() {
            let _ = addresses.push(address);
            return Some(addresses);
        }
        let begun = self.clock.instant();
        let lookup = self.network.addresses(host, &mut addresses);
        let found = within(self.clock, self.timing.dns, pin!(lookup)).await;
        match found {
            Some(Ok(())) if addresses.is_empty() => {
                return self.fail(Failure::new(Stage::Dns, format_args!("{role}\"{host}\" has no address")));
            }
            Some(Ok(())) => {}
            Some(Err(error)) => {
                let cause = format_args!("cannot resolve {role}\"{host}\": {error:?}");
                return self.fail(Failure::new(Stage::Dns, cause));
            }
            None => {
                let seconds = self.timing.dns.as_secs();
                let cause = format_args!("no answer about {role}\"{host}\" within {seconds} s");
                return self.fail(Failure::new(Stage::Dns, cause));
            }
        }
        let purpose = self.purpose;
        self.observer.evidence(&Evidence::Resolved { purpose, host, addresses: &addresses });
        self.tell(Stage::Dns, begun, 0, 0);
        Some(addresses)
    }

    /// Tries one address after the other, and says which one it was.
    pub(super) async fn connect(
        &mut self,
        addresses: &[IpAddr],
        port: u16,
        role: impl Display + Copy,
    ) -> Option<(Socket<'n, N>, IpAddr)> {
        let purpose = self.purpose;
        *self.failed = Some(Failure::new(Stage::Tcp, "there is no address to connect to").into());
        for address in addresses {
            let remote = SocketAddr::new(*address, port);
            let attempt = within(self.clock, self.timing.tcp, pin!(self.network.connect(remote))).await;
            let failure = match attempt {
                Some(Ok(socket)) => {
                    self.observer.evidence(&Evidence::Reached { purpose, address: remote });
                    *self.failed = None;
                    return Some((socket, *address));
                }
                Some(Err(error)) => Failure::new(Stage::Tcp, format_args!("{role}{remote}: {error}")),
                None => {
                    let seconds = self.timing.tcp.as_secs();
                    Failure::new(Stage::Tcp, format_args!("{role}{remote}: no answer within {seconds} s"))
                }
            };
            self.observer.evidence(&Evidence::Unreached { purpose, failure: &failure });
            *self.failed = Some(failure.into());
        }
        None
    }

    /// A certificate of somebody unknown may be that of a proxy.
    fn with_proxy_in_mind(&self, failure: Failure) -> Failure {
        if self.proxy.is_some() && failure.hint == ADD_ROOT { failure.hint(BROKEN_OPEN) } else { failure }
    }

    pub(super) fn tell(&mut self, stage: Stage, begun: Instant, sent: u64, received: u64) {
        let purpose = Some(self.purpose);
        let elapsed = self.clock.instant().since(begun);
        self.observer.event(&Event::Stage(StageReport { purpose, stage, elapsed, sent, received }));
    }
}
