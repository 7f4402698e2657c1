//! Runs an engine over a real network: sockets, TLS, clock, key and store, one `async fn` on any executor.
//!
//! [`drive`] assumes no runtime: tokio, embassy and the browser all poll it. Its future may be dropped at any time; the
//! connection is then gone without a farewell, and what was saved stays.

#[cfg(feature = "link")]
mod connection;
#[cfg(feature = "link")]
mod drive;
#[cfg(feature = "link")]
mod establish;
#[cfg(feature = "link")]
mod evidence;
#[cfg(feature = "link")]
mod local;
#[cfg(all(feature = "link", feature = "proxy"))]
mod proxied;
#[cfg(all(feature = "link", feature = "proxy"))]
mod tunnel;

use crate::clock::{Clock, Now};
use crate::engine::event::Event;
use crate::identity::key::Progress;
use crate::metrics::Device;
use crate::node::{Node, Status};
use crate::store::Saved;
use core::cell::RefCell;
use core::time::Duration;
#[cfg(feature = "link")]
pub use drive::{Machine, drive};
#[cfg(feature = "link")]
pub use evidence::Evidence;

/// Told of everything that happens, in order.
pub trait Observer {
    /// The engine or the driver has something to tell.
    fn event(&mut self, event: &Event<'_>);

    /// A piece of the claim as it goes over the connection, above TLS: the request as it is sent, the answer as it arrives.
    /// Pieces have any size and end anywhere; no other connection is shown. **The token is in them**, and whatever the
    /// peer likes to send.
    fn claim_bytes(&mut self, direction: Direction, bytes: &[u8]) {
        let _ = (direction, bytes);
    }

    /// A key is being generated; called about ten times a second at most.
    fn key_progress(&mut self, progress: Progress) {
        let _ = progress;
    }

    /// Something was seen on the way, for those who look for a fault; it comes before the stage or failure it belongs to.
    #[cfg(feature = "link")]
    fn evidence(&mut self, evidence: &Evidence<'_>) {
        let _ = evidence;
    }
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the Cloud.
    Sent,
    /// From it.
    Received,
}

/// Keeps the status of a node up to date with what the engine tells. Beside it, a driver calls
/// [`Status::on_traffic`] with `Agent::traffic` after each input.
pub fn note(status: &mut Status, event: &Event<'_>, now: Now) {
    match *event {
        Event::Claimed { id, .. } => status.on_claimed(id, now),
        Event::Online { .. } => status.on_online(now),
        Event::Live { node: Some(node) } => status.on_live(node),
        Event::ClaimFailed { failure, .. } | Event::Offline { failure } => status.on_failure(failure, now),
        Event::Live { node: None } | Event::Stage(_) | Event::Answer(_) | Event::Notice(_) => {}
    }
}

/// A wish from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// End in order.
    Stop,
    /// The identity was changed from outside; this is what the store says now.
    Reload(Saved),
}

/// Where wishes come from.
pub trait Control {
    /// The next wish; never resolves if there is none. Dropping the future loses nothing.
    async fn next(&mut self) -> Command;
}

/// Nobody wishes anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoControl;

impl Control for NoControl {
    async fn next(&mut self) -> Command {
        core::future::pending().await
    }
}

/// Lets the device measure every second, if it measures anything; never resolves.
pub async fn measure<C: Clock>(clock: &C, node: &RefCell<Node<dyn Device + '_>>) {
    if node.borrow().device.charts().is_empty() {
        return core::future::pending().await;
    }
    loop {
        let now = clock.now();
        node.borrow_mut().device.sample(now);
        // In the middle of the next second of the wall clock, so that waking a little early or late neither measures a
        // second twice nor leaves one out.
        let into = now.wall.unix_us % 1_000_000;
        clock.sleep_until(now.instant + Duration::from_micros(1_500_000 - into)).await;
    }
}
