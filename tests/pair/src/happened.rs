//! What the engine told, kept.

use aclk_core::claim::reply::Refusal;
use aclk_core::engine::event::{Answer, Event, StageReport};
use aclk_core::identity::guid::Guid;
use aclk_core::stage::Failure;
use std::time::Duration;

/// An event and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Virtual time.
    pub at: Duration,
    /// What.
    pub what: Done,
}

/// An [`Event`] that borrows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the same as in Event")]
pub enum Done {
    Stage(StageReport),
    Answer(Answer),
    Claimed { id: Guid, proved: bool },
    ClaimFailed { failure: Failure, refusal: Option<Refusal> },
    Online { id: Guid, session_id: u64 },
    Live { node: Option<Guid> },
    Offline(Failure),
    Notice(Failure),
}

impl Done {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        match *event {
            Event::Stage(report) => Self::Stage(report),
            Event::Answer(answer) => Self::Answer(answer),
            Event::Claimed { id, proved } => Self::Claimed { id, proved },
            Event::ClaimFailed { failure, refusal } => Self::ClaimFailed { failure: failure.clone(), refusal },
            Event::Online { id, session_id } => Self::Online { id, session_id },
            Event::Live { node } => Self::Live { node },
            Event::Offline { failure } => Self::Offline(failure.clone()),
            Event::Notice(failure) => Self::Notice(failure.clone()),
        }
    }

    /// The failure in it, if it is about one.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::ClaimFailed { failure, .. } | Self::Offline(failure) | Self::Notice(failure) => Some(failure),
            Self::Stage(_) | Self::Answer(_) | Self::Claimed { .. } | Self::Online { .. } | Self::Live { .. } => None,
        }
    }
}
