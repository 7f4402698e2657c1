//! The firmware application on this machine: our own TCP/IP stack, on whatever carries Ethernet frames.
//!
//! ```text
//!  FileStore, key, trust anchors, wishes (Host)
//!                    │
//!          aclk_firmware::run_with_driver
//!                    │  embassy_net::driver::Driver
//!         Card of a TAP device   or   the end of a cable
//! ```

pub(crate) mod address;
#[cfg(feature = "lab")]
pub(crate) mod cable;
pub(crate) mod tap;

use crate::clock::{BUILD_UNIX_SECONDS, HostClock};
use crate::erased::{AnyControl, AnyObserver, Wish};
use crate::host::{Host, Work};
use crate::store::FileStore;
use crate::store::error::StoreError;
use aclk_core::clock::{Clock as _, Now};
use aclk_core::driver::Observer;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::metrics;
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::store::{Record, Saved, Store};
use aclk_firmware::local_api::PORT;
use aclk_firmware::{Counters, Device, DeviceClock, Machine, Memory};
use embassy_net::Config;
use embassy_net::driver::Driver;
use std::cell::RefCell;

/// A TCP/IP stack of our own, as far as it can be measured.
#[derive(Debug)]
pub(crate) struct OwnStack {
    /// The time.
    pub(crate) clock: DeviceClock,
    /// What goes through it.
    pub(crate) counters: Counters,
}

impl OwnStack {
    /// One whose clock is not set, and through which nothing went.
    pub(crate) const fn new() -> Self {
        Self { clock: DeviceClock::new(BUILD_UNIX_SECONDS), counters: Counters::new() }
    }
}

/// What the application is plugged into.
pub(crate) struct Wire<'c, D> {
    /// Carries Ethernet frames.
    pub(crate) ethernet: D,
    /// How the stack gets its address.
    pub(crate) config: Config,
    /// The time and the counters, and ...
    pub(crate) stack: &'c OwnStack,
    /// ... who is asked for the time.
    pub(crate) time_server: Option<&'c str>,
}

/// Works until the goal is reached or given up, or `control` ends it, over `wire`. The node must be kept by the clock of
/// `wire`. The local API is served there too, on its usual port: it is another network than that of this machine.
pub(crate) async fn drive<D: Driver>(
    host: &mut Host,
    wire: Wire<'_, D>,
    work: Work,
    node: &RefCell<Node<dyn metrics::Device + '_>>,
    observer: &mut dyn Observer,
    control: &mut dyn Wish,
) {
    let Work { goal, settings, saved } = work;
    let mut memory = Box::new(Memory::new());
    let machine = Machine {
        store: &mut Known { store: &mut host.store, saved: Some(saved) },
        key: &mut host.key,
        rng: &mut host.rng,
        clock: &wire.stack.clock,
        observer: &mut AnyObserver(observer),
        control: &mut AnyControl(control),
        node,
        counters: &wire.stack.counters,
    };
    let device = Device {
        goal,
        settings,
        anchors: host.trust.anchors(),
        build_unix_seconds: BUILD_UNIX_SECONDS,
        time_server: wire.time_server,
        local_api: Some(PORT),
    };
    aclk_firmware::run_with_driver(wire.ethernet, wire.config, &mut memory, machine, &device).await;
}

/// The clock that nodes with a stack of our own are kept by: its time of day is that of the system.
pub(crate) fn now() -> Now {
    Now { instant: DeviceClock::new(0).instant(), wall: HostClock.wall() }
}

/// A hardware address of our own: unicast, locally administered, and the same whenever this machine comes back, so that a
/// DHCP server recognises it.
pub(crate) fn hardware_address(machine_guid: Guid) -> [u8; 6] {
    let mut address = [0x02, 0, 0, 0, 0, 0];
    for (index, byte) in machine_guid.as_bytes().iter().enumerate() {
        address[1 + index % 5] ^= byte;
    }
    address
}

/// The claim directory, but for what is claimed: whoever drives a link has read that already, and may know better.
struct Known<'s> {
    store: &'s mut FileStore,
    saved: Option<Saved>,
}

impl Store for Known<'_> {
    type Error = StoreError;

    async fn load(&mut self) -> Result<Saved, StoreError> {
        match self.saved.take() {
            Some(saved) => Ok(saved),
            None => self.store.load().await,
        }
    }

    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, StoreError> {
        self.store.load_key().await
    }

    async fn save(&mut self, record: Record<'_>) -> Result<(), StoreError> {
        self.store.save(record).await
    }
}

#[cfg(test)]
mod tests {
    use super::hardware_address;
    use aclk_core::clock::{Clock, Instant};
    use aclk_core::identity::guid::Guid;
    use aclk_firmware::DeviceClock;
    use std::pin::pin;
    use std::task::{Context, Waker};
    use std::time::Duration;

    #[test]
    fn every_machine_has_its_own_hardware_address_and_keeps_it() {
        let guid = |text| Guid::parse(text).unwrap();
        let one = hardware_address(guid("0f0e0d0c-0b0a-4908-8706-050403020100"));
        assert_eq!(one, hardware_address(guid("0f0e0d0c-0b0a-4908-8706-050403020100")));
        assert_ne!(one, hardware_address(guid("0f0e0d0c-0b0a-4908-8706-050403020101")));
        assert_eq!(one[0] & 0b11, 0b10, "unicast, locally administered");
    }

    #[test]
    fn an_executor_that_is_busy_when_something_is_due_is_late() {
        let clock = DeviceClock::new(0);
        let mut cx = Context::from_waker(Waker::noop());
        // What was due before anybody waited for it is not the executor's fault.
        let mut past = pin!(clock.sleep_until(Instant::START));
        while past.as_mut().poll(&mut cx).is_pending() {}
        assert_eq!(clock.take_lateness(), 0);
        let due = clock.instant() + Duration::from_millis(20);
        let mut sleep = pin!(clock.sleep_until(due));
        if sleep.as_mut().poll(&mut cx).is_ready() {
            // This machine stood still for that long.
            return;
        }
        while clock.instant() < due + Duration::from_millis(3) {
            std::hint::spin_loop();
        }
        assert!(sleep.poll(&mut cx).is_ready());
        assert!(clock.take_lateness() >= 3_000);
        assert_eq!(clock.take_lateness(), 0, "it was told already");
    }
}
