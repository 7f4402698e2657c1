//! All that an application adds to be a node of Netdata Cloud: one task, and two charts of its own.
use crate::existing::{Entropy, Flash, Keyboard, STORE, Screen, air_and_water};
use aclk_core::clock::{Clock, Now};
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::{ChartInfo, DimensionInfo, Facts};
use aclk_core::{node::Node, store::Saved};
use aclk_firmware::console::{Desk, console};
use aclk_firmware::flash::{AnchorMemory, FlashStore};
use aclk_firmware::{BoardDevice, Counters, Custom, DeviceClock, Equipment, Memory, Product, SharedNode};
use aclk_firmware::{chart, run_from_flash};
use {core::cell::RefCell, embassy_futures::select::select, embassy_net::Stack};

/// When this firmware was built, in seconds since 1970.
const BUILT: u64 = 1_790_000_000;

struct Charts;

impl Custom for Charts {
    const CHARTS: &'static [ChartInfo<'static>] = &[
        chart("pool.air", "Air Temperature", "Celsius", &[DimensionInfo { id: "air", name: "air" }]),
        chart("pool.water", "Water Temperature", "Celsius", &[DimensionInfo { id: "water", name: "water" }]),
    ];
    fn measure(&mut self, _: Now, values: &mut [f32]) {
        values.copy_from_slice(&air_and_water());
    }
}

#[embassy_executor::task]
pub(crate) async fn node(stack: Stack<'static>, flash: Flash, mut rng: Entropy, line: (Keyboard, Screen)) {
    let product = &Product::new("pool", BUILT).expect("the name is short");
    let (clock, counters, desk) = (&DeviceClock::new(BUILT), &Counters::new(), &Desk::new());
    let mut samples = [0.0; 120 * 18];
    let device = BoardDevice::new(Facts::default(), (), Charts, clock, counters, &mut samples);
    let node: &SharedNode<'_> = &RefCell::new(Node::new(device, &product.settings(), &Saved::default(), clock.now()));
    let (store, anchors) = (&mut FlashStore::new(flash, STORE).expect("three pages"), &mut AnchorMemory::new());
    let (key, rng, observer) = (&mut SoftwareKey::new(), &mut rng, &mut &*desk);
    let equipment = Equipment { store, anchors, key, rng, clock, observer, desk, node, counters };
    let person = console(line.0, line.1, desk, node, clock);
    select(run_from_flash(stack, &mut Memory::new(), equipment, product), person).await;
}
