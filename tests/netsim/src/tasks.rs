//! Two futures, each polled only when it was woken itself, as an executor does with tasks.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Wake;

/// Runs both until `main` is over.
pub(crate) async fn as_tasks(mut side: Pin<&mut impl Future>, mut main: Pin<&mut impl Future>) {
    let bells = [(); 2].map(|()| Arc::new(Bell { rung: AtomicBool::new(true), task: Mutex::new(None) }));
    poll_fn(|cx| {
        bells.iter().for_each(|bell| bell.belongs_to(cx.waker()));
        let [side_bell, main_bell] = &bells;
        loop {
            if main_bell.take() {
                let waker = Waker::from(Arc::clone(main_bell));
                if main.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    return Poll::Ready(());
                }
            } else if side_bell.take() {
                let waker = Waker::from(Arc::clone(side_bell));
                let _ = side.as_mut().poll(&mut Context::from_waker(&waker));
            } else {
                return Poll::Pending;
            }
        }
    })
    .await;
}

struct Bell {
    rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Bell {
    fn take(&self) -> bool {
        self.rung.swap(false, Ordering::Relaxed)
    }

    fn belongs_to(&self, task: &Waker) {
        *self.task.lock().expect("no code of others runs under the lock") = Some(task.clone());
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Relaxed);
        let task = self.task.lock().expect("no code of others runs under the lock").clone();
        task.into_iter().for_each(Waker::wake);
    }
}
