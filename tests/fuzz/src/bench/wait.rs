//! Virtual time for what waits: it moves on when everybody does.

use super::device;
use aclk_core::clock::{Clock, Instant, WallTime};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Polls after which nothing will come of it any more.
const LIVELOCK: u32 = 100_000;

/// A clock that is set by whoever waits for it.
#[derive(Debug, Default)]
pub(crate) struct Ticks {
    now: Cell<u64>,
    wanted: Cell<Option<u64>>,
}

impl Ticks {
    /// Microseconds since the start.
    pub(crate) const fn now(&self) -> u64 {
        self.now.get()
    }

    /// Somebody waits until then.
    pub(crate) fn want(&self, until: u64) {
        self.wanted.set(Some(self.wanted.get().map_or(until, |wanted| wanted.min(until))));
    }

    /// Polls until it is done.
    ///
    /// # Panics
    /// If it waits for nothing, or is busy with nothing.
    pub(crate) fn run<T>(&self, mut work: Pin<&mut dyn Future<Output = T>>) -> T {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..LIVELOCK {
            self.wanted.set(None);
            if let Poll::Ready(value) = work.as_mut().poll(&mut context) {
                return value;
            }
            let wanted = self.wanted.get().expect("it waits for ever");
            self.now.set(wanted.max(self.now.get() + 1));
        }
        panic!("it does not come to rest");
    }
}

impl Clock for Ticks {
    fn instant(&self) -> Instant {
        Instant::from_micros(self.now.get())
    }

    fn wall(&self) -> WallTime {
        device::now(self.now.get()).wall
    }

    async fn sleep_until(&self, deadline: Instant) {
        poll_fn(|_| {
            if deadline.as_micros() <= self.now.get() {
                return Poll::Ready(());
            }
            self.want(deadline.as_micros());
            Poll::Pending
        })
        .await;
    }
}
