//! What the engine tells, for people, for programs and for the log: one vocabulary, three forms.

pub(crate) mod log;
mod mask;
pub(crate) mod masked;
pub(crate) mod output;
pub(crate) mod record;
mod repeats;
pub(crate) mod screen;
pub(crate) mod wire;

#[cfg(feature = "link")]
use aclk_core::driver::Evidence;
use aclk_core::driver::{Direction, Observer};
use aclk_core::engine::event::Event;
use aclk_core::identity::key::Progress;
use aclk_core::stage::Purpose;
use std::fmt::{self, Write};
use std::time::Duration;

/// Tells two observers.
#[derive(Debug)]
pub(crate) struct Both<A, B>(pub(crate) A, pub(crate) B);

impl<A: Observer, B: Observer> Observer for Both<A, B> {
    fn event(&mut self, event: &Event<'_>) {
        self.0.event(event);
        self.1.event(event);
    }

    fn claim_bytes(&mut self, direction: Direction, bytes: &[u8]) {
        self.0.claim_bytes(direction, bytes);
        self.1.claim_bytes(direction, bytes);
    }

    fn key_progress(&mut self, progress: Progress) {
        self.0.key_progress(progress);
        self.1.key_progress(progress);
    }

    #[cfg(feature = "link")]
    fn evidence(&mut self, evidence: &Evidence<'_>) {
        self.0.evidence(evidence);
        self.1.evidence(evidence);
    }
}

/// Listens if it is there.
impl<A: Observer> Observer for Maybe<A> {
    fn event(&mut self, event: &Event<'_>) {
        if let Some(observer) = &mut self.0 {
            observer.event(event);
        }
    }

    fn claim_bytes(&mut self, direction: Direction, bytes: &[u8]) {
        if let Some(observer) = &mut self.0 {
            observer.claim_bytes(direction, bytes);
        }
    }

    fn key_progress(&mut self, progress: Progress) {
        if let Some(observer) = &mut self.0 {
            observer.key_progress(progress);
        }
    }

    #[cfg(feature = "link")]
    fn evidence(&mut self, evidence: &Evidence<'_>) {
        if let Some(observer) = &mut self.0 {
            observer.evidence(evidence);
        }
    }
}

/// An observer that may be missing.
#[derive(Debug)]
pub(crate) struct Maybe<A>(pub(crate) Option<A>);

/// The word for the connection, or a dash.
pub(crate) const fn purpose_name(purpose: Option<Purpose>) -> &'static str {
    match purpose {
        Some(purpose) => purpose.name(),
        None => "-",
    }
}

/// A time span with three digits that mean something: `0.41 ms`, `12.3 ms`, `1.20 s`.
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0.as_micros();
        let (value, unit) = if us < 1_000_000 { (us, "ms") } else { (us / 1_000, "s") };
        let mut text = String::new();
        // `value` counts thousandths of the unit.
        match value {
            0..10_000 => write!(text, "{}.{:02}", value / 1_000, value % 1_000 / 10)?,
            10_000..100_000 => write!(text, "{}.{}", value / 1_000, value % 1_000 / 100)?,
            _ => write!(text, "{}", value / 1_000)?,
        }
        write!(text, " {unit}")?;
        f.pad(&text)
    }
}

/// Whether to use colours on `stream`: only on a terminal, and not if the user does not want them (no-color.org).
pub(crate) fn wants_colour(stream: &impl std::io::IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    stream.is_terminal() && !refused && !is_dumb
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Span;
    use aclk_core::claim::reply::Refusal;
    use aclk_core::engine::event::StageReport;
    use aclk_core::stage::{Failure, Next, Purpose, ServerSaid, Stage};
    use aclk_core::text::Text;
    use std::time::Duration;

    /// A stage as the driver reports it.
    pub(crate) fn stage(purpose: Option<Purpose>, stage: Stage, us: u64, sent: u64, received: u64) -> StageReport {
        StageReport { purpose, stage, elapsed: Duration::from_micros(us), sent, received }
    }

    /// A refusal as the engine reports it.
    pub(crate) fn forbidden() -> (Failure, Option<Refusal>) {
        let said = ServerSaid {
            status: 403,
            key: Text::of("ErrForbidden"),
            message: Text::of("token not found"),
            code: Text::of("trace-1"),
        };
        let failure = Failure::new(Stage::Http, Refusal::Forbidden.message()).on(Purpose::Claim);
        (failure.said(said).hint("copy the token again"), Some(Refusal::Forbidden))
    }

    /// A failure that will be tried again.
    pub(crate) fn refused_connection() -> Failure {
        let failure = Failure::new(Stage::Tcp, "127.0.0.1:443: connection refused").on(Purpose::Env);
        failure.then(Next::Retry(Duration::from_millis(3_500)))
    }

    #[test]
    fn spans_have_three_digits_that_mean_something() {
        for (us, text) in [
            (0, "0.00 ms"),
            (419, "0.41 ms"),
            (9_999, "9.99 ms"),
            (12_345, "12.3 ms"),
            (999_999, "999 ms"),
            (1_204_000, "1.20 s"),
            (12_345_000, "12.3 s"),
            (3_600_000_000, "3600 s"),
        ] {
            assert_eq!(Span(Duration::from_micros(us)).to_string(), text);
        }
        assert_eq!(format!("[{:>9}]", Span(Duration::ZERO)), "[  0.00 ms]");
    }

    #[test]
    fn only_what_the_server_said_is_repeated() {
        let said = ServerSaid { status: 503, ..ServerSaid::default() };
        assert_eq!(said.to_string(), "HTTP status 503");
        let said = forbidden().0.server.unwrap();
        assert_eq!(
            said.to_string(),
            "HTTP status 403, errorMsgKey \"ErrForbidden\", errorMessage \"token not found\", errorCode \"trace-1\""
        );
    }
}
