//! The run-time socket: how people and scripts command a running daemon, by the protocol of `netdatacli` (protocol.md 5.2).
//!
//! ```text
//!  netdatacli, aclk aclk-state ──> "aclk-state json " and the end of their half
//!  daemon                      ──> "X0\0" "O{…}\0", and the end
//! ```
//!
//! Only root and the user that the daemon runs as get an answer: the socket is theirs (mode 0600), and the kernel is asked
//! who is at the other end.

pub(crate) mod client;
pub(crate) mod commands;
mod config;
mod place;
mod record;
mod request;
mod server;

use crate::daemon::Daemon;
use crate::journal::Journal;
use crate::paths::Paths;
use crate::report::log::Tag;
use place::{Place, PlaceError};
use std::io::Write;
use std::rc::Rc;

/// Longest command, in bytes, as in the original.
pub(crate) const COMMAND_MAX: usize = 8_192;

/// Serves the run-time socket, at the first of its places that can be used; never resolves. Where there is none, the log
/// says so, and the daemon goes on without. Must be called within a `LocalSet`.
pub(crate) async fn serve<W: Write>(paths: &Paths, daemon: Rc<Daemon>, journal: Journal<W>) {
    let mut refusals: Vec<PlaceError> = Vec::new();
    for path in paths.sockets() {
        match Place::open(&path).await {
            Ok(place) => {
                for refusal in refusals {
                    journal.line(Tag::Link, format_args!("note: {refusal}; the run-time socket is elsewhere"));
                }
                journal.line(Tag::Link, format_args!("listens for commands at {}", path.display()));
                return server::serve(&place, daemon).await;
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    for refusal in refusals {
        journal.line(Tag::Link, format_args!("note: {refusal}; there is no run-time socket"));
    }
    std::future::pending().await
}
