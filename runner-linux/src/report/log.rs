//! For the log of a daemon: one line per event, with the time, and a tag that the documented
//! `grep -E 'ACLK|claim|cloud'` finds. What repeats itself is told with growing spacing.

use super::repeats::{Repeats, Verdict};
use super::{Span, purpose_name};
use crate::clock::rfc3339;
use crate::fault::Fault;
use aclk_core::driver::Observer;
use aclk_core::engine::event::{Event, StageReport};
use aclk_core::identity::key::Progress;
use aclk_core::stage::{Failure, Purpose};
use std::fmt::{Display, Write as _};
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// The most steps of an attempt that are held back until it is known what came of it.
const HELD: usize = 32;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Claim,
    Link,
    /// How the Cloud is to be reached.
    Cloud,
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
            Self::Cloud => "cloud",
        }
    }
}

/// Writes lines with the time in front. Whatever cannot be written is lost.
#[derive(Debug)]
pub(crate) struct Log<W> {
    out: W,
    now: fn() -> u64,
    repeats: Repeats,
    is_online: bool,
    /// Steps of the attempt after one that failed: the same ones again, most likely.
    held: Option<Vec<(Tag, String)>>,
}

impl<W: Write> Log<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, now: unix_seconds, repeats: Repeats::default(), is_online: false, held: None }
    }

    /// Something new begins: all of it is told.
    pub(crate) fn begin(&mut self) {
        self.repeats.forget();
        self.is_online = false;
        self.held = None;
    }

    /// One line.
    pub(crate) fn line(&mut self, tag: Tag, text: impl Display) {
        let _ = writeln!(self.out, "{} {}: {text}", rfc3339((self.now)()), tag.name());
        let _ = self.out.flush();
    }

    /// Why the program ends, or links nothing.
    pub(crate) fn fault(&mut self, fault: &Fault) {
        let hint = if fault.hint.is_empty() { String::new() } else { format!("; hint: {}", fault.hint) };
        self.line(Tag::Link, format_args!("{fault}{hint}"));
    }

    fn stage(&mut self, report: &StageReport) {
        let mut text = format!("{} {} {}", purpose_name(report.purpose), report.stage, Span(report.elapsed));
        if report.sent + report.received > 0 {
            let _ = write!(text, ", sent {} B, received {} B", report.sent, report.received);
        }
        let tag = Tag::of(report.purpose);
        match &mut self.held {
            Some(held) if held.len() < HELD => held.push((tag, text)),
            Some(_) => {}
            None => self.line(tag, text),
        }
    }

    /// An attempt has come to something: its steps are told, if that is worth it.
    fn tell_steps(&mut self, is_worth: bool) {
        for (tag, text) in self.held.take().into_iter().flatten().filter(|_| is_worth) {
            self.line(tag, text);
        }
    }

    /// The link or the claim has failed.
    fn failure(&mut self, what: &str, failure: &Failure) {
        let was_online = std::mem::take(&mut self.is_online);
        let verdict = self.judge(what, failure, was_online);
        self.tell_steps(verdict != Verdict::LeaveOut);
        self.held = Some(Vec::new());
        self.tell_failure(what, failure, verdict);
    }

    /// The trace id of the Cloud is new every time, and so is the delay.
    fn judge(&mut self, what: &str, failure: &Failure, matters: bool) -> Verdict {
        let Failure { stage, purpose, cause, server, .. } = failure;
        let mut key = format!("{what} {} {stage} {cause}", purpose_name(*purpose));
        if let Some(said) = server {
            let _ = write!(key, " {} {} {}", said.status, said.key, said.message);
        }
        self.repeats.judge(key, (self.now)(), matters)
    }

    fn tell_failure(&mut self, what: &str, failure: &Failure, verdict: Verdict) {
        let Verdict::Tell { left_out, since } = verdict else { return };
        let mut text = format!("{what}: {failure}");
        if let Some(said) = &failure.server {
            let _ = write!(text, "; the Cloud said: {said}");
        }
        if !failure.hint.is_empty() {
            let _ = write!(text, "; hint: {}", failure.hint);
        }
        if left_out > 0 {
            let _ = write!(text, "; {left_out} more like it since {}", rfc3339(since));
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
                self.tell_steps(true);
                self.line(Tag::Claim, format_args!("claimed as {id}{how}"));
            }
            Event::ClaimFailed { failure, .. } => self.failure("not claimed", failure),
            Event::Online { id, .. } => {
                let verdict = self.repeats.judge("steps".to_owned(), (self.now)(), self.held.is_none());
                self.tell_steps(verdict != Verdict::LeaveOut);
                self.is_online = true;
                self.line(Tag::Link, format_args!("online as {id}"));
            }
            Event::Live { node: Some(node) } => self.line(Tag::Link, format_args!("live as the node {node}")),
            Event::Live { node: None } | Event::Answer(_) => {}
            Event::Offline { failure } => self.failure("offline", failure),
            Event::Notice(failure) => {
                let verdict = self.judge("note", failure, false);
                self.tell_failure("note", failure, verdict);
            }
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
        let mut log = Log { now: || 1_732_276_740, ..Log::new(&mut out) };
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

    /// What a log says of a day on which the Cloud is away: an attempt every 20 s.
    #[test]
    fn a_failure_that_repeats_itself_does_not_flood_the_log() {
        use std::cell::Cell;
        thread_local!(static NOW: Cell<u64> = const { Cell::new(1_732_276_740) });
        let mut out = Vec::new();
        let mut log = Log { now: || NOW.get(), ..Log::new(&mut out) };
        for _ in 0..4_320 {
            log.event(&Event::Stage(stage(Some(Purpose::Env), Stage::Dns, 5_300, 0, 0)));
            log.event(&Event::Offline { failure: &refused_connection() });
            NOW.set(NOW.get() + 20);
        }
        let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        log.event(&Event::Online { id, session_id: 1 });
        log.event(&Event::Offline { failure: &refused_connection() });
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() < 80, "{}", lines.len());
        assert!(lines[0].ends_with("ACLK: env dns 5.30 ms"), "{text}");
        assert!(lines[1].ends_with("offline: tcp: 127.0.0.1:443: connection refused (retry in 4 s)"), "{text}");
        let again = "(retry in 4 s); 1 more like it since 2024-11-22T11:59:40Z";
        assert!(lines.iter().any(|line| line.ends_with(again)), "{text}");
        let [.., online, offline] = lines[..] else { panic!("{text}") };
        assert!(online.contains("ACLK: online as") && offline.contains("ACLK: offline: tcp:"), "{online}\n{offline}");
    }
}
