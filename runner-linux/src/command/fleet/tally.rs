//! How the devices are, all together.

use aclk_core::driver::{Evidence, Observer};
use aclk_core::engine::event::Event;
use aclk_core::stage::{Failure, Next, Purpose};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::OwnedSemaphorePermit;

/// Reasons that are told apart. Whatever else fails is counted together.
const REASONS_MAX: usize = 100;

/// How a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It has not begun.
    Off,
    /// On its way.
    Connecting,
    Online,
    /// Down; it tries again by itself.
    Waiting,
    /// Down for good.
    Stopped,
}

/// Counts since the fleet began, and how many devices are what now.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) off: Cell<usize>,
    pub(super) connecting: Cell<usize>,
    pub(super) online: Cell<usize>,
    pub(super) waiting: Cell<usize>,
    pub(super) stopped: Cell<usize>,
    /// Attempts to come online: each begins with `/env`.
    pub(super) attempts: Cell<u64>,
    /// Links that came up.
    pub(super) connects: Cell<u64>,
    /// Devices whose link has ended since [`watch_drops`](Self::watch_drops).
    pub(super) dropped: Cell<usize>,
    epoch: Cell<u64>,
    failures: RefCell<BTreeMap<String, u64>>,
    /// The failure of the device that failed last.
    last: RefCell<Option<Failure>>,
}

impl Tally {
    /// For `devices` that have not begun.
    pub(super) fn new(devices: usize) -> Self {
        Self { off: Cell::new(devices), ..Self::default() }
    }

    /// From now on, devices that lose their link are counted.
    pub(super) fn watch_drops(&self) {
        self.epoch.set(self.epoch.get() + 1);
        self.dropped.set(0);
    }

    /// How often each thing failed, the most frequent first.
    pub(super) fn failures(&self) -> Vec<(String, u64)> {
        let mut list: Vec<_> = self.failures.borrow().iter().map(|(why, count)| (why.clone(), *count)).collect();
        list.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        list
    }

    pub(super) fn failed(&self) -> u64 {
        self.failures.borrow().values().sum()
    }

    /// Why a device failed last, if one did.
    pub(super) fn last_failure(&self) -> Option<Failure> {
        self.last.borrow().clone()
    }

    const fn of(&self, state: State) -> &Cell<usize> {
        match state {
            State::Off => &self.off,
            State::Connecting => &self.connecting,
            State::Online => &self.online,
            State::Waiting => &self.waiting,
            State::Stopped => &self.stopped,
        }
    }

    fn fail(&self, failure: &Failure) {
        let mut failures = self.failures.borrow_mut();
        let mut why = match failure.purpose {
            Some(purpose) => format!("{}, {}: {}", purpose.name(), failure.stage, failure.cause),
            None => format!("{}: {}", failure.stage, failure.cause),
        };
        if failures.len() >= REASONS_MAX && !failures.contains_key(&why) {
            "others".clone_into(&mut why);
        }
        *failures.entry(why).or_default() += 1;
        *self.last.borrow_mut() = Some(failure.clone());
    }
}

/// Listens to one device.
#[derive(Debug)]
pub(super) struct Ear {
    tally: Rc<Tally>,
    state: State,
    epoch: u64,
    /// Room among those that are on their way for the first time.
    permit: Option<OwnedSemaphorePermit>,
}

impl Ear {
    /// That of a device which begins now.
    pub(super) fn new(tally: Rc<Tally>, permit: OwnedSemaphorePermit) -> Self {
        let mut ear = Self { tally, state: State::Off, epoch: 0, permit: Some(permit) };
        ear.turn(State::Connecting);
        ear
    }

    fn turn(&mut self, state: State) {
        let (before, after) = (self.tally.of(self.state), self.tally.of(state));
        before.set(before.get() - 1);
        after.set(after.get() + 1);
        self.state = state;
    }

    fn fail(&mut self, failure: &Failure) {
        self.permit = None;
        if self.state == State::Online && self.epoch != self.tally.epoch.get() {
            self.epoch = self.tally.epoch.get();
            self.tally.dropped.set(self.tally.dropped.get() + 1);
        }
        self.tally.fail(failure);
        self.turn(match failure.next {
            Next::Retry(_) => State::Waiting,
            Next::Stop | Next::Banned => State::Stopped,
        });
    }
}

impl Observer for Ear {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Online { .. } => {
                self.permit = None;
                self.tally.connects.set(self.tally.connects.get() + 1);
                self.turn(State::Online);
            }
            Event::Offline { failure } | Event::ClaimFailed { failure, .. } => self.fail(failure),
            _ => {}
        }
    }

    fn evidence(&mut self, evidence: &Evidence<'_>) {
        if let Evidence::Reached { purpose: Purpose::Env, .. } | Evidence::Unreached { purpose: Purpose::Env, .. } =
            evidence
        {
            self.tally.attempts.set(self.tally.attempts.get() + 1);
            self.turn(State::Connecting);
        }
    }
}

impl Drop for Ear {
    /// A device that has ended is off.
    fn drop(&mut self) {
        self.turn(State::Off);
    }
}
