//! The firmware on an emulated Cortex-M3, QEMU's board `lm3s6965evb`: 256 KiB of flash, 64 KiB of RAM, an Ethernet controller
//! and a serial line.
//!
//! | module | what |
//! |---|---|
//! | `system`, `time`, `interrupts` | the ground that embassy stands on |
//! | `ethernet`, `uart` | the outside |
//! | `local` | without the feature `link`: a node for everybody in its own network, at its local API |
//! | `linked` | with it: the link, for a device to which a factory has given key and identity |
//!
//! What it shares with others is in `aclk-cortex-m` (stack, last words) and `aclk-qemu` (executor, and for tests only:
//! flash and randomness of the host).
#![no_std]
#![no_main]

mod ethernet;
mod interrupts;
#[cfg(feature = "link")]
mod linked;
#[cfg(not(feature = "link"))]
mod local;
mod system;
mod time;
mod uart;

use aclk_core::clock::Clock;
use aclk_core::metrics::Facts;
use aclk_core::node::Node;
use aclk_core::settings::Settings;
use aclk_core::store::Saved;
use aclk_cortex_m::{last_words, stack};
use aclk_firmware::{Board, BoardDevice, Counters, DeviceClock, Guarded, Stack};
use aclk_qemu::executor;
use aclk_stellaris_mac::StellarisMac;
use core::cell::RefCell;
use core::fmt;
use cortex_m::peripheral::Peripherals;
use cortex_m_rt::entry;
use embassy_net::{Config, DhcpConfig, Runner, StackResources};
use ethernet::Lm3s6965;
use static_cell::{ConstStaticCell, StaticCell};
use system::CLOCK_HZ;
use uart::say;

#[cfg(feature = "link")]
use linked as profile;
#[cfg(not(feature = "link"))]
use local as profile;

/// When the firmware was built, in seconds since 1970: no certificate is checked at an earlier time.
const BUILD_UNIX_SECONDS: u64 = include!(concat!(env!("OUT_DIR"), "/build_unix_seconds"));

/// The host name of a device whose flash has none.
const HOSTNAME: &str = "qemu-lm3s6965evb";

/// Samples that are kept: 16 dimensions for half a minute.
const VALUES: usize = 16 * 30;

type Ethernet = Guarded<'static, StellarisMac<Lm3s6965>>;

/// The device as it measures itself.
type Measured = BoardDevice<'static, Lm3s6965Evb, (), VALUES>;

static CLOCK: StaticCell<DeviceClock> = StaticCell::new();
static COUNTERS: StaticCell<Counters> = StaticCell::new();
static NODE: StaticCell<RefCell<Node<Measured>>> = StaticCell::new();
static RESOURCES: StaticCell<StackResources<{ profile::SOCKETS }>> = StaticCell::new();
static SAMPLES: ConstStaticCell<[f32; VALUES]> = ConstStaticCell::new([0.0; VALUES]);

/// What the board knows of itself.
struct Lm3s6965Evb;

impl Board for Lm3s6965Evb {
    fn stack(&self) -> Option<Stack> {
        Some(Stack { peak: stack::peak(), size: stack::size() })
    }

    fn lost_frames(&self) -> Option<u32> {
        Some(ethernet::lost_frames())
    }
}

#[entry]
fn main() -> ! {
    system::start();
    uart::start();
    if let Some(peripherals) = Peripherals::take() {
        time::start(peripherals.SYST);
    }
    greet();
    executor::run(profile::start)
}

#[inline(never)]
fn greet() {
    say!(
        "aclk {} on qemu-lm3s6965evb, an emulated board FOR TESTS: flash and randomness are the host's",
        env!("CARGO_PKG_VERSION")
    );
    if let Some(reason) = last_words::take() {
        say!("the last run ended in a panic: {reason}");
    }
}

/// What every profile has.
#[derive(Clone, Copy)]
struct Shared {
    clock: &'static DeviceClock,
    counters: &'static Counters,
    stack: embassy_net::Stack<'static>,
}

/// The network, with an address by DHCP.
// Not a part of the caller, whose stack is never given back; nor are those below.
#[inline(never)]
fn shared(hostname: &str, seed: u64) -> (Shared, Runner<'static, Ethernet>) {
    let clock: &DeviceClock = CLOCK.init(DeviceClock::new(BUILD_UNIX_SECONDS));
    let counters: &Counters = COUNTERS.init(Counters::new());
    let mut dhcp = DhcpConfig::default();
    dhcp.hostname = hostname.try_into().ok();
    let card = Guarded::new(or_panic(aclk_stellaris_mac::with_own_address(Lm3s6965, CLOCK_HZ)), counters);
    let resources = RESOURCES.init_with(StackResources::new);
    let (stack, runner) = embassy_net::new(card, Config::dhcpv4(dhcp), resources, seed);
    (Shared { clock, counters, stack }, runner)
}

#[inline(never)]
fn node(settings: &Settings, saved: &Saved, shared: Shared) -> &'static RefCell<Node<Measured>> {
    let facts = Facts {
        os: "firmware",
        architecture: "thumbv7m",
        cpus: 1,
        cpu_frequency: CLOCK_HZ.into(),
        virtualization: "qemu",
        ..Facts::default()
    };
    let Shared { clock, counters, .. } = shared;
    NODE.init_with(|| {
        let measured = BoardDevice::new(facts, Lm3s6965Evb, (), clock, counters, SAMPLES.take());
        RefCell::new(Node::new(measured, settings, saved, clock.now()))
    })
}

/// A board on which this fails is broken.
fn or_panic<T, E: fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => last_words::end(format_args!("{error}")),
    }
}

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Ethernet>) {
    runner.run().await
}

/// Obeys what somebody types: `memory` and `panic`, one letter each.
#[embassy_executor::task]
async fn keyboard() {
    loop {
        match uart::typed().await {
            b'm' => {
                let (deepest, all) = (stack::peak(), stack::size());
                say!("memory: no heap; stack peak {deepest} of {all} B");
            }
            b'p' => last_words::panic_on_demand(),
            _ => {}
        }
    }
}
