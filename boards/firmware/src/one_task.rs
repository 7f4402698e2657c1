//! The network stack and the application in one task.

use crate::app::{Device, Machine, Memory, SOCKETS, run};
use crate::guard::Guarded;
use aclk_core::driver::{Control, Observer};
use aclk_core::identity::key::Key;
use aclk_core::store::Store;
use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use embassy_futures::select::select;
use embassy_net::driver::Driver;
use embassy_net::{Config, StackResources};
use rand_core::CryptoRng;

/// Runs a network stack on `ethernet` and the application on it, in one task.
pub async fn run_with_driver<D, S, K, R, O, W, const WINDOW: usize>(
    ethernet: D,
    config: Config,
    memory: &mut Memory<WINDOW>,
    machine: Machine<'_, S, K, R, O, W>,
    device: &Device<'_>,
) where
    D: Driver,
    S: Store,
    K: Key,
    R: CryptoRng,
    O: Observer,
    W: Control,
{
    let mut resources = StackResources::<SOCKETS>::new();
    let seed = machine.rng.next_u64();
    let (stack, mut runner) = embassy_net::new(Guarded::new(ethernet, machine.counters), config, &mut resources, seed);
    let (network, application) = (pin!(runner.run()), pin!(run(stack, memory, machine, device)));
    select(apart(network), apart(application)).await;
}

/// Polls `future` only if it was woken itself, not when another part of the same task was.
///
/// embassy-net wakes its runner whenever a socket is looked at. In one task with the runner, whoever waits for a socket
/// would wake itself by waiting, and never sleep.
async fn apart<T>(mut future: Pin<&mut impl Future<Output = T>>) -> T {
    let mut bell = None;
    poll_fn(|cx| {
        let task = cx.waker().clone();
        let is_known = |(bell, _): &(Arc<Bell>, Waker)| bell.task.will_wake(&task);
        if !bell.as_ref().is_some_and(is_known) {
            bell = None;
        }
        let (bell, waker) = bell.get_or_insert_with(|| Bell::new(task));
        if !bell.rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        future.as_mut().poll(&mut Context::from_waker(waker))
    })
    .await
}

/// Wakes a task, and remembers which part of it was meant.
struct Bell {
    rung: AtomicBool,
    task: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl Bell {
    /// A bell that has rung, and its waker.
    fn new(task: Waker) -> (Arc<Self>, Waker) {
        let bell = Arc::new(Self { rung: AtomicBool::new(true), task });
        // A waker need not be alike its clones, but they are alike each other; and embassy-net and its timers keep clones,
        // and ask each time whether they have this one already.
        let waker = Waker::from(Arc::clone(&bell)).clone();
        (bell, waker)
    }
}

#[cfg(test)]
mod tests {
    use super::apart;
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use core::cell::{Cell, RefCell};
    use core::future::{Future, poll_fn};
    use core::pin::pin;
    use core::sync::atomic::{AtomicU32, Ordering};
    use core::task::{Context, Poll, Waker};
    use embassy_futures::select::{Either, select};

    #[derive(Default)]
    struct Wakes(AtomicU32);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_wakes_another_by_waiting_may_sleep() {
        let runner: RefCell<Option<Waker>> = RefCell::new(None);
        let (looks, over) = (Cell::new(0), Cell::new(false));
        let run = pin!(poll_fn(|cx| {
            *runner.borrow_mut() = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        let kept: RefCell<Option<Waker>> = RefCell::new(None);
        let wait = pin!(poll_fn(|cx| {
            looks.set(looks.get() + 1);
            *kept.borrow_mut() = Some(cx.waker().clone());
            runner.borrow().as_ref().unwrap().wake_by_ref();
            if over.get() { Poll::Ready(()) } else { Poll::Pending }
        }));
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let mut cx = Context::from_waker(&waker);
        let mut both = pin!(select(apart(run), apart(wait)));
        // As an executor does: again, as long as somebody was woken.
        let mut rounds = 0;
        let mut poll_all = |cx: &mut Context<'_>| {
            loop {
                let before = wakes.0.load(Ordering::Relaxed);
                let poll = both.as_mut().poll(cx);
                rounds += 1;
                assert!(rounds < 10, "it never sleeps");
                if poll.is_ready() || wakes.0.load(Ordering::Relaxed) == before {
                    return poll;
                }
            }
        };
        assert!(poll_all(&mut cx).is_pending());
        assert_eq!(looks.get(), 1);
        over.set(true);
        kept.borrow().as_ref().unwrap().wake_by_ref();
        assert!(matches!(poll_all(&mut cx), Poll::Ready(Either::Second(()))));
        assert_eq!(looks.get(), 2);
    }

    #[test]
    fn a_clone_is_recognised_and_a_new_task_is_told() {
        let seen: RefCell<Option<Waker>> = RefCell::new(None);
        let wait = pin!(poll_fn(|cx| {
            let is_alike = seen.borrow().as_ref().is_some_and(|seen: &Waker| seen.will_wake(&cx.waker().clone()));
            *seen.borrow_mut() = Some(cx.waker().clone());
            if is_alike { Poll::Ready(()) } else { Poll::Pending }
        }));
        let mut waits = pin!(apart(wait));
        let wakes = [Arc::new(Wakes::default()), Arc::new(Wakes::default())];
        for wakes in &wakes {
            let waker = Waker::from(wakes.clone());
            assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending(), "nobody has woken it");
        }
        seen.borrow().as_ref().unwrap().wake_by_ref();
        assert_eq!(wakes.map(|wakes| wakes.0.load(Ordering::Relaxed)), [0, 1]);
        let waker = Waker::from(Arc::new(Wakes::default()));
        assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending(), "another task again");
        seen.borrow().as_ref().unwrap().wake_by_ref();
        assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    }
}
