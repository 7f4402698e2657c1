//! Everything that went between the engine and its world, in order: what properties are checked against.

use crate::{Done, Pair};
use aclk_core::stage::Purpose;
use std::time::Duration;

/// How much is kept of bytes that were there and not taken.
pub const LEFT_MAX: usize = 256;

/// Something that went in or out, and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Virtual time.
    pub at: Duration,
    /// What.
    pub what: Word,
}

/// What goes between the engine and its world. Bytes are those above TLS, but for [`Plain`](Self::Plain).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// It asks for a connection.
    Connect {
        /// What for.
        purpose: Purpose,
        /// Whereto.
        host: String,
        /// Whereto.
        port: u16,
        /// Whether a claimed id is stored at that time.
        is_claimed: bool,
        /// Whether the mark is stored that a claim may have reached the Cloud.
        is_pending: bool,
    },
    /// Bytes that were said to a proxy, in front of TLS.
    Plain(Vec<u8>),
    /// The connection is there.
    Connected,
    /// It did not come about.
    ConnectFailed,
    /// It sends.
    Sent(Vec<u8>),
    /// It has taken received bytes. What was there behind them it has looked at, perhaps, if it ends the connection now.
    Received {
        /// What it has taken.
        taken: Vec<u8>,
        /// The beginning of the rest, up to [`LEFT_MAX`] bytes.
        left: Vec<u8>,
    },
    /// It ends the connection.
    Closed,
    /// The peer has ended the connection, or it broke.
    Ended,
    /// It wants a record stored; `false` if the storage refused.
    Saved(&'static str, bool),
    /// It told something.
    Told(Done),
    /// It waits.
    Waits(Option<Duration>),
    /// It will do nothing more.
    Finished,
    /// What is stored was changed from outside.
    Reloaded,
    /// It is asked to end.
    Stopped,
    /// Power went and came back.
    Rebooted,
}

impl Pair {
    /// From now on everything is kept in the [transcript](Self::transcript).
    pub fn keep_transcript(&mut self) {
        self.transcript.get_or_insert_default();
    }

    pub(crate) fn keep(&mut self, what: Word) {
        let at = self.now;
        if let Some(transcript) = &mut self.transcript {
            transcript.push(Entry { at, what });
        }
    }
}
