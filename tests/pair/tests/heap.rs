//! Nothing is allocated, but by the `rsa` crate while it decrypts: counted, from the first byte of a claim to the farewell.
#![allow(unsafe_code, reason = "a global allocator cannot be written without")]

use aclk_cloud::{Action, Cloud, Config, ConnectionId, Peer};
use aclk_core::api::state;
use aclk_core::body::Bodies;
use aclk_core::body::Prepared;
use aclk_core::clock::{Instant, Now, Trust, Utc, WallTime};
use aclk_core::engine::event::{Event, Goal, Input, Output};
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::{Device as _, Facts, Uptime};
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::store::Saved;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use aclk_pair::{GUID, PRIVATE_PEM};
use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt;
use std::time::Duration;

struct Counting;

thread_local! {
    /// Whether this thread counts, and what it has asked for: what runs the tests allocates beside them.
    static ON: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system allocator unchanged; counting neither allocates nor has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.get() {
            COUNT.set(COUNT.get() + 1);
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` allocates.
fn counted<T>(work: impl FnOnce() -> T) -> (T, usize) {
    COUNT.set(0);
    ON.set(true);
    let done = work();
    ON.set(false);
    (done, COUNT.get())
}

/// An output without its borrow.
enum Task {
    Connect(String),
    Send(Vec<u8>),
    Close,
    NeedKey,
    Decrypt([u8; 256]),
    Save,
    Event { online: bool, live: bool },
    Prepared(Prepared),
    Body(usize),
    Wait,
    Done,
}

struct Bench {
    agent: Agent<'static, Vec<u8>>,
    node: Node<Uptime<'static>>,
    bodies: Bodies,
    cloud: Cloud,
    connection: Option<ConnectionId>,
    allocations: usize,
    by_the_key: usize,
    by_decrypting: usize,
    online: bool,
    live: bool,
    calls: usize,
}

fn now() -> Now {
    let wall = WallTime { unix_us: 1_700_000_000_000_000, trust: Trust::Trusted };
    Now { instant: Instant::START, wall }
}

impl Bench {
    fn handle(&mut self, input: Input<'_>) {
        let ((), count) = counted(|| self.agent.handle(now(), input));
        self.allocations += count;
        self.calls += 1;
    }

    fn poll(&mut self) -> Task {
        let (task, count) = counted(|| {
            let output = self.agent.poll();
            // Copying it is the test's doing.
            ON.set(false);
            match output {
                Output::Connect { host, .. } => Task::Connect(host.to_owned()),
                Output::Send(bytes) => Task::Send(bytes.to_vec()),
                Output::Close => Task::Close,
                Output::NeedKey => Task::NeedKey,
                Output::Decrypt(ciphertext) => Task::Decrypt(*ciphertext),
                Output::Save(_) => Task::Save,
                Output::Event(event) => {
                    let (online, live) = (matches!(event, Event::Online { .. }), matches!(event, Event::Live { .. }));
                    Task::Event { online, live }
                }
                Output::Prepare(what) => {
                    ON.set(true);
                    Task::Prepared(self.bodies.prepare(what, &mut self.node, now()))
                }
                Output::Body(most) => Task::Body(most),
                Output::Wait(_) => Task::Wait,
                Output::Done => Task::Done,
            }
        });
        self.allocations += count;
        self.calls += 1;
        task
    }

    /// Runs until the engine waits and nothing is on its way, or it is done.
    fn run(&mut self, key: &SoftwareKey, rng: &mut ChaCha20Rng) {
        loop {
            match self.poll() {
                Task::Connect(host) => {
                    let peer = Peer { server_name: Some(host), address: None };
                    self.connection = Some(self.cloud.open(Duration::ZERO, peer));
                    self.handle(Input::Connected);
                }
                Task::Send(bytes) => {
                    let id = self.connection.expect("there is a connection");
                    self.cloud.receive(Duration::ZERO, id, &bytes);
                }
                Task::Close => {
                    if let Some(id) = self.connection.take() {
                        self.cloud.hang_up(Duration::ZERO, id);
                    }
                }
                Task::NeedKey => {
                    let (pem, count) = counted(|| key.public_pem());
                    self.by_the_key += count;
                    self.handle(Input::Key { public_pem: pem.expect("there is a key"), fresh: true });
                }
                Task::Decrypt(ciphertext) => {
                    let (answer, count) = counted(|| key.decrypt(&ciphertext, rng));
                    self.by_decrypting += count;
                    self.handle(Input::Decrypted(answer));
                }
                Task::Save => self.handle(Input::Saved),
                Task::Event { online, live } => {
                    self.online |= online;
                    self.live |= live;
                }
                Task::Prepared(prepared) => self.handle(Input::Prepared(prepared)),
                Task::Body(most) => {
                    let mut piece = [0; 512];
                    let piece = &mut piece[..most.min(512)];
                    let (len, count) = counted(|| self.bodies.fill(&mut self.node, piece));
                    self.allocations += count;
                    self.handle(Input::Body(&piece[..len]));
                }
                Task::Done => return,
                Task::Wait => {
                    if !self.deliver() {
                        return;
                    }
                }
            }
        }
    }

    /// Hands over what the Cloud has to say.
    fn deliver(&mut self) -> bool {
        let Some((id, action)) = self.cloud.poll(Duration::ZERO) else { return false };
        let Action::Send(bytes) = action else { return true };
        if self.connection == Some(id) {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() && self.connection == Some(id) {
                let (taken, count) = counted(|| self.agent.receive(now(), rest));
                self.allocations += count;
                self.calls += 1;
                rest = &rest[taken..];
                if taken == 0 {
                    break;
                }
            }
        }
        true
    }
}

/// Counts the bytes that are written to it.
struct Told(usize);

impl fmt::Write for Told {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

#[test]
fn the_engine_allocates_nothing() {
    let cloud = Cloud::new(Config::default());
    let guid = Guid::parse(GUID).expect("the GUID is valid");
    let settings = Settings {
        url: Url::parse("https://cloud.test").expect("the URL is valid"),
        id: guid,
        machine_guid: guid,
        hostname: "edge-1".try_into().expect("it fits"),
        token: Secret::copy_of(cloud.token().as_bytes()).expect("it fits"),
        rooms: cloud.rooms()[0].id.as_str().try_into().expect("it fits"),
        claim_attempts: Some(1),
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    };
    let mut key = SoftwareKey::new();
    let (imported, by_the_key) = counted(|| key.import_pem(PRIVATE_PEM.as_bytes()));
    imported.expect("the fixture is valid");
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let buffers = Buffers { receive: vec![0; 6 << 10], send: vec![0; 3 << 10], queries: vec![0; 3 << 10] };
    let node = Node::new(Uptime::new(Facts::default()), &settings, &Saved::default(), now());
    let settings = Box::leak(Box::new(settings));
    let (agent, made) =
        counted(|| Agent::new(Goal::ClaimAndLink, settings, &Saved::default(), buffers, [1; 32], now()));
    let bodies = Bodies::new();
    let mut bench = Bench {
        agent,
        node,
        bodies,
        cloud,
        connection: None,
        allocations: made,
        by_the_key,
        by_decrypting: 0,
        online: false,
        live: false,
        calls: 0,
    };
    bench.node.device.sample(now());
    bench.run(&key, &mut rng);
    assert!(bench.online && bench.live);
    let request = b"GET /api/v1/info HTTP/1.1\r\n\r\n";
    let query = bench.cloud.send_request(Duration::ZERO, GUID, request, Duration::from_secs(9)).expect("it is live");
    bench.run(&key, &mut rng);
    assert_eq!(bench.cloud.take_reply(&query).expect("it answers").expect("in time").code, 200);
    assert_eq!(bench.cloud.deviations(), []);
    bench.node.status.on_online(now());
    let mut told = Told(0);
    let (written, count) = counted(|| {
        state::write_text(&bench.node.status, now(), &Utc, &mut told)
            .and_then(|()| state::write_json(&bench.node.status, now(), &mut told))
    });
    written.expect("a counter takes everything");
    assert!(told.0 > 1_000, "{}", told.0);
    bench.allocations += count;
    bench.handle(Input::Stop);
    bench.run(&key, &mut rng);

    println!("engine: {} allocations in {} calls; key: {}", bench.allocations, bench.calls, bench.by_the_key);
    println!("engine state: {} bytes, and its two buffers", size_of::<Agent<Vec<u8>>>());
    assert_eq!((bench.allocations, bench.by_the_key), (0, 0));
    assert!(bench.by_decrypting > 0, "the counter does not count, or it is not the rsa crate that decrypts");
    assert!(bench.calls > 50);
}
