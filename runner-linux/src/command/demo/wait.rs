//! When there is nothing more to see.

use crate::fault::Fault;
use aclk_core::driver::{Command, Control};
use aclk_core::stage::Stage;
use std::cell::Cell;
use std::rc::Rc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// Something that happens once, and is waited for by one.
#[derive(Default)]
pub(super) struct Moment {
    has_come: Cell<bool>,
    changed: Notify,
}

impl Moment {
    pub(super) fn has_come(&self) -> bool {
        self.has_come.get()
    }

    pub(super) fn comes(&self) {
        self.has_come.set(true);
        self.changed.notify_one();
    }

    pub(super) async fn wait(&self) {
        while !self.has_come.get() {
            self.changed.notified().await;
        }
    }
}

/// Lets the device run until there is nothing more to see, or somebody has seen enough.
pub(super) struct Wait {
    over: Rc<Moment>,
    terminate: Signal,
    interrupt: Signal,
    pub(super) interrupted: bool,
    told: bool,
}

impl Wait {
    /// Must be called on the runtime.
    pub(super) fn new(over: Rc<Moment>) -> Result<Self, Fault> {
        let listen = |kind| signal(kind).map_err(|error| Fault::new(Stage::Config, error));
        let (terminate, interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        Ok(Self { over, terminate, interrupt, interrupted: false, told: false })
    }
}

impl Control for Wait {
    async fn next(&mut self) -> Command {
        tokio::select! {
            // A wish is told once: the farewell takes its time.
            () = self.over.wait(), if !self.told => {}
            _ = self.terminate.recv() => self.interrupted = true,
            _ = self.interrupt.recv() => self.interrupted = true,
        }
        self.told = true;
        Command::Stop
    }
}
