//! The application of a device that keeps everything in flash, and has a console.

use crate::anchors::ANCHORS;
use crate::app::{Device, Machine, Memory, run};
use crate::clock::DeviceClock;
use crate::console::{Desk, Wish};
use crate::counters::Counters;
use crate::flash::{AnchorList, AnchorMemory, FlashError, FlashStore};
use crate::local_api;
use aclk_core::clock::Clock;
use aclk_core::driver::Observer;
use aclk_core::engine::event::{Event, Goal};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Key;
use aclk_core::metrics;
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::stage::{Failure, Stage};
use aclk_core::store::{Saved, Store};
use aclk_core::tls::Anchors;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use core::cell::RefCell;
use core::net::Ipv4Addr;
use embassy_net::Stack;
use embedded_storage_async::nor_flash::NorFlash;
use rand_core::CryptoRng;

/// What the product has built in. The flash may say otherwise.
#[derive(Debug, Clone)]
pub struct Product {
    /// Cloud, host name, deadlines and limits. The machine GUID in it is of no matter: each device makes its own.
    pub settings: Settings,
    /// When the firmware was built, in seconds since 1970.
    pub build_unix_seconds: u64,
    /// A time server; see [`Device::time_server`].
    pub time_server: Option<Ipv4Addr>,
    /// The port of the local API; see [`Device::local_api`].
    pub local_api: Option<u16>,
}

impl Product {
    /// A product for Netdata Cloud with the usual deadlines, the limits of a small device, no time server, and the local API.
    ///
    /// # Errors
    /// A failure at [`Stage::Config`] if the host name is too long.
    pub fn new(hostname: &str, build_unix_seconds: u64) -> Result<Self, Failure> {
        let config = |cause: &dyn core::fmt::Display| Failure::new(Stage::Config, cause);
        let settings = Settings {
            url: Url::parse(CLOUD).map_err(|error| config(&error))?,
            id: NOBODY,
            machine_guid: NOBODY,
            hostname: hostname.try_into().map_err(|_| config(&"the host name is too long"))?,
            token: Secret::new(),
            rooms: heapless::String::new(),
            claim_attempts: None,
            proxy: None,
            no_proxy: Exceptions::NONE,
            timing: Timing::DEFAULT,
            limits: Limits::DEVICE,
        };
        Ok(Self { settings, build_unix_seconds, time_server: None, local_api: Some(local_api::PORT) })
    }
}

/// Netdata Cloud.
const CLOUD: &str = "https://app.netdata.cloud";

/// Stands where a device puts its own machine GUID.
const NOBODY: Guid = match Guid::from_bytes([0xff; 16]) {
    Ok(guid) => guid,
    Err(_) => panic!(),
};

/// A node that the link, the local API and the console share.
pub type SharedNode<'a> = RefCell<Node<dyn metrics::Device + 'a>>;

/// What the application needs of a device that keeps everything in flash.
pub struct Equipment<'m, F, K, R, O> {
    /// The flash.
    pub store: &'m mut FlashStore<F>,
    /// Memory for the trust anchors in it.
    pub anchors: &'m mut AnchorMemory,
    /// The key pair.
    pub key: &'m mut K,
    /// Randomness.
    pub rng: &'m mut R,
    /// The clock.
    pub clock: &'m DeviceClock,
    /// Told of everything that happens: `&mut &desk` for a console.
    pub observer: &'m mut O,
    /// Where wishes come from.
    pub desk: &'m Desk,
    /// The node; see [`Machine::node`].
    pub node: &'m SharedNode<'m>,
    /// Counts what goes through the network; see [`Machine::counters`].
    pub counters: &'m Counters,
}

/// Why the application of a device has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Somebody wants the device to start anew. The link has ended in order.
    Reboot,
}

/// Runs the application on what is in flash, and as it is wished at the desk: [`run`] again for each wish, after the link
/// has ended in order. Nothing else ends it, and it can be dropped at any time.
///
/// A flash that cannot be used is told of, and nothing is claimed, linked or erased until somebody wishes something.
pub async fn run_from_flash<F, K, R, O>(
    stack: Stack<'_>,
    memory: &mut Memory,
    equipment: Equipment<'_, F, K, R, O>,
    product: &Product,
) -> Ended
where
    F: NorFlash,
    K: Key,
    R: CryptoRng,
    O: Observer,
{
    let Equipment { store, anchors, key, rng, clock, observer, mut desk, node, counters } = equipment;
    loop {
        let failed = match known(store, anchors).await {
            Ok((saved, list)) => match store.settings(&product.settings, rng).await {
                Ok(settings) => {
                    configure(node, &settings, &saved, clock);
                    // Without a token there is nothing to say but that a person has to act.
                    let claims = !settings.token.is_empty() || saved.pending.is_some();
                    let Product { build_unix_seconds, time_server, local_api, .. } = *product;
                    let device = Device {
                        goal: if claims { Goal::ClaimAndLink } else { Goal::Link },
                        settings,
                        anchors: Anchors::new(list.as_ref().map_or(ANCHORS, |list| &list.0)),
                        build_unix_seconds,
                        time_server,
                        local_api,
                    };
                    let control = &mut desk;
                    let machine = Machine { store, key, rng, clock, observer, control, node, counters };
                    run(stack, memory, machine, &device).await;
                    None
                }
                Err(error) => Some(error),
            },
            Err(error) => Some(error),
        };
        if let Some(error) = failed {
            let hint = "nothing is done before somebody types at the console";
            let failure = Failure::new(Stage::Storage, error).hint(hint);
            observer.event(&Event::Notice(&failure));
            node.borrow_mut().status.on_failure(&failure, clock.now());
        }
        desk.wished().await;
        let done = match desk.take() {
            Some(Wish::Claim(order)) => store.order(order).await,
            Some(Wish::Unclaim) => {
                let done = store.unclaim().await;
                if done.is_ok() {
                    key.forget();
                }
                done
            }
            Some(Wish::Reboot) => {
                desk.answer(Ok(()));
                return Ended::Reboot;
            }
            None => continue,
        };
        desk.answer(done);
    }
}

/// What has become of the device, and whom it trusts if its flash says so.
async fn known<'a, F: NorFlash>(
    store: &mut FlashStore<F>,
    anchors: &'a mut AnchorMemory,
) -> Result<(Saved, Option<AnchorList<'a>>), FlashError> {
    let saved = store.load().await?;
    let list = store.anchors(anchors).await?;
    Ok((saved, list))
}

fn configure(node: &SharedNode<'_>, settings: &Settings, saved: &Saved, clock: &DeviceClock) {
    let status = &mut node.borrow_mut().status;
    status.configure(settings);
    status.reload(saved, &settings.url, clock.now());
}
