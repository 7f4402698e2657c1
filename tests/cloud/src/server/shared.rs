//! The one Cloud that all connections share, and the way of its actions to them.

use super::OnEvent;
use super::store::Store;
use crate::cloud::Cloud;
use crate::config::Peer;
use crate::connection::Action;
use crate::ident::ConnectionId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, watch};

/// What waits to be sent to a client.
pub(super) struct Outbox {
    actions: UnboundedSender<Action>,
    queued: Arc<AtomicUsize>,
}

/// The other end of an [`Outbox`].
pub(super) struct Inbox {
    actions: UnboundedReceiver<Action>,
    queued: Arc<AtomicUsize>,
}

impl Inbox {
    /// The next action; `None` once the connection is forgotten.
    pub(super) async fn next(&mut self) -> Option<Action> {
        let action = self.actions.recv().await?;
        if let Action::Send(bytes) = &action {
            self.queued.fetch_sub(bytes.len(), Ordering::Relaxed);
        }
        Some(action)
    }
}

struct Inner {
    cloud: Cloud,
    outboxes: HashMap<ConnectionId, Outbox>,
    on_event: Option<OnEvent>,
    /// The state could not be saved.
    unsaved: bool,
}

pub(super) struct Shared {
    inner: Mutex<Inner>,
    start: Instant,
    store: Store,
    queued: usize,
    /// Timeouts may have changed.
    timeouts: Notify,
    /// How many events there were.
    activity: watch::Sender<u64>,
    stop: Notify,
    stopping: AtomicBool,
    /// It is to begin anew, after so long.
    restart: OnceLock<Duration>,
}

impl Shared {
    pub(super) fn new(cloud: Cloud, store: Store, on_event: Option<OnEvent>, queued: usize) -> Self {
        Self {
            inner: Mutex::new(Inner { cloud, outboxes: HashMap::new(), on_event, unsaved: false }),
            start: Instant::now(),
            store,
            queued,
            timeouts: Notify::new(),
            activity: watch::Sender::new(0),
            stop: Notify::new(),
            stopping: AtomicBool::new(false),
            restart: OnceLock::new(),
        }
    }

    /// Calls the Cloud, then does what follows.
    pub(super) fn with<R>(&self, call: impl FnOnce(&mut Cloud, Duration) -> R) -> R {
        let mut inner = self.lock();
        let now = self.start.elapsed();
        let result = call(&mut inner.cloud, now);
        self.dispatch(&mut inner);
        result
    }

    /// A panic while the Cloud was called leaves it as it was between two statements; the test that caused it reports it.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self, peer: Peer) -> (ConnectionId, Inbox) {
        let (sender, receiver) = unbounded_channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let mut inner = self.lock();
        let id = inner.cloud.open(self.start.elapsed(), peer);
        inner.outboxes.insert(id, Outbox { actions: sender, queued: queued.clone() });
        self.dispatch(&mut inner);
        (id, Inbox { actions: receiver, queued })
    }

    pub(super) fn receive(&self, id: ConnectionId, bytes: &[u8]) {
        self.with(|cloud, now| cloud.receive(now, id, bytes));
    }

    pub(super) fn hang_up(&self, id: ConnectionId) {
        let mut inner = self.lock();
        inner.outboxes.remove(&id);
        inner.cloud.hang_up(self.start.elapsed(), id);
        self.dispatch(&mut inner);
    }

    /// Saves what has to be saved, then hands out actions: nobody is told of a claim that a crash could undo.
    fn dispatch(&self, inner: &mut Inner) {
        let Inner { cloud, outboxes, on_event, unsaved } = inner;
        match self.store.save(cloud) {
            Ok(()) => {
                cloud.saved();
                *unsaved = false;
            }
            // It is tried again with whatever happens next, and told once.
            Err(error) if !std::mem::replace(unsaved, true) => {
                eprintln!("aclk-cloud: cannot save the state: {error}");
            }
            Err(_) => {}
        }
        while let Some((id, action)) = cloud.poll(self.start.elapsed()) {
            let Some(outbox) = outboxes.get(&id) else { continue };
            let len = if let Action::Send(bytes) = &action { bytes.len() } else { 0 };
            let full = outbox.queued.fetch_add(len, Ordering::Relaxed) + len > self.queued;
            // The task at the other end may just have ended; then nobody minds.
            let _ = outbox.actions.send(if full { Action::Abort } else { action });
        }
        if let Some(on_event) = on_event {
            cloud.drain_events().iter().for_each(on_event);
        }
        let count = cloud.log.count();
        self.activity.send_if_modified(|known| std::mem::replace(known, count) != count);
        self.timeouts.notify_one();
    }

    /// Changes whenever something happens.
    pub(super) fn activity(&self) -> watch::Receiver<u64> {
        self.activity.subscribe()
    }

    /// Ends it as [`stop`](Self::stop) does, to begin anew after `away`.
    pub(super) fn begin_anew(&self, away: Duration) {
        // Who asks for it twice gets what was asked for first.
        let _ = self.restart.set(away);
        self.stop();
    }

    /// Whether it is to begin anew, and after how long.
    pub(super) fn restart(&self) -> Option<Duration> {
        self.restart.get().copied()
    }

    /// Ends [`stopped`](Self::stopped), now and for ever.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.stop.notify_one();
    }

    pub(super) async fn stopped(&self) {
        while !self.stopping.load(Ordering::Acquire) {
            self.stop.notified().await;
        }
    }
}

/// Calls the Cloud whenever time demands it.
pub(super) async fn keep_time(shared: Arc<Shared>) {
    loop {
        let next = shared.lock().cloud.next_timeout();
        let elapsed = shared.timeouts.notified();
        match next {
            Some(next) => {
                let wait = next.saturating_sub(shared.start.elapsed());
                if tokio::time::timeout(wait, elapsed).await.is_err() {
                    shared.with(|cloud, now| cloud.handle_timeout(now));
                }
            }
            None => elapsed.await,
        }
    }
}
