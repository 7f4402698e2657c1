//! TLS 1.3 over any transport, without a heap: [`Secure`].
//!
//! The protocol is spoken by embedded-tls 0.19, which accepts servers that prove nothing, panics on records that it does
//! not expect and loses bytes when a read is cancelled. Used here, it is enclosed from all sides:
//!
//! ```text
//!             bytes          plaintext records         TLS messages       records             TCP
//!  caller <=========> Secure <==== suite ====> embedded-tls <=====================> guard <=======> transport
//!                       ^          (every plaintext          ^                   (record layer,
//!                       |           is inspected)            |                    ServerHello)
//!                       +------------- shared ----------- verifier
//!                                                     (chain, name, time, signature)
//! ```
//!
//! | room | what it guarantees |
//! |---|---|
//! | `guard` | only records that RFC 8446 5 allows at this point; a header is never lost when a wait is cancelled |
//! | `hello` | the ServerHello answers what we offered (RFC 8446 4.1.3) |
//! | `suite`, `inspect` | whole messages, in order, of a shape that embedded-tls can read; nothing after the handshake but data, tickets and close_notify |
//! | `verifier`, `algorithms` | chain, host name and time by webpki, key usage and signature by us, each exactly once before the first byte of data |
//! | [`anchor`] | trust anchors from certificates |
//! | `guarantees` | nothing by itself: tests remove one guarantee of design.md 3.4 there, to see the attack work |
//!
//! What is offered: TLS_AES_128_GCM_SHA256 with secp256r1; ECDSA with P-256, with P-384 (feature `p384`), RSA (feature
//! `rsa`). What embedded-tls cannot do ends in a named failure: HelloRetryRequest, KeyUpdate, handshake messages that are
//! split over records. No resumption, no early data, no client certificate: a server that asks for one gets an empty list,
//! and its alert is reported if it insists.
//!
//! Nothing here waits for time: every call needs a deadline of the caller's, the handshake as a whole too. The futures are
//! not `Send`, because those of embedded-tls are not: run them where they were made.

// Without a heap an error carries its text with it.
#![allow(clippy::result_large_err)]

use crate::clock::WallTime;
use crate::stage::{Failure, Stage};
use core::future::Future;
use core::net::IpAddr;
use embedded_io_async::{BufRead, ErrorKind, Read, Write};
use embedded_tls::{CryptoProvider, TlsConfig, TlsConnection, TlsContext, TlsError, TlsVerifier};
use rand_core::CryptoRng;
use rustls_pki_types::{DnsName, ServerName};

mod algorithms;
mod anchors;
mod certificate;
pub(crate) mod guarantees;
mod guard;
mod hello;
mod inspect;
mod names;
mod random;
mod refusal;
mod shared;
mod shown;
mod suite;
mod time;
mod verifier;

use guarantees::{Guarantee, holds};
use guard::{Guard, HEADER};
use random::Random;
use refusal::{Refusal, Why};
use shared::Step;
use suite::{Delivery, Suite};
use verifier::Verifier;

pub use anchors::{AnchorError, Anchors, anchor};
pub use shared::Shared;
pub use shown::ServerCertificate;
pub(crate) use verifier::ADD_ROOT;

/// Bytes of the read buffer: one encrypted record (RFC 8446 5.2). More is not used.
pub const RECORD_READ_LEN: usize = *guard::ENCRYPTED.end();

/// Least bytes of the write buffer. It has to hold our ClientHello, 434 bytes for the longest host name.
pub const WRITE_MIN: usize = 512;

/// Most bytes of the write buffer that are used: a full record (RFC 8446 5.1).
pub const WRITE_MAX: usize = 16_384 + WRITE_OVERHEAD;

/// Bytes of the write buffer that do not hold data: embedded-tls keeps 128 free for tag and type, and 5 are the header.
/// A record carries the others.
pub const WRITE_OVERHEAD: usize = embedded_tls::TLS_RECORD_OVERHEAD + HEADER;

/// The memory of a connection, lent for its lifetime. `Debug` does not print what is in it: plaintext, at times.
pub struct Buffers<'b> {
    /// Received records: at least [`RECORD_READ_LEN`] bytes.
    pub read: &'b mut [u8],
    /// Records to send, each at most as long as this: [`WRITE_MIN`] to [`WRITE_MAX`] bytes.
    pub write: &'b mut [u8],
    /// What the parts of the connection tell each other; never to be looked at.
    pub shared: &'b mut Shared,
}

impl core::fmt::Debug for Buffers<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (read, write) = (self.read.len(), self.write.len());
        f.debug_struct("Buffers").field("read", &read).field("write", &write).finish_non_exhaustive()
    }
}

/// Whom to trust, and when.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// The certificates that a server's chain may end in.
    pub anchors: Anchors<'a>,
    /// The time of day. Certificates are checked against it, however little it is trusted; there is no way to switch
    /// that off but [`Anchors::insecure_anybody`].
    pub wall: WallTime,
    /// When this program was built, in seconds since 1970. Time is never taken to be earlier: a device without a clock
    /// ([`Trust::Floor`](crate::clock::Trust::Floor)) accepts a certificate that is valid at this time, and is told to
    /// set its clock if the certificate starts later.
    pub build_unix_seconds: u64,
}

/// What one [`Secure::read`] brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// So many bytes, one at least.
    Data(usize),
    /// A record without data (session ticket, padding). Wait with [`Secure::ready`] before the next read.
    Nothing,
    /// The end, announced by close_notify: everything has come.
    Closed,
    /// The end of the TCP connection without close_notify: what came may have been cut off, by anyone on the way.
    Cut,
}

/// Bytes of TLS records on the wire, handshake included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Taken by the transport.
    pub sent: u64,
    /// Read from the transport.
    pub received: u64,
}

/// A TLS 1.3 connection to a server that has proved who it is.
///
/// Only [`ready`](Self::ready) may be cancelled. A read, write or flush that is dropped before its end leaves a record half
/// done; every later call then fails, and [`close`](Self::close) sends nothing more. So select on `ready` and whatever
/// else there is to wait for, then read once, under a deadline that ends the connection.
pub struct Secure<'b, S: Read + Write + 'b> {
    connection: TlsConnection<'b, Guard<'b, S>, Suite>,
    shared: &'b Shared,
    end: Option<Received>,
    /// The error of the transport that ended the connection.
    broken: Option<ErrorKind>,
    /// Whether a read, write or flush has begun and not ended.
    is_busy: bool,
    /// Bytes of data that fill a record.
    record: usize,
    /// Bytes of data in the record that is being filled.
    filled: usize,
}

impl<'b, S: Read + Write + 'b> Secure<'b, S> {
    /// Shakes hands with `server_name`, a DNS name or an IP address, over `socket`.
    ///
    /// The socket is dropped on failure; pass `&mut socket` to keep it. Reading the socket must be cancel-safe, as it is for
    /// tokio and embassy-net, for [`ready`](Self::ready) to be so. An address is never sent as SNI, and has to be in the
    /// certificate as an address.
    ///
    /// # Errors
    /// At [`Stage::Tcp`] if the transport fails, else at [`Stage::Tls`]: the server refused, did not prove who it is, or
    /// did something that TLS 1.3 or embedded-tls does not allow; or buffers or trust anchors are missing.
    pub async fn open(
        socket: S,
        server_name: &str,
        policy: &Policy<'_>,
        buffers: Buffers<'b>,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, Failure> {
        Self::open_showing(socket, server_name, policy, buffers, rng, &mut |_| {}).await
    }

    /// The same; `show` is called with the certificate of the server before it is checked.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub async fn open_showing(
        socket: S,
        server_name: &str,
        policy: &Policy<'_>,
        buffers: Buffers<'b>,
        rng: &mut (impl CryptoRng + ?Sized),
        show: &mut dyn FnMut(&ServerCertificate<'_>),
    ) -> Result<Self, Failure> {
        let (mut secure, mut refused) = (None, None);
        Self::open_in(&mut secure, &mut refused, socket, server_name, policy, buffers, rng, show).await;
        match (secure, refused) {
            (Some(secure), None) => Ok(secure),
            (_, Some(failure)) => Err(failure),
            (None, None) => Err(Failure::new(Stage::Tls, "there is no connection")),
        }
    }

    /// The same, for whoever has little stack: the connection is made in `secure`, and why there is none is put into
    /// `refused`. If that is something in the end, or this was dropped, the connection is of no use.
    // One lent place more than clippy likes, and each is there to keep something large where it is.
    #[allow(clippy::too_many_arguments)]
    pub(crate) async fn open_in(
        secure: &mut Option<Self>,
        refused: &mut Option<Failure>,
        socket: S,
        server_name: &str,
        policy: &Policy<'_>,
        buffers: Buffers<'b>,
        rng: &mut (impl CryptoRng + ?Sized),
        show: &mut dyn FnMut(&ServerCertificate<'_>),
    ) {
        let Some((secure, host)) = Self::prepare(secure, refused, socket, server_name, policy, buffers) else { return };
        let mut config = TlsConfig::new();
        if cfg!(feature = "compact-rsa") {
            config = config.enable_rsa_signatures();
        }
        if let Some(name) = host.sni {
            config = config.with_server_name(name);
        }
        let shared = secure.shared;
        let mut provider =
            Provider { rng: Random(rng), verifier: Verifier::new(server_name, host.name, policy, shared, show) };
        let outcome = secure.connection.open(TlsContext::new(&config, &mut provider)).await;
        let verifier = &mut provider.verifier;
        // embedded-tls is content with a server that sent no certificate. Nothing has been sent to it but Finished.
        let is_proven = verifier.is_proven() || !holds(Guarantee::Proof);
        if outcome.is_err() || !is_proven {
            *refused = Some(explain_open(outcome.err(), shared, verifier));
            return;
        }
        shared.step.set(Step::Data);
        secure.is_busy = false;
    }

    /// A connection that has said nothing yet. It counts as abandoned until its handshake is over.
    // Its frame holds the connection once more, and is gone before the handshake.
    #[inline(never)]
    fn prepare<'s, 'n>(
        secure: &'s mut Option<Self>,
        refused: &mut Option<Failure>,
        socket: S,
        server_name: &'n str,
        policy: &Policy<'_>,
        buffers: Buffers<'b>,
    ) -> Option<(&'s mut Self, Host<'n>)> {
        let host = match Host::parse(server_name) {
            Ok(host) => host,
            Err(failure) => {
                *refused = Some(failure);
                return None;
            }
        };
        if policy.anchors.are_none() {
            *refused = Some(Failure::new(Stage::Tls, "no trust anchors: no server can prove who it is"));
            return None;
        }
        let Buffers { read, write, shared } = buffers;
        let (Some(read), true) = (read.get_mut(..RECORD_READ_LEN), write.len() >= WRITE_MIN) else {
            let cause =
                format_args!("TLS buffers are too small: {RECORD_READ_LEN} bytes to read, {WRITE_MIN} to write");
            *refused = Some(Failure::new(Stage::Tls, cause));
            return None;
        };
        let write_len = write.len().min(WRITE_MAX);
        let write = write.get_mut(..write_len).unwrap_or_default();
        *shared = Shared::new();
        let shared: &'b Shared = shared;
        let connection = TlsConnection::new(Guard::new(socket, shared), read, write);
        let record = write_len - WRITE_OVERHEAD;
        let opening = Self { connection, shared, end: None, broken: None, is_busy: true, record, filled: 0 };
        Some((secure.insert(opening), host))
    }

    /// Waits until [`read`](Self::read) has something to do: plaintext is left, the header of a record has come, or the
    /// connection has ended. May be cancelled at any time; nothing is lost.
    ///
    /// # Errors
    /// If the transport fails or the header is one that TLS does not allow.
    pub async fn ready(&mut self) -> Result<(), Broken> {
        if self.end.is_some() {
            return Ok(());
        }
        self.check()?;
        // The guard keeps the header and lets embedded-tls fail before it has begun.
        self.shared.pause.set(holds(Guarantee::Waiting));
        match self.connection.fill_buf().await {
            Ok(_) | Err(TlsError::Io(ErrorKind::Interrupted)) => Ok(()),
            Err(_) if self.shared.ended.get() => Ok(()),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Reads from the record at hand, or from the next one: exactly one, so that it does not wait any longer than the rest
    /// of the record that [`ready`](Self::ready) has seen begin. Not cancel-safe.
    ///
    /// After [`Received::Closed`] or [`Received::Cut`] every read says the same again.
    ///
    /// # Errors
    /// If the transport fails, a record is not authentic or not allowed, or the server sent a fatal alert.
    pub async fn read(&mut self, out: &mut [u8]) -> Result<Received, Broken> {
        if let Some(end) = self.end {
            return Ok(end);
        }
        self.check()?;
        if out.is_empty() {
            return Ok(Received::Nothing);
        }
        self.shared.pause.set(false);
        self.is_busy = holds(Guarantee::Waiting);
        let outcome = self.connection.fill_buf().await.map(|record| Taken::from(record, out));
        self.is_busy = false;
        match outcome {
            Ok(taken) => {
                self.connection.consume(taken.len);
                self.deliver(taken.received)
            }
            Err(_) if self.shared.ended.get() => self.deliver(Ok(Received::Cut)),
            Err(error) => Err(self.explain(error)),
        }
    }

    fn deliver(&mut self, received: Result<Received, Refusal>) -> Result<Received, Broken> {
        let received = received.map_err(|refusal| refused(refusal, self.shared))?;
        if matches!(received, Received::Closed | Received::Cut) {
            self.end = Some(received);
        }
        Ok(received)
    }

    /// Encrypts `data` and sends every record that is full; [`flush`](Self::flush) sends the rest. Not cancel-safe.
    ///
    /// # Errors
    /// If the transport fails, or the connection has failed before.
    pub async fn write_all(&mut self, data: &[u8]) -> Result<(), Broken> {
        self.check()?;
        self.is_busy = true;
        let mut rest = data;
        while !rest.is_empty() {
            // If the last byte fills the record, nothing is left whose flush would reach the transport.
            self.shared.flush.set(rest.len() == self.record - self.filled);
            let count = self.connection.write(rest).await.map_err(|error| self.explain(error))?;
            self.filled = (self.filled + count) % self.record;
            rest = rest.get(count..).unwrap_or_default();
        }
        self.is_busy = false;
        Ok(())
    }

    /// Sends everything that was written, and flushes the transport. Not cancel-safe.
    ///
    /// # Errors
    /// As for [`write_all`](Self::write_all).
    pub async fn flush(&mut self) -> Result<(), Broken> {
        self.check()?;
        self.is_busy = true;
        self.shared.flush.set(true);
        self.connection.flush().await.map_err(|error| self.explain(error))?;
        self.filled = 0;
        self.is_busy = false;
        Ok(())
    }

    /// Sends what was written and close_notify, as far as that still works, and gives the transport back.
    pub async fn close(self) -> S {
        Self::into_socket(self.into_closing().await)
    }

    /// The same in two steps, the second of which is [`into_socket`](Self::into_socket): each further future around this one
    /// would hold the connection once more.
    pub(crate) fn into_closing(self) -> impl Future<Output = Closed<'b, S>> {
        if self.check().is_err() {
            self.shared.mute.set(true);
        }
        self.shared.flush.set(true);
        self.connection.close()
    }

    /// The transport of a connection that was closed.
    pub(crate) fn into_socket(closed: Closed<'b, S>) -> S {
        match closed {
            Ok(guard) | Err((guard, _)) => guard.into_socket(),
        }
    }

    /// How many bytes went over the wire so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        traffic(self.shared)
    }

    /// Whether the connection can still be used.
    fn check(&self) -> Result<(), Broken> {
        if let Some(refusal) = self.shared.refusal() {
            return Err(refused(refusal, self.shared));
        }
        if let Some(kind) = self.broken {
            return Err(Broken(Reason::Socket(kind)));
        }
        if self.is_busy {
            return Err(Broken(Reason::Abandoned));
        }
        Ok(())
    }

    /// Gives the connection up, and says why.
    fn explain(&mut self, error: TlsError) -> Broken {
        if let TlsError::Io(kind) = error {
            self.broken = Some(kind);
        }
        explain(error, self.shared)
    }
}

/// What comes of closing a connection.
type Closed<'b, S> = Result<Guard<'b, S>, (Guard<'b, S>, TlsError)>;

/// Why a connection that was established cannot go on. Its [`Failure`] has the words, and a hundred times the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken(Reason);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The transport failed.
    Socket(ErrorKind),
    /// The server did what TLS or we do not allow, or said that it goes no further.
    Refused(Refusal),
    /// A read or write was dropped before its end.
    Abandoned,
}

impl From<Broken> for Failure {
    fn from(Broken(reason): Broken) -> Self {
        match reason {
            Reason::Socket(kind) => Self::new(Stage::Tcp, socket_error(kind)),
            Reason::Refused(refusal) => Self::new(Stage::Tls, refusal).hint(refusal.hint()),
            Reason::Abandoned => Self::new(Stage::Tls, "connection was abandoned in the middle of a record"),
        }
    }
}

impl core::fmt::Display for Broken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&Failure::from(*self), f)
    }
}

impl core::error::Error for Broken {}

impl<'b, S: Read + Write + 'b> core::fmt::Debug for Secure<'b, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Secure").field("end", &self.end).field("traffic", &self.traffic()).finish_non_exhaustive()
    }
}

/// What is taken out of a record at once.
struct Taken {
    /// Bytes of the record, the delivery byte of the suite counted as soon as nothing comes before it.
    len: usize,
    received: Result<Received, Refusal>,
}

impl Taken {
    fn from(record: &[u8], out: &mut [u8]) -> Self {
        let whole = |received| Self { len: record.len(), received };
        match Delivery::of(record) {
            Some(Delivery::Data([])) | Some(Delivery::Nothing) => whole(Ok(Received::Nothing)),
            Some(Delivery::Data(data)) => {
                let count = data.iter().zip(out.iter_mut()).map(|(from, to)| *to = *from).count();
                let is_last = count == data.len();
                Self { len: count + usize::from(is_last), received: Ok(Received::Data(count)) }
            }
            Some(Delivery::Closed) => whole(Ok(Received::Closed)),
            Some(Delivery::Refused(refusal)) => whole(Err(refusal)),
            None => whole(Err(Why::Unreadable.into())),
        }
    }
}

/// What a server is called, for the certificate and for SNI.
struct Host<'n> {
    name: ServerName<'n>,
    /// RFC 6066 3: DNS names only, without a dot at the end.
    sni: Option<&'n str>,
}

impl<'n> Host<'n> {
    fn parse(server_name: &'n str) -> Result<Self, Failure> {
        let unbracketed = server_name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(server_name);
        if let Ok(address) = unbracketed.parse::<IpAddr>() {
            // Not by the parser of rustls-pki-types: URLs take that of the standard library, and one is enough.
            let address = match address {
                IpAddr::V4(v4) => rustls_pki_types::IpAddr::V4(v4.octets().into()),
                IpAddr::V6(v6) => rustls_pki_types::IpAddr::V6(v6.segments().into()),
            };
            return Ok(Self { name: ServerName::IpAddress(address), sni: None });
        }
        let name = server_name.strip_suffix('.').unwrap_or(server_name);
        match DnsName::try_from(name) {
            Ok(dns) => Ok(Self { name: ServerName::DnsName(dns), sni: Some(name) }),
            Err(_) => Err(Failure::new(Stage::Tls, format_args!("\"{server_name}\" is not a host name"))),
        }
    }
}

/// What embedded-tls asks for during the handshake.
struct Provider<'p, R: ?Sized> {
    rng: Random<'p, R>,
    verifier: Verifier<'p>,
}

impl<R: CryptoRng + ?Sized> CryptoProvider for Provider<'_, R> {
    type CipherSuite = Suite;
    type Signature = &'static [u8];

    fn rng(&mut self) -> impl embedded_tls::CryptoRngCore {
        &mut self.rng
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Suite>, TlsError> {
        Ok(&mut self.verifier)
    }
}

fn traffic(shared: &Shared) -> Traffic {
    Traffic { sent: shared.sent.get(), received: shared.received.get() }
}

/// Why the handshake failed: whoever knows it best says it. Without an error the server has proved nothing.
#[inline(never)]
fn explain_open(error: Option<TlsError>, shared: &Shared, verifier: &mut Verifier<'_>) -> Failure {
    match (verifier.take_distrust(), error) {
        (Some(distrust), Some(_)) => Failure::new(Stage::Tls, distrust.cause).hint(distrust.hint),
        (_, Some(error)) => explain(error, shared).into(),
        (_, None) => refused(Why::Unproven.into(), shared).into(),
    }
}

/// Gives the connection up, and says why.
fn refused(refusal: Refusal, shared: &Shared) -> Broken {
    shared.refuse(refusal);
    Broken(Reason::Refused(refusal))
}

/// What embedded-tls reports.
fn explain(error: TlsError, shared: &Shared) -> Broken {
    let refusal = match (shared.refusal(), error) {
        (Some(refusal), _) => refusal,
        (None, TlsError::Io(kind)) => return Broken(Reason::Socket(kind)),
        (None, TlsError::CryptoError) => Why::Authentication.into(),
        (None, TlsError::InvalidKeyShare) => Why::KeyShare.into(),
        (None, TlsError::InvalidSignature) => Why::BadFinished.into(),
        (None, _) => Why::Unreadable.into(),
    };
    refused(refusal, shared)
}

/// The words for an error of the transport.
const fn socket_error(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::ConnectionReset => "connection reset by the server",
        ErrorKind::ConnectionAborted => "connection aborted",
        ErrorKind::NotConnected => "connection is not open",
        ErrorKind::BrokenPipe => "server no longer takes data",
        ErrorKind::TimedOut => "connection timed out",
        ErrorKind::WriteZero => "connection takes no more data",
        ErrorKind::OutOfMemory => "no memory for the connection",
        _ => "connection failed",
    }
}
