//! The firmware on boards with an ESP32-C3, over Wi-Fi: 400 KiB of RAM, and 4 MiB of flash. Flashing: docs/firmware.md.
//!
//! | part | what |
//! |---|---|
//! | GPIO21, GPIO20 | the serial console: 115 200 baud, transmit and receive |
//! | 16 KiB of flash from 0x9000 | the store: `aclk provision`, `partitions.csv` |
//! | watchdog | fed by a task: an executor that does not come round is started anew |
//! | `ACLK_WIFI_SSID`, `ACLK_WIFI_PASSWORD` | the Wi-Fi network, from the environment of the build |
//! | `ACLK_TIME_SERVER` | the time server, from there too; pool.ntp.org without it |
#![no_std]
#![no_main]

mod radio;

use aclk_core::clock::Clock;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::Facts;
use aclk_core::node::Node;
use aclk_core::store::Saved;
use aclk_firmware::console::{Desk, console};
use aclk_firmware::flash::{AnchorMemory, FlashStore};
use aclk_firmware::{
    Board, BoardDevice, Counters, DeviceClock, Ended, Equipment, Guarded, Memory, Product, SOCKETS, SharedNode,
    run_from_flash,
};
use chacha20::ChaCha20Rng;
use core::cell::RefCell;
use core::fmt;
use core::ops::Range;
use core::panic::PanicInfo;
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_net::{Config, DhcpConfig, StackResources};
use embassy_time::Timer;
use embedded_io_async::Write;
use esp_hal::Async;
use esp_hal::clock::CpuClock;
use esp_hal::peripherals::TIMG1;
use esp_hal::rng::{Trng, TrngSource};
use esp_hal::system::{reset_reason, software_reset};
use esp_hal::time::Duration;
use esp_hal::timer::timg::{MwdtStage, TimerGroup, Wdt};
use esp_hal::uart::{self, Uart};
use esp_radio::wifi::{Interface, WifiController};
use esp_storage::FlashStorage;
use rand_core::{Rng, SeedableRng};
use static_cell::{ConstStaticCell, StaticCell};

// What the second stage of the boot loader looks for.
esp_bootloader_esp_idf::esp_app_desc!();

/// When the firmware was built, in seconds since 1970: no certificate is checked at an earlier time.
const BUILD_UNIX_SECONDS: u64 = include!(concat!(env!("OUT_DIR"), "/build_unix_seconds"));

/// The host name of a device whose flash has none.
const HOSTNAME: &str = "esp32c3";

/// Where the store is: the partition `aclk`.
const STORE: Range<u32> = 0x9000..0xd000;

/// Samples that are kept: 16 dimensions for two minutes.
const VALUES: usize = 16 * 120;

/// Heap for the radio: memory that the boot loader has used until now, ...
const HEAP_RECLAIMED: usize = 64 << 10;
/// ... and more. Its buffers take most of it.
const HEAP_MORE: usize = 32 << 10;

/// An executor that does not come round for so long is stuck. The longest step is the decryption of a challenge, a few seconds.
const WATCHDOG: Duration = Duration::from_secs(20);
const WATCHDOG_FED_EVERY: embassy_time::Duration = embassy_time::Duration::from_secs(1);

type Ethernet = Guarded<'static, Interface>;
type Store = FlashStore<BlockingAsync<FlashStorage<'static>>>;
/// The device as it measures itself.
type Measured = BoardDevice<'static, Esp32C3, (), VALUES>;

static CLOCK: StaticCell<DeviceClock> = StaticCell::new();
static COUNTERS: StaticCell<Counters> = StaticCell::new();
static DESK: StaticCell<Desk> = StaticCell::new();
static PRODUCT: StaticCell<Product> = StaticCell::new();
static NODE: StaticCell<RefCell<Node<Measured>>> = StaticCell::new();
static RNG: StaticCell<ChaCha20Rng> = StaticCell::new();
static FLASH: StaticCell<Store> = StaticCell::new();
static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
static ANCHORS: ConstStaticCell<AnchorMemory> = ConstStaticCell::new(AnchorMemory::new());
static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());
static SAMPLES: ConstStaticCell<[f32; VALUES]> = ConstStaticCell::new([0.0; VALUES]);

/// What the board knows of itself.
struct Esp32C3;

impl Board for Esp32C3 {}

/// What the tasks share.
#[derive(Clone, Copy)]
struct Shared {
    clock: &'static DeviceClock,
    counters: &'static Counters,
    desk: &'static Desk,
    product: &'static Product,
    node: &'static SharedNode<'static>,
}

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: HEAP_RECLAIMED);
    esp_alloc::heap_allocator!(size: HEAP_MORE);
    esp_rtos::start(TimerGroup::new(chip.TIMG0).timer0, chip.FROM_CPU_INTR0);

    let shared = shared();
    let serial = or_reset(Uart::new(chip.UART0, uart::Config::default()));
    let serial = serial.with_rx(chip.GPIO20).with_tx(chip.GPIO21).into_async();

    // Truly random for as long as its noise is fed in by the converter, which nobody needs otherwise.
    let mut seed = [0; 32];
    let source = TrngSource::new(chip.RNG, chip.ADC1);
    or_reset(Trng::try_new()).read(&mut seed);
    drop(source);
    let rng = RNG.init(ChaCha20Rng::from_seed(seed));

    let store = FLASH.init(or_reset(FlashStore::new(BlockingAsync::new(FlashStorage::new(chip.FLASH)), STORE)));
    let controller = or_reset(radio::start(chip.WIFI));
    let mut dhcp = DhcpConfig::default();
    dhcp.hostname = HOSTNAME.try_into().ok();
    let (stack, runner) = embassy_net::new(
        Guarded::new(Interface::station(), shared.counters),
        Config::dhcpv4(dhcp),
        RESOURCES.init_with(StackResources::new),
        rng.next_u64(),
    );
    let tasks = (
        watch(TimerGroup::new(chip.TIMG1).wdt),
        wifi(controller, shared.desk),
        network(runner),
        application(stack, store, rng, shared),
        person(serial, shared),
    );
    let (Ok(watch), Ok(wifi), Ok(network), Ok(application), Ok(person)) = tasks else {
        panic!("each task is started once");
    };
    spawner.spawn(watch);
    spawner.spawn(wifi);
    spawner.spawn(network);
    spawner.spawn(application);
    spawner.spawn(person);
}

/// A board on which this fails is broken, or its flash is.
fn or_reset<T, E: fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|_| software_reset())
}

/// Where a build has `-Cpanic=immediate-abort`, nobody comes here: a panic is a trap, which nobody handles, until the watchdog does.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    software_reset()
}

#[inline(never)]
fn shared() -> Shared {
    let clock: &DeviceClock = CLOCK.init(DeviceClock::new(BUILD_UNIX_SECONDS));
    let counters: &Counters = COUNTERS.init(Counters::new());
    let product: &Product = PRODUCT.init_with(|| {
        let time_server = Some(env!("TIME_SERVER")).filter(|server| !server.is_empty());
        Product { time_server, ..or_reset(Product::new(HOSTNAME, BUILD_UNIX_SECONDS)) }
    });
    let node = NODE.init_with(|| {
        let facts = Facts { os: "firmware", architecture: "riscv32imc", cpus: 1, ..Facts::default() };
        let facts = Facts { cpu_frequency: u64::from(CpuClock::max() as u32) * 1_000_000, ..facts };
        let measured = BoardDevice::new(facts, Esp32C3, (), clock, counters, SAMPLES.take());
        RefCell::new(Node::new(measured, &product.settings(), &Saved::default(), clock.now()))
    });
    Shared { clock, counters, desk: DESK.init_with(Desk::new), product, node }
}

/// Feeds the watchdog for as long as the executor comes round.
#[embassy_executor::task]
async fn watch(mut guard: Wdt<TIMG1<'static>>) {
    guard.set_timeout(MwdtStage::Stage0, WATCHDOG);
    guard.enable();
    loop {
        Timer::after(WATCHDOG_FED_EVERY).await;
        guard.feed();
    }
}

#[embassy_executor::task]
async fn wifi(controller: WifiController<'static>, desk: &'static Desk) {
    radio::stay_connected(controller, desk).await
}

#[embassy_executor::task]
async fn network(mut runner: embassy_net::Runner<'static, Ethernet>) {
    runner.run().await
}

#[embassy_executor::task]
async fn application(
    stack: embassy_net::Stack<'static>,
    store: &'static mut Store,
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
        observer: &mut &*desk,
        desk,
        node,
        counters,
    };
    let Ended::Reboot = run_from_flash(stack, MEMORY.take(), equipment, product).await;
    software_reset()
}

/// Serves whoever is at the serial line, and tells them first why the device had to start.
#[embassy_executor::task]
async fn person(serial: Uart<'static, Async>, shared: Shared) {
    let Shared { clock, desk, node, .. } = shared;
    let (input, mut output) = serial.split();
    if let Some(reason) = reset_reason() {
        // As the reference manual of the chip numbers them: 1 is power, 3 is software, 7 and 8 are watchdogs.
        desk.say(format_args!("started: reason {}", reason as u8));
    }
    // Who has no terminal is not heard.
    let _ = output.write_all(b"\r\n").await;
    console(input, output, desk, node, clock).await;
}
