//! The link, for a device to which a factory has given key and identity: it neither claims itself nor makes a key, and nobody
//! asks it but the Cloud.

use crate::{BUILD_UNIX_SECONDS, HOSTNAME, Measured, Shared, keyboard, network, node, or_panic, say, shared};
use aclk_core::driver::{Command, Control, Observer};
use aclk_core::engine::event::{Event, Goal};
use aclk_core::identity::key::{CIPHERTEXT_LEN, Key, KeyError, PLAINTEXT_MAX, PRIVATE_PEM_MAX, Progress, PublicPem};
use aclk_core::identity::software::SoftwareKey;
use aclk_core::secret::Secret;
use aclk_core::stage::Failure;
use aclk_core::tls::Anchors;
use aclk_firmware::anchors::ANCHORS;
use aclk_firmware::flash::{AnchorList, AnchorMemory, FlashStore};
use aclk_firmware::{Device, Machine, Memory, Product, run};
use aclk_qemu::test_only::{self, HostFlash, HostRng};
use core::cell::RefCell;
use embassy_executor::Spawner;
use rand_core::{CryptoRng, Rng};
use static_cell::{ConstStaticCell, StaticCell};

pub(crate) use aclk_firmware::SOCKETS;

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());
static TRUST: ConstStaticCell<AnchorMemory> = ConstStaticCell::new(AnchorMemory::new());
static STORE: StaticCell<FlashStore<HostFlash>> = StaticCell::new();
static LIST: StaticCell<Option<AnchorList<'static>>> = StaticCell::new();
static DEVICE: StaticCell<Device<'static>> = StaticCell::new();
static RNG: StaticCell<HostRng> = StaticCell::new();

// Not a part of the caller, whose stack is never given back.
#[inline(never)]
pub(crate) fn start(spawner: Spawner) {
    let rng = RNG.init(or_panic(test_only::seeded()));
    let (shared, runner) = shared(HOSTNAME, rng.next_u64());
    let store = STORE.init(or_panic(FlashStore::new(or_panic(HostFlash::open()), 0..HostFlash::SIZE)));
    let (Ok(network), Ok(keyboard), Ok(linked)) = (network(runner), keyboard(), linked(shared, store, rng)) else {
        panic!("each task is started once");
    };
    spawner.spawn(network);
    spawner.spawn(keyboard);
    spawner.spawn(linked);
}

#[embassy_executor::task]
async fn linked(shared: Shared, store: &'static mut FlashStore<HostFlash>, rng: &'static mut HostRng) {
    let product = or_panic(Product::new(HOSTNAME, BUILD_UNIX_SECONDS));
    let list: &Option<AnchorList<'_>> = LIST.init(or_panic(store.anchors(TRUST.take()).await));
    let device = DEVICE.init(Device {
        goal: Goal::Link,
        settings: or_panic(store.settings(&product.settings(), rng).await),
        anchors: Anchors::new(list.as_ref().map_or(ANCHORS, |list| &list.0)),
        build_unix_seconds: BUILD_UNIX_SECONDS,
        time_server: None,
        local_api: None,
    });
    let Shared { clock, counters, stack } = shared;
    let node: &RefCell<aclk_core::node::Node<Measured>> = node(&device.settings, &Default::default(), shared);
    let machine = Machine {
        store,
        key: &mut GivenKey(SoftwareKey::new()),
        rng,
        clock,
        observer: &mut Teller,
        control: &mut Nobody,
        node,
        counters,
    };
    run(stack, MEMORY.take(), machine, device).await;
}

/// A key that was made elsewhere.
struct GivenKey(SoftwareKey);

impl Key for GivenKey {
    fn is_present(&self) -> bool {
        self.0.is_present()
    }

    /// It does not make one.
    fn generate_step(&mut self, _: &mut dyn CryptoRng) -> Result<Progress, KeyError> {
        Err(KeyError::Missing)
    }

    fn public_pem(&self) -> Result<PublicPem, KeyError> {
        self.0.public_pem()
    }

    fn decrypt(
        &self,
        ciphertext: &[u8; CIPHERTEXT_LEN],
        rng: &mut dyn CryptoRng,
    ) -> Result<Secret<PLAINTEXT_MAX>, KeyError> {
        self.0.decrypt(ciphertext, rng)
    }

    /// It is in the flash already.
    fn private_pem(&self) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError> {
        Err(KeyError::NotExportable)
    }

    fn import_pem(&mut self, pem: &[u8]) -> Result<(), KeyError> {
        self.0.import_pem(pem)
    }
}

/// Tells what happens.
struct Teller;

impl Observer for Teller {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Online { .. } => say!("online"),
            Event::Live { node: Some(node) } => say!("live as node {node}"),
            Event::Offline { failure } | Event::Notice(failure) | Event::ClaimFailed { failure, .. } => told(failure),
            Event::Stage(_) | Event::Answer(_) | Event::Claimed { .. } | Event::Live { node: None } => {}
        }
    }
}

fn told(failure: &Failure) {
    say!("{failure}");
}

/// Nobody wishes anything.
struct Nobody;

impl Control for Nobody {
    async fn next(&mut self) -> Command {
        core::future::pending().await
    }
}
