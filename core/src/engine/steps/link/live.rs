//! What is due until the node is live, and to keep it so (protocol.md 3.4).
//!
//! ```text
//! SendNodeInstances ─> CreateNodeInstance ─> CreateNodeInstanceResult ─> (stored) ─┐
//!                 └─── the node id is known ──────────────────────────────────────┴─> UpdateNodeInstanceConnection
//!   ─> UpdateNodeInfo ─> (30 s) UpdateNodeCollectors
//! ContextsCheckpoint ─> ContextsSnapshot, if the hash differs ─> ContextsUpdated … until StopStreamingContexts
//! ```

use crate::clock::Instant;
use crate::link::topics::Name;
use crate::report::ContextsKind;
use core::time::Duration;

/// From UpdateNodeInfo to UpdateNodeCollectors, as in the original.
const COLLECTORS_AFTER: Duration = Duration::from_secs(30);
/// How often it is looked whether contexts have changed.
const CONTEXTS_EVERY: Duration = Duration::from_secs(600);
/// How long the answer to the first CreateNodeInstance may take; each further one may take twice as long as the one
/// before.
const CREATE_PATIENCE: Duration = Duration::from_secs(60);
const CREATE_PATIENCE_MAX: Duration = Duration::from_secs(3_600);

/// The next thing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Create,
    Connection,
    Info,
    Collectors,
    Contexts(ContextsKind, usize, u64),
}

impl Due {
    pub(super) const fn topic(self) -> Name {
        match self {
            Self::Create => Name::CreateNodeInstance,
            Self::Connection => Name::NodeInstanceConnection,
            Self::Info => Name::NodeInstanceInfo,
            Self::Collectors => Name::NodeInstanceCollectors,
            Self::Contexts(ContextsKind::Snapshot, ..) => Name::ContextsSnapshot,
            Self::Contexts(..) => Name::ContextsUpdated,
        }
    }
}

/// What was asked for and what has been said.
#[derive(Debug)]
pub(super) struct Live {
    /// CreateNodeInstance is due then.
    create: Option<Instant>,
    patience: Duration,
    connection: bool,
    info: bool,
    collectors: Option<Instant>,
    contexts: Contexts,
}

#[derive(Debug)]
enum Contexts {
    /// Nobody asked.
    Unasked,
    /// These are due.
    Due { kind: ContextsKind, from: usize, known: u64 },
    /// All has been told; the next look is due then.
    Told { hash: u64, look: Instant },
}

impl Live {
    pub(super) const fn new() -> Self {
        Self {
            create: None,
            patience: CREATE_PATIENCE,
            connection: false,
            info: false,
            collectors: None,
            contexts: Contexts::Unasked,
        }
    }

    /// The Cloud wants to know the node, which it has given an id, or not yet.
    pub(super) const fn on_asked(&mut self, is_known: bool, now: Instant) {
        if is_known {
            self.on_node();
        } else if self.create.is_none() {
            self.create = Some(now);
        }
    }

    /// The node has its id.
    pub(super) const fn on_node(&mut self) {
        self.create = None;
        self.patience = CREATE_PATIENCE;
        self.connection = true;
        self.info = true;
    }

    /// The Cloud has contexts with this hash.
    pub(super) const fn on_checkpoint(&mut self, known: u64) {
        self.contexts = Contexts::Due { kind: ContextsKind::Snapshot, from: 0, known };
    }

    pub(super) const fn on_stop_contexts(&mut self) {
        self.contexts = Contexts::Unasked;
    }

    pub(super) fn next(&self, now: Instant) -> Option<Due> {
        if self.create.is_some_and(|due| due <= now) {
            return Some(Due::Create);
        }
        if self.connection {
            return Some(Due::Connection);
        }
        if self.info {
            return Some(Due::Info);
        }
        if self.collectors.is_some_and(|due| due <= now) {
            return Some(Due::Collectors);
        }
        match self.contexts {
            Contexts::Due { kind, from, known } => Some(Due::Contexts(kind, from, known)),
            Contexts::Told { hash, look } if look <= now => Some(Due::Contexts(ContextsKind::Update, 0, hash)),
            _ => None,
        }
    }

    /// When something becomes due that is not yet.
    pub(super) fn wake(&self) -> Option<Instant> {
        let look = if let Contexts::Told { look, .. } = self.contexts { Some(look) } else { None };
        [self.create, self.collectors, look].into_iter().flatten().min()
    }

    /// It has been said, or cannot be. Yields whether it was the first time that an answer did not come.
    pub(super) fn done(&mut self, due: Due, now: Instant) -> bool {
        match due {
            Due::Create => {
                let late = self.patience == CREATE_PATIENCE * 2;
                self.create = Some(now + self.patience);
                self.patience = self.patience.saturating_mul(2).min(CREATE_PATIENCE_MAX);
                return late;
            }
            Due::Connection => self.connection = false,
            Due::Info => {
                self.info = false;
                self.collectors = Some(now + COLLECTORS_AFTER);
            }
            Due::Collectors => self.collectors = None,
            // There was nothing to tell.
            Due::Contexts(_, _, known) => self.contexts = Contexts::Told { hash: known, look: now + CONTEXTS_EVERY },
        }
        false
    }

    /// The Cloud cannot be told, since it named no topic for it.
    pub(super) fn drop(&mut self, due: Due) {
        match due {
            Due::Create => self.create = None,
            Due::Connection => self.connection = false,
            Due::Info => self.info = false,
            Due::Collectors => self.collectors = None,
            Due::Contexts(..) => self.contexts = Contexts::Unasked,
        }
    }

    /// Contexts have been told, all or up to `next`.
    pub(super) fn on_contexts(&mut self, kind: ContextsKind, hash: u64, next: Option<usize>, now: Instant) {
        self.contexts = match next {
            None => Contexts::Told { hash, look: now + CONTEXTS_EVERY },
            Some(from) => {
                let kind = if kind == ContextsKind::Snapshot { ContextsKind::Rest } else { kind };
                Contexts::Due { kind, from, known: hash }
            }
        };
    }
}
