//! The life of the device: from power on until it reboots.

use super::board::{Bench, Room};
use super::flash::{self, Memory};
use super::outbox::Outbox;
use super::report::{Reporter, Teller};
use super::serial::Uart;
use super::settings::{KeySource, Settings};
use crate::clock;
use crate::executor::side_by_side;
use crate::heap::outside;
use aclk_core::clock::{Clock, Trust};
use aclk_core::identity::key::PublicPem;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::Facts;
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::stage::{Failure, Stage};
use aclk_core::store::{Record, Saved, Store};
use aclk_core::tls::anchor;
use aclk_core::wire::proxy::Proxy;
use aclk_core::wire::url::Url;
use aclk_firmware::console::{Desk, console};
use aclk_firmware::flash::{AnchorList, AnchorMemory, FlashError, FlashStore, PROXY_URL_MAX, Setup};
use aclk_firmware::local_api::PORT;
use aclk_firmware::{
    BoardDevice, Counters, DeviceClock, Ended, Equipment, Guarded, Memory as Buffers, Product, SOCKETS, SharedNode,
    run_from_flash,
};
use aclk_lan::{DeviceEnd, ROUTER};
use chacha20::ChaCha20Rng;
use core::cell::RefCell;
use core::pin::pin;
use embassy_futures::select::{Either3, select3};
use embassy_net::{Config, DhcpConfig, StackResources};
use rand_core::Rng;
use rustls_pki_types::CertificateDer;
use serde_json::json;

/// When the firmware was built: 2025-10-09. Without any time from the network, certificates are checked at that.
const BUILD_UNIX_SECONDS: u64 = 1_760_000_000;
/// The key pair that the factory puts into a device. It is no secret: everybody has it.
const FACTORY_KEY: &str = include_str!("../../../tests/pair/fixtures/private.pem");
/// Samples that are kept: ten minutes of 17 dimensions, the last of which is the thermometer's.
const VALUES: usize = 600 * 17;

/// What a device is made of.
pub(super) struct Birth {
    pub(super) ethernet: DeviceEnd,
    pub(super) rng: ChaCha20Rng,
    pub(super) flash: Memory,
    pub(super) line: Uart,
    pub(super) outbox: Outbox,
    pub(super) settings: Settings,
    /// The certificate that it trusts, as DER.
    pub(super) authority: Vec<u8>,
    pub(super) url: Url,
}

/// Runs the device until it is to start anew, which it then says.
pub(super) async fn live(birth: Birth) {
    let Birth { ethernet, mut rng, flash, line, outbox, settings, authority, url } = birth;
    let product = match product(&settings, url) {
        Ok(product) => product,
        // Whoever has set it up so is the one to know.
        Err(failure) => {
            outbox.console(format!("{failure}\r\n").as_bytes());
            return outbox.tell(|| json!({ "type": "ended" }));
        }
    };
    let clock = DeviceClock::new(BUILD_UNIX_SECONDS);
    if let Some(offset) = settings.clock {
        // It has a clock of its own, believes it, and is wrong.
        let unix_us = clock::epoch_us() as f64 + clock.instant().as_micros() as f64 + offset * 1e6;
        clock.set(unix_us as u64, clock.instant(), Trust::Trusted);
    }
    let mut store = match FlashStore::new(flash.clone(), Memory::range()) {
        Ok(store) => store,
        Err(error) => return outbox.tell(|| json!({ "type": "fatal", "message": error.to_string() })),
    };
    if let Err(error) = provision(&mut store, &settings, &authority).await {
        // What that means is for the application to find out and to say.
        outbox.console(format!("factory: {error}\r\n").as_bytes());
    }
    // All but the future itself is static on a board, and not in its arena.
    let (mut memory, mut samples) = outside(|| (Box::new(Buffers::new()), Box::new([0.0; VALUES])));
    let (counters, desk, mut anchors) = (Counters::new(), Desk::new(), AnchorMemory::new());
    let facts = Facts { os: "firmware", architecture: "wasm32", cpus: 1, ..Facts::default() };
    let measured = BoardDevice::new(facts, Bench, Room, &clock, &counters, &mut samples);
    let node = RefCell::new(Node::new(measured, &product.settings(), &Saved::default(), clock.now()));
    let node: &SharedNode<'_> = &node;
    let reporter = Reporter::new(node, &clock, &outbox, flash.clone());
    let seed = rng.next_u64();
    let equipment = Equipment {
        store: &mut store,
        anchors: &mut anchors,
        key: &mut SoftwareKey::new(),
        rng: &mut rng,
        clock: &clock,
        observer: &mut Teller::new(&reporter, &desk),
        desk: &desk,
        node,
        counters: &counters,
    };
    let mut resources = StackResources::<SOCKETS>::new();
    let config = Config::dhcpv4(DhcpConfig::default());
    let (stack, mut runner) = embassy_net::new(Guarded::new(ethernet, &counters), config, &mut resources, seed);
    let application = run_from_flash(stack, &mut memory, equipment, &product);
    reporter.set_future(size_of_val(&application) + size_of_val(&runner));
    let application = async {
        let person = console(line.clone(), line, &desk, node, &clock);
        match select3(application, person, reporter.run()).await {
            Either3::First(Ended::Reboot) => outbox.tell(|| json!({ "type": "reboot" })),
            Either3::Second(()) | Either3::Third(()) => {}
        }
    };
    side_by_side(pin!(runner.run()), pin!(application)).await;
}

fn product(settings: &Settings, url: Url) -> Result<Product, Failure> {
    let config = |cause: &str| Failure::new(Stage::Config, cause);
    let hostname: &str = if settings.hostname.is_empty() { "device" } else { &settings.hostname };
    let mut product = Product::new(hostname, BUILD_UNIX_SECONDS)?;
    product.url = url;
    product.time_server = settings.clock.is_none().then_some(ROUTER);
    product.local_api = Some(PORT);
    if settings.proxy.len() > PROXY_URL_MAX {
        return Err(config("the URL of the proxy is too long"));
    }
    // In a flash that can be read there is none that cannot.
    if !settings.proxy.is_empty()
        && let Err(error) = Proxy::parse(&settings.proxy)
    {
        return Err(config(&format!("the proxy cannot be used: {error}")));
    }
    Ok(product)
}

/// What the factory, or whoever mounts the device, writes into its flash: proxy, whom to trust, perhaps a key.
async fn provision(store: &mut FlashStore<Memory>, settings: &Settings, authority: &[u8]) -> Result<(), FlashError> {
    let proxy = Secret::copy_of(settings.proxy.as_bytes()).unwrap_or_default();
    store.set_up(&Setup { hostname: heapless::String::new(), proxy }).await?;
    let authority = CertificateDer::from(authority);
    if let Ok(trusted) = anchor(&authority) {
        let list = AnchorList([trusted].into_iter().collect());
        let mut memory = AnchorMemory::new();
        if store.anchors(&mut memory).await?.as_ref() != Some(&list) {
            store.set_anchors(&list).await?;
        }
    }
    if settings.key == KeySource::Injected && store.load_key().await?.is_none() {
        let private_pem = &Secret::copy_of(FACTORY_KEY.as_bytes()).unwrap_or_default();
        store.save(Record::Key { private_pem, public_pem: &PublicPem::new() }).await?;
    }
    Ok(())
}

/// The pages of the flash, for the budget.
pub(super) const FLASH: (usize, usize) = (flash::PAGES, flash::PAGE);
