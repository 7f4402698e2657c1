//! When each node connected and disconnected, and why; and what of the Cloud has changed since it was last saved.

use crate::cloud::Cloud;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

/// How much is kept of one node.
pub const HISTORY_KEPT: usize = 1_000;

/// The link of a node came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Counts from 1 for each node, and never again from 1.
    pub number: u64,
    /// When, since 1970.
    pub at: Duration,
    /// Which of the two.
    #[serde(flatten)]
    pub kind: TurnKind,
}

/// Whether a link came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "turn", rename_all = "kebab-case")]
pub enum TurnKind {
    /// An MQTT session was accepted.
    Connected {
        /// Address and port of the client, if there are any.
        from: Option<String>,
    },
    /// The session ended.
    Disconnected {
        /// Why.
        why: String,
    },
}

impl fmt::Display for TurnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { from: Some(from) } => write!(f, "connected from {from}"),
            Self::Connected { from: None } => f.write_str("connected"),
            Self::Disconnected { why } => write!(f, "disconnected: {why}"),
        }
    }
}

/// The turns of every node by claimed id, oldest first.
pub type History = BTreeMap<String, VecDeque<Turn>>;

/// What changed in a Cloud since it was last saved.
#[derive(Debug, Default)]
pub struct Changes {
    /// Whether Spaces, War Rooms or tokens did.
    pub spaces: bool,
    /// Claimed ids of nodes that are new, changed or gone.
    pub nodes: BTreeSet<String>,
    /// Claimed ids and numbers of new turns.
    pub turns: BTreeSet<(String, u64)>,
}

impl Changes {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.spaces && self.nodes.is_empty() && self.turns.is_empty()
    }
}

impl Cloud {
    /// The turns of a node, oldest first.
    pub fn history(&self, claimed_id: &str) -> impl DoubleEndedIterator<Item = &Turn> {
        self.history.get(claimed_id).into_iter().flatten()
    }

    /// Remembers what a Cloud before this one saw. A node that it saw connect and never leave has lost its link with it.
    pub fn restore_history(&mut self, history: History) {
        self.history = history;
        self.history.retain(|claimed_id, turns| self.state.nodes.contains_key(claimed_id) && !turns.is_empty());
        for turns in self.history.values_mut() {
            turns.drain(..turns.len().saturating_sub(HISTORY_KEPT));
        }
        let left =
            |turns: &VecDeque<Turn>| turns.back().is_some_and(|turn| matches!(turn.kind, TurnKind::Connected { .. }));
        let lost: Vec<_> = self.history.iter().filter(|(_, turns)| left(turns)).map(|(id, _)| id.clone()).collect();
        for claimed_id in lost {
            self.turn(&claimed_id, TurnKind::Disconnected { why: "the Cloud was ended".to_owned() });
        }
        let known: Vec<_> = self.history.keys().cloned().collect();
        for claimed_id in known {
            self.presence_of(&claimed_id).was_here = true;
        }
    }

    /// What has to be saved; `None` if nothing has.
    #[must_use]
    pub fn changes(&self) -> Option<&Changes> {
        (!self.changes.is_empty()).then_some(&self.changes)
    }

    /// All of [`changes`](Self::changes) are saved.
    pub fn saved(&mut self) {
        self.changes = Changes::default();
    }

    /// Notes a turn of a node. A session that ends twice ended once.
    pub(crate) fn turn(&mut self, claimed_id: &str, kind: TurnKind) {
        if !self.state.nodes.contains_key(claimed_id) {
            return;
        }
        let at = self.unix_now();
        let turns = self.history.entry(claimed_id.to_owned()).or_default();
        let is_end = |kind: &TurnKind| matches!(kind, TurnKind::Disconnected { .. });
        if is_end(&kind) && turns.back().is_none_or(|last| is_end(&last.kind)) {
            return;
        }
        let number = turns.back().map_or(1, |last| last.number + 1);
        if turns.len() == HISTORY_KEPT
            && let Some(oldest) = turns.pop_front()
        {
            self.changes.turns.remove(&(claimed_id.to_owned(), oldest.number));
        }
        turns.push_back(Turn { number, at, kind });
        self.changes.turns.insert((claimed_id.to_owned(), number));
    }

    /// Forgets the turns of a node that is removed.
    pub(crate) fn forget_history(&mut self, claimed_id: &str) {
        self.history.remove(claimed_id);
        self.changes.turns.retain(|(id, _)| id != claimed_id);
    }
}
