//! The host of the router: the clock of the operating system, and its TCP sockets, on tokio.

mod stream;

use crate::device_end::{DeviceEnd, Jack, device_end};
use crate::lan::Lan;
use crate::router::{Action, FlowId};
use aclk_core::clock::Instant;
use core::fmt;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stream::{Progress, Stream};
use tokio::time::Sleep;

/// Longest sleep: timers of the runtime reach only so far.
const SLEEP: Duration = Duration::from_secs(60 * 60);

/// A [`Lan`] in real time, with the sockets of the operating system behind its router.
///
/// Its time is that of tokio, so a test may pause it.
pub struct Host {
    shared: Arc<Shared>,
    jack: Jack,
    streams: BTreeMap<FlowId, Stream>,
}

/// A grip on a [`Lan`] that a [`Host`] runs, to pull the cable, change faults or read counters meanwhile.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    lan: Mutex<Lan>,
    waker: Mutex<Option<Waker>>,
    start: tokio::time::Instant,
}

/// When there is more to do.
enum Next {
    AtOnce,
    After(Duration),
    OnEvent,
}

impl Host {
    /// Plugs a device with the hardware address `mac` into `lan`. The clock starts now.
    #[must_use]
    pub fn new(lan: Lan, mac: [u8; 6]) -> (DeviceEnd, Self) {
        let (device, jack) = device_end(mac, lan.router.config().mtu);
        let start = tokio::time::Instant::now();
        let shared = Shared { lan: Mutex::new(lan), waker: Mutex::new(None), start };
        (device, Self { shared: Arc::new(shared), jack, streams: BTreeMap::new() })
    }

    /// A grip on the cable and the router.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { shared: Arc::clone(&self.shared) }
    }

    /// Runs until the device end is dropped. Needs a tokio runtime with I/O and time. Dropping the future closes all
    /// connections.
    pub async fn run(mut self) {
        let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
        poll_fn(|cx| self.poll(cx, sleep.as_mut())).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>, mut sleep: Pin<&mut Sleep>) -> Poll<()> {
        *lock(&self.shared.waker) = Some(cx.waker().clone());
        loop {
            self.jack.wake_on_frame(cx.waker());
            if self.jack.is_abandoned() {
                return Poll::Ready(());
            }
            let delay = match self.advance(cx) {
                Next::AtOnce => continue,
                Next::After(delay) => delay,
                Next::OnEvent => return Poll::Pending,
            };
            sleep.as_mut().reset(tokio::time::Instant::now() + delay.min(SLEEP));
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Does what can be done at once.
    fn advance(&mut self, cx: &mut Context<'_>) -> Next {
        let shared = Arc::clone(&self.shared);
        let mut lan = lock(&shared.lan);
        // Read under the lock, so that the network never sees time run backwards.
        let now = shared.now();
        lan.exchange(now, &self.jack);
        let mut progress = false;
        while let Some(action) = lan.poll(now) {
            self.act(action);
            progress = true;
        }
        self.streams.retain(|flow, stream| match stream.poll(cx, &mut lan.router, now, *flow) {
            Progress::None => true,
            Progress::Some => {
                progress = true;
                true
            }
            Progress::Over => {
                progress = true;
                false
            }
        });
        lan.exchange(now, &self.jack);
        if progress {
            return Next::AtOnce;
        }
        lan.next_event(now).map_or(Next::OnEvent, |event| Next::After(event.since(now)))
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Connect { flow, target, .. } => {
                self.streams.insert(flow, Stream::connect(target));
            }
            Action::Send { flow, bytes } => {
                if let Some(stream) = self.streams.get_mut(&flow) {
                    stream.send(bytes);
                }
            }
            Action::Shutdown { flow } => {
                if let Some(stream) = self.streams.get_mut(&flow) {
                    stream.shutdown();
                }
            }
            Action::Abort { flow } => {
                if let Some(stream) = self.streams.remove(&flow) {
                    stream.abort();
                }
            }
        }
    }
}

impl Handle {
    /// Works on the network, now. Keep it short: it stands still meanwhile.
    pub fn with<R>(&self, work: impl FnOnce(&mut Lan, Instant) -> R) -> R {
        let result = work(&mut lock(&self.shared.lan), self.shared.now());
        if let Some(waker) = lock(&self.shared.waker).take() {
            waker.wake();
        }
        result
    }

    /// The time of the network.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.shared.now()
    }
}

impl Shared {
    fn now(&self) -> Instant {
        Instant::START + self.start.elapsed()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("connections", &self.streams.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
