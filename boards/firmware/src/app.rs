//! The application: from an address to the link.

use crate::clock::DeviceClock;
use crate::counters::Counters;
use crate::local_api::{self, ApiMemory, Holdings, NoPages, Server, Timing};
use crate::network::EmbassyNetwork;
use crate::sntp;
use aclk_core::clock::{Clock, Trust};
use aclk_core::driver::{self, Control, Observer};
use aclk_core::engine::event::{Event, Goal, StageReport};
use aclk_core::engine::{Agent, Buffers, QUERIES_MIN, RECEIVE_MIN, SEND_MIN};
use aclk_core::identity::key::Key;
use aclk_core::link::queries::{REFUSAL_MAX, TARGET_MAX};
use aclk_core::metrics;
use aclk_core::node::Node;
use aclk_core::settings::{Limits, Settings};
use aclk_core::stage::{Failure, Stage};
use aclk_core::store::{Saved, Store};
use aclk_core::tls::{self, Anchors};
use core::cell::RefCell;
use core::pin::{Pin, pin};
use embassy_futures::select::{Either, select};
use embassy_net::Stack;
use embassy_time::{Duration, Timer, with_timeout};
use rand_core::CryptoRng;

/// Bytes of HTTP reply or MQTT packet that a device takes; the Cloud is told so.
pub const RECEIVE: usize = RECEIVE_MIN;
/// Bytes of request that a device sends at a time. The longest is a claim: about 1 KB, and up to 1 KB of War Rooms.
pub const SEND: usize = SEND_MIN + 512;
/// Bytes for requests over the link that wait.
pub const QUERIES: usize = QUERIES_MIN * Limits::DEVICE.receive_maximum as usize;
const _: () = assert!(
    QUERIES >= REFUSAL_MAX * (1 + Limits::DEVICE.receive_maximum as usize) + TARGET_MAX,
    "the longest target fits beside the refusals that room is kept for"
);
/// TCP window, in bytes: one segment of the largest Ethernet frame, which is all that a driver with room for one takes at a
/// time.
pub const TCP_RECEIVE: usize = 1536;
/// TCP send buffer, in bytes.
pub const TCP_SEND: usize = 1 << 10;
/// Buffer for outgoing TLS records, in bytes: each carries 133 less.
pub const TLS_WRITE: usize = 1 << 10;
/// Sockets that a stack needs for this: TCP, DNS, DHCP, SNTP, and those of the local API.
pub const SOCKETS: usize = 4 + local_api::SOCKETS;
/// An address that takes longer to come is worth a word.
const ADDRESS_IS_LATE: Duration = Duration::from_secs(10);
/// How often a time server that does not answer is asked before the link begins without the time.
const TIME_ATTEMPTS: u32 = 3;
/// After that it is asked again, at first so much later and then after twice as long each time (RFC 4330 section 10).
const TIME_AGAIN: Duration = Duration::from_secs(64);
/// The longest time until it is asked again.
const TIME_AGAIN_MAX: Duration = Duration::from_secs(1024);

/// All memory the application needs beside its future: keep it in a `static` or on the heap, not on a stack.
///
/// `WINDOW` is the TCP window in bytes. With 536, the least that every host has to take (RFC 9293 3.7.1), frames of 590 bytes are
/// enough, and each round trip carries a third.
pub struct Memory<const WINDOW: usize = TCP_RECEIVE> {
    receive: [u8; RECEIVE],
    send: [u8; SEND],
    queries: [u8; QUERIES],
    tls_read: [u8; tls::RECORD_READ_LEN],
    tls_write: [u8; TLS_WRITE],
    tcp_receive: [u8; WINDOW],
    tcp_send: [u8; TCP_SEND],
    api: ApiMemory,
}

impl Memory {
    /// All zero, so that a `static` costs no flash.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_window()
    }
}

impl<const WINDOW: usize> Memory<WINDOW> {
    /// The same with a window of another size.
    #[must_use]
    pub const fn with_window() -> Self {
        Self {
            receive: [0; RECEIVE],
            send: [0; SEND],
            queries: [0; QUERIES],
            tls_read: [0; tls::RECORD_READ_LEN],
            tls_write: [0; TLS_WRITE],
            tcp_receive: [0; WINDOW],
            tcp_send: [0; TCP_SEND],
            api: ApiMemory::new(),
        }
    }
}

/// The part of the memory that the link has.
struct LinkMemory<'a> {
    buffers: Buffers<&'a mut [u8]>,
    tls_read: &'a mut [u8],
    tls_write: &'a mut [u8],
    tcp_receive: &'a mut [u8],
    tcp_send: &'a mut [u8],
}

impl<const WINDOW: usize> Memory<WINDOW> {
    /// What the link has, and what the local API has.
    const fn parts(&mut self) -> (LinkMemory<'_>, &mut ApiMemory) {
        let Self { receive, send, queries, tls_read, tls_write, tcp_receive, tcp_send, api } = self;
        (LinkMemory { buffers: Buffers { receive, send, queries }, tls_read, tls_write, tcp_receive, tcp_send }, api)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// What the product decides.
pub struct Device<'d> {
    /// Whether to claim, to link, or both.
    pub goal: Goal,
    /// Whom to claim for.
    pub settings: Settings,
    /// Whom TLS trusts.
    pub anchors: Anchors<'d>,
    /// When the firmware was built, in seconds since 1970.
    pub build_unix_seconds: u64,
    /// A time server: its host name, or its IPv4 address. `None` for a device that has no use for one: certificates are then
    /// checked at the time of the build, or at the time that [`DeviceClock::set`] was given.
    pub time_server: Option<&'d str>,
    /// The port of the local API, [`PORT`](local_api::PORT) usually. `None` for a device that answers over its link only.
    pub local_api: Option<u16>,
}

/// What the application needs of the machine.
pub struct Machine<'m, S, K, R, O, W> {
    /// Durable storage.
    pub store: &'m mut S,
    /// The key pair.
    pub key: &'m mut K,
    /// Randomness.
    pub rng: &'m mut R,
    /// The clock.
    pub clock: &'m DeviceClock,
    /// Told of everything that happens.
    pub observer: &'m mut O,
    /// Where wishes come from.
    pub control: &'m mut W,
    /// The node: what the board measures and is. [`BoardDevice`](crate::BoardDevice) is made for it, and
    /// [`Uptime`](metrics::Uptime) is the smallest one.
    pub node: &'m RefCell<Node<dyn metrics::Device + 'm>>,
    /// Counts what goes through the network: the same that the driver is [`Guarded`](crate::Guarded) with.
    pub counters: &'m Counters,
}

/// Runs the application until its goal is reached or it is told to stop, and serves the local API meanwhile.
///
/// The runner of `stack` belongs in a task of its own: embassy-net wakes it whenever a socket is looked at, and in the
/// same task that would be waking oneself by waiting.
pub async fn run<S, K, R, O, W, const WINDOW: usize>(
    stack: Stack<'_>,
    memory: &mut Memory<WINDOW>,
    machine: Machine<'_, S, K, R, O, W>,
    device: &Device<'_>,
) where
    S: Store,
    K: Key,
    R: CryptoRng,
    O: Observer,
    W: Control,
{
    let holdings = Holdings::new();
    let server = Server::new(machine.node, machine.clock, &NoPages, Timing::DEFAULT, &holdings);
    let (memory, api) = memory.parts();
    let port = device.local_api;
    // Neither knows what the other is, so that the stack of one is not a part of the other's.
    let serve: Pin<&mut dyn Future<Output = ()>> = pin!(async {
        if let Some(port) = port {
            local_api::listen(stack, port, api, &server).await;
        }
        core::future::pending::<()>().await;
    });
    let work: Pin<&mut dyn Future<Output = ()>> = pin!(work(stack, memory, machine, device));
    select(work, serve).await;
}

async fn work<S, K, R, O, W>(
    stack: Stack<'_>,
    memory: LinkMemory<'_>,
    machine: Machine<'_, S, K, R, O, W>,
    device: &Device<'_>,
) where
    S: Store,
    K: Key,
    R: CryptoRng,
    O: Observer,
    W: Control,
{
    let Machine { store, key, rng, clock, observer, control, node, counters } = machine;
    let begun = clock.instant();
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    let nonce = rng.next_u64();
    let network = EmbassyNetwork::new(stack, memory.tcp_receive, memory.tcp_send, counters);
    let mut agent = {
        // What was read from the store, unless somebody changed it while there was no network to use it on.
        let mut saved = None;
        // One wait: what is held over several has room of its own in the future, for as long as that lives.
        let is_ready = {
            let prepare: Pin<&mut dyn Future<Output = bool>> = pin!(async {
                let ready = {
                    let network = async {
                        address(stack, observer).await;
                        observer.event(&stage(Stage::Config, clock, begun));
                        if let Some(server) = device.time_server.filter(|_| clock.wall().trust == Trust::Floor) {
                            set_clock(stack, server, clock, device.build_unix_seconds, rng, observer).await;
                        }
                    };
                    let ready: Pin<&mut dyn Future<Output = _>> = pin!(select(network, stopped(control, &mut saved)));
                    ready.await
                };
                // A device that is not ready has nothing to say goodbye to: the first wish to stop ends it.
                if let Either::Second(()) = ready {
                    return false;
                }
                if saved.is_none()
                    && let Err(error) = load(store, &mut saved).await
                {
                    unreadable(observer, error);
                    return false;
                }
                true
            });
            prepare.await
        };
        if !is_ready {
            return;
        }
        let saved = saved.as_ref().unwrap_or(&NOTHING_SAVED);
        Agent::new(device.goal, &device.settings, saved, memory.buffers, seed, clock.now())
    };
    let machine = driver::Machine {
        network: &network,
        clock,
        store,
        key,
        rng,
        observer,
        control,
        node,
        anchors: device.anchors,
        build_unix_seconds: device.build_unix_seconds,
        tls_read: memory.tls_read,
        tls_write: memory.tls_write,
    };
    {
        // Whoever polls it does not know what it is, so that its stack is not a part of theirs.
        let link: Pin<&mut dyn Future<Output = ()>> = pin!(driver::drive(&mut agent, machine));
        let asking: Pin<&mut dyn Future<Output = ()>> =
            pin!(ask_again(stack, device.time_server, clock, device.build_unix_seconds, nonce));
        select(link, asking).await;
    }
    network.end().await;
}

/// Puts what the store has into `saved`.
async fn load<S: Store>(store: &mut S, saved: &mut Option<Saved>) -> Result<(), S::Error> {
    *saved = Some(store.load().await?);
    Ok(())
}

/// What a store has that is empty.
const NOTHING_SAVED: Saved = Saved { claimed: None, pending: None, node: None };

/// Says that nothing begins, because of what the store says.
fn unreadable(observer: &mut impl Observer, error: impl core::fmt::Display) {
    observer.event(&Event::Notice(&Failure::new(Stage::Storage, error)));
}

/// Waits for an address, and says so if that takes long.
async fn address(stack: Stack<'_>, observer: &mut impl Observer) {
    if with_timeout(ADDRESS_IS_LATE, stack.wait_config_up()).await.is_ok() {
        return;
    }
    let cause = if stack.is_link_up() { "no DHCP server has given one" } else { "the network link is down" };
    let seconds = ADDRESS_IS_LATE.as_secs();
    let failure = Failure::new(Stage::Config, format_args!("no address after {seconds} s, still trying: {cause}"));
    observer.event(&Event::Notice(&failure));
    stack.wait_config_up().await;
}

/// Asks for the time. A packet may get lost, so it asks more than once.
async fn set_clock(
    stack: Stack<'_>,
    server: &str,
    clock: &DeviceClock,
    build_unix_seconds: u64,
    rng: &mut impl CryptoRng,
    observer: &mut impl Observer,
) {
    let begun = clock.instant();
    for attempt in 1..=TIME_ATTEMPTS {
        match sntp::synchronise(stack, server, clock, build_unix_seconds, rng.next_u64()).await {
            Ok(()) => return observer.event(&stage(Stage::Clock, clock, begun)),
            Err(sntp::SntpError::NoReply) if attempt < TIME_ATTEMPTS => {}
            Err(error) => return observer.event(&Event::Notice(&clock_failure(error))),
        }
    }
}

/// Asks for the time beside the link for as long as there is none, so that a time server which was away when the device was
/// switched on does not keep it from a Cloud whose certificate is younger than its firmware. Never resolves.
///
/// `first` is the first nonce. Those behind it follow from it: who has seen one is on the path, and need not guess.
async fn ask_again(stack: Stack<'_>, server: Option<&str>, clock: &DeviceClock, build_unix_seconds: u64, first: u64) {
    /// Odd, so that no nonce comes twice.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let (mut nonce, mut pause) = (first, TIME_AGAIN);
    if let Some(server) = server {
        while clock.wall().trust == Trust::Floor {
            Timer::after(pause).await;
            // It was said already that there is no time.
            let _ = sntp::synchronise(stack, server, clock, build_unix_seconds, nonce).await;
            nonce = nonce.wrapping_add(STEP);
            pause = (pause * 2).min(TIME_AGAIN_MAX);
        }
    }
    core::future::pending().await
}

/// Waits for the wish to stop, and keeps what the store is said to hold by then.
async fn stopped(control: &mut impl Control, reloaded: &mut Option<Saved>) {
    loop {
        match control.next().await {
            driver::Command::Stop => return,
            driver::Command::Reload(saved) => *reloaded = Some(saved),
        }
    }
}

fn stage<'e>(stage: Stage, clock: &DeviceClock, begun: aclk_core::clock::Instant) -> Event<'e> {
    let elapsed = clock.instant().since(begun);
    Event::Stage(StageReport { purpose: None, stage, elapsed, sent: 0, received: 0 })
}

fn clock_failure(error: sntp::SntpError) -> Failure {
    let cause = match error {
        sntp::SntpError::NoAddress => "the name of the time server cannot be resolved",
        sntp::SntpError::NoReply => "the time server does not answer",
        sntp::SntpError::NoRoute => "there is no way to the time server",
        sntp::SntpError::Invalid => "the time server sent no valid reply",
        sntp::SntpError::Refused => "the time server has no time to tell",
        sntp::SntpError::TooEarly => "the time server tells a time before this program was built",
    };
    Failure::new(Stage::Clock, cause)
        .hint("it is asked again; until then certificates are checked at the time of the build")
}
