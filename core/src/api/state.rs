//! `aclk-state`: how the link is, in the words and the order of the original's command line (protocol.md 5.3 and 5.4), and
//! behind them what the original lacks: the step that failed, the reason, and what happens next.
//!
//! ```
//! use aclk_core::api::state;
//! # use aclk_core::clock::{Now, Utc};
//! # use aclk_core::node::Status;
//! # fn example(status: &Status, now: Now) -> Result<(), core::fmt::Error> {
//! let (mut text, mut json) = (String::new(), String::new());
//! state::write_text(status, now, &Utc, &mut text)?;
//! state::write_json(status, now, &mut json)?;
//! # Ok(())
//! # }
//! ```
//!
//! Both stream into any [`Write`](core::fmt::Write): a string, a socket's buffer, the serial console of a board. What the
//! original counts and we do not have, alerts and children, is 0 or absent.

mod json;
#[cfg(test)]
mod tests;
mod text;

pub use json::write as write_json;
pub use text::write as write_text;

use super::date::Date;
use super::info::NOT_CLAIMED;
use crate::clock::{Instant, Now, Zone, seconds_up};
use crate::node::{LinkState, Status};
use crate::stage::{Next, ServerSaid, Stage};
use core::fmt;
use core::time::Duration;

/// Version of the link as the original counts it.
const ACLK_VERSION: u8 = 2;
const MQTT_VERSION: u8 = 5;
const PROTOCOL: &str = "Protobuf";

impl Status {
    fn is_online(&self) -> bool {
        self.link.state == LinkState::Online
    }

    fn is_banned(&self) -> bool {
        self.link.state == LinkState::Banned
    }

    /// When the next attempt is made, and the delay before it, if there will be one and the link is down.
    fn next_attempt(&self) -> Option<(Instant, Option<Duration>)> {
        let next = self.link.next_attempt.filter(|_| !self.is_online())?;
        Some((next, self.link.connections.last_backoff))
    }
}

/// Why there is no link: nothing of it if there is one.
struct Why<'s> {
    stage: Option<Stage>,
    reason: &'s str,
    said: Option<&'s ServerSaid>,
    hint: &'s str,
    next: Step,
}

/// What happens next.
enum Step {
    /// Nothing that is worth a word.
    Unsaid,
    /// The next attempt, so long from now.
    Retry(Duration),
    /// An attempt is being made.
    Connecting,
    Banned,
    Stopped,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => Ok(()),
            Self::Retry(left) => write!(f, "retry in {} s", seconds_up(*left)),
            Self::Connecting => f.write_str("an attempt is being made"),
            Self::Banned => {
                f.write_str("none: the Cloud asked not to be called again (reload or restart to try again)")
            }
            Self::Stopped => f.write_str("none by itself: mend the cause, then reload or restart"),
        }
    }
}

impl<'s> Why<'s> {
    fn of(status: &'s Status, now: Now) -> Option<Self> {
        let simple = |reason, hint, next| Some(Self { stage: None, reason, said: None, hint, next });
        let link = &status.link;
        let next = match (link.next_attempt, &link.failure) {
            (Some(at), _) if at > now.instant => Step::Retry(at.since(now.instant)),
            (Some(_), _) => Step::Connecting,
            (None, Some(failure)) if failure.next == Next::Banned => Step::Banned,
            (None, Some(_)) => Step::Stopped,
            (None, None) => Step::Unsaid,
        };
        match (&link.failure, link.claimed) {
            _ if status.is_online() => None,
            (Some(failure), _) => Some(Self {
                stage: Some(failure.stage),
                reason: failure.cause.as_str(),
                said: failure.server.as_ref(),
                hint: failure.hint,
                next,
            }),
            (None, None) => match status.switched_off {
                Some(why) => simple(why, "", Step::Unsaid),
                None => simple(NOT_CLAIMED, "claim it with a token of your Space", Step::Unsaid),
            },
            (None, Some(_)) => simple("there has been no attempt yet that ended", "", Step::Connecting),
        }
    }
}

/// The date and time of `at` where `zone` holds.
fn time(at: Instant, now: Now, zone: &dyn Zone) -> impl fmt::Display {
    let utc = now.unix_seconds_at(at);
    Date::of(utc.saturating_add_signed(zone.ahead_of_utc(utc).into())).plain()
}
