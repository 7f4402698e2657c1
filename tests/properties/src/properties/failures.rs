//! What people are told when something goes wrong.

use crate::play::Run;
use aclk_core::stage::{Next, Stage};
use aclk_pair::{Done, Word};

/// Stage, cause and what comes next, in words that a terminal can show; what is about a connection says which.
pub(super) fn are_whole(run: &Run) -> Result<(), String> {
    for entry in &run.transcript {
        let Word::Told(done) = &entry.what else { continue };
        let Some(failure) = done.failure() else { continue };
        let wrong = |what: &str| Err(format!("{what} at {:?}: {failure:?}", entry.at));
        let text = failure.to_string();
        if failure.cause.as_str().trim().is_empty() || text.chars().any(char::is_control) {
            return wrong("no cause that can be read");
        }
        if text.ends_with('.') || !text.starts_with(failure.stage.name()) {
            return wrong("not the words of a failure");
        }
        let is_local = matches!(failure.stage, Stage::Config | Stage::Storage | Stage::Key);
        if failure.purpose.is_none() && !is_local {
            return wrong("no connection is named");
        }
        let is_notice = matches!(done, Done::Notice(_));
        match failure.next {
            Next::Retry(delay) if delay.is_zero() => return wrong("no delay"),
            Next::Retry(_) if !text.contains("(retry in ") => return wrong("no word of the next attempt"),
            Next::Banned if !text.contains("reload or restart") => return wrong("no word of what lifts the ban"),
            // Only a person can help, so he is told how, by the Cloud or by us.
            Next::Stop if !is_notice && failure.hint.is_empty() && failure.server.is_none() && !is_local => {
                return wrong("nothing follows, and nobody says what to do");
            }
            _ => {}
        }
    }
    Ok(())
}
