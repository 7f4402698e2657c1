//! What goes wrong on the cable, as numbers.

use aclk_core::clock::Instant;
use core::ops::Range;
use core::time::Duration;

/// What one direction of a cable does to the frames it carries. The default is a perfect cable.
///
/// Ratios run from 0.0 (never) to 1.0 (always). A frame suffers each of them independently.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// Ratio of frames that never arrive.
    pub loss: f64,
    /// Ratio of frames that arrive twice.
    pub duplicate: f64,
    /// Ratio of frames that are held back by [`hold`](Self::hold), so that later ones overtake them.
    pub reorder: f64,
    /// Ratio of frames that arrive with one bit flipped, anywhere in the frame.
    ///
    /// A real cable's checksum would drop them; this is the damage of bad memory in a switch. Every Internet checksum
    /// notices one flipped bit, ARP has none.
    pub corrupt: f64,
    /// How long a frame travels.
    pub latency: Duration,
    /// How much longer than that it may travel, evenly spread. Frames keep their order.
    pub jitter: Duration,
    /// By how much a reordered frame is late.
    pub hold: Duration,
    /// Largest IP packet carried, in bytes. Longer ones vanish without a word, as in a path-MTU black hole.
    pub mtu: usize,
    /// Bits per second; `None` carries any amount at once.
    pub bandwidth: Option<u64>,
    /// Bytes that may wait for [`bandwidth`](Self::bandwidth). What does not fit is dropped.
    pub backlog: usize,
    /// When the link is down. Frames on their way at the start of such a window are cut off with it. A window in either
    /// direction takes the whole link down.
    pub down: Vec<Range<Instant>>,
}

impl Faults {
    /// A cable without any fault.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            loss: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            corrupt: 0.0,
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            hold: Duration::from_millis(10),
            mtu: 1_500,
            bandwidth: None,
            backlog: 256 * 1_024,
            down: Vec::new(),
        }
    }

    /// Whether the link is up at `now`.
    pub(crate) fn up(&self, now: Instant) -> bool {
        !self.down.iter().any(|window| window.contains(&now))
    }

    /// Whether the link stays up all the way from `start` to `end`.
    pub(crate) fn up_throughout(&self, start: Instant, end: Instant) -> bool {
        self.up(start) && !self.down.iter().any(|window| start < window.start && window.start <= end)
    }

    /// The next time after `now` at which the link goes down or up.
    pub(crate) fn next_change(&self, now: Instant) -> Option<Instant> {
        let edges = self.down.iter().flat_map(|window| [window.start, window.end]);
        edges.filter(|edge| *edge > now).min()
    }

    /// How long `bytes` occupy the cable.
    pub(crate) fn transmission(&self, bytes: usize) -> Duration {
        match self.bandwidth {
            None => Duration::ZERO,
            Some(rate) => {
                let us = (bytes as u128 * 8 * 1_000_000).div_ceil(u128::from(rate.max(1)));
                Duration::from_micros(u64::try_from(us).unwrap_or(u64::MAX))
            }
        }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::none()
    }
}
