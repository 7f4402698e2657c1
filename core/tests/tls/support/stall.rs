//! One attempt at a claim, driver and all, over a network in memory and in virtual time: for peers that keep us waiting.

use super::pki::Authority;
use super::wire::{Peer, Socket, Wire};
use super::{Nothing, TODAY, rng};
use aclk_core::clock::{Clock, Instant, Trust, WallTime};
use aclk_core::driver::{Machine, NoControl, Observer, drive};
use aclk_core::engine::event::{Event, Goal};
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::NoDevice;
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::stage::Failure;
use aclk_core::store::Saved;
use aclk_core::tls::{Anchors, RECORD_READ_LEN, anchor};
use aclk_core::transport::Network;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use embedded_io_async::ErrorKind;
use embedded_nal_async::{AddrType, Dns, TcpConnect};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::prelude::v1::*;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A clock that stands still until everybody waits.
#[derive(Default)]
pub struct Virtual {
    pub now: Cell<Duration>,
    next: Cell<Option<Duration>>,
}

impl Clock for Virtual {
    fn instant(&self) -> Instant {
        Instant::START + self.now.get()
    }

    fn wall(&self) -> WallTime {
        WallTime { unix_us: TODAY * 1_000_000 + self.instant().as_micros(), trust: Trust::Trusted }
    }

    async fn sleep_until(&self, deadline: Instant) {
        let deadline = deadline.since(Instant::START);
        poll_fn(|_| {
            if self.now.get() >= deadline {
                return Poll::Ready(());
            }
            self.next.set(Some(self.next.get().map_or(deadline, |next| next.min(deadline))));
            Poll::Pending
        })
        .await;
    }
}

/// A network that works until it no longer does.
pub struct Net {
    pub wire: Wire,
    pub names_resolve: bool,
    pub connects: bool,
    pub closes: bool,
}

impl TcpConnect for Net {
    type Error = ErrorKind;
    type Connection<'a> = Socket;

    async fn connect(&self, _: SocketAddr) -> Result<Socket, ErrorKind> {
        if self.connects { Ok(self.wire.socket()) } else { pending().await }
    }
}

impl Dns for Net {
    type Error = Infallible;

    async fn get_host_by_name(&self, _: &str, _: AddrType) -> Result<IpAddr, Infallible> {
        if self.names_resolve { Ok(Ipv4Addr::LOCALHOST.into()) } else { pending().await }
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}

impl Network for Net {
    async fn close(&self, _: Socket) {
        if !self.closes {
            pending::<()>().await;
        }
    }
}

#[derive(Default)]
struct Told(Vec<Failure>);

impl Observer for Told {
    fn event(&mut self, event: &Event<'_>) {
        if let Event::ClaimFailed { failure, .. } = event {
            self.0.push((*failure).clone());
        }
    }
}

/// Runs `future` and `server`; when both wait, time passes: to the next deadline, or by `step` if that is less.
///
/// False if there is a wait without a deadline: it goes on an hour later.
pub fn run(
    clock: &Virtual,
    wire: &Wire,
    server: &mut dyn Peer,
    step: Duration,
    future: impl Future<Output = ()>,
) -> bool {
    let mut future = pin!(future);
    let (mut idle, mut is_without_deadline) = (0, false);
    loop {
        clock.next.set(None);
        let before = wire.moved();
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        server.step(wire);
        idle = if wire.moved() == before { idle + 1 } else { 0 };
        if idle > 2 {
            idle = 0;
            let next = match clock.next.get() {
                Some(next) => next.min(clock.now.get().saturating_add(step)),
                None if is_without_deadline => return false,
                None => clock.now.get() + Duration::from_secs(3_600),
            };
            is_without_deadline = clock.next.get().is_none();
            clock.now.set(next);
        }
    }
}

/// The one attempt at a claim that `net` and `server` make of it: how long it took, and how it failed. `None` if it waits
/// for ever.
pub fn claim(
    net: &Net,
    root: &Authority,
    server: &mut dyn Peer,
    clock: &Virtual,
    step: Duration,
) -> Option<(Duration, Failure)> {
    let guid = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
    let settings = Settings {
        url: Url::parse("https://localhost").unwrap(),
        id: guid,
        machine_guid: guid,
        hostname: "edge-1".try_into().unwrap(),
        token: Secret::copy_of(b"token").unwrap(),
        rooms: "".try_into().unwrap(),
        claim_attempts: Some(1),
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    };
    let mut key = SoftwareKey::new();
    key.import_pem(include_bytes!("../../../../tests/pair/fixtures/private.pem")).unwrap();
    let anchors = [anchor(&root.der).unwrap()];
    let buffers = Buffers { receive: vec![0; 8 << 10], send: vec![0; 4 << 10], queries: vec![0; 4 << 10] };
    let node = RefCell::new(Node::new(NoDevice::default(), &settings, &Saved::default(), clock.now()));
    let mut agent = Agent::new(Goal::Claim, &settings, &Saved::default(), buffers, [1; 32], clock.now());
    let mut told = Told::default();
    let machine = Machine {
        network: net,
        clock,
        store: &mut Nothing,
        key: &mut key,
        rng: &mut rng(),
        observer: &mut told,
        control: &mut NoControl,
        node: &node,
        anchors: Anchors::new(&anchors),
        build_unix_seconds: 0,
        tls_read: &mut vec![0; RECORD_READ_LEN],
        tls_write: &mut vec![0; 2_048],
    };
    run(clock, &net.wire, server, step, drive(&mut agent, machine)).then(|| {
        assert_eq!(told.0.len(), 1, "{:?}", told.0);
        (clock.now.get(), told.0.remove(0))
    })
}

/// A network that does its work.
pub fn net() -> Net {
    Net { wire: Wire::default(), names_resolve: true, connects: true, closes: true }
}

/// A step that does not limit how far time goes at once.
pub const FOREVER: Duration = Duration::MAX;
