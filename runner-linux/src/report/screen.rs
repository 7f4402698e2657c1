//! For people: one aligned line per stage, and failures with what can be done about them.

use super::{Span, purpose_name};
use crate::fault::Fault;
use aclk_core::driver::Observer;
use aclk_core::engine::event::{Event, StageReport};
use aclk_core::identity::key::Progress;
use aclk_core::stage::{Failure, Stage};
use std::fmt::{self, Display};
use std::io::{IsTerminal, Write};
use std::time::Instant;

/// The line that a successful claim ends with; scripts look for it.
pub(crate) const CLAIMED: &str = "Agent was successfully claimed.";

/// What the documented script says of a key that is missing.
const GENERATING: &str = "Generating private/public key for the first time.";

/// How text can look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Faint,
    Good,
    Bad,
}

/// Writes to a terminal or a file. Whatever cannot be written is lost: there is nobody left to read it.
#[derive(Debug)]
pub(crate) struct Screen<W> {
    out: W,
    colour: bool,
    /// Whether a line can be written over.
    live: bool,
    has_heading: bool,
    key: Option<KeySearch>,
    shows: Shows,
}

/// What of all that happens is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shows {
    /// Every stage; else failures and results only.
    stages: bool,
    /// That the claim has succeeded; else the caller says so once everything else is done.
    success: bool,
}

#[derive(Debug)]
struct KeySearch {
    begun: Instant,
    last: Progress,
}

impl<W: Write + IsTerminal> Screen<W> {
    /// Colours and live progress only if `out` is a terminal.
    pub(crate) fn new(out: W) -> Self {
        let live = out.is_terminal();
        let colour = super::wants_colour(&out);
        Self::with(out, live, colour)
    }
}

impl<W: Write> Screen<W> {
    fn with(out: W, live: bool, colour: bool) -> Self {
        let shows = Shows { stages: true, success: true };
        Self { out, colour, live, has_heading: false, key: None, shows }
    }

    /// The same, but it does not say itself that the claim has succeeded.
    pub(crate) fn without_success(mut self) -> Self {
        self.shows.success = false;
        self
    }

    /// The same, but with `false` only failures and results are shown.
    pub(crate) fn with_stages(mut self, stages: bool) -> Self {
        self.shows.stages = stages;
        self
    }

    /// A line of text.
    pub(crate) fn line(&mut self, text: impl Display) {
        self.styled(Style::Plain, text);
    }

    /// A line that says that something was achieved.
    pub(crate) fn success(&mut self, text: impl Display) {
        self.styled(Style::Good, text);
    }

    /// A problem that does not stop anything.
    pub(crate) fn note(&mut self, text: impl Display) {
        self.styled(Style::Plain, format_args!("note: {text}"));
    }

    /// A line that says that something went wrong.
    pub(crate) fn failed(&mut self, text: impl Display) {
        self.styled(Style::Bad, text);
    }

    /// What can be done about the line before.
    pub(crate) fn hint(&mut self, hint: &str) {
        self.indented_hint(0, hint);
    }

    /// Why the command ends.
    pub(crate) fn fault(&mut self, fault: &Fault) {
        self.failed(fault);
        self.hint(&fault.hint);
    }

    fn failure(&mut self, failure: &Failure) {
        let purpose = purpose_name(failure.purpose);
        self.styled(Style::Bad, format_args!("{purpose:<10} {failure}"));
        if let Some(said) = &failure.server {
            self.line(format_args!("{:<10} the Cloud said: {}", "", said));
        }
        self.indented_hint(11, failure.hint);
    }

    fn indented_hint(&mut self, indentation: usize, hint: &str) {
        if !hint.is_empty() {
            self.line(format_args!("{:indentation$}hint: {hint}", ""));
        }
    }

    fn stage(&mut self, report: &StageReport) {
        if !self.has_heading {
            self.has_heading = true;
            let heading = Row("purpose", "stage", "time", "sent", "received", "");
            self.styled(Style::Faint, heading);
        }
        let made = match report.stage {
            Stage::Key => self.key.take().map(|key| format!("RSA-2048, {} candidates tried", key.last.candidates)),
            _ => None,
        };
        let bytes = |count: u64| if report.sent + report.received == 0 { String::new() } else { format!("{count} B") };
        self.line(Row(
            purpose_name(report.purpose),
            report.stage.name(),
            &Span(report.elapsed).to_string(),
            &bytes(report.sent),
            &bytes(report.received),
            made.as_deref().unwrap_or_default(),
        ));
    }

    fn styled(&mut self, style: Style, text: impl Display) {
        let code = match style {
            _ if !self.colour => "",
            Style::Plain => "",
            Style::Faint => "\x1b[2m",
            Style::Good => "\x1b[32m",
            Style::Bad => "\x1b[31m",
        };
        let reset = if code.is_empty() { "" } else { "\x1b[0m" };
        // A progress line may be on the screen.
        let clear = if self.live && self.shows.stages && self.key.is_some() { "\r\x1b[K" } else { "" };
        let _ = writeln!(self.out, "{clear}{code}{text}{reset}");
        let _ = self.out.flush();
    }
}

impl<W: Write> Observer for Screen<W> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Stage(report) if self.shows.stages => self.stage(report),
            Event::Stage(_) => {}
            Event::Claimed { proved, .. } => {
                if *proved {
                    self.line(
                        "The Cloud's answer to an earlier claim had been lost; the key proves that it succeeded.",
                    );
                }
                if self.shows.success {
                    self.success(CLAIMED);
                }
            }
            Event::ClaimFailed { failure, .. } | Event::Offline { failure } => self.failure(failure),
            Event::Online { id, .. } => self.success(format_args!("Online: the Agent-Cloud Link of {id} is up.")),
            Event::Live { .. } => self.success("Live: the Cloud knows the node and can query it."),
            Event::Notice(failure) => self.failure(failure),
            Event::Answer(_) => {}
        }
    }

    fn key_progress(&mut self, progress: Progress) {
        if !self.shows.stages {
            if self.key.is_none() {
                self.line(GENERATING);
                self.key = Some(KeySearch { begun: Instant::now(), last: progress });
            }
            return;
        }
        let key = self.key.get_or_insert_with(|| KeySearch { begun: Instant::now(), last: progress });
        key.last = progress;
        if !self.live {
            return;
        }
        let Progress { candidates, primes, .. } = progress;
        let doing = match primes {
            0 | 1 => format!("RSA-2048, looking for prime {} of 2, {candidates} candidates tried", primes + 1),
            _ => "RSA-2048, putting the key together".to_owned(),
        };
        let row = Row("-", "key", &Span(key.begun.elapsed()).to_string(), "", "", &doing).to_string();
        let _ = write!(self.out, "\r\x1b[K{row}");
        let _ = self.out.flush();
    }
}

/// Purpose, stage, time, bytes sent, bytes received, remark.
struct Row<'a>(&'a str, &'a str, &'a str, &'a str, &'a str, &'a str);

impl Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(purpose, stage, time, sent, received, remark) = self;
        let row = format!("{purpose:<10} {stage:<10} {time:>8} {sent:>9} {received:>9}  {remark}");
        f.write_str(row.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::Screen;
    use crate::fault::Fault;
    use crate::report::tests::{forbidden, refused_connection, stage};
    use aclk_core::driver::Observer;
    use aclk_core::engine::event::Event;
    use aclk_core::identity::guid::Guid;
    use aclk_core::identity::key::Progress;
    use aclk_core::stage::{Purpose, Stage};

    fn shown(live: bool, colour: bool, show: impl FnOnce(&mut Screen<&mut Vec<u8>>)) -> String {
        let mut out = Vec::new();
        show(&mut Screen::with(&mut out, live, colour));
        String::from_utf8(out).unwrap()
    }

    fn progress(candidates: u32, primes: u8, done: bool) -> Progress {
        Progress { candidates, primes, done }
    }

    #[test]
    fn stages_are_an_aligned_table() {
        let text = shown(false, false, |screen| {
            screen.key_progress(progress(12, 0, false));
            screen.key_progress(progress(345, 2, true));
            screen.event(&Event::Stage(stage(None, Stage::Key, 1_234_567, 0, 0)));
            screen.event(&Event::Stage(stage(Some(Purpose::Claim), Stage::Tcp, 120, 0, 0)));
            screen.event(&Event::Stage(stage(Some(Purpose::Claim), Stage::Tls, 5_300, 519, 1317)));
            screen.event(&Event::Stage(stage(Some(Purpose::Link), Stage::Websocket, 800, 230, 0)));
        });
        assert_eq!(
            text,
            "purpose    stage          time      sent  received\n\
             -          key          1.23 s                      RSA-2048, 345 candidates tried\n\
             claim      tcp         0.12 ms\n\
             claim      tls         5.30 ms     519 B    1317 B\n\
             link       websocket   0.80 ms     230 B       0 B\n"
        );
    }

    #[test]
    fn success_is_exactly_one_line() {
        let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        let text = shown(false, false, |screen| screen.event(&Event::Claimed { id, proved: false }));
        assert_eq!(text, "Agent was successfully claimed.\n");
        let text = shown(false, false, |screen| screen.event(&Event::Claimed { id, proved: true }));
        assert_eq!(text.lines().last(), Some("Agent was successfully claimed."));
        assert!(text.contains("had been lost"));
    }

    #[test]
    fn a_failure_says_what_happened_what_the_cloud_said_and_what_to_do() {
        let (failure, refusal) = forbidden();
        let text = shown(false, false, |screen| {
            screen.event(&Event::ClaimFailed { failure: &failure, refusal });
            screen.event(&Event::Offline { failure: &refused_connection() });
            screen.fault(&Fault::usage("no token").hint("get one"));
        });
        assert_eq!(
            text,
            "claim      http: token expired/token not found/invalid token\n           \
             the Cloud said: HTTP status 403, errorMsgKey \"ErrForbidden\", errorMessage \"token not found\", \
             errorCode \"trace-1\"\n           \
             hint: copy the token again\n\
             env        tcp: 127.0.0.1:443: connection refused (retry in 4 s)\n\
             config: no token\n\
             hint: get one\n"
        );
    }

    #[test]
    fn progress_is_one_line_that_is_written_over() {
        let text = shown(true, false, |screen| {
            screen.key_progress(progress(12, 0, false));
            screen.key_progress(progress(80, 1, false));
            screen.event(&Event::Stage(stage(None, Stage::Key, 1_000_000, 0, 0)));
        });
        let (before, after) = text.split_once("purpose").unwrap();
        assert!(!before.contains('\n'), "{before:?}");
        assert_eq!(before.matches("\r\x1b[K").count(), 3, "two updates and the end: {before:?}");
        assert!(before.contains("prime 1 of 2, 12 candidates") && before.contains("prime 2 of 2, 80 candidates"));
        assert!(after.contains("RSA-2048, 80 candidates tried\n"));
    }

    #[test]
    fn without_a_terminal_there_are_no_escapes() {
        let (failure, refusal) = forbidden();
        let show = |screen: &mut Screen<&mut Vec<u8>>| {
            screen.key_progress(progress(12, 0, false));
            screen.event(&Event::Stage(stage(None, Stage::Key, 1_000_000, 0, 0)));
            screen.event(&Event::ClaimFailed { failure: &failure, refusal });
            screen.success("good");
        };
        assert!(!shown(false, false, show).contains(['\x1b', '\r']));
        let coloured = shown(true, true, show);
        assert!(coloured.contains("\x1b[31mclaim") && coloured.contains("\x1b[32mgood\x1b[0m\n"));
    }
}
