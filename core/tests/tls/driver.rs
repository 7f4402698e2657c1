//! The driver against a server that leaves it no time to breathe.

use crate::support::pki::Authority;
use crate::support::script::{APPLICATION_DATA, HANDSHAKE, NEW_SESSION_TICKET, Scripted, Server, message, ticket};
use crate::support::wire::{Peer, Silent, Socket, Wire, drive_while};
use crate::support::{Nothing, TODAY, rng, today};
use aclk_core::clock::{Clock, Instant, WallTime};
use aclk_core::driver::{Command, Control, Machine, Observer, drive};
use aclk_core::engine::event::{Event, Goal};
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::{CIPHERTEXT_LEN, Key, KeyError, PLAINTEXT_MAX, PRIVATE_PEM_MAX, Progress, PublicPem};
use aclk_core::metrics::NoDevice;
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::stage::{Failure, Purpose};
use aclk_core::store::{Claim, Saved};
use aclk_core::tls::{Anchors, RECORD_READ_LEN};
use aclk_core::transport::Network;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use embedded_io_async::ErrorKind;
use embedded_nal_async::{AddrType, Dns, TcpConnect};
use rand_core::CryptoRng;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::task::Poll;
use std::time::Duration;

/// One connection, which is there already.
struct OneConnection {
    wire: Wire,
    is_taken: Cell<bool>,
}

impl TcpConnect for OneConnection {
    type Error = ErrorKind;
    type Connection<'a> = Socket;

    async fn connect(&self, _remote: SocketAddr) -> Result<Socket, ErrorKind> {
        if self.is_taken.replace(true) { Err(ErrorKind::ConnectionRefused) } else { Ok(self.wire.socket()) }
    }
}

impl Dns for OneConnection {
    type Error = ErrorKind;

    async fn get_host_by_name(&self, _host: &str, _kind: AddrType) -> Result<IpAddr, ErrorKind> {
        Ok(Ipv4Addr::LOCALHOST.into())
    }

    async fn get_host_by_address(&self, _address: IpAddr, _name: &mut [u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::Unsupported)
    }
}

impl Network for OneConnection {}

/// A clock that goes on by ten milliseconds whenever somebody looks at it.
#[derive(Default)]
struct Ticking(Cell<u64>);

impl Clock for Ticking {
    fn instant(&self) -> Instant {
        self.0.set(self.0.get() + 10_000);
        Instant::from_micros(self.0.get())
    }

    fn wall(&self) -> WallTime {
        today()
    }

    async fn sleep_until(&self, deadline: Instant) {
        self.until(deadline.as_micros()).await;
    }
}

impl Ticking {
    async fn until(&self, us: u64) {
        poll_fn(|_| if self.0.get() >= us { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// A key that takes so many steps to make.
struct Slow(u8);

impl Key for Slow {
    fn is_present(&self) -> bool {
        self.0 == 0
    }

    fn generate_step(&mut self, _rng: &mut dyn CryptoRng) -> Result<Progress, KeyError> {
        self.0 -= 1;
        Ok(Progress { done: self.0 == 0, ..Progress::default() })
    }

    fn public_pem(&self) -> Result<PublicPem, KeyError> {
        Ok(PublicPem::new())
    }

    fn decrypt(
        &self,
        _ciphertext: &[u8; CIPHERTEXT_LEN],
        _rng: &mut dyn CryptoRng,
    ) -> Result<Secret<PLAINTEXT_MAX>, KeyError> {
        Err(KeyError::Missing)
    }

    fn private_pem(&self) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError> {
        Err(KeyError::NotExportable)
    }

    fn import_pem(&mut self, _pem: &[u8]) -> Result<(), KeyError> {
        Err(KeyError::Unsupported)
    }
}

/// Remembers the first failure, and how much of the flood was still to come then.
struct Watch {
    wire: Wire,
    failure: Option<(Failure, usize)>,
}

impl Observer for Watch {
    fn event(&mut self, event: &Event<'_>) {
        if let Event::Offline { failure } | Event::ClaimFailed { failure, .. } = *event {
            self.failure.get_or_insert((failure.clone(), self.wire.unread()));
        }
    }
}

/// Somebody who stops the device at a certain time.
struct StopAt<'c>(&'c Ticking, u64);

impl Control for StopAt<'_> {
    async fn next(&mut self) -> Command {
        self.0.until(self.1).await;
        Command::Stop
    }
}

/// Somebody who stops the device in the middle of a record, once it has sent its request.
struct StopOnceStalled(Wire);

impl Control for StopOnceStalled {
    async fn next(&mut self) -> Command {
        let is_stalled = || self.0.application_records() > 0 && self.0.unread() == 0;
        poll_fn(|_| if is_stalled() { Poll::Ready(Command::Stop) } else { Poll::Pending }).await
    }
}

/// Somebody who claims the device while it is busy.
struct ClaimElsewhere(Option<Saved>);

impl Control for ClaimElsewhere {
    async fn next(&mut self) -> Command {
        match self.0.take() {
            Some(saved) => Command::Reload(saved),
            None => std::future::pending().await,
        }
    }
}

fn claimed() -> Saved {
    let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
    Saved { claimed: Some(Claim { id, url: Url::parse("https://localhost").unwrap() }), pending: None, node: None }
}

/// How a run ended.
struct Outcome {
    /// How it failed first, and how many bytes of the server were unread then.
    failure: Option<(Failure, usize)>,
    /// How many were unread in the end.
    unread: usize,
    /// Whether the driver came to its end; otherwise it waits for something that will not happen.
    is_done: bool,
}

/// Runs a device until it is stopped or at rest.
fn run(
    saved: Saved,
    clock: &Ticking,
    control: &mut impl Control,
    network: &OneConnection,
    authority: &Authority,
    server: &mut dyn Peer,
) -> Outcome {
    let guid = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
    let settings = Settings {
        url: Url::parse("https://localhost").unwrap(),
        id: guid,
        machine_guid: guid,
        hostname: heapless::String::new(),
        token: Secret::copy_of(b"token").unwrap(),
        rooms: heapless::String::new(),
        claim_attempts: Some(1),
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing { farewell: Duration::ZERO, ..Timing::DEFAULT },
        limits: Limits::DEVICE,
    };
    let buffers = Buffers { receive: vec![0; 8192], send: vec![0; 4096], queries: vec![0; 4096] };
    let node = RefCell::new(Node::new(NoDevice::default(), &settings, &saved, clock.now()));
    let mut agent = Agent::new(Goal::ClaimAndLink, &settings, &saved, buffers, [7; 32], clock.now());
    let mut watch = Watch { wire: network.wire.clone(), failure: None };
    let anchors = [aclk_core::tls::anchor(&authority.der).unwrap()];
    let machine = Machine {
        network,
        clock,
        store: &mut Nothing,
        key: &mut Slow(3),
        rng: &mut rng(),
        observer: &mut watch,
        control,
        node: &node,
        anchors: Anchors::new(&anchors),
        build_unix_seconds: TODAY,
        tls_read: &mut vec![0; RECORD_READ_LEN],
        tls_write: &mut vec![0; 2048],
    };
    let is_done = drive_while(&network.wire, server, drive(&mut agent, machine)).is_some();
    Outcome { failure: watch.failure, unread: network.wire.unread(), is_done }
}

/// Runs a device against a server that follows the handshake with `flood`.
fn flooded(flood: impl FnOnce(&mut Server<'_>), stop_us: u64) -> Outcome {
    let authority = Authority::new();
    let identity = authority.localhost();
    let mut server = Scripted::new(&identity, |server| {
        server.handshake();
        flood(server);
    });
    let network = OneConnection { wire: Wire::default(), is_taken: Cell::new(false) };
    let clock = Ticking::default();
    run(claimed(), &clock, &mut StopAt(&clock, stop_us), &network, &authority, &mut server)
}

const NEVER: u64 = u64::MAX;
const CLOSED: &str = "the server closed the connection without an answer";

#[test]
fn a_flood_of_records_that_say_nothing_holds_up_no_deadline() {
    let empty = |server: &mut Server<'_>| (0..10_000).for_each(|_| server.encrypted(APPLICATION_DATA, b""));
    let tickets = |server: &mut Server<'_>| {
        (0..10_000).for_each(|_| server.encrypted(HANDSHAKE, &message(NEW_SESSION_TICKET, &ticket())));
    };
    for outcome in [flooded(empty, NEVER), flooded(tickets, NEVER)] {
        let (failure, unread) = outcome.failure.expect("it does not wait for ever");
        assert_eq!(failure.cause.as_str(), "no complete reply within 30 s");
        assert!(unread > 0, "the deadline came when the flood was over");
    }
}

#[test]
fn a_flood_does_not_keep_a_device_from_being_stopped() {
    let empty = |server: &mut Server<'_>| (0..10_000).for_each(|_| server.encrypted(APPLICATION_DATA, b""));
    let five = u64::try_from(Duration::from_secs(5).as_micros()).unwrap();
    let outcome = flooded(empty, five);
    assert!(outcome.is_done && outcome.failure.is_none());
    assert!(outcome.unread > 0, "it stopped when the flood was over");
}

#[test]
fn a_record_that_does_not_end_does_not_keep_a_device_from_being_stopped() {
    let authority = Authority::new();
    let identity = authority.localhost();
    let mut server = Scripted::new(&identity, |server| {
        server.handshake();
        server.raw(&[APPLICATION_DATA, 3, 3, 0, 100, 1, 2, 3]);
    });
    let network = OneConnection { wire: Wire::default(), is_taken: Cell::new(false) };
    let mut control = StopOnceStalled(network.wire.clone());
    let outcome = run(claimed(), &Ticking::default(), &mut control, &network, &authority, &mut server);
    assert!(outcome.is_done && outcome.failure.is_none(), "it waits for the rest of the record");
}

#[test]
fn a_reload_while_a_key_is_made_is_not_forgotten() {
    let network = OneConnection { wire: Wire::default(), is_taken: Cell::new(true) };
    let mut control = ClaimElsewhere(Some(claimed()));
    let clock = Ticking::default();
    let outcome = run(Saved::default(), &clock, &mut control, &network, &Authority::new(), &mut Silent);
    // It goes for the link, not for a claim.
    assert_eq!(outcome.failure.expect("nobody is there").0.purpose, Some(Purpose::Env));
}

#[test]
fn a_server_that_ends_the_connection_in_place_of_an_answer_is_named() {
    let goodbye = |server: &mut Server<'_>| server.close();
    let (failure, _) = flooded(goodbye, NEVER).failure.expect("it does not wait for ever");
    assert_eq!((failure.purpose, failure.cause.as_str()), (Some(Purpose::Env), CLOSED));
}
