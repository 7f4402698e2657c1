//! What WIZnet's boards with a W5500 for Ethernet share: W5500-EVB-Pico (RP2040) and W5500-EVB-Pico2 (RP2350). The boards bring what
//! only their chip has: where randomness comes from, and a number of its own. Wiring and flashing: docs/firmware.md.
//!
//! | part | what |
//! |---|---|
//! | GP16 to GP21 | the W5500: MISO, chip select, clock, MOSI, reset, interrupt |
//! | GP0, GP1 | the serial console: 115 200 baud, transmit and receive |
//! | the last 16 KiB of flash | the store: `aclk provision --word-size=1` |
//! | watchdog | an executor that does not come round is started anew |
#![no_std]

mod watchdog;

use aclk_core::clock::Clock;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::Facts;
use aclk_core::node::Node;
use aclk_core::store::Saved;
use aclk_cortex_m::{last_words, stack};
use aclk_firmware::console::{Desk, console};
use aclk_firmware::flash::{AnchorMemory, FlashStore};
use aclk_firmware::{
    Board, BoardDevice, Counters, DeviceClock, Ended, Equipment, Guarded, Memory, Product, SOCKETS, SharedNode, Stack,
    run_from_flash,
};
use chacha20::ChaCha20Rng;
use core::cell::RefCell;
use core::fmt;
use cortex_m::peripheral::{SCB, SYST};
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_net::{Config, DhcpConfig, StackResources};
use embassy_net_wiznet::chip::W5500;
use embassy_net_wiznet::{Device, State};
use embassy_rp::Peripherals;
use embassy_rp::bind_interrupts;
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::gpio::{Input, Level, Output, Pull};
use embassy_rp::peripherals::{DMA_CH0, DMA_CH1, FLASH, SPI0, UART0};
use embassy_rp::spi::{self, Spi};
use embassy_rp::uart::{self, BufferedUart};
use embassy_rp::watchdog::Watchdog;
use embassy_time::Delay;
use embedded_hal_bus::spi::ExclusiveDevice;
use embedded_io_async::Write;
use rand_core::{Rng, SeedableRng};
use static_cell::{ConstStaticCell, StaticCell};

/// Bytes of the flash of a board, ...
pub const FLASH_SIZE: usize = 2 << 20;
/// ... and of its end, which `memory.x` leaves to the store.
const STORE_SIZE: u32 = 16 << 10;

/// Samples that are kept: 16 dimensions for two minutes.
const VALUES: usize = 16 * 120;

/// What the W5500 stands at most is 33.3 MHz (its data sheet, 5.5.4).
const SPI_HZ: u32 = 30_000_000;
/// Frames on the way in and out of the W5500.
const FRAMES: usize = 4;

/// What is particular to a board.
#[derive(Debug, Clone, Copy)]
pub struct Particular {
    /// The host name of a device whose flash has none.
    pub hostname: &'static str,
    /// What its processor is called.
    pub architecture: &'static str,
    /// When the firmware was built, in seconds since 1970: no certificate is checked at an earlier time.
    pub build_unix_seconds: u64,
    /// Who is asked for the time: a host name or an IPv4 address; empty for nobody.
    pub time_server: &'static str,
    /// What the generator of random numbers begins with.
    pub seed: [u8; 32],
    /// A number of the chip, which no other has.
    pub number: [u8; 8],
}

bind_interrupts!(struct Interrupts {
    UART0_IRQ => uart::BufferedInterruptHandler<UART0>;
    DMA_IRQ_0 => embassy_rp::dma::InterruptHandler<DMA_CH0>, embassy_rp::dma::InterruptHandler<DMA_CH1>;
});

type Bus = ExclusiveDevice<Spi<'static, SPI0, spi::Async>, Output<'static>, Delay>;
type Wiznet = embassy_net_wiznet::Runner<'static, W5500, Bus, Input<'static>, Output<'static>>;
type Ethernet = Guarded<'static, Device<'static>>;
/// Its bytes are read and written one by one: the driver that uses DMA reads whole words only, into memory that is aligned.
type Store = FlashStore<BlockingAsync<Flash<'static, FLASH, Blocking, FLASH_SIZE>>>;

/// The device as it measures itself.
type Measured = BoardDevice<'static, Pico, (), VALUES>;

static CLOCK: StaticCell<DeviceClock> = StaticCell::new();
static COUNTERS: StaticCell<Counters> = StaticCell::new();
static DESK: StaticCell<Desk> = StaticCell::new();
static PRODUCT: StaticCell<Product> = StaticCell::new();
static NODE: StaticCell<RefCell<Node<Measured>>> = StaticCell::new();
static RNG: StaticCell<ChaCha20Rng> = StaticCell::new();
static STORE: StaticCell<Store> = StaticCell::new();
static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
static WIZNET: ConstStaticCell<State<FRAMES, FRAMES>> = ConstStaticCell::new(State::new());
static ANCHORS: ConstStaticCell<AnchorMemory> = ConstStaticCell::new(AnchorMemory::new());
static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());
static SAMPLES: ConstStaticCell<[f32; VALUES]> = ConstStaticCell::new([0.0; VALUES]);
static TYPED: ConstStaticCell<[u8; 64]> = ConstStaticCell::new([0; 64]);
static PRINTED: ConstStaticCell<[u8; 256]> = ConstStaticCell::new([0; 256]);

/// What the board knows of itself.
struct Pico;

impl Board for Pico {
    fn stack(&self) -> Option<Stack> {
        Some(Stack { peak: stack::peak(), size: stack::size() })
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

/// Starts everything. Call it once, with what `embassy_rp::init` yields.
pub async fn start(spawner: Spawner, chip: Peripherals, particular: Particular) {
    let reason = last_words::take();
    let guard = Watchdog::new(chip.WATCHDOG);
    let Some(processor) = cortex_m::Peripherals::take() else { panic!("this is called once") };
    let rng = RNG.init(ChaCha20Rng::from_seed(particular.seed));

    let mut line = uart::Config::default();
    line.baudrate = 115_200;
    let serial = BufferedUart::new(chip.UART0, chip.PIN_0, chip.PIN_1, Interrupts, TYPED.take(), PRINTED.take(), line);

    let flash = BlockingAsync::new(Flash::new_blocking(chip.FLASH));
    let end = FLASH_SIZE as u32;
    let store = STORE.init(or_panic(FlashStore::new(flash, end - STORE_SIZE..end)));

    let mut pace = spi::Config::default();
    pace.frequency = SPI_HZ;
    let spi = Spi::new(chip.SPI0, chip.PIN_18, chip.PIN_19, chip.PIN_16, chip.DMA_CH0, chip.DMA_CH1, Interrupts, pace);
    let select = Output::new(chip.PIN_17, Level::High);
    let (interrupt, reset) = (Input::new(chip.PIN_21, Pull::Up), Output::new(chip.PIN_20, Level::High));
    let Ok(bus) = ExclusiveDevice::new(spi, select, Delay);
    let address = hardware_address(particular.number);
    let wiznet = embassy_net_wiznet::new(address, WIZNET.take(), bus, interrupt, reset).await;
    let Ok((device, wiznet)) = wiznet else { last_words::end(format_args!("the W5500 does not answer")) };

    let shared = shared(&particular);
    let mut dhcp = DhcpConfig::default();
    dhcp.hostname = particular.hostname.try_into().ok();
    let (stack, runner) = embassy_net::new(
        Guarded::new(device, shared.counters),
        Config::dhcpv4(dhcp),
        RESOURCES.init_with(StackResources::new),
        rng.next_u64(),
    );
    let tasks = (
        watch(guard, processor.SYST),
        ethernet(wiznet),
        network(runner),
        application(stack, store, rng, shared),
        person(serial, reason, shared),
    );
    let (Ok(watch), Ok(ethernet), Ok(network), Ok(application), Ok(person)) = tasks else {
        panic!("each task is started once");
    };
    spawner.spawn(watch);
    spawner.spawn(ethernet);
    spawner.spawn(network);
    spawner.spawn(application);
    spawner.spawn(person);
}

/// A board on which this fails is broken: it starts anew, and says why.
pub fn or_panic<T, E: fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => last_words::end(format_args!("{error}")),
    }
}

/// A hardware address of our own: unicast, locally administered, from the `number` of the chip.
const fn hardware_address(number: [u8; 8]) -> [u8; 6] {
    let [.., a, b, c, d, e] = number;
    [0x02, a, b, c, d, e]
}

#[inline(never)]
fn shared(particular: &Particular) -> Shared {
    let Particular { hostname, architecture, build_unix_seconds, time_server, .. } = *particular;
    let clock: &DeviceClock = CLOCK.init(DeviceClock::new(build_unix_seconds));
    let counters: &Counters = COUNTERS.init(Counters::new());
    let product: &Product = PRODUCT.init_with(|| {
        let time_server = Some(time_server).filter(|server| !server.is_empty());
        Product { time_server, ..or_panic(Product::new(hostname, build_unix_seconds)) }
    });
    let node = NODE.init_with(|| {
        let facts = Facts { os: "firmware", architecture, cpus: 1, ..Facts::default() };
        let facts = Facts { cpu_frequency: embassy_rp::clocks::clk_sys_freq().into(), ..facts };
        let measured = BoardDevice::new(facts, Pico, (), clock, counters, SAMPLES.take());
        RefCell::new(Node::new(measured, &product.settings(), &Saved::default(), clock.now()))
    });
    Shared { clock, counters, desk: DESK.init_with(Desk::new), product, node }
}

#[embassy_executor::task]
async fn watch(guard: Watchdog, timer: SYST) {
    watchdog::run(guard, timer).await
}

#[embassy_executor::task]
async fn ethernet(wiznet: Wiznet) {
    wiznet.run().await
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
    SCB::sys_reset()
}

/// Serves whoever is at the serial line, and tells them first why the last run ended, if that was a panic.
#[embassy_executor::task]
async fn person(serial: BufferedUart, reason: Option<last_words::Reason>, shared: Shared) {
    let Shared { clock, desk, node, .. } = shared;
    let (mut output, input) = serial.split();
    if let Some(reason) = reason {
        desk.say(format_args!("the last run ended in a panic: {reason}"));
    }
    // Who has no terminal is not heard.
    let _ = output.write_all(b"\r\n").await;
    console(input, output, desk, node, clock).await;
}
