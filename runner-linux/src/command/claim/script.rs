//! The sentences of the documented script, v1.22 and later (protocol.md 1.8).

use crate::fault::exit;
use crate::report::record::Record;
use crate::report::screen::Screen;
use aclk_core::claim::reply::Refusal;
use aclk_core::wire::url::Url;
use std::io::stderr;

/// Says that the claim has failed. Stage, cause, the words of the Cloud and what to do have been shown as it happened.
pub(super) fn say_failed(record: &Record, url: &Url, verbose: bool) {
    let mut screen = Screen::new(stderr());
    let refusal = match (record.refusal(), record.exit_code()) {
        (Some(refusal), _) => refusal,
        (None, exit::ANSWER) => Refusal::Unknown,
        (None, exit::CONNECT) => {
            screen.failed(format_args!("Failed to connect to {url}"));
            return;
        }
        // It has failed before the Cloud was asked.
        (None, _) => return,
    };
    screen.failed(format_args!("Failed to claim node with the following error message:\"{}\"", refusal.message()));
    if verbose {
        let key = record.failure().and_then(|failure| failure.server.as_ref()).map(|said| said.key.as_str());
        screen.line(format_args!("Error key was:\"{}\"", key.unwrap_or_default()));
    }
}
