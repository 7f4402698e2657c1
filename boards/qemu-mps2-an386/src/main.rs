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
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::Facts;
use aclk_core::node::Node;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::store::{Saved, Store};
use aclk_core::tls::{Anchors, anchor};
use aclk_core::wire::proxy::Exceptions;
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
use rustls_pki_types::CertificateDer;
use static_cell::{ConstStaticCell, StaticCell};
use test_only::{HostStore, Provisioned};
use uart::say;

/// The clock of the processor and of everything on the board.
pub(crate) const CLOCK_HZ: u32 = 25_000_000;

/// When the firmware was built, in seconds since 1970: no certificate is checked at an earlier time.
const BUILD_UNIX_SECONDS: u64 = parse(env!("BUILD_UNIX_SECONDS"));

/// Samples that are kept: 16 dimensions for two minutes.
const VALUES: usize = 16 * 60;

type Ethernet = Guarded<'static, Lan9118<Mps2>>;

static CLOCK: StaticCell<DeviceClock> = StaticCell::new();
static COUNTERS: StaticCell<Counters> = StaticCell::new();
static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());
static SAMPLES: ConstStaticCell<[f32; VALUES]> = ConstStaticCell::new([0.0; VALUES]);
static ANCHOR: ConstStaticCell<[u8; 1024]> = ConstStaticCell::new([0; 1024]);

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
    say!(
        "aclk {} on qemu-mps2-an386, an emulated board FOR TESTS: key and randomness are the host's",
        env!("CARGO_PKG_VERSION")
    );
    if let Some(reason) = last_words::take() {
        say!("the last run ended in a panic: {reason}");
    }
    let (rng, provisioned, anchor) = match provision() {
        Ok(found) => found,
        Err(error) => panic!("{error}"),
    };
    executor::run(|spawner| start(spawner, rng, provisioned, anchor))
}

fn provision() -> Result<(ChaCha20Rng, Provisioned, &'static [u8]), test_only::FileError> {
    let rng = test_only::seeded()?;
    let buffer = ANCHOR.take();
    let (provisioned, len) = test_only::read(buffer)?;
    Ok((rng, provisioned, buffer.get(..len).unwrap_or_default()))
}

fn start(spawner: Spawner, mut rng: ChaCha20Rng, provisioned: Provisioned, anchor: &'static [u8]) {
    let counters: &Counters = COUNTERS.init_with(Counters::new);
    let card = match Lan9118::new(Mps2, hardware_address(&provisioned)) {
        Ok(card) => card,
        Err(error) => panic!("{error}"),
    };
    let mut dhcp = DhcpConfig::default();
    dhcp.hostname = provisioned.hostname.as_str().try_into().ok();
    let (stack, runner) = embassy_net::new(
        Guarded::new(card, counters),
        Config::dhcpv4(dhcp),
        RESOURCES.init_with(StackResources::new),
        rng.next_u64(),
    );
    for token in [
        network(runner).map(|token| spawner.spawn(token)),
        application(stack, rng, provisioned, anchor, counters).map(|token| spawner.spawn(token)),
    ] {
        token.expect("each task is started once");
    }
}

/// A hardware address of our own: unicast, locally administered, the same at every start.
fn hardware_address(provisioned: &Provisioned) -> [u8; 6] {
    let mut address = [0x02, 0, 0, 0, 0, 0];
    for (index, byte) in provisioned.guid.as_bytes().iter().enumerate() {
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
    mut rng: ChaCha20Rng,
    provisioned: Provisioned,
    authority: &'static [u8],
    counters: &'static Counters,
) {
    let certificate = CertificateDer::from(authority);
    let anchors = match anchor(&certificate) {
        Ok(anchor) => [anchor],
        Err(error) => panic!("anchor.der: {error}"),
    };
    let clock: &DeviceClock = CLOCK.init_with(|| DeviceClock::new(BUILD_UNIX_SECONDS));
    let mut store = HostStore;
    let saved = store.load().await.unwrap_or_default();
    let goal = if saved.claimed.is_some() || provisioned.token.is_empty() { Goal::Link } else { Goal::ClaimAndLink };
    let Provisioned { url, hostname, guid, rooms, token } = provisioned;
    let settings = Settings {
        url,
        id: guid,
        machine_guid: guid,
        hostname,
        token,
        rooms,
        claim_attempts: None,
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    };
    let facts = Facts {
        os: "firmware",
        architecture: "thumbv7em",
        cpus: 1,
        cpu_frequency: CLOCK_HZ.into(),
        virtualization: "qemu",
        ..Facts::default()
    };
    let measured = BoardDevice::new(facts, Mps2An386, (), clock, counters, SAMPLES.take());
    let node = RefCell::new(Node::new(measured, &settings, &Saved::default(), clock.now()));
    let machine = Machine {
        store: &mut store,
        key: &mut SoftwareKey::new(),
        rng: &mut rng,
        clock,
        observer: &mut Teller,
        control: &mut Keyboard::new(HostStore),
        node: &node,
        counters,
    };
    let device = Device {
        goal,
        settings,
        anchors: Anchors::new(&anchors),
        build_unix_seconds: BUILD_UNIX_SECONDS,
        time_server: None,
        local_api: Some(PORT),
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
