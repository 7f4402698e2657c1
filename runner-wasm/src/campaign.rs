//! Campaigns: thousands of runs of the engine against the emulated Cloud, in virtual time, each with faults, outages and
//! reboots that are drawn from its seed. What may never happen is looked for after every step (`rules`), and what was met is
//! counted (`coverage`).
//!
//! A run needs nothing but its seed: [`replay`] makes it again, and tells it step by step.
//!
//! ```
//! let campaign = aclk_wasm::campaign::run(1, 3);
//! assert_eq!(campaign.violations, []);
//! assert!(campaign.handshakes >= 3 * 5);
//! ```

mod coverage;
#[cfg(target_arch = "wasm32")]
pub(crate) mod export;
mod plan;
mod rules;
mod run;

pub use coverage::Coverage;
pub use rules::Violation;
pub use run::{Line, Transcript, Who};

use serde::Serialize;

/// What has come of a campaign so far.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Runs that were made.
    pub done: u64,
    /// Connections that were asked for in them.
    pub handshakes: u64,
    /// Virtual time of all of them, in milliseconds.
    pub virtual_ms: u64,
    /// What may never happen, and did.
    pub violations: Vec<Violation>,
    /// What was met.
    pub coverage: Coverage,
}

/// A campaign that is under way.
#[derive(Debug)]
pub struct Campaign {
    next: u64,
    end: u64,
    report: Report,
}

impl Campaign {
    /// The runs of `count` seeds from `first` on. None is made yet.
    #[must_use]
    pub fn new(first: u64, count: u64) -> Self {
        let coverage = Coverage::new();
        let report = Report { done: 0, handshakes: 0, virtual_ms: 0, violations: Vec::new(), coverage };
        Self { next: first, end: first.saturating_add(count), report }
    }

    /// Makes one run more; `false` if there is none.
    pub fn step(&mut self) -> bool {
        if self.next >= self.end {
            return false;
        }
        let outcome = run::run(self.next, &mut self.report.coverage, None);
        self.next += 1;
        self.report.done += 1;
        self.report.handshakes += outcome.handshakes;
        self.report.virtual_ms += u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX);
        self.report.violations.extend(outcome.violations);
        self.next < self.end
    }

    /// What has come of it so far.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }
}

/// A whole campaign.
#[must_use]
pub fn run(first: u64, count: u64) -> Report {
    let mut campaign = Campaign::new(first, count);
    while campaign.step() {}
    campaign.report
}

/// One run, step by step.
#[must_use]
pub fn replay(seed: u64) -> Transcript {
    let mut transcript = Transcript { seed, ..Transcript::default() };
    let outcome = run::run(seed, &mut Coverage::new(), Some(&mut transcript));
    transcript.violations = outcome.violations;
    transcript
}
