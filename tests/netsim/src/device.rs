//! The device: the firmware application, with a memory that lasts as long as the run.

use crate::tasks::as_tasks;
use crate::watch::outside;
use aclk_core::clock::{Clock, Instant, Now};
use aclk_core::driver::{NoControl, Observer};
use aclk_core::engine::event::{Event, Goal};
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::{ChartInfo, ChartKind, DimensionInfo, Facts};
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::Settings;
use aclk_core::stage::Failure;
use aclk_core::store::{Record, Saved, Store};
use aclk_core::tls::{Anchors, anchor};
use aclk_firmware::local_api::PORT;
use aclk_firmware::{
    Arena, Board, BoardDevice, Counters, Custom, Device, DeviceClock, Guarded, Machine, Memory, SOCKETS, Stack,
};
use aclk_lan::DeviceEnd;
use chacha20::ChaCha20Rng;
use core::convert::Infallible;
use core::pin::pin;
use embassy_net::{Config, DhcpConfig, StackResources};
use rand_core::SeedableRng;
use rustls_pki_types::CertificateDer;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The key pair of the device. It has one already: to generate it takes seconds of real time.
pub(crate) const KEY_PEM: &str = include_str!("../../pair/fixtures/private.pem");
/// When the firmware was built: 2025-10-09.
pub(crate) const BUILD_UNIX_SECONDS: u64 = 1_760_000_000;

/// Samples that are kept: ten minutes of 17 dimensions, the last of which is ours.
pub(crate) const VALUES: usize = 600 * 17;

/// The board: what it knows of itself are round numbers, and what its arena has in use grows by a byte a second.
#[derive(Default)]
pub(crate) struct Bench {
    seconds: Cell<u32>,
}

impl Board for Bench {
    fn arena(&self) -> Option<Arena> {
        self.seconds.set(self.seconds.get() + 1);
        Some(Arena { used: 5_000 + self.seconds.get(), peak: 11_000, size: 16_384 })
    }

    fn stack(&self) -> Option<Stack> {
        Some(Stack { peak: 7_000, size: 8_192 })
    }
}

/// The application's own chart.
pub(crate) struct Room;

impl Custom for Room {
    const CHARTS: &'static [ChartInfo<'static>] = &[ChartInfo {
        id: "room.temperature",
        context: "room.temperature",
        family: "room",
        title: "Temperature",
        units: "Celsius",
        kind: ChartKind::Line,
        priority: 50,
        plugin: "room",
        module: "",
        dimensions: &[DimensionInfo { id: "air", name: "air" }],
    }];

    fn measure(&mut self, _: Now, values: &mut [f32]) {
        values.fill(21.5);
    }
}

/// Something that the device told, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Virtual time.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// What a device tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is claimed.
    Claimed,
    /// A claim came to nothing.
    ClaimFailed(Failure),
    /// The link is up.
    Online,
    /// The Cloud has taken the node for live.
    Live,
    /// The link is down, or did not come up.
    Offline(Failure),
    /// Something else went wrong.
    Notice(Failure),
}

impl What {
    fn of(event: &Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Stage(_) | Event::Answer(_) => return None,
            Event::Claimed { .. } => Self::Claimed,
            Event::ClaimFailed { failure, .. } => Self::ClaimFailed((*failure).clone()),
            Event::Online { .. } => Self::Online,
            Event::Live { .. } => Self::Live,
            Event::Offline { failure } => Self::Offline((*failure).clone()),
            Event::Notice(failure) => Self::Notice((*failure).clone()),
        })
    }

    /// The failure in it.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::ClaimFailed(failure) | Self::Offline(failure) | Self::Notice(failure) => Some(failure),
            Self::Claimed | Self::Online | Self::Live => None,
        }
    }
}

/// Everything that a device told so far.
pub(crate) type Diary = Rc<RefCell<Vec<Happened>>>;

/// Switches the device on: from the DHCP request to the link, for as long as the future is kept.
pub(crate) async fn run(
    ethernet: DeviceEnd,
    seed: u64,
    settings: Settings,
    authority: CertificateDer<'static>,
    time_server: &'static str,
    diary: Diary,
) {
    let anchors = [anchor(&authority).expect("an authority")];
    let clock = DeviceClock::new(BUILD_UNIX_SECONDS);
    let mut memory = Box::new(Memory::new());
    let counters = Counters::new();
    let mut samples = Box::new([0.0; VALUES]);
    let facts = Facts { os: "firmware", architecture: "netsim", cpus: 1, ..Facts::default() };
    let measured = BoardDevice::new(facts, Bench::default(), Room, &clock, &counters, &mut samples);
    let node = RefCell::new(Node::new(measured, &settings, &Saved::default(), clock.now()));
    let machine = Machine {
        store: &mut Flash::default(),
        key: &mut SoftwareKey::new(),
        rng: &mut ChaCha20Rng::seed_from_u64(seed),
        clock: &clock,
        observer: &mut Writer { clock: &clock, diary },
        control: &mut NoControl,
        node: &node,
        counters: &counters,
    };
    let device = Device {
        goal: Goal::ClaimAndLink,
        settings,
        anchors: Anchors::new(&anchors),
        build_unix_seconds: BUILD_UNIX_SECONDS,
        time_server: Some(time_server),
        local_api: Some(PORT),
    };
    let mut resources = StackResources::<SOCKETS>::new();
    let config = Config::dhcpv4(DhcpConfig::default());
    let (stack, mut runner) = embassy_net::new(Guarded::new(ethernet, &counters), config, &mut resources, seed);
    // Not as one: the stack wakes its runner whenever the application looks at a socket.
    as_tasks(pin!(runner.run()), pin!(aclk_firmware::run(stack, &mut memory, machine, &device))).await;
}

pub(crate) struct Writer<'c> {
    pub(crate) clock: &'c DeviceClock,
    pub(crate) diary: Diary,
}

impl Observer for Writer<'_> {
    fn event(&mut self, event: &Event<'_>) {
        let at = self.clock.instant();
        outside(|| self.diary.borrow_mut().extend(What::of(event).map(|what| Happened { at, what })));
    }
}

/// Storage that never fails.
#[derive(Default)]
struct Flash {
    saved: Saved,
}

impl Store for Flash {
    type Error = Infallible;

    async fn load(&mut self) -> Result<Saved, Infallible> {
        Ok(self.saved.clone())
    }

    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, Infallible> {
        Ok(Some(Secret::copy_of(KEY_PEM.as_bytes()).expect("the fixture fits")))
    }

    async fn save(&mut self, record: Record<'_>) -> Result<(), Infallible> {
        match record {
            Record::Key { .. } => {}
            Record::Pending(claim) => self.saved.pending = Some(claim.clone()),
            Record::Refused => self.saved.pending = None,
            Record::Claimed(claim) => self.saved = Saved { claimed: Some(claim.clone()), pending: None, node: None },
            Record::Node(id) => self.saved.node = Some(id),
        }
        Ok(())
    }
}
