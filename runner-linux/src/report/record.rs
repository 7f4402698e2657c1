//! Everything that happened, for `--json` and for the exit code.

use crate::fault::{Fault, exit, exit_code};
use crate::json::{Object, Raw, milliseconds};
use aclk_core::claim::reply::Refusal;
use aclk_core::driver::Observer;
use aclk_core::engine::event::{Event, StageReport};
use aclk_core::identity::guid::Guid;
use aclk_core::stage::{Failure, Next, Purpose, ServerSaid};

/// The most stages and the most failures that are kept; a run that lasts would fill the memory otherwise.
const KEPT: usize = 256;

/// What happened so far.
#[derive(Debug, Default)]
pub(crate) struct Record {
    stages: Vec<StageReport>,
    failures: Vec<Failure>,
    refusal: Option<Refusal>,
    claimed: Option<Guid>,
    online: bool,
}

impl Record {
    /// A record of a node that was claimed already.
    pub(crate) fn of_claimed(id: Guid) -> Self {
        Self { claimed: Some(id), ..Self::default() }
    }

    /// The claimed id.
    pub(crate) const fn claimed(&self) -> Option<Guid> {
        self.claimed
    }

    /// What the Cloud answered to the last claim; `None` if it took it, or there was no answer.
    pub(crate) const fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// The last failure.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failures.last()
    }

    #[cfg(test)]
    const fn is_online(&self) -> bool {
        self.online
    }

    /// The exit code of `aclk claim` (protocol.md 1.7).
    pub(crate) fn exit_code(&self) -> u8 {
        if self.claimed.is_some() {
            return 0;
        }
        match (self.refusal, self.failures.last()) {
            (Some(refusal), _) => refusal.exit_code(),
            (None, Some(failure)) => exit_code(failure.stage),
            (None, None) => exit::ANSWER,
        }
    }

    /// The exit code of a command that is there to come online.
    #[cfg(feature = "lab")]
    pub(crate) fn link_exit_code(&self) -> u8 {
        match (self.online, self.claimed, self.failures.last()) {
            (true, ..) => 0,
            (false, Some(_), Some(failure)) => exit_code(failure.stage),
            (false, Some(_), None) => exit::ANSWER,
            (false, None, _) => self.exit_code(),
        }
    }

    /// The object that `--json` prints.
    pub(crate) fn json(&self) -> Object {
        Object::new()
            .member("claimed_id", self.claimed.map(|id| id.to_string()))
            .member("online", self.online)
            .member("stages", self.stages.iter().map(stage).collect::<Vec<_>>())
            .member("failures", self.failures.iter().map(failure).collect::<Vec<_>>())
    }
}

impl Observer for Record {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Stage(report) if self.stages.len() < KEPT => self.stages.push(*report),
            Event::Stage(_) | Event::Answer(_) | Event::Live { .. } => {}
            Event::Claimed { id, .. } => {
                self.claimed = Some(*id);
                self.refusal = None;
            }
            Event::ClaimFailed { failure, refusal } => {
                self.refusal = *refusal;
                self.keep(failure);
            }
            Event::Online { .. } => self.online = true,
            Event::Offline { failure } => {
                self.online = false;
                self.keep(failure);
            }
            Event::Notice(failure) => self.keep(failure),
        }
    }
}

impl Record {
    /// The last failure always counts, for the exit code.
    fn keep(&mut self, failure: &Failure) {
        self.failures.truncate(KEPT - 1);
        self.failures.push(failure.clone());
    }
}

fn stage(report: &StageReport) -> Raw {
    Object::new()
        .member("purpose", report.purpose.map(Purpose::name))
        .member("stage", report.stage.name())
        .member("ms", milliseconds(report.elapsed))
        .member("bytes_sent", report.sent)
        .member("bytes_received", report.received)
        .end()
}

pub(crate) fn failure(failure: &Failure) -> Raw {
    Object::new()
        .member("stage", failure.stage.name())
        .member("purpose", failure.purpose.map(Purpose::name))
        .member("cause", failure.cause.as_str())
        .member("retry_in_ms", retry(failure.next).map(milliseconds))
        .member("banned", failure.next == Next::Banned)
        .member("hint", some(failure.hint))
        .member("server", failure.server.as_ref().map(server))
        .end()
}

/// A failure from before the engine, in the same form.
pub(crate) fn fault(fault: &Fault) -> Raw {
    Object::new()
        .member("stage", fault.stage.name())
        .member("purpose", None::<&str>)
        .member("cause", &fault.cause)
        .member("retry_in_ms", None::<u64>)
        .member("banned", false)
        .member("hint", some(&fault.hint))
        .member("server", None::<&str>)
        .end()
}

const fn retry(next: Next) -> Option<std::time::Duration> {
    match next {
        Next::Retry(delay) => Some(delay),
        Next::Stop | Next::Banned => None,
    }
}

fn server(said: &ServerSaid) -> Raw {
    Object::new()
        .member("status", u64::from(said.status))
        .member("errorMsgKey", some(said.key.as_str()))
        .member("errorMessage", some(said.message.as_str()))
        .member("errorCode", some(said.code.as_str()))
        .end()
}

fn some(text: &str) -> Option<&str> {
    if text.is_empty() { None } else { Some(text) }
}

/// The object of a command that ended before the engine started.
pub(crate) fn json_of_fault(error: &Fault) -> Object {
    Object::new()
        .member("claimed_id", None::<&str>)
        .member("online", false)
        .member("stages", Vec::<Raw>::new())
        .member("failures", vec![fault(error)])
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Record, json_of_fault};
    use crate::fault::Fault;
    use crate::report::purpose_name;
    use crate::report::tests::{forbidden, refused_connection, stage};
    use aclk_core::claim::reply::Refusal;
    use aclk_core::driver::Observer;
    use aclk_core::engine::event::Event;
    use aclk_core::identity::guid::Guid;
    use aclk_core::stage::{Failure, Purpose, Stage};
    use serde_json::{Value, json};

    fn id() -> Guid {
        Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap()
    }

    fn value(record: &Record) -> Value {
        serde_json::from_str(&record.json().end().0).unwrap()
    }

    #[test]
    fn a_claim_that_comes_online_is_one_object() {
        let mut record = Record::default();
        record.event(&Event::Stage(stage(None, Stage::Key, 1_500_000, 0, 0)));
        record.event(&Event::Stage(stage(Some(Purpose::Claim), Stage::Http, 2_345, 900, 120)));
        record.event(&Event::Claimed { id: id(), proved: false });
        record.event(&Event::Online { id: id(), session_id: 1 });
        assert_eq!(
            value(&record),
            json!({
                "claimed_id": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
                "online": true,
                "stages": [
                    {"purpose": null, "stage": "key", "ms": 1500.0, "bytes_sent": 0, "bytes_received": 0},
                    {"purpose": "claim", "stage": "http", "ms": 2.345, "bytes_sent": 900, "bytes_received": 120},
                ],
                "failures": [],
            })
        );
        assert_eq!(record.exit_code(), 0);
    }

    #[test]
    fn a_refusal_repeats_the_words_of_the_cloud_and_has_its_exit_code() {
        let mut record = Record::default();
        let (failure, refusal) = forbidden();
        record.event(&Event::ClaimFailed { failure: &failure, refusal });
        assert_eq!(
            value(&record)["failures"],
            json!([{
                "stage": "http",
                "purpose": "claim",
                "cause": "token expired/token not found/invalid token",
                "retry_in_ms": null,
                "banned": false,
                "hint": "copy the token again",
                "server": {
                    "status": 403,
                    "errorMsgKey": "ErrForbidden",
                    "errorMessage": "token not found",
                    "errorCode": "trace-1",
                },
            }])
        );
        assert_eq!(record.exit_code(), 12);
    }

    #[test]
    fn a_link_that_is_lost_is_not_online() {
        let mut record = Record::of_claimed(id());
        record.event(&Event::Online { id: id(), session_id: 1 });
        assert!(record.is_online());
        record.event(&Event::Offline { failure: &refused_connection() });
        assert!(!record.is_online());
        assert_eq!(value(&record)["online"], json!(false));
        assert_eq!(value(&record)["failures"][0]["retry_in_ms"], json!(3500.0));
    }

    #[test]
    fn without_an_answer_of_the_cloud_the_stage_decides_the_exit_code() {
        for (stage, code) in [
            (Stage::Config, 1),
            (Stage::Permission, 2),
            (Stage::Storage, 2),
            (Stage::Key, 2),
            (Stage::Clock, 4),
            (Stage::Dns, 4),
            (Stage::Tcp, 4),
            (Stage::Proxy, 4),
            (Stage::Tls, 4),
            (Stage::Http, 7),
            (Stage::Json, 7),
            (Stage::Decrypt, 7),
        ] {
            let mut record = Record::default();
            record.event(&Event::ClaimFailed { failure: &Failure::new(stage, "x"), refusal: None });
            assert_eq!(record.exit_code(), code, "{stage}");
        }
    }

    #[test]
    fn a_success_after_a_refusal_counts() {
        let mut record = Record::default();
        let failure = Failure::new(Stage::Http, "x");
        record.event(&Event::ClaimFailed { failure: &failure, refusal: Some(Refusal::ServiceUnavailable) });
        assert_eq!(record.exit_code(), 17);
        record.event(&Event::Claimed { id: id(), proved: true });
        assert_eq!(record.exit_code(), 0);
    }

    #[test]
    fn a_record_is_bounded_and_keeps_the_last_failure() {
        let mut record = Record::default();
        for _ in 0..2 * KEPT {
            record.event(&Event::Stage(stage(None, Stage::Dns, 1, 0, 0)));
            record.event(&Event::Notice(&Failure::new(Stage::Dns, "x")));
        }
        record.event(&Event::ClaimFailed { failure: &Failure::new(Stage::Key, "last"), refusal: None });
        assert_eq!(value(&record)["stages"].as_array().unwrap().len(), KEPT);
        assert_eq!(value(&record)["failures"].as_array().unwrap().len(), KEPT);
        assert_eq!(record.exit_code(), 2);
    }

    #[test]
    fn a_fault_has_the_form_of_a_failure() {
        let fault = Fault::usage("there is no claiming token").hint("get one");
        let value: Value = serde_json::from_str(&json_of_fault(&fault).end().0).unwrap();
        assert_eq!(value["failures"][0]["stage"], json!("config"));
        assert_eq!(value["failures"][0]["hint"], json!("get one"));
        let mut record = Record::default();
        record.event(&Event::Notice(&Failure::new(Stage::Dns, "x")));
        let failure = self::value(&record)["failures"][0].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert!(value["failures"][0].as_object().unwrap().keys().eq(failure.iter()));
        assert_eq!(purpose_name(None), "-");
    }
}
