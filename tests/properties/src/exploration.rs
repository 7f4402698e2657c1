//! Every state of the engine and every event in it: not long ways by chance, but all short ones.
//!
//! A state is what can be seen from outside: where the engine stands ([`Place`]), what is stored, and what happened before that
//! still matters. The search goes breadth first and reaches each state on the shortest way; there, each event that can happen is
//! tried on an engine that has gone that way. On every edge the bench checks what must hold.

mod answers;
mod bench;
mod cloud;
mod picture;
mod state;

pub use picture::page;
pub use state::Place;

use aclk_core::engine::event::Goal;
use bench::Bench;
use state::State;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// Something that can happen to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the texts of `Display` say it")]
pub enum Happening {
    Connected,
    ConnectFailed,
    ProxyRefused,
    Good,
    AlreadyClaimed,
    Refused,
    Busy,
    Later,
    Ban,
    Garbage,
    Ended,
    Broken,
    Time,
    KeyMade,
    KeyFound,
    KeyMissing,
    Stored,
    NotStored,
    Decrypted,
    NotDecrypted,
    AsksForNode,
    NamesNode,
    Asks,
    ThrowsOut,
    Reload,
    Unclaim,
    ClaimedElsewhere,
    Stop,
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connected => "connected",
            Self::ConnectFailed => "no connection",
            Self::ProxyRefused => "proxy refuses us",
            Self::Good => "good answer",
            Self::AlreadyClaimed => "already claimed",
            Self::Refused => "refused",
            Self::Busy => "503",
            Self::Later => "come back later",
            Self::Ban => "ban",
            Self::Garbage => "garbage",
            Self::Ended => "peer closes",
            Self::Broken => "connection breaks",
            Self::Time => "time is up",
            Self::KeyMade => "key made",
            Self::KeyFound => "key found",
            Self::KeyMissing => "no key",
            Self::Stored => "stored",
            Self::NotStored => "not stored",
            Self::Decrypted => "decrypted",
            Self::NotDecrypted => "not decrypted",
            Self::AsksForNode => "asks for the node",
            Self::NamesNode => "names the node",
            Self::Asks => "request",
            Self::ThrowsOut => "taken over",
            Self::Reload => "reload",
            Self::Unclaim => "unclaimed",
            Self::ClaimedElsewhere => "claimed by another program",
            Self::Stop => "stop",
        })
    }
}

/// What can be reached, and how.
#[derive(Debug)]
pub struct Graph {
    /// What the engine was for.
    pub goal: Goal,
    /// The states, and how many events lead to each at least.
    pub(crate) states: BTreeMap<State, usize>,
    /// The edges.
    pub(crate) edges: BTreeMap<(State, Happening), State>,
}

impl Graph {
    /// How many states, how many edges, and the length of the longest of all shortest ways.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.states.len(), self.edges.len(), self.states.values().copied().max().unwrap_or(0))
    }
}

/// Goes every way of `depth` events at most, from a device that is not claimed; where two lead to the same state, goes on from one.
///
/// # Errors
/// What did not hold, and the way there.
pub fn explore(goal: Goal, depth: usize) -> Result<Graph, String> {
    let start = Bench::after(goal, &[])?.state();
    let mut graph = Graph { goal, states: [(start, 0)].into(), edges: BTreeMap::new() };
    let mut ways = VecDeque::from([(start, Vec::new())]);
    while let Some((state, way)) = ways.pop_front().filter(|(_, way)| way.len() < depth) {
        for event in Bench::after(goal, &way)?.events() {
            let further: Vec<Happening> = way.iter().copied().chain([event]).collect();
            let next = Bench::after(goal, &further)?.state();
            graph.edges.insert((state, event), next);
            graph.states.entry(next).or_insert_with(|| {
                ways.push_back((next, further.clone()));
                further.len()
            });
        }
    }
    Ok(graph)
}

/// Goes every way of `depth` events, whatever states it leads through; yields how many there are.
///
/// # Errors
/// What did not hold, and the way there.
pub fn every_way(goal: Goal, depth: usize) -> Result<usize, String> {
    let mut ways = vec![Vec::new()];
    let mut count = 0;
    while let Some(way) = ways.pop() {
        let bench = Bench::after(goal, &way)?;
        count += 1;
        if way.len() < depth {
            ways.extend(bench.events().into_iter().map(|event| way.iter().copied().chain([event]).collect()));
        }
    }
    Ok(count)
}
