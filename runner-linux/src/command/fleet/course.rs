//! The course of a run: one device goes first, the others follow, all stay, the Cloud restarts, all come back.

use super::admin::CloudUsage;
use super::device::{self, Parts};
use super::ground;
use super::identity::Identity;
use super::network::{CloudAddress, FleetNetwork};
use super::options::Options;
use super::progress::Progress;
use super::series::{Moment, Series};
use super::summary::{Restart, Stretch, Summary};
use super::tally::{Ear, Tally};
use super::usage::{Usage, allow_connections};
use crate::fault::Fault;
use crate::random;
use crate::trust::Trust;
use aclk_core::stage::{Next, Stage};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_local;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// How often it is looked how things are.
const LOOK: Duration = Duration::from_millis(50);
/// Looks from one line to the next.
const LOOKS_PER_LINE: u32 = 20;
/// How long the devices have for their farewell.
const FAREWELL: Duration = Duration::from_secs(10);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All that was asked for was done, and all devices were online in the end.
    AllOnline,
    /// Some are not online: refused for good, or it took too long.
    NotAll,
    /// By a signal.
    Interrupted,
}

/// A fleet and the Cloud it belongs to.
pub(super) struct Course {
    options: &'static Options,
    cloud: Rc<CloudAddress>,
    trust: &'static Trust,
    devices: Vec<Identity>,
    tally: Rc<Tally>,
    series: Series,
    progress: Progress,
    summary: Summary,
    begun: Instant,
    looks: Interval,
    looked: u32,
    stop: watch::Sender<bool>,
    terminate: Signal,
    interrupt: Signal,
}

/// How it was at some time, to be compared with how it is later.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: Instant,
    connects: u64,
    fleet: Usage,
    cloud: Option<CloudUsage>,
}

impl Course {
    /// Gets everything ready. Must be called on a `LocalSet`.
    pub(super) async fn prepare(options: &'static Options) -> Result<Self, Fault> {
        allow_connections(options.devices)?;
        let cloud = ground::cloud(options).await?;
        let trust = ground::trust(options).await?;
        let series = Series::create(options.series.as_deref())?;
        let devices = ground::devices(options).await?;
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let listen = |kind| signal(kind).map_err(|error| Fault::new(Stage::Config, error));
        Ok(Self {
            options,
            cloud,
            trust,
            tally: Rc::new(Tally::new(devices.len())),
            devices,
            series,
            progress: Progress::new(options),
            summary: Summary { devices: options.devices, ..Summary::default() },
            begun: Instant::now(),
            looks,
            looked: 0,
            stop: watch::Sender::new(false),
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Does what was asked for.
    pub(super) async fn run(&mut self) -> Result<Outcome, Fault> {
        self.begun = Instant::now();
        let start = self.mark().await;
        let room = Arc::new(Semaphore::new(self.options.at_once));
        let mut others = std::mem::take(&mut self.devices).into_iter();
        if let Some(first) = others.next() {
            self.spawn(first, &room)?;
            self.first().await?;
        }
        for device in others {
            self.spawn(device, &room)?;
        }
        let all = self.options.devices;
        let tally = self.tally.clone();
        let everybody = || tally.online.get() == all;
        if let Some(outcome) = self.until("start", self.options.patience, everybody).await? {
            return Ok(outcome);
        }
        let online = self.mark().await;
        self.summary.start = Some(stretch(&start, &online));
        let held = self.options.hold;
        if let Some(outcome) = self.until("hold", held + Duration::from_secs(1), || online.at.elapsed() >= held).await?
        {
            return Ok(outcome);
        }
        let hold = self.mark().await;
        self.summary.hold = Some(stretch(&online, &hold));
        self.summary.memory = Some((hold.fleet, hold.cloud));
        if let Some(outcome) = self.restart(hold).await? {
            return Ok(outcome);
        }
        Ok(if everybody() { Outcome::AllOnline } else { Outcome::NotAll })
    }

    /// Lets the devices leave, and says how it was.
    pub(super) async fn end(mut self, outcome: Outcome) -> Summary {
        if self.summary.memory.is_none() {
            let mark = self.mark().await;
            self.summary.memory = Some((mark.fleet, mark.cloud));
        }
        self.summary.online = self.tally.online.get();
        self.summary.failures = self.tally.failures();
        if let Some(admin) = &self.options.admin {
            self.summary.deviations = admin.usage().await.ok().map(|usage| usage.deviations);
        }
        let all = self.options.devices;
        if outcome != Outcome::Interrupted {
            let _ = self.stop.send(true);
            let tally = self.tally.clone();
            let gone = async {
                while tally.off.get() < all {
                    self.looks.tick().await;
                }
            };
            // Who is not gone by then is cut off.
            let _ = timeout(FAREWELL, gone).await;
        }
        self.summary
    }

    fn spawn(&self, identity: Identity, room: &Arc<Semaphore>) -> Result<(), Fault> {
        let (settings, saved) = ground::settings(self.options, identity.id, &identity.hostname)?;
        let network = FleetNetwork { source: identity.source, cloud: self.cloud.clone() };
        let (tally, room, stop) = (self.tally.clone(), room.clone(), self.stop.subscribe());
        let (anchors, seed) = (self.trust.anchors(), random::seed()?);
        spawn_local(async move {
            // Nobody closes it.
            let Ok(permit) = room.acquire_owned().await else { return };
            let ear = Ear::new(tally, permit);
            Box::pin(device::run(Parts { identity, settings, saved, network, anchors, seed, ear, stop })).await;
        });
        Ok(())
    }

    /// The first device alone: what only a person can mend is told before thousands run into it.
    async fn first(&mut self) -> Result<(), Fault> {
        let tally = self.tally.clone();
        let settled = || tally.online.get() > 0 || tally.failed() > 0;
        let _ = self.until("first", self.options.patience, settled).await?;
        let Some(failure) = tally.last_failure().filter(|_| tally.online.get() == 0) else { return Ok(()) };
        let unreachable = matches!(failure.stage, Stage::Dns | Stage::Tcp | Stage::Tls);
        if unreachable || !matches!(failure.next, Next::Retry(_)) {
            let mut fault = Fault::from(&failure);
            fault.cause = format!("the first device: {}", fault.cause);
            return Err(fault);
        }
        Ok(())
    }

    async fn restart(&mut self, before: Mark) -> Result<Option<Outcome>, Fault> {
        let (Some(away), Some(admin)) = (self.options.restart, &self.options.admin) else { return Ok(None) };
        let (all, tally) = (self.options.devices, self.tally.clone());
        tally.watch_drops();
        self.progress.busiest_from_now();
        let attempts = tally.attempts.get();
        admin.restart(away).await?;
        let back = || tally.dropped.get() == all && tally.online.get() == all;
        if let Some(outcome) = self.until("restart", away + self.options.patience, back).await? {
            return Ok(Some(outcome));
        }
        let after = self.mark().await;
        self.summary.restart = Some(Restart {
            away,
            back: Stretch { cloud: None, ..stretch(&before, &after) },
            attempts: tally.attempts.get() - attempts,
            most_attempts: self.progress.busiest(),
        });
        Ok(None)
    }

    /// Waits for `done`, and tells every second how things are. Yields how it ends if something else comes first: a signal,
    /// `limit`, or that there is nothing left to wait for.
    async fn until(&mut self, phase: &str, limit: Duration, done: impl Fn() -> bool) -> Result<Option<Outcome>, Fault> {
        let begun = Instant::now();
        loop {
            if done() {
                self.tell(phase)?;
                return Ok(None);
            }
            let nobody_left = self.tally.stopped.get() > 0
                && self.tally.stopped.get() + self.tally.online.get() == self.options.devices;
            if nobody_left || begun.elapsed() >= limit {
                self.tell(phase)?;
                return Ok(Some(Outcome::NotAll));
            }
            tokio::select! {
                _ = self.looks.tick() => {}
                _ = self.terminate.recv() => return Ok(Some(Outcome::Interrupted)),
                _ = self.interrupt.recv() => return Ok(Some(Outcome::Interrupted)),
            }
            self.looked += 1;
            if self.looked.is_multiple_of(LOOKS_PER_LINE) {
                self.tell(phase)?;
            }
        }
    }

    fn tell(&mut self, phase: &str) -> Result<(), Fault> {
        let moment = Moment { at: self.begun.elapsed(), fleet: Usage::now(), cloud: self.progress.cloud() };
        self.series.add(phase, &moment, &self.tally)?;
        self.progress.tell(phase, &moment, &self.tally);
        Ok(())
    }

    async fn mark(&self) -> Mark {
        let cloud = match &self.options.admin {
            Some(admin) => admin.usage().await.ok(),
            None => None,
        };
        Mark { at: Instant::now(), connects: self.tally.connects.get(), fleet: Usage::now(), cloud }
    }
}

/// What was between two marks.
fn stretch(from: &Mark, to: &Mark) -> Stretch {
    let cloud = from.cloud.zip(to.cloud).filter(|(from, to)| from.heartbeats <= to.heartbeats);
    Stretch {
        took: to.at - from.at,
        connects: to.connects - from.connects,
        cpu: to.fleet.cpu.saturating_sub(from.fleet.cpu),
        cloud: cloud.map(|(from, to)| (to.cpu.saturating_sub(from.cpu), to.heartbeats - from.heartbeats)),
    }
}
