//! The driver through a proxy: what is looked up and connected to, what is told, and that TLS is as careful as without one.

use crate::support::peer::Rustls;
use crate::support::pki::{Authority, key};
use crate::support::stall::{FOREVER, Virtual, run};
use crate::support::wire::{Peer, Silent, Socket, Wire};
use crate::support::{Nothing, rng};
use aclk_core::clock::{Clock, Instant};
use aclk_core::driver::{Command, Control, Machine, Observer, drive};
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
use aclk_core::tls::{Anchors, RECORD_READ_LEN, anchor};
use aclk_core::transport::{Addresses, Network};
use aclk_core::wire::proxy::{Exceptions, Proxy};
use aclk_core::wire::url::Url;
use aclk_proxy::{Action, Config, Fault, Kind, Session};
use embedded_io_async::ErrorKind;
use embedded_nal_async::{AddrType, Dns, TcpConnect};
use rcgen::PKCS_ECDSA_P256_SHA256;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

/// A network that knows two names and connects to whatever it is asked for.
struct Net {
    wire: Wire,
    /// Names that were looked up, and addresses that were connected to.
    asked: RefCell<Vec<String>>,
    connections: Rc<Cell<usize>>,
}

impl TcpConnect for Net {
    type Error = ErrorKind;
    type Connection<'a> = Socket;

    async fn connect(&self, remote: SocketAddr) -> Result<Socket, ErrorKind> {
        self.asked.borrow_mut().push(remote.to_string());
        self.connections.set(self.connections.get() + 1);
        // What was meant for an earlier connection is lost with it.
        self.wire.take_for_client();
        self.wire.receive();
        Ok(self.wire.socket())
    }
}

impl Dns for Net {
    type Error = ErrorKind;

    async fn get_host_by_name(&self, _: &str, _: AddrType) -> Result<IpAddr, ErrorKind> {
        Err(ErrorKind::Unsupported)
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::Unsupported)
    }
}

impl Network for Net {
    async fn addresses(&self, host: &str, out: &mut Addresses) -> Result<(), ErrorKind> {
        self.asked.borrow_mut().push(host.to_owned());
        let found: &[IpAddr] = match host {
            "proxy.example" => &[IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))],
            // The system may well prefer IPv6.
            "localhost" => &[
                IpAddr::V6(Ipv6Addr::LOCALHOST),
                IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
                IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
            ],
            _ => return Err(ErrorKind::NotFound),
        };
        out.clear();
        out.extend(found.iter().copied());
        Ok(())
    }
}

/// A proxy, and a server behind it.
struct Behind<'s> {
    config: Config,
    session: Session,
    connections: Rc<Cell<usize>>,
    seen: usize,
    /// The first so many connections are refused.
    unreachable: usize,
    targets: Vec<String>,
    server: Option<&'s mut dyn Peer>,
    actions: VecDeque<Action>,
    is_passing: bool,
}

impl<'s> Behind<'s> {
    fn new(config: Config, net: &Net, server: Option<&'s mut dyn Peer>) -> Self {
        Self {
            session: Session::new(&config),
            config,
            connections: net.connections.clone(),
            seen: 0,
            unreachable: 0,
            targets: Vec::new(),
            server,
            actions: VecDeque::new(),
            is_passing: false,
        }
    }
}

impl Peer for Behind<'_> {
    fn step(&mut self, wire: &Wire) {
        if self.connections.get() != self.seen {
            self.seen = self.connections.get();
            self.session = Session::new(&self.config);
            self.is_passing = false;
        }
        if self.is_passing {
            if let Some(server) = &mut self.server {
                server.step(wire);
            }
            return;
        }
        self.session.receive(&wire.receive());
        while let Some(action) = self.session.poll() {
            match action {
                Action::Send(bytes) => wire.send(&bytes),
                Action::Connect(host, port) => {
                    self.targets.push(format!("{host}:{port}"));
                    self.session.on_connected(self.targets.len() > self.unreachable);
                }
                Action::Pass => self.is_passing = true,
                // The client goes on with a new connection on the same wire.
                Action::Close => self.actions.clear(),
            }
        }
    }
}

/// What an observer saw.
#[derive(Default)]
struct Told {
    stages: Vec<(Stage, bool, bool)>,
    failures: Vec<Failure>,
}

impl Observer for Told {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Stage(report) if report.purpose.is_some() => {
                self.stages.push((report.stage, report.sent > 0, report.received > 0));
            }
            Event::ClaimFailed { failure, .. } => self.failures.push((*failure).clone()),
            _ => {}
        }
    }
}

/// The one attempt at a claim, through `proxy`.
fn claim(proxy: &str, no_proxy: &'static str, net: &Net, root: &Authority, peer: &mut dyn Peer) -> (Told, Duration) {
    claim_until(proxy, no_proxy, net, root, peer, FOREVER)
}

/// Somebody who stops the device after a while.
struct StopAfter<'c>(&'c Virtual, Duration);

impl Control for StopAfter<'_> {
    async fn next(&mut self) -> Command {
        if self.1 == FOREVER {
            std::future::pending().await
        }
        self.0.sleep_until(Instant::START + self.1).await;
        Command::Stop
    }
}

fn claim_until(
    proxy: &str,
    no_proxy: &'static str,
    net: &Net,
    root: &Authority,
    peer: &mut dyn Peer,
    stop: Duration,
) -> (Told, Duration) {
    let guid = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
    let settings = Settings {
        url: Url::parse("https://localhost").unwrap(),
        id: guid,
        machine_guid: guid,
        hostname: "edge-1".try_into().unwrap(),
        token: Secret::copy_of(b"token").unwrap(),
        rooms: "".try_into().unwrap(),
        claim_attempts: Some(1),
        proxy: Some(Proxy::parse(proxy).unwrap()),
        no_proxy: Exceptions::new(no_proxy),
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    };
    let clock = Virtual::default();
    let mut key = SoftwareKey::new();
    key.import_pem(include_bytes!("../../../tests/pair/fixtures/private.pem")).unwrap();
    let anchors = [anchor(&root.der).unwrap()];
    let buffers = Buffers { receive: vec![0; 8 << 10], send: vec![0; 4 << 10], queries: vec![0; 4 << 10] };
    let node = RefCell::new(Node::new(NoDevice::default(), &settings, &Saved::default(), clock.now()));
    let mut agent = Agent::new(Goal::Claim, &settings, &Saved::default(), buffers, [1; 32], clock.now());
    let mut told = Told::default();
    let machine = Machine {
        network: net,
        clock: &clock,
        store: &mut Nothing,
        key: &mut key,
        rng: &mut rng(),
        observer: &mut told,
        control: &mut StopAfter(&clock, stop),
        node: &node,
        anchors: Anchors::new(&anchors),
        build_unix_seconds: 0,
        tls_read: &mut vec![0; RECORD_READ_LEN],
        tls_write: &mut vec![0; 2_048],
    };
    assert!(run(&clock, &net.wire, peer, FOREVER, drive(&mut agent, machine)), "a wait without a deadline");
    (told, clock.now.get())
}

fn net() -> Net {
    Net { wire: Wire::default(), asked: RefCell::default(), connections: Rc::default() }
}

const HTTP: &str = "http://alice:hunter2@proxy.example:3128";
const SOCKS: &str = "socks5://proxy.example";
const SOCKS_H: &str = "socks5h://proxy.example";

fn config(proxy: &str, fault: Option<Fault>) -> Config {
    let kind = if proxy == HTTP { Kind::Http } else { Kind::Socks };
    Config { fault, ..Config::new(kind) }
}

#[test]
fn the_name_of_the_proxy_is_looked_up_and_that_of_the_target_only_for_socks5() {
    let root = Authority::new();
    for (proxy, asked, target) in [
        (HTTP, &["proxy.example", "10.0.0.1:3128"][..], "localhost:443"),
        (SOCKS, &["proxy.example", "localhost", "10.0.0.1:1080"], "192.0.2.1:443"),
        (SOCKS_H, &["proxy.example", "10.0.0.1:1080"], "localhost:443"),
    ] {
        let (net, mut server) = (net(), Rustls::new(&root.localhost()));
        let mut peer = Behind::new(config(proxy, None), &net, Some(&mut server));
        let (told, _) = claim(proxy, "", &net, &root, &mut peer);
        assert_eq!(*net.asked.borrow(), asked, "{proxy}");
        assert_eq!(peer.targets, [target], "{proxy}");
        // The server is an echo, so it was reached through TLS that it has proved itself in.
        assert_eq!(told.failures[0].stage, Stage::Http, "{proxy}: {:?}", told.failures);
        assert_eq!(server.name(), Some("localhost"), "the name in TLS is the target's");
        let heard = String::from_utf8(server.heard).unwrap();
        assert!(heard.starts_with("PUT /api/v1/") && !heard.to_lowercase().contains("proxy"), "{heard}");
        let dns = if proxy == SOCKS { 2 } else { 1 };
        let mut expected = vec![(Stage::Dns, false, false); dns];
        expected.extend([(Stage::Tcp, false, false), (Stage::Proxy, true, true), (Stage::Tls, true, true)]);
        assert_eq!(told.stages, expected, "{proxy}");
    }
}

#[test]
fn an_exception_is_reached_without_the_proxy() {
    let root = Authority::new();
    let (net, mut server) = (net(), Rustls::new(&root.localhost()));
    let (told, _) = claim(HTTP, "example.com, localhost:443", &net, &root, &mut server);
    assert_eq!(*net.asked.borrow(), ["localhost", "[::1]:443"]);
    assert_eq!(told.failures[0].stage, Stage::Http);
}

#[test]
fn each_address_of_the_target_is_tried_on_a_connection_of_its_own() {
    let root = Authority::new();
    let (net, mut server) = (net(), Rustls::new(&root.localhost()));
    let mut peer = Behind::new(config(SOCKS, None), &net, Some(&mut server));
    peer.unreachable = 2;
    let (told, _) = claim(SOCKS, "", &net, &root, &mut peer);
    assert_eq!(peer.targets, ["192.0.2.1:443", "192.0.2.2:443", "::1:443"]);
    assert_eq!(net.connections.get(), 3);
    assert_eq!(told.failures[0].stage, Stage::Http, "{:?}", told.failures);

    let net = self::net();
    let mut peer = Behind::new(config(SOCKS, None), &net, None);
    peer.unreachable = 9;
    let (told, _) = claim(SOCKS, "", &net, &root, &mut peer);
    assert_eq!(
        told.failures[0].cause.as_str(),
        "proxy.example:1080: refused the connection: connection refused by the target (SOCKS reply 5)"
    );
}

#[test]
fn a_proxy_that_says_nothing_is_given_up_on() {
    let root = Authority::new();
    for proxy in [HTTP, SOCKS, SOCKS_H] {
        let net = net();
        let mut peer = Behind::new(config(proxy, Some(Fault::Hang)), &net, None);
        let (told, took) = claim(proxy, "", &net, &root, &mut peer);
        let failure = &told.failures[0];
        assert!(failure.cause.as_str().ends_with(": made no tunnel within 30 s"), "{failure}");
        assert!(failure.stage == Stage::Proxy && !failure.hint.is_empty());
        assert_eq!(took, Duration::from_secs(30));
    }
    // One whose tunnel leads nowhere.
    let net = net();
    let mut silent = Silent;
    let mut peer = Behind::new(config(HTTP, None), &net, Some(&mut silent));
    let (told, took) = claim(HTTP, "", &net, &root, &mut peer);
    assert_eq!((told.failures[0].stage, took), (Stage::Tls, Duration::from_secs(20)));
}

#[test]
fn a_proxy_that_says_nothing_does_not_keep_a_device_from_being_stopped() {
    let root = Authority::new();
    for proxy in [HTTP, SOCKS, SOCKS_H] {
        let (net, stop) = (net(), Duration::from_secs(5));
        let mut peer = Behind::new(config(proxy, Some(Fault::Hang)), &net, None);
        let (told, took) = claim_until(proxy, "", &net, &root, &mut peer, stop);
        assert!(told.failures.is_empty() && took == stop, "{took:?} {:?}", told.failures);
    }
}

#[test]
fn a_proxy_that_cannot_be_found_is_named_as_the_proxy() {
    let root = Authority::new();
    let net = net();
    let (told, _) = claim("http://nowhere.example", "", &net, &root, &mut Silent);
    assert_eq!(told.failures[0].to_string(), "dns: cannot resolve the proxy \"nowhere.example\": NotFound");
}

#[test]
fn what_comes_before_it_is_asked_for_is_refused_before_tls() {
    let root = Authority::new();
    for proxy in [HTTP, SOCKS, SOCKS_H] {
        let (net, mut server) = (net(), Rustls::new(&root.localhost()));
        let mut peer = Behind::new(config(proxy, Some(Fault::BytesBehind)), &net, Some(&mut server));
        let (told, _) = claim(proxy, "", &net, &root, &mut peer);
        let failure = &told.failures[0];
        assert_eq!(failure.stage, Stage::Proxy, "{failure}");
        assert!(failure.cause.as_str().ends_with("where only the Cloud may speak"), "{failure}");
        // Not even a ClientHello was sent.
        assert!(server.heard.is_empty() && server.name().is_none());
    }
}

/// A proxy that answers TLS itself: somebody in between, or one that breaks TLS open.
#[test]
fn a_proxy_that_answers_tls_itself_is_refused_and_learns_nothing() {
    let (root, other) = (Authority::new(), Authority::root("Test Impostor", key(&PKCS_ECDSA_P256_SHA256)));
    for proxy in [HTTP, SOCKS, SOCKS_H] {
        let (net, mut impostor) = (net(), Rustls::new(&other.localhost()));
        let mut peer = Behind::new(config(proxy, None), &net, Some(&mut impostor));
        let (told, _) = claim(proxy, "", &net, &root, &mut peer);
        let failure = &told.failures[0];
        assert_eq!(failure.stage, Stage::Tls, "{failure}");
        assert!(failure.hint.contains("goes through a proxy"), "{failure} {}", failure.hint);
        assert!(impostor.heard.is_empty(), "not a byte of the claim");
    }
}
