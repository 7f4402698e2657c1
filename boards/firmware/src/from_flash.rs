//! The application of a device that keeps everything in flash, and has a console.

use crate::anchors::ANCHORS;
use crate::app::{Device, Machine, Memory, run};
use crate::clock::DeviceClock;
use crate::console::{Desk, Wish};
use crate::counters::Counters;
use crate::flash::{AnchorList, AnchorMemory, ClaimOrder, FlashError, FlashStore};
use crate::local_api;
use aclk_core::clock::Clock;
use aclk_core::driver::Observer;
use aclk_core::engine::event::{Event, Goal};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Key;
use aclk_core::metrics;
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::{HOSTNAME_MAX, Limits, Settings, Timing};
use aclk_core::stage::{Failure, Stage};
use aclk_core::store::Store;
use aclk_core::tls::Anchors;
use aclk_core::wire::proxy::{Exceptions, Proxy};
use aclk_core::wire::url::Url;
use core::cell::RefCell;
use core::pin::{Pin, pin};
use embassy_net::Stack;
use embedded_storage_async::nor_flash::NorFlash;
use rand_core::CryptoRng;

/// What the product has built in. The flash may say otherwise.
///
/// It becomes [`Settings`] for each run, and holds no room for what most products have not.
#[derive(Debug, Clone)]
pub struct Product {
    /// The Cloud's base URL.
    pub url: Url,
    /// The host name shown in the War Rooms.
    pub hostname: heapless::String<HOSTNAME_MAX>,
    /// Whom to claim for. `None` for a device that waits until its flash or a person says so.
    pub order: Option<&'static ClaimOrder>,
    /// The proxy for every connection; `None` for direct ones.
    pub proxy: Option<&'static Proxy>,
    /// Hosts that it is not used for.
    pub no_proxy: Exceptions,
    /// How long each wait may take.
    pub timing: Timing,
    /// What is announced to the Cloud.
    pub limits: Limits,
    /// When the firmware was built, in seconds since 1970.
    pub build_unix_seconds: u64,
    /// A time server; see [`Device::time_server`].
    pub time_server: Option<&'static str>,
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
        Ok(Self {
            url: Url::parse(CLOUD).map_err(|error| config(&error))?,
            hostname: hostname.try_into().map_err(|_| config(&"the host name is too long"))?,
            order: None,
            proxy: None,
            no_proxy: Exceptions::NONE,
            timing: Timing::DEFAULT,
            limits: Limits::DEVICE,
            build_unix_seconds,
            time_server: None,
            local_api: Some(local_api::PORT),
        })
    }

    /// The settings of a device whose flash says nothing. The machine GUID in them is nobody's: each device makes its own.
    // Made where it is returned: it is large.
    #[inline(never)]
    #[must_use]
    pub fn settings(&self) -> Settings {
        let mut settings = Settings {
            url: self.url.clone(),
            id: NOBODY,
            machine_guid: NOBODY,
            hostname: self.hostname.clone(),
            token: Secret::new(),
            rooms: heapless::String::new(),
            claim_attempts: None,
            proxy: self.proxy.cloned(),
            no_proxy: self.no_proxy,
            timing: self.timing,
            limits: self.limits,
        };
        if let Some(ClaimOrder { token, rooms, url }) = self.order {
            settings.token.clone_from(token);
            settings.rooms.clone_from(rooms);
            if let Some(url) = url {
                settings.url.clone_from(url);
            }
        }
        settings
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
pub async fn run_from_flash<F, K, R, O, const WINDOW: usize>(
    stack: Stack<'_>,
    memory: &mut Memory<WINDOW>,
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
    // Whoever polls these does not know what they are, so that the stack of one is not a part of another's. And what they
    // yield is put where it stays, not handed on: a future keeps both for as long as it waits.
    loop {
        let (mut list, mut device) = (None, None);
        let looked = {
            let look: Work<'_, _> = pin!(look(store, anchors, &mut list));
            look.await
        };
        let known = match looked {
            Ok(()) => {
                let know: Work<'_, _> = pin!(know(store, list.as_ref(), product, rng, node, clock, &mut device));
                know.await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = known {
            device = None;
            refuse(error, observer, node, clock);
        }
        if let Some(device) = &device {
            let control = &mut desk;
            let machine = Machine { store, key, rng, clock, observer, control, node, counters };
            let run: Work<'_, _> = pin!(run(stack, memory, machine, device));
            run.await;
        }
        let fulfil: Work<'_, _> = pin!(fulfil(desk, store, key));
        if let Some(ended) = fulfil.await {
            return ended;
        }
    }
}

/// Something to be waited for, whatever it is.
type Work<'w, T> = Pin<&'w mut dyn Future<Output = T>>;

/// Whom the device trusts, if its flash says so.
async fn look<'a, F: NorFlash>(
    store: &mut FlashStore<F>,
    anchors: &'a mut AnchorMemory,
    list: &mut Option<AnchorList<'a>>,
) -> Result<(), FlashError> {
    *list = store.anchors(anchors).await?;
    Ok(())
}

/// The device as its flash says, and as the product has it where the flash says nothing. The node is told.
async fn know<'a, F: NorFlash>(
    store: &mut FlashStore<F>,
    anchors: Option<&'a AnchorList<'a>>,
    product: &Product,
    rng: &mut impl CryptoRng,
    node: &SharedNode<'_>,
    clock: &DeviceClock,
    device: &mut Option<Device<'a>>,
) -> Result<(), FlashError> {
    let device = as_produced(product, anchors, device);
    store.fill_in(&mut device.settings, rng).await?;
    let saved = store.load().await?;
    let status = &mut node.borrow_mut().status;
    status.configure(&device.settings);
    status.reload(&saved, &device.settings.url, clock.now());
    // Without a token there is nothing to say but that a person has to act.
    if !device.settings.token.is_empty() || saved.pending.is_some() {
        device.goal = Goal::ClaimAndLink;
    }
    Ok(())
}

/// The device as the product has it. The settings are then filled in where they stay.
#[inline(never)]
fn as_produced<'d, 'a>(
    product: &Product,
    anchors: Option<&'a AnchorList<'a>>,
    device: &'d mut Option<Device<'a>>,
) -> &'d mut Device<'a> {
    device.insert(Device {
        goal: Goal::Link,
        settings: product.settings(),
        anchors: Anchors::new(anchors.map_or(ANCHORS, |list| &list.0)),
        build_unix_seconds: product.build_unix_seconds,
        time_server: product.time_server,
        local_api: product.local_api,
    })
}

/// Says that the flash cannot be used.
#[inline(never)]
fn refuse(error: FlashError, observer: &mut impl Observer, node: &SharedNode<'_>, clock: &DeviceClock) {
    let hint = "nothing is done before somebody types at the console";
    let failure = Failure::new(Stage::Storage, error).hint(hint);
    observer.event(&Event::Notice(&failure));
    node.borrow_mut().status.on_failure(&failure, clock.now());
}

/// Waits for a wish and fulfils it.
async fn fulfil<F: NorFlash>(desk: &Desk, store: &mut FlashStore<F>, key: &mut impl Key) -> Option<Ended> {
    desk.wished().await;
    let done = match desk.take()? {
        Wish::Claim(order) => store.order(order).await,
        Wish::Unclaim => {
            let done = store.unclaim().await;
            if done.is_ok() {
                key.forget();
            }
            done
        }
        Wish::Reboot => {
            desk.answer(Ok(()));
            return Some(Ended::Reboot);
        }
    };
    desk.answer(done);
    None
}

#[cfg(test)]
mod tests {
    use super::{ClaimOrder, Product};
    use aclk_core::secret::Secret;
    use aclk_core::wire::url::Url;

    #[test]
    fn an_order_that_is_built_in_is_in_the_settings() {
        let mut product = Product::new("pump", 0).unwrap();
        assert_eq!((product.settings().token.is_empty(), product.settings().url.as_str()), (true, super::CLOUD));
        let order = ClaimOrder {
            token: Secret::copy_of(b"token").unwrap(),
            rooms: "room-1".try_into().unwrap(),
            url: Some(Url::parse("https://cloud.example").unwrap()),
        };
        product.order = Some(std::boxed::Box::leak(std::boxed::Box::new(order)));
        let settings = product.settings();
        assert_eq!((settings.token.expose_str(), settings.rooms.as_str()), ("token", "room-1"));
        assert_eq!((settings.url.as_str(), settings.hostname.as_str()), ("https://cloud.example", "pump"));
    }
}
