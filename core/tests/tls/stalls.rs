//! Peers that stop in the middle, whatever they are in the middle of: the driver, in virtual time. Every wait ends by
//! itself, with a name for what was waited for.

use crate::support::peer::Rustls;
use crate::support::pki::Authority;
use crate::support::wire::{Peer, Silent, Socket, Wire};
use crate::support::{Nothing, TODAY, rng};
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
use aclk_core::stage::{Failure, Stage};
use aclk_core::store::Saved;
use aclk_core::tls::{RECORD_READ_LEN, anchor};
use aclk_core::transport::Network;
use aclk_core::wire::url::Url;
use embedded_io_async::ErrorKind;
use embedded_nal_async::{AddrType, Dns, TcpConnect};
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A clock that stands still until everybody waits.
#[derive(Default)]
struct Virtual {
    now: Cell<Duration>,
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
struct Net {
    wire: Wire,
    names_resolve: bool,
    connects: bool,
    closes: bool,
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
fn run(clock: &Virtual, wire: &Wire, server: &mut dyn Peer, step: Duration, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let mut idle = 0;
    loop {
        clock.next.set(None);
        let before = wire.moved();
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
        server.step(wire);
        idle = if wire.moved() == before { idle + 1 } else { 0 };
        if idle > 2 {
            idle = 0;
            let next = clock.next.get().expect("a wait without a deadline");
            clock.now.set(next.min(clock.now.get().saturating_add(step)));
        }
    }
}

/// The one attempt at a claim that `net` and `server` make of it: how long it took, and how it failed.
fn claim(net: &Net, root: &Authority, server: &mut dyn Peer, clock: &Virtual, step: Duration) -> (Duration, Failure) {
    let guid = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
    let settings = Settings {
        url: Url::parse("https://localhost").unwrap(),
        id: guid,
        machine_guid: guid,
        hostname: "edge-1".try_into().unwrap(),
        token: Secret::copy_of(b"token").unwrap(),
        rooms: "".try_into().unwrap(),
        claim_attempts: Some(1),
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    };
    let mut key = SoftwareKey::new();
    key.import_pem(include_bytes!("../../../tests/pair/fixtures/private.pem")).unwrap();
    let anchors = [anchor(&root.der).unwrap()];
    let buffers = Buffers { receive: vec![0; 8 << 10], send: vec![0; 4 << 10], queries: vec![0; 4 << 10] };
    let node = RefCell::new(Node::new(NoDevice::default(), &settings, &Saved::default(), clock.now()));
    let mut agent = Agent::new(Goal::Claim, settings, Saved::default(), buffers, [1; 32], clock.now());
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
        anchors: &anchors,
        build_unix_seconds: 0,
        tls_read: &mut vec![0; RECORD_READ_LEN],
        tls_write: &mut vec![0; 2_048],
    };
    run(clock, &net.wire, server, step, drive(&mut agent, machine));
    assert_eq!(told.0.len(), 1, "{:?}", told.0);
    (clock.now.get(), told.0.remove(0))
}

fn net() -> Net {
    Net { wire: Wire::default(), names_resolve: true, connects: true, closes: true }
}

const FOREVER: Duration = Duration::MAX;

#[test]
fn a_network_that_does_not_answer_is_given_up_on() {
    let root = Authority::new();
    for (net, stage, seconds, cause) in [
        (Net { names_resolve: false, ..net() }, Stage::Dns, 10, "no answer about \"localhost\" within 10 s"),
        (Net { connects: false, ..net() }, Stage::Tcp, 10, "127.0.0.1:443: no answer within 10 s"),
        (net(), Stage::Tls, 20, "no complete handshake within 20 s"),
    ] {
        let (took, failure) = claim(&net, &root, &mut Silent, &Virtual::default(), FOREVER);
        println!("{took:?}: {failure}");
        assert_eq!((failure.stage, failure.cause.as_str()), (stage, cause));
        assert_eq!(took, Duration::from_secs(seconds));
    }
}

#[test]
fn a_server_that_stops_after_any_number_of_bytes_is_given_up_on() {
    let root = Authority::new();
    let identity = root.localhost();
    let (mut in_handshake, mut in_answer) = (0, 0);
    for quota in (0..).step_by(3) {
        let net = net();
        net.wire.set_quota(quota);
        let (took, failure) = claim(&net, &root, &mut Rustls::new(&identity), &Virtual::default(), FOREVER);
        match failure.cause.as_str() {
            "no complete handshake within 20 s" => in_handshake += 1,
            "no complete reply within 30 s" | "a TLS record did not come to its end" => in_answer += 1,
            // The whole answer came, and was an echo.
            cause if cause.starts_with("the answer is not HTTP") => break,
            cause => panic!("{quota} bytes: {cause}"),
        }
        assert!(took <= Duration::from_secs(31), "{quota} bytes: {took:?}");
    }
    println!("given up on at {in_handshake} points of the handshake and {in_answer} of the answer");
    assert!(in_handshake > 200 && in_answer > 100);
}

/// A server whose bytes arrive one by one, a second apart.
struct Slow<'c> {
    server: Rustls,
    behind: Wire,
    clock: &'c Virtual,
    queue: std::collections::VecDeque<u8>,
    last: Duration,
}

impl Peer for Slow<'_> {
    fn step(&mut self, wire: &Wire) {
        self.behind.put_to_server(&wire.receive());
        self.server.step(&self.behind);
        self.queue.extend(self.behind.take_for_client());
        if self.clock.now.get() >= self.last + Duration::from_secs(1)
            && let Some(byte) = self.queue.pop_front()
        {
            self.last = self.clock.now.get();
            wire.send(&[byte]);
        }
    }
}

#[test]
fn a_server_that_sends_a_byte_a_second_does_not_keep_us_waiting() {
    let root = Authority::new();
    let (net, clock) = (net(), Virtual::default());
    let mut server = Slow {
        server: Rustls::new(&root.localhost()),
        behind: Wire::default(),
        clock: &clock,
        queue: std::collections::VecDeque::new(),
        last: Duration::ZERO,
    };
    let (took, failure) = claim(&net, &root, &mut server, &clock, Duration::from_millis(500));
    assert_eq!(failure.cause.as_str(), "no complete handshake within 20 s");
    assert!(took <= Duration::from_secs(21), "{took:?}");
}

#[test]
fn a_peer_that_does_not_let_go_is_left() {
    let root = Authority::new();
    let net = Net { closes: false, ..net() };
    let (took, failure) = claim(&net, &root, &mut Rustls::new(&root.localhost()), &Virtual::default(), FOREVER);
    assert!(failure.cause.as_str().starts_with("the answer is not HTTP"), "{failure}");
    assert!(took <= Duration::from_secs(1), "{took:?}");
}
