//! What has become of the link so far, as `aclk-state` counts it (protocol.md 5.3).

use crate::clock::Instant;
use core::time::Duration;

/// PUBACKs on one connection that prove it (protocol.md 2.12).
pub const PROVING_PUBACKS: u32 = 3;

/// The connections since the program started. What never happened is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connections {
    /// How often the link came up.
    pub count: u32,
    /// When it last came up.
    pub last_up: Option<Instant>,
    /// When one last saw [`PROVING_PUBACKS`].
    pub last_proved: Option<Instant>,
    /// When one last ended, for whatever reason.
    pub last_down: Option<Instant>,
    /// The last delay between two attempts.
    pub last_backoff: Option<Duration>,
}

impl Connections {
    /// How often it came up again.
    #[must_use]
    pub const fn reconnects(&self) -> u32 {
        self.count.saturating_sub(1)
    }
}

/// What has gone over the present MQTT session, or over the last one if there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Messages of the Cloud.
    pub received: u32,
    /// Messages of ours that the Cloud has acknowledged.
    pub acknowledged: u32,
    /// Messages of ours that wait for their PUBACK; 0 without a session.
    pub pending: u16,
    /// How many of them the Cloud lets wait at a time; 0 before it has said so, 65 535 if it says nothing (MQTT 5,
    /// 3.2.2.3.3).
    pub receive_maximum: u16,
    /// When [`PROVING_PUBACKS`] had come.
    pub proved: Option<Instant>,
    /// From the last byte of a message to its PUBACK, for the one acknowledged last. It outlives its session.
    pub latency: Option<Duration>,
}

impl Traffic {
    /// Nothing yet.
    pub const NONE: Self =
        Self { received: 0, acknowledged: 0, pending: 0, receive_maximum: 0, proved: None, latency: None };
}
