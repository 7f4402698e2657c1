//! A device that is made in no time: two charts, two minutes of samples.

use aclk_core::clock::{Instant, Now, Trust, WallTime};
use aclk_core::identity::guid::Guid;
use aclk_core::metrics::{ChartInfo, ChartKind, Device, DimensionInfo, Facts, History, PINS, Samples};
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::store::Saved;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use std::sync::LazyLock;
use std::time::Duration;

/// The claiming token of the device.
pub(crate) const TOKEN: &str = "token-that-nobody-may-see-0123456789";
/// When it was switched on, in seconds since 1970.
pub(crate) const START: u64 = 1_748_736_000;
const HELD: usize = 120;

const fn chart(id: &'static str, dimensions: &'static [DimensionInfo<'static>]) -> ChartInfo<'static> {
    ChartInfo {
        id,
        context: id,
        family: "fuzz",
        title: "A chart of the bench",
        units: "units/s",
        kind: ChartKind::Line,
        priority: 100,
        plugin: "fuzz",
        module: "",
        dimensions,
    }
}

const CHARTS: [ChartInfo<'static>; 2] = [
    chart("fuzz.one", &[DimensionInfo { id: "d0", name: "d0" }]),
    chart("fuzz.two", &[DimensionInfo { id: "d1", name: "one" }, DimensionInfo { id: "d2", name: "gaps" }]),
];

/// The device.
#[derive(Debug)]
pub(crate) struct Small(History<3, HELD>);

impl Small {
    fn new() -> Self {
        let mut history = History::new();
        for second in START - HELD as u64..START {
            history.push(second, [second as f32, -0.5, f32::NAN]);
        }
        Self(history)
    }
}

impl Device for Small {
    fn facts(&self) -> Facts<'_> {
        Facts { os: "fuzz", architecture: "none", cpus: 1, labels: &[("_fuzz", "yes")], ..Facts::default() }
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        &CHARTS
    }

    fn samples(&self) -> &dyn Samples {
        &self.0
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut self.0
    }

    fn sample(&mut self, now: Now) {
        self.0.push(now.wall.unix_seconds(), [1.0, 2.0, f32::NAN]);
    }
}

/// What it is told once.
pub(crate) static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let id = Guid::parse(aclk_pair::GUID).expect("it is one");
    Settings {
        url: Url::parse("https://cloud.test").expect("it is one"),
        id,
        machine_guid: id,
        hostname: "edge-1".try_into().expect("it is short"),
        token: Secret::copy_of(TOKEN.as_bytes()).expect("it is short"),
        rooms: "".try_into().expect("it is short"),
        claim_attempts: Some(3),
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    }
});

/// So long after the start.
pub(crate) fn now(since: u64) -> Now {
    let instant = Instant::START + Duration::from_micros(since);
    Now { instant, wall: WallTime { unix_us: START * 1_000_000 + since, trust: Trust::Trusted } }
}

/// The device as a node.
pub(crate) fn node() -> Node<Small> {
    Node::new(Small::new(), &SETTINGS, &Saved::default(), now(0))
}

/// Panics if somebody still holds a view of the samples.
pub(crate) fn every_view_is_free(node: &mut Node<Small>) {
    let pins: Vec<_> = std::iter::from_fn(|| node.device.0.pin(0..1)).collect();
    assert_eq!(pins.len(), PINS, "a view was kept");
    pins.into_iter().for_each(|pin| node.device.0.unpin(pin));
}
