//! What goes wrong in a run: drawn from its seed.

use aclk_cloud::{Config, Fault, FaultPlan, Step};
use aclk_pair::{ConnectFault, Memory, Pieces, ProxySetup, Setup};
use aclk_proxy::{Config as Proxy, Kind};
use chacha20::ChaCha20Rng;
use core::time::Duration;
use rand_core::{Rng, SeedableRng};
use std::collections::VecDeque;

/// How long things go wrong.
pub(super) const SIEGE: Duration = Duration::from_secs(240);
/// Faults of the Cloud in one run at most.
const FAULTS: u64 = 4;
/// Attempts to connect that come to nothing, at most.
const CONNECT_FAULTS: u64 = 3;
/// Acts at most.
const ACTS: u64 = 3;

/// Something that happens to the device at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Power goes and comes back.
    Reboot,
    /// The Cloud is away for so long.
    Outage(Duration),
    /// The Cloud asks the device to leave.
    Disconnect,
    /// What is stored is read anew, as on SIGHUP.
    Reload,
    /// The administrator removes the node from its Space. Not drawn: it is what helps where nothing else does.
    Remove,
}

/// A run.
pub(super) struct Plan {
    pub(super) setup: Setup,
    pub(super) connect_faults: VecDeque<ConnectFault>,
    /// In the order of their times.
    pub(super) acts: VecDeque<(Duration, Act)>,
    /// In words, for people.
    pub(super) words: Vec<String>,
}

/// Numbers from a seed.
struct Dice(ChaCha20Rng);

impl Dice {
    /// Below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end.max(1)
    }

    /// Once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn one_of<T: Clone>(&mut self, choice: &[T]) -> Option<T> {
        let index = self.below(choice.len() as u64) as usize;
        choice.get(index).cloned()
    }
}

impl Plan {
    /// That of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice(ChaCha20Rng::seed_from_u64(seed));
        let mut words = Vec::new();
        let faults = faults(&mut dice, &mut words);
        let proxy = proxy(&mut dice, &mut words);
        let connect_faults = connect_faults(&mut dice, &mut words);
        let acts = acts(&mut dice, &mut words);
        let pieces = [Pieces::Whole, Pieces::Whole, Pieces::Of(1), Pieces::Of(7), Pieces::Random];
        let setup = Setup {
            seed,
            cloud: Config { seed, listen_port: 8443, faults, ..Config::default() },
            latency: Duration::from_millis(1 + dice.below(150)),
            jitter: Duration::from_millis(dice.below(60)),
            pieces: dice.one_of(&pieces).unwrap_or(Pieces::Whole),
            memory: if dice.once_in(4) { Memory::default() } else { Memory::with_key() },
            proxy,
            ..Setup::default()
        };
        words.push(format!("latency {} ms, jitter {} ms", setup.latency.as_millis(), setup.jitter.as_millis()));
        Self { setup, connect_faults, acts, words }
    }
}

fn faults(dice: &mut Dice, words: &mut Vec<String>) -> FaultPlan {
    // There is no TLS between the two.
    let all = Fault::list().iter().flat_map(|fault| fault.steps.iter().map(move |step| (fault, *step)));
    let all: Vec<_> = all.filter(|(_, step)| *step != Step::Tls).collect();
    let mut plan = FaultPlan::default();
    for _ in 0..dice.below(FAULTS + 1) {
        let Some((fault, step)) = dice.one_of(&all) else { continue };
        let text = format!("{}@{step}*{}", fault.name, 1 + dice.below(3));
        // Every name of the list is one that a plan takes.
        if plan.add(&text).is_ok() {
            words.push(text);
        }
    }
    plan
}

fn proxy(dice: &mut Dice, words: &mut Vec<String>) -> Option<ProxySetup> {
    if !dice.once_in(4) {
        return None;
    }
    let (kind, scheme) = if dice.once_in(2) { (Kind::Http, "http") } else { (Kind::Socks, "socks5h") };
    let fault = if dice.once_in(2) { dice.one_of(&aclk_proxy::Fault::list(kind).collect::<Vec<_>>()) } else { None };
    let named = fault.map_or_else(String::new, |fault| format!(" that does {fault}"));
    words.push(format!("{scheme} proxy{named}"));
    Some(ProxySetup { url: format!("{scheme}://proxy.test:3128"), config: Proxy { fault, ..Proxy::new(kind) } })
}

fn connect_faults(dice: &mut Dice, words: &mut Vec<String>) -> VecDeque<ConnectFault> {
    let choice = [
        ConnectFault::None,
        ConnectFault::None,
        ConnectFault::Dns,
        ConnectFault::Refused,
        ConnectFault::Silence(Duration::from_secs(60)),
        ConnectFault::Certificate,
    ];
    let drawn: VecDeque<_> = (0..dice.below(CONNECT_FAULTS + 1)).filter_map(|_| dice.one_of(&choice)).collect();
    if drawn.iter().any(|fault| *fault != ConnectFault::None) {
        words.push(format!("first connections: {drawn:?}"));
    }
    drawn
}

fn acts(dice: &mut Dice, words: &mut Vec<String>) -> VecDeque<(Duration, Act)> {
    let draw = |dice: &mut Dice| match dice.below(4) {
        0 => Act::Reboot,
        1 => Act::Outage(Duration::from_secs(1 + dice.below(90))),
        2 => Act::Disconnect,
        _ => Act::Reload,
    };
    let mut acts: Vec<_> = (0..dice.below(ACTS + 1))
        .map(|_| (Duration::from_millis(dice.below(SIEGE.as_millis() as u64)), draw(dice)))
        .collect();
    acts.sort_by_key(|(at, _)| *at);
    words.extend(acts.iter().map(|(at, act)| format!("{act:?} after {} s", at.as_secs())));
    acts.into()
}
