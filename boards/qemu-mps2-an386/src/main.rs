//! The firmware on an emulated Cortex-M4, QEMU's board `mps2-an386`: an Ethernet controller, a serial line, and nothing of
//! the emulator's but that.
//!
//! | module | what |
//! |---|---|
//! | `time`, `interrupts` | the ground that embassy stands on |
//! | `ethernet`, `uart` | the outside |
//!
//! What it shares with others is in `aclk-cortex-m` (stack, last words) and `aclk-qemu` (executor, and for tests only:
//! flash and randomness of the host).
//!
//! `cargo xtask firmware --board qemu-mps2-an386 --run` runs it.
#![no_std]
#![no_main]

mod ethernet;
mod interrupts;
mod time;
mod uart;

use aclk_core::clock::Clock;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::Facts;
use aclk_core::node::Node;
use aclk_core::store::Saved;
use aclk_cortex_m::{last_words, stack};
use aclk_firmware::console::{Desk, console_with};
use aclk_firmware::flash::{AnchorMemory, FlashStore};
use aclk_firmware::{
    Board, BoardDevice, Counters, DeviceClock, Ended, Equipment, Guarded, Memory, Product, SOCKETS, SharedNode, Stack,
    run_from_flash,
};
use aclk_lan9118::{FRAME_MIN, Lan9118};
use aclk_qemu::test_only::{self, HostFlash};
use aclk_qemu::trace::Traced;
use aclk_qemu::{console, executor};
use chacha20::ChaCha20Rng;
use core::cell::RefCell;
use core::fmt;
use cortex_m::peripheral::SCB;
use cortex_m_rt::entry;
use embassy_executor::Spawner;
use embassy_net::{Config, DhcpConfig, Runner, StackResources};
use ethernet::Mps2;
use rand_core::Rng;
use static_cell::{ConstStaticCell, StaticCell};
use uart::{Keyboard, Printer, say};

/// The clock of the processor and of everything on the board.
pub(crate) const CLOCK_HZ: u32 = 25_000_000;

/// When the firmware was built, in seconds since 1970: no certificate is checked at an earlier time.
const BUILD_UNIX_SECONDS: u64 = include!(concat!(env!("OUT_DIR"), "/build_unix_seconds"));

/// The host name of a device whose flash has none.
const HOSTNAME: &str = "qemu-mps2-an386";

/// Samples that are kept: 16 dimensions for 24 seconds.
const VALUES: usize = 16 * 24;

/// TCP window in bytes, for which the smallest frames are enough.
const WINDOW: usize = 536;

type Ethernet = Guarded<'static, Lan9118<Mps2, FRAME_MIN>>;

/// The device as it measures itself.
type Measured = BoardDevice<'static, Mps2An386, (), VALUES>;

static CLOCK: StaticCell<DeviceClock> = StaticCell::new();
static COUNTERS: StaticCell<Counters> = StaticCell::new();
static DESK: StaticCell<Desk> = StaticCell::new();
static PRODUCT: StaticCell<Product> = StaticCell::new();
static NODE: StaticCell<RefCell<Node<Measured>>> = StaticCell::new();
static RNG: StaticCell<ChaCha20Rng> = StaticCell::new();
static STORE: StaticCell<FlashStore<HostFlash>> = StaticCell::new();
/// Not in its task, which would hold it twice.
static RUNNER: StaticCell<Runner<'static, Ethernet>> = StaticCell::new();
static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
static ANCHORS: ConstStaticCell<AnchorMemory> = ConstStaticCell::new(AnchorMemory::new());
static MEMORY: ConstStaticCell<Memory<WINDOW>> = ConstStaticCell::new(Memory::with_window());
static SAMPLES: ConstStaticCell<[f32; VALUES]> = ConstStaticCell::new([0.0; VALUES]);

/// What the board knows of itself.
struct Mps2An386;

impl Board for Mps2An386 {
    fn stack(&self) -> Option<Stack> {
        Some(Stack { peak: stack::peak(), size: stack::size() })
    }

    fn lost_frames(&self) -> Option<u32> {
        Some(ethernet::lost_frames())
    }
}

#[entry]
fn main() -> ! {
    time::start();
    uart::start();
    greet();
    executor::run(start)
}

#[inline(never)]
fn greet() {
    say!(
        "aclk {} on qemu-mps2-an386, an emulated board FOR TESTS: flash and randomness are the host's",
        env!("CARGO_PKG_VERSION")
    );
    if let Some(reason) = last_words::take() {
        say!("the last run ended in a panic: {reason}");
    }
}

/// What the tasks share.
#[derive(Clone, Copy)]
struct Shared {
    clock: &'static DeviceClock,
    counters: &'static Counters,
    desk: &'static Desk,
    product: &'static Product,
    node: &'static SharedNode<'static>,
}

// Not a part of the caller, whose stack is never given back.
#[inline(never)]
fn start(spawner: Spawner) {
    let shared = shared();
    let (store, rng) = (store(), RNG.init(or_panic(test_only::seeded())));
    let (stack, runner) = net(shared.counters, rng.next_u64());
    let (Ok(network), Ok(application), Ok(person)) =
        (network(runner), application(stack, store, rng, shared), person(shared))
    else {
        panic!("each task is started once");
    };
    spawner.spawn(network);
    spawner.spawn(application);
    spawner.spawn(person);
}

#[inline(never)]
fn store() -> &'static mut FlashStore<HostFlash> {
    STORE.init(or_panic(FlashStore::new(or_panic(HostFlash::open()), 0..HostFlash::SIZE)))
}

#[inline(never)]
fn net(
    counters: &'static Counters,
    seed: u64,
) -> (embassy_net::Stack<'static>, &'static mut Runner<'static, Ethernet>) {
    let mut dhcp = DhcpConfig::default();
    dhcp.hostname = HOSTNAME.try_into().ok();
    let card = Guarded::new(or_panic(aclk_lan9118::with_own_address(Mps2)), counters);
    let resources = RESOURCES.init_with(StackResources::new);
    let (stack, runner) = embassy_net::new(card, Config::dhcpv4(dhcp), resources, seed);
    (stack, RUNNER.init(runner))
}

/// A board on which this fails is broken.
fn or_panic<T, E: fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => last_words::end(format_args!("{error}")),
    }
}

#[inline(never)]
fn shared() -> Shared {
    let clock: &DeviceClock = CLOCK.init(DeviceClock::new(BUILD_UNIX_SECONDS));
    let counters: &Counters = COUNTERS.init(Counters::new());
    let product: &Product = PRODUCT.init_with(|| {
        let product = or_panic(Product::new(HOSTNAME, BUILD_UNIX_SECONDS));
        Product { time_server: test_only::time_server(), ..product }
    });
    let node = NODE.init_with(|| node(product, clock, counters));
    Shared { clock, counters, desk: DESK.init_with(Desk::new), product, node }
}

#[inline(never)]
fn node(product: &Product, clock: &'static DeviceClock, counters: &'static Counters) -> RefCell<Node<Measured>> {
    let facts = Facts {
        os: "firmware",
        architecture: "thumbv7em",
        cpus: 1,
        cpu_frequency: CLOCK_HZ.into(),
        virtualization: "qemu",
        ..Facts::default()
    };
    let measured = BoardDevice::new(facts, Mps2An386, (), clock, counters, SAMPLES.take());
    RefCell::new(Node::new(measured, &product.settings(), &Saved::default(), clock.now()))
}

#[embassy_executor::task]
async fn network(runner: &'static mut Runner<'static, Ethernet>) {
    runner.run().await
}

#[embassy_executor::task]
async fn application(
    stack: embassy_net::Stack<'static>,
    store: &'static mut FlashStore<HostFlash>,
    rng: &'static mut ChaCha20Rng,
    shared: Shared,
) {
    let Shared { clock, counters, desk, product, node } = shared;
    let equipment = Equipment {
        store,
        anchors: ANCHORS.take(),
        key: &mut SoftwareKey::new(),
        rng,
        clock,
        observer: &mut Traced(desk),
        desk,
        node,
        counters,
    };
    let Ended::Reboot = run_from_flash(stack, MEMORY.take(), equipment, product).await;
    SCB::sys_reset()
}

#[embassy_executor::task]
async fn person(shared: Shared) {
    let Shared { clock, desk, node, .. } = shared;
    console_with(Keyboard, Printer, desk, node, clock, &mut console::Tests).await;
}
