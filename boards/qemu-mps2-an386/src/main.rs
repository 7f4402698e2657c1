//! The firmware on an emulated Cortex-M4, QEMU's board `mps2-an386`: an Ethernet controller, a serial line, and nothing of
//! the emulator's but that.
//!
//! | module | what |
//! |---|---|
//! | `time`, `executor`, `interrupts` | the ground that embassy stands on |
//! | `ethernet`, `uart` | the outside |
//! | `arena`, `stack`, `last_words` | memory: what RSA allocates, how deep the stack was, why the last run ended |
//! | `console` | what is told and asked on the serial line |
//! | `test_only` | what a real board has in hardware: randomness and durable storage |
//!
//! `cargo xtask firmware --board qemu-mps2-an386 --run` runs it.
#![no_std]
#![no_main]

mod arena;
mod console;
mod ethernet;
mod executor;
mod interrupts;
mod last_words;
mod mmio;
mod stack;
mod test_only;
mod time;
mod uart;

use aclk_core::clock::Clock;
use aclk_core::engine::event::Goal;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::Facts;
use aclk_core::node::Node;
use aclk_core::store::Saved;
use aclk_core::tls::{Anchors, anchor};
use aclk_firmware::local_api::PORT;
use aclk_firmware::{
    Arena, Board, BoardDevice, Counters, Device, DeviceClock, Guarded, Machine, Memory, SOCKETS, Stack, run,
};
use aclk_lan9118::Lan9118;
use chacha20::ChaCha20Rng;
use console::{Keyboard, Teller};
use core::cell::RefCell;
use cortex_m::peripheral::SCB;
use cortex_m_rt::entry;
use embassy_executor::Spawner;
use embassy_net::{Config, DhcpConfig, Runner, StackResources};
use ethernet::Mps2;
use rand_core::Rng;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use static_cell::{ConstStaticCell, StaticCell};
use test_only::{ANCHOR_MAX, HostStore};
use uart::say;

/// The clock of the processor and of everything on the board.
pub(crate) const CLOCK_HZ: u32 = 25_000_000;

/// When the firmware was built, in seconds since 1970: no certificate is checked at an earlier time.
const BUILD_UNIX_SECONDS: u64 = parse(env!("BUILD_UNIX_SECONDS"));

/// Samples that are kept: 16 dimensions for two minutes.
const VALUES: usize = 16 * 60;

type Ethernet = Guarded<'static, Lan9118<Mps2>>;

/// The device as it measures itself.
type Measured = BoardDevice<'static, Mps2An386, (), VALUES>;

static PARTS: StaticCell<Parts> = StaticCell::new();
static NODE: StaticCell<RefCell<Node<Measured>>> = StaticCell::new();
static CERTIFICATE: StaticCell<CertificateDer<'static>> = StaticCell::new();
static ANCHORS: StaticCell<[TrustAnchor<'static>; 1]> = StaticCell::new();
static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());
static SAMPLES: ConstStaticCell<[f32; VALUES]> = ConstStaticCell::new([0.0; VALUES]);
static ANCHOR: ConstStaticCell<[u8; ANCHOR_MAX]> = ConstStaticCell::new([0; ANCHOR_MAX]);

/// What the board knows of itself.
struct Mps2An386;

impl Board for Mps2An386 {
    fn arena(&self) -> Option<Arena> {
        let (used, peak) = arena::used();
        Some(Arena { used, peak, size: arena::SIZE as u32 })
    }

    fn stack(&self) -> Option<Stack> {
        Some(Stack { peak: stack::peak(), size: stack::size() })
    }

    fn lost_frames(&self) -> Option<u32> {
        Some(ethernet::lost_frames())
    }
}

#[entry]
fn main() -> ! {
    arena::start();
    time::start();
    uart::start();
    greet();
    executor::run(start)
}

#[inline(never)]
fn greet() {
    say!(
        "aclk {} on qemu-mps2-an386, an emulated board FOR TESTS: key and randomness are the host's",
        env!("CARGO_PKG_VERSION")
    );
    if let Some(reason) = last_words::take() {
        say!("the last run ended in a panic: {reason}");
    }
}

/// Everything that lives as long as the device is on, but for what the application holds while it runs.
struct Parts {
    rng: ChaCha20Rng,
    device: Device<'static>,
    counters: Counters,
    clock: DeviceClock,
}

// Not a part of the caller, whose stack is never given back.
#[inline(never)]
fn start(spawner: Spawner) {
    let parts = PARTS.init_with(|| match provision() {
        Ok(parts) => parts,
        Err(error) => panic!("{error}"),
    });
    let Parts { rng, device, counters, clock } = parts;
    let (counters, clock): (&Counters, &DeviceClock) = (counters, clock);
    let node = NODE.init_with(|| node(device, clock, counters));
    let card = match Lan9118::new(Mps2, hardware_address(device.settings.machine_guid)) {
        Ok(card) => card,
        Err(error) => panic!("{error}"),
    };
    let mut dhcp = DhcpConfig::default();
    dhcp.hostname = device.settings.hostname.as_str().try_into().ok();
    let resources = RESOURCES.init_with(StackResources::new);
    let (stack, runner) =
        embassy_net::new(Guarded::new(card, counters), Config::dhcpv4(dhcp), resources, rng.next_u64());
    let (Ok(network), Ok(application)) = (network(runner), application(stack, rng, device, clock, node, counters))
    else {
        panic!("each task is started once");
    };
    spawner.spawn(network);
    spawner.spawn(application);
}

#[inline(never)]
fn provision() -> Result<Parts, test_only::FileError> {
    let rng = test_only::seeded()?;
    let buffer = ANCHOR.take();
    let (settings, len) = test_only::read(buffer)?;
    let authority = CERTIFICATE.init(CertificateDer::from(buffer.get(..len).unwrap_or_default()));
    let anchors = match anchor(authority) {
        Ok(anchor) => ANCHORS.init([anchor]),
        Err(error) => panic!("anchor.der: {error}"),
    };
    let goal = if settings.token.is_empty() { Goal::Link } else { Goal::ClaimAndLink };
    let device = Device {
        goal,
        settings,
        anchors: Anchors::new(anchors),
        build_unix_seconds: BUILD_UNIX_SECONDS,
        time_server: None,
        local_api: Some(PORT),
    };
    Ok(Parts { rng, device, counters: Counters::new(), clock: DeviceClock::new(BUILD_UNIX_SECONDS) })
}

#[inline(never)]
fn node(device: &Device<'_>, clock: &'static DeviceClock, counters: &'static Counters) -> RefCell<Node<Measured>> {
    let facts = Facts {
        os: "firmware",
        architecture: "thumbv7em",
        cpus: 1,
        cpu_frequency: CLOCK_HZ.into(),
        virtualization: "qemu",
        ..Facts::default()
    };
    let measured = BoardDevice::new(facts, Mps2An386, (), clock, counters, SAMPLES.take());
    RefCell::new(Node::new(measured, &device.settings, &Saved::default(), clock.now()))
}

/// A hardware address of our own: unicast, locally administered, the same at every start.
fn hardware_address(machine_guid: Guid) -> [u8; 6] {
    let mut address = [0x02, 0, 0, 0, 0, 0];
    for (index, byte) in machine_guid.as_bytes().iter().enumerate() {
        address[1 + index % 5] ^= byte;
    }
    address
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Ethernet>) {
    runner.run().await
}

#[embassy_executor::task]
async fn application(
    stack: embassy_net::Stack<'static>,
    rng: &'static mut ChaCha20Rng,
    device: &'static Device<'static>,
    clock: &'static DeviceClock,
    node: &'static RefCell<Node<Measured>>,
    counters: &'static Counters,
) {
    let machine = Machine {
        store: &mut HostStore,
        key: &mut SoftwareKey::new(),
        rng,
        clock,
        observer: &mut Teller,
        control: &mut Keyboard::new(HostStore),
        node,
        counters,
    };
    run(stack, MEMORY.take(), machine, device).await;
    console::memory();
    say!("starts anew");
    SCB::sys_reset()
}

const fn parse(text: &str) -> u64 {
    match u64::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("not a number of seconds"),
    }
}
