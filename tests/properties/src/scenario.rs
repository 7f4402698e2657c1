//! What happens to a device, by chance.

use aclk_cloud::{Config, Fault, FaultPlan, Step};
use aclk_core::engine::event::Goal;
use aclk_pair::{ConnectFault, Memory, Pieces, ProxySetup, Setup};
use aclk_proxy::Kind;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;

/// A device, its network, and what happens to it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Of engine, network, Cloud and key operations.
    pub seed: u64,
    /// Whether there is something to claim; else it waits to be claimed by others, who never come.
    pub claims: bool,
    /// How bytes for the device are cut.
    pub pieces: Pieces,
    /// Milliseconds from one end to the other, and how many more by chance.
    pub latency: (u64, u64),
    /// URL of the proxy, user name and password included.
    pub proxy: Option<&'static str>,
    /// Answers that can be compressed at a time.
    pub gzip: usize,
    /// What happens, in order.
    pub acts: Vec<Act>,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Act {
    /// The Cloud begins to commit this fault, as in `status-503@env*2`.
    Fault(String),
    /// The Cloud commits no faults any more.
    NoFaults,
    /// So many seconds pass.
    Wait(u64),
    /// The next attempts to connect end like that.
    Connects(Vec<ConnectFault>),
    /// The proxy begins to do what it should not.
    ProxyFault(aclk_proxy::Fault),
    /// The Cloud cannot be reached any more, or can again.
    Down(bool),
    /// Power goes and comes back.
    Reboot,
    /// The device is told to read its identity again.
    Reload,
    /// Somebody takes the claim back, here and in the Cloud.
    Unclaim,
    /// The storage refuses this record from now on, or none.
    Storage(Option<&'static str>),
    /// An administrator bans the node, or lets it in again.
    Ban(bool),
    /// The Cloud asks the device to leave and come back after so many seconds.
    Leave(u64),
    /// The Cloud asks for something over the link.
    Ask(&'static str),
    /// The Cloud ends all its connections in order.
    Restart,
    /// The device is asked to end, and started again a minute later.
    Stop,
}

/// The faults of the Cloud and where they strike. Those of TLS have tests of their own: there is none here.
fn places() -> Vec<(&'static Fault, Step)> {
    let all = Fault::list().iter().flat_map(|fault| fault.steps.iter().map(move |step| (fault, *step)));
    all.filter(|(_, step)| *step != Step::Tls).collect()
}

fn fault() -> impl Strategy<Value = Act> {
    (select(places()), prop_oneof![4 => (1_u32..4).prop_map(Some), 1 => Just(None)]).prop_map(
        |((fault, step), times)| {
            let times = times.map_or_else(String::new, |times| format!("*{times}"));
            Act::Fault(format!("{}@{step}{times}", fault.name))
        },
    )
}

fn connect_fault() -> impl Strategy<Value = ConnectFault> {
    prop_oneof![
        Just(ConnectFault::None),
        Just(ConnectFault::Dns),
        Just(ConnectFault::Refused),
        Just(ConnectFault::Certificate),
        (1_u64..30).prop_map(|seconds| ConnectFault::Silence(Duration::from_secs(seconds))),
    ]
}

fn proxy_fault() -> impl Strategy<Value = Act> {
    let all: Vec<_> = aclk_proxy::Fault::list(Kind::Http).chain(aclk_proxy::Fault::list(Kind::Socks)).collect();
    select(all).prop_map(Act::ProxyFault)
}

/// What the Cloud asks for over the link.
const QUESTIONS: [&str; 5] = [
    "GET /api/v1/info HTTP/1.1\r\n\r\n",
    "GET /api/v1/charts HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n",
    "GET /api/v1/data?chart=bench.wide HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n",
    "GET /nowhere HTTP/1.1\r\n\r\n",
    "POST / HTTP/9.9\r\n",
];

fn act() -> impl Strategy<Value = Act> {
    let seconds = prop_oneof![4 => 1_u64..10, 4 => 10_u64..200, 2 => 200_u64..2_000, 1 => 2_000_u64..15_000];
    prop_oneof![
        24 => fault(),
        3 => Just(Act::NoFaults),
        24 => seconds.prop_map(Act::Wait),
        4 => prop::collection::vec(connect_fault(), 1..6).prop_map(Act::Connects),
        4 => proxy_fault(),
        4 => any::<bool>().prop_map(Act::Down),
        4 => Just(Act::Reboot),
        3 => Just(Act::Reload),
        1 => Just(Act::Unclaim),
        3 => select(vec![None, Some("key"), Some("pending"), Some("refused"), Some("claimed"), Some("node")])
            .prop_map(Act::Storage),
        2 => prop::bool::weighted(0.7).prop_map(Act::Ban),
        2 => (0_u64..100).prop_map(Act::Leave),
        4 => select(QUESTIONS.to_vec()).prop_map(Act::Ask),
        1 => Just(Act::Restart),
        1 => Just(Act::Stop),
    ]
}

fn pieces() -> impl Strategy<Value = Pieces> {
    prop_oneof![
        4 => Just(Pieces::Whole),
        3 => Just(Pieces::Random),
        1 => (1_usize..200).prop_map(Pieces::Of),
        1 => (1_usize..400).prop_map(Pieces::SplitAt),
    ]
}

/// User names and passwords of the proxies. The password is [`PROXY_PASSWORD`].
const PROXIES: [&str; 4] = [
    "http://proxy.example:3128",
    "http://alice:hunter2-of-the-proxy@proxy.example:3128",
    "socks5://proxy.example",
    "socks5h://alice:hunter2-of-the-proxy@proxy.example",
];
/// What nobody but the proxy may learn.
pub(crate) const PROXY_PASSWORD: &str = "hunter2-of-the-proxy";

/// All scenarios, likely ones more often.
pub fn scenarios() -> impl Strategy<Value = Scenario> {
    let proxy = prop_oneof![3 => Just(None), 1 => select(PROXIES.to_vec()).prop_map(Some)];
    let latency = (prop_oneof![Just(0), 1_u64..400], prop_oneof![Just(0), 1_u64..200]);
    let device = (any::<u64>(), prop::bool::weighted(0.97), pieces(), latency, proxy, 0_usize..2);
    (device, prop::collection::vec(act(), 1..14)).prop_map(|((seed, claims, pieces, latency, proxy, gzip), acts)| {
        Scenario { seed, claims, pieces, latency, proxy, gzip, acts }
    })
}

impl Scenario {
    /// The device as it is before anything happens.
    pub(crate) fn setup(&self) -> Setup {
        let proxy = self.proxy.map(|url| {
            let kind = if url.starts_with("http") { Kind::Http } else { Kind::Socks };
            let credentials = url.contains('@').then(|| ("alice".to_owned(), PROXY_PASSWORD.to_owned()));
            let config = aclk_proxy::Config { kind, credentials, fault: None };
            ProxySetup { url: url.to_owned(), config }
        });
        Setup {
            goal: if self.claims { Goal::ClaimAndLink } else { Goal::Link },
            seed: self.seed,
            cloud: Config { seed: self.seed, listen_port: 8443, faults: FaultPlan::none(), ..Config::default() },
            latency: Duration::from_millis(self.latency.0),
            jitter: Duration::from_millis(self.latency.1),
            pieces: self.pieces,
            memory: Memory::default(),
            proxy,
            gzip: self.gzip,
            ..Setup::default()
        }
    }

    /// Delays that the Cloud names in it, in seconds.
    pub(crate) fn named_delays(&self) -> Vec<u64> {
        // Those of the faults `disconnect-req-delay`, `err-retry-delay` and `err-duplicated-challenge`.
        let asked =
            self.acts.iter().filter_map(|act| if let Act::Leave(seconds) = act { Some(*seconds) } else { None });
        [5, 60].into_iter().chain(asked).filter(|seconds| *seconds > 0).collect()
    }
}
