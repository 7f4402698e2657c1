//! What `aclk doctor` finds on the way from this machine to Netdata Cloud.
//!
//! ```text
//!  local   configuration, rights, files, clock, key: looked at, and never written
//!  holder  a daemon that runs: what it says of itself, and what must not be tried beside it
//!  way     the engine that holds the link, told to go the way once and to end at its first failure
//!  advice  what to do about it, from the failure and from what was seen before
//! ```
//!
//! Nothing here speaks a protocol: what fails for the link fails here, at the same place and in the same words.

pub(crate) mod advice;
pub(crate) mod certificate;
pub(crate) mod holder;
pub(crate) mod local;
pub(crate) mod object;
pub(crate) mod page;
pub(crate) mod resolver;
pub(crate) mod rights;
#[cfg_attr(not(feature = "link"), path = "without_link/way.rs")]
pub(crate) mod way;

use crate::fault::Fault;
use aclk_core::stage::{Purpose, Stage};
use page::Page;

/// Every stage in the order of the way, which is that of the exit codes.
pub(crate) const STAGES: [Stage; 15] = [
    Stage::Config,
    Stage::Permission,
    Stage::Storage,
    Stage::Clock,
    Stage::Key,
    Stage::Dns,
    Stage::Tcp,
    Stage::Proxy,
    Stage::Tls,
    Stage::Http,
    Stage::Json,
    Stage::Decrypt,
    Stage::Websocket,
    Stage::Mqtt,
    Stage::App,
];

/// The exit code of the first stage.
const FIRST_CODE: u8 = 20;

/// The exit code of a failure at `stage`: 20 for config to 34 for app.
pub(crate) fn exit_code(stage: Stage) -> u8 {
    STAGES.iter().zip(FIRST_CODE..).find(|(known, _)| **known == stage).map_or(FIRST_CODE, |(_, code)| code)
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Passed.
    Passed,
    /// Passed, and something about it is worth a look.
    Doubtful,
    /// It ends here.
    Failed,
}

/// One step, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) stage: Stage,
    /// On which connection, if on one.
    pub(crate) purpose: Option<Purpose>,
    pub(crate) outcome: Outcome,
    /// Why it failed, or is doubtful.
    pub(crate) cause: Option<String>,
    /// What was seen; of a failure, what bears on it.
    pub(crate) evidence: Vec<String>,
    /// What to do, in full sentences.
    pub(crate) advice: String,
}

impl Step {
    /// Passed, with what was seen.
    pub(crate) fn passed(stage: Stage, evidence: impl Into<String>) -> Self {
        let evidence = vec![evidence.into()];
        Self { stage, purpose: None, outcome: Outcome::Passed, cause: None, evidence, advice: String::new() }
    }

    /// Passed, but.
    pub(crate) fn doubtful(stage: Stage, cause: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { outcome: Outcome::Doubtful, ..Self::failed(stage, cause, advice) }
    }

    /// The way ends here.
    pub(crate) fn failed(stage: Stage, cause: impl Into<String>, advice: impl Into<String>) -> Self {
        let (cause, advice) = (Some(cause.into()), advice.into());
        Self { stage, purpose: None, outcome: Outcome::Failed, cause, evidence: Vec::new(), advice }
    }

    /// The same, with something that was seen.
    pub(crate) fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }
}

impl From<Fault> for Step {
    fn from(fault: Fault) -> Self {
        let advice = advice::of_fault(&fault);
        Self::failed(fault.stage, fault.cause, advice)
    }
}

/// The steps so far; those for people are printed as they are made.
#[derive(Debug)]
pub(crate) struct Report {
    steps: Vec<Step>,
    page: Option<Page>,
}

impl Report {
    /// For people, or silently for `--json`.
    pub(crate) fn new(page: Option<Page>) -> Self {
        Self { steps: Vec::new(), page }
    }

    /// Adds a step. Behind a failure comes none.
    pub(crate) fn add(&mut self, step: Step) {
        if self.failure().is_some() {
            return;
        }
        if let Some(page) = &mut self.page {
            page.step(&step);
        }
        self.steps.push(step);
    }

    /// Where the way ends.
    pub(crate) fn failure(&self) -> Option<&Step> {
        self.steps.last().filter(|step| step.outcome == Outcome::Failed)
    }

    /// Every step.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether `stage` has a step.
    pub(crate) fn has(&self, stage: Stage) -> bool {
        self.steps.iter().any(|step| step.stage == stage)
    }

    /// Ends with what it comes to.
    pub(crate) fn end(&mut self, verdict: &Verdict) {
        if let Some(page) = &mut self.page {
            page.end(&self.steps, verdict);
        }
    }
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) code: u8,
    /// In one line.
    pub(crate) summary: String,
    /// What to do next, in full sentences.
    pub(crate) advice: String,
}
