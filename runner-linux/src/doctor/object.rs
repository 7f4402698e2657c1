//! For programs: one JSON object.

use super::{Outcome, Report, STAGES, Step, Verdict, exit_code};
use crate::doctor::holder::Holder;
use crate::json::{Object, Raw};
use aclk_core::stage::Stage;

/// All steps, those that were not reached among them, in the order of the way.
pub(crate) fn write(report: &Report, holder: &Holder, claimed_id: Option<String>, url: &str, verdict: &Verdict) -> Raw {
    let mut steps = Vec::new();
    for stage in STAGES {
        let made: Vec<&Step> = report.steps().iter().filter(|step| step.stage == stage).collect();
        if made.is_empty() {
            steps.push(not_reached(stage));
        }
        steps.extend(made.into_iter().map(of_step));
    }
    Object::new()
        .member("program", concat!("aclk ", env!("CARGO_PKG_VERSION")))
        .member("claimed", claimed_id.is_some())
        .member("claimed_id", claimed_id)
        .member("url", (!url.is_empty()).then_some(url))
        .member("daemon", holder.json())
        .member("steps", steps)
        .member("failed", report.failure().map(|step| step.stage.name()))
        .member("summary", verdict.summary.as_str())
        .member("advice", verdict.advice.as_str())
        .member("exit_code", u64::from(verdict.code))
        .end()
}

fn of_step(step: &Step) -> Raw {
    let outcome = match step.outcome {
        Outcome::Passed => "ok",
        Outcome::Doubtful => "note",
        Outcome::Failed => "failed",
    };
    let code = (step.outcome == Outcome::Failed).then(|| u64::from(exit_code(step.stage)));
    object(step.stage, step.purpose.map(|purpose| purpose.name()), outcome, step.evidence.clone())
        .member("cause", step.cause.as_deref())
        .member("hint", Some(step.advice.as_str()).filter(|advice| !advice.is_empty()))
        .member("exit_code", code)
        .end()
}

fn not_reached(stage: Stage) -> Raw {
    object(stage, None, "not tried", Vec::new())
        .member("cause", None::<&str>)
        .member("hint", None::<&str>)
        .member("exit_code", None::<u64>)
        .end()
}

fn object(stage: Stage, purpose: Option<&str>, outcome: &str, evidence: Vec<String>) -> Object {
    let object = Object::new().member("stage", stage.name()).member("purpose", purpose);
    object.member("outcome", outcome).member("evidence", evidence)
}
