//! For the log of a daemon: one line per event, with the time, and a tag that the documented
//! `grep -E 'ACLK|claim|cloud'` finds.

use super::{Span, purpose_name};
use crate::clock::rfc3339;
use aclk_core::driver::Observer;
use aclk_core::engine::event::{Event, StageReport};
use aclk_core::identity::key::Progress;
use aclk_core::stage::{Failure, Purpose};
use std::fmt::{Display, Write as _};
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Claim,
    Link,
}

impl Tag {
    const fn of(purpose: Option<Purpose>) -> Self {
        match purpose {
            Some(Purpose::Claim) => Self::Claim,
            _ => Self::Link,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Link => "ACLK",
        }
    }
}

/// Writes lines with the time in front. Whatever cannot be written is lost.
#[derive(Debug)]
pub(crate) struct Log<W> {
    out: W,
    now: fn() -> u64,
}

impl<W: Write> Log<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, now: unix_seconds }
    }

    /// One line.
    pub(crate) fn line(&mut self, tag: Tag, text: impl Display) {
        let _ = writeln!(self.out, "{} {}: {text}", rfc3339((self.now)()), tag.name());
        let _ = self.out.flush();
    }

    fn stage(&mut self, report: &StageReport) {
        let mut text = format!("{} {} {}", purpose_name(report.purpose), report.stage, Span(report.elapsed));
        if report.sent + report.received > 0 {
            let _ = write!(text, ", sent {} B, received {} B", report.sent, report.received);
        }
        self.line(Tag::of(report.purpose), text);
    }

    fn failure(&mut self, what: &str, failure: &Failure) {
        let mut text = format!("{what}: {failure}");
        if let Some(said) = &failure.server {
            let _ = write!(text, "; the Cloud said: {said}");
        }
        if !failure.hint.is_empty() {
            let _ = write!(text, "; hint: {}", failure.hint);
        }
        self.line(Tag::of(failure.purpose), text);
    }
}

impl<W: Write> Observer for Log<W> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Stage(report) => self.stage(report),
            Event::Claimed { id, proved } => {
                let how = if *proved { ", as the key proves" } else { "" };
                self.line(Tag::Claim, format_args!("claimed as {id}{how}"));
            }
            Event::ClaimFailed { failure, .. } => self.failure("not claimed", failure),
            Event::Online { id, .. } => self.line(Tag::Link, format_args!("online as {id}")),
            Event::Live { node: Some(node) } => self.line(Tag::Link, format_args!("live as the node {node}")),
            Event::Live { node: None } => {}
            Event::Offline { failure } => self.failure("offline", failure),
            Event::Notice(failure) => self.failure("note", failure),
        }
    }

    fn key_progress(&mut self, progress: Progress) {
        if progress.done {
            self.line(Tag::Claim, format_args!("RSA-2048 key made, {} candidates tried", progress.candidates));
        }
    }
}

/// Seconds since 1970 by the system's clock.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs())
}

#[cfg(test)]
mod tests {
    use super::{Log, Tag};
    use crate::report::tests::{forbidden, refused_connection, stage};
    use aclk_core::driver::Observer;
    use aclk_core::engine::event::Event;
    use aclk_core::identity::guid::Guid;
    use aclk_core::stage::{Purpose, Stage};

    #[test]
    fn every_event_is_one_line_with_time_and_tag() {
        let mut out = Vec::new();
        let mut log = Log { out: &mut out, now: || 1_732_276_740 };
        let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        let (failure, refusal) = forbidden();
        log.line(Tag::Link, "starts");
        log.event(&Event::Stage(stage(Some(Purpose::Env), Stage::Tls, 5_300, 519, 1317)));
        log.event(&Event::Stage(stage(Some(Purpose::Claim), Stage::Tcp, 5_300, 0, 0)));
        log.event(&Event::Claimed { id, proved: true });
        log.event(&Event::ClaimFailed { failure: &failure, refusal });
        log.event(&Event::Online { id, session_id: 1 });
        log.event(&Event::Offline { failure: &refused_connection() });
        let expected = "\
            2024-11-22T11:59:00Z ACLK: starts\n\
            2024-11-22T11:59:00Z ACLK: env tls 5.30 ms, sent 519 B, received 1317 B\n\
            2024-11-22T11:59:00Z claim: claim tcp 5.30 ms\n\
            2024-11-22T11:59:00Z claim: claimed as aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee, as the key proves\n\
            2024-11-22T11:59:00Z claim: not claimed: http: token expired/token not found/invalid token; the Cloud said: \
            HTTP status 403, errorMsgKey \"ErrForbidden\", errorMessage \"token not found\", errorCode \"trace-1\"; \
            hint: copy the token again\n\
            2024-11-22T11:59:00Z ACLK: online as aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee\n\
            2024-11-22T11:59:00Z ACLK: offline: tcp: 127.0.0.1:443: connection refused (retry in 4 s)\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
