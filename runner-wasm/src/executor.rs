//! What runs the futures of a worker: each is polled when it was woken, and not otherwise.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;

/// A future that runs beside others.
pub(crate) struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    bell: Arc<Bell>,
    waker: Waker,
    is_over: bool,
}

impl Task {
    /// It is due at once.
    pub(crate) fn new(future: impl Future<Output = ()> + 'static) -> Self {
        let (bell, waker) = Bell::new(None);
        Self { future: Box::pin(future), bell, waker, is_over: false }
    }

    /// Lets it do what it has to do. Says whether there was anything.
    pub(crate) fn step(&mut self) -> bool {
        if self.is_over || !self.bell.take() {
            return false;
        }
        self.is_over = self.future.as_mut().poll(&mut Context::from_waker(&self.waker)).is_ready();
        true
    }

    /// Whether it has something to do.
    pub(crate) fn is_due(&self) -> bool {
        !self.is_over && self.bell.0.load(Ordering::Relaxed)
    }

    /// Whether it has come to its end.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }
}

/// Runs both until `main` is over, each polled only if it was woken itself: embassy-net wakes its runner whenever a socket
/// is looked at, and in one task with it, whoever waits would wake itself by waiting (design.md 3.5).
pub(crate) async fn side_by_side(mut side: Pin<&mut impl Future>, mut main: Pin<&mut impl Future<Output = ()>>) {
    let mut bells: Option<[(Arc<Bell>, Waker); 2]> = None;
    poll_fn(|cx| {
        let task = cx.waker();
        let [(side_bell, side_waker), (main_bell, main_waker)] =
            bells.get_or_insert_with(|| [(); 2].map(|()| Bell::new(Some(task.clone()))));
        loop {
            if main_bell.take() {
                if main.as_mut().poll(&mut Context::from_waker(main_waker)).is_ready() {
                    return Poll::Ready(());
                }
            } else if side_bell.take() {
                let _ = side.as_mut().poll(&mut Context::from_waker(side_waker));
            } else {
                return Poll::Pending;
            }
        }
    })
    .await;
}

/// Remembers that it was rung, and rings a task above it, which stays the same for as long as there is one.
struct Bell(AtomicBool, Option<Waker>);

impl Bell {
    /// One that has rung.
    fn new(above: Option<Waker>) -> (Arc<Self>, Waker) {
        let bell = Arc::new(Self(AtomicBool::new(true), above));
        let waker = Waker::from(Arc::clone(&bell));
        (bell, waker)
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
        if let Some(above) = &self.1 {
            above.wake_by_ref();
        }
    }
}
