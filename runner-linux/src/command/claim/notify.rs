//! A running daemon is told of a claim that succeeded (protocol.md 1.8).

use crate::fault::Fault;
use crate::paths::Paths;
use crate::socket::client;

/// What came of it.
#[derive(Debug)]
pub(crate) enum Notified {
    /// It was not asked for.
    Not,
    /// No daemon runs.
    Nobody,
    /// The daemon has read the claim, and said this of its link.
    Done(String),
    /// There is a daemon, or may be one, and it could not be told because of this.
    Failed(String),
}

impl Notified {
    /// The word for `--json`; `None` if it was not asked for.
    pub(crate) const fn word(&self) -> Option<&'static str> {
        match self {
            Self::Not => None,
            Self::Nobody => Some("not running"),
            Self::Done(_) => Some("notified"),
            Self::Failed(_) => Some("not notified"),
        }
    }
}

/// Lets the daemon at the run-time socket of `paths` read its claim again, which also lifts a ban. It would notice the
/// new files by itself within seconds, but only if it reads the same claim directory.
pub(crate) fn notify(paths: &Paths) -> Notified {
    match client::ask_if_running(paths, "reload-claiming-state") {
        Ok(None) => Notified::Nobody,
        Ok(Some(reply)) if reply.code == 0 => Notified::Done(one_line(&reply.stdout)),
        Ok(Some(reply)) => {
            let why = one_line(if reply.stderr.is_empty() { &reply.stdout } else { &reply.stderr });
            Notified::Failed(if why.is_empty() { format!("it answered with code {}", reply.code) } else { why })
        }
        Err(Fault { cause, .. }) => Notified::Failed(cause),
    }
}

/// Without what could command a terminal or look like a line of ours.
fn one_line(text: &str) -> String {
    let text = text.trim_end().replace(['\n', '\t'], " ");
    text.chars().filter(|c| !c.is_control()).collect()
}
