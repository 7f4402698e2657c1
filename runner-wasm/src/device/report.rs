//! What the page is told of the device: what happens, how it is, what it takes.

use super::flash::Memory;
use super::life::FLASH;
use super::outbox::Outbox;
use super::steps::{Step, Way};
use crate::{clock, heap};
use aclk_core::clock::{Clock, Instant, Trust};
use aclk_core::driver::Observer;
use aclk_core::engine::event::{Event, StageReport};
use aclk_core::identity::key::Progress;
use aclk_core::node::LinkState;
use aclk_core::stage::{Failure, Next, Purpose};
use aclk_firmware::console::Desk;
use aclk_firmware::{DeviceClock, SharedNode, limits};
use core::cell::{Cell, RefCell};
use core::time::Duration;
use embassy_futures::select::select;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::Timer;
use serde_json::{Value, json};

/// How often the page is told how the device is, whatever happens.
const EVERY: embassy_time::Duration = embassy_time::Duration::from_secs(1);

/// Knows how the device is, and tells the page whenever that changes.
pub(super) struct Reporter<'a> {
    node: &'a SharedNode<'a>,
    clock: &'a DeviceClock,
    outbox: &'a Outbox,
    flash: Memory,
    /// What was passed last in the present attempt, and when.
    passed: Cell<Option<(Step, Instant)>>,
    failure: RefCell<Option<(Failure, Instant)>>,
    is_live: Cell<bool>,
    changed: Signal<NoopRawMutex, ()>,
    /// Bytes of the application's future.
    future: Cell<usize>,
}

impl<'a> Reporter<'a> {
    pub(super) const fn new(
        node: &'a SharedNode<'a>,
        clock: &'a DeviceClock,
        outbox: &'a Outbox,
        flash: Memory,
    ) -> Self {
        Self {
            node,
            clock,
            outbox,
            flash,
            passed: Cell::new(None),
            failure: RefCell::new(None),
            is_live: Cell::new(false),
            changed: Signal::new(),
            future: Cell::new(0),
        }
    }

    pub(super) fn set_future(&self, bytes: usize) {
        self.future.set(bytes);
    }

    /// Tells how the device is; never resolves.
    pub(super) async fn run(&self) {
        loop {
            self.outbox.tell(|| json!({ "type": "state", "state": self.state() }));
            self.outbox.tell(|| json!({ "type": "budget", "budget": self.budget() }));
            select(self.changed.wait(), Timer::after(EVERY)).await;
        }
    }

    /// A `DeviceState` of types.ts.
    fn state(&self) -> Value {
        let node = self.node.borrow();
        let (status, link) = (&node.status, &node.status.link);
        let is_online = link.state == LinkState::Online;
        let failure = link.failure.as_ref().filter(|_| !is_online);
        let failed_at = self.failure.borrow().as_ref().map_or(link.since, |(_, at)| *at);
        let passed = self.passed.get();
        let way = Way {
            link,
            has_proxy: status.proxy.as_str() != "none",
            passed,
            failed: self.failure.borrow().as_ref().map(|(_, at)| *at),
            started: status.started,
            now: self.clock.instant(),
        };
        let step = |((stage, purpose), when, name): (Step, Instant, &str)| json!({ "stage": stage.name(), "purpose": purpose.map(Purpose::name), name: at(when) });
        let wall = self.clock.wall();
        json!({
            "now": clock::unix_ms(clock::now_us()),
            "hostname": status.hostname.as_str(),
            "machineGuid": status.machine_guid.to_string(),
            "url": status.url.as_str(),
            "proxy": status.proxy.as_str(),
            "claimedId": link.claimed.map(|id| id.to_string()),
            "nodeId": link.node.map(|id| id.to_string()),
            "link": link.state.name(),
            "since": at(link.since),
            "live": is_online && self.is_live.get(),
            "passed": passed.map(|(passed, when)| step((passed, when, "at"))),
            "current": way.current().map(|(current, since)| step((current, since, "since"))),
            "failure": failure.map(|failure| told(failure, failed_at)),
            "nextAttempt": link.next_attempt.filter(|_| !is_online).map(at),
            "warning": status.warning,
            "connections": {
                "count": link.connections.count,
                "lastUp": link.connections.last_up.map(at),
                "lastDown": link.connections.last_down.map(at),
                "lastBackoffMs": link.connections.last_backoff.map(ms),
            },
            "traffic": {
                "received": link.traffic.received,
                "acknowledged": link.traffic.acknowledged,
                "pending": link.traffic.pending,
                "latencyMs": link.traffic.latency.map(ms),
            },
            "clock": {
                "trust": match wall.trust {
                    Trust::Floor => "floor",
                    Trust::Network => "network",
                    Trust::Trusted => "trusted",
                },
                "offsetMs": wall.unix_us as f64 / 1e3 - clock::unix_ms(clock::now_us()),
            },
        })
    }

    /// A `Budget` of types.ts.
    fn budget(&self) -> Value {
        let (used, peak) = heap::counted();
        let buffer = |name: &str, bytes: usize| json!({ "name": name, "bytes": bytes });
        json!({
            "arena": { "used": used, "peak": peak },
            "buffers": [
                buffer("TLS record that arrives", limits::RECORD_READ_LEN),
                buffer("TLS records to send", limits::TLS_WRITE),
                buffer("HTTP reply or MQTT packet that arrives", limits::RECEIVE),
                buffer("request or packet to send", limits::SEND),
                buffer("requests over the link that wait", limits::QUERIES),
                buffer("TCP, arriving", limits::TCP_RECEIVE),
                buffer("TCP, to send", limits::TCP_SEND),
                buffer("local API", limits::API_SOCKETS * size_of::<aclk_firmware::local_api::ApiMemory>()),
            ],
            "future": self.future.get(),
            "worker": heap::of_worker(),
            "flash": {
                "pages": FLASH.0, "pageBytes": FLASH.1, "writes": self.flash.writes(), "erases": self.flash.erases(),
            },
        })
    }
}

/// Hears of everything, for the page and for the console.
pub(super) struct Teller<'a> {
    reporter: &'a Reporter<'a>,
    desk: &'a Desk,
}

impl<'a> Teller<'a> {
    pub(super) const fn new(reporter: &'a Reporter<'a>, desk: &'a Desk) -> Self {
        Self { reporter, desk }
    }
}

impl Observer for Teller<'_> {
    fn event(&mut self, event: &Event<'_>) {
        let (reporter, now) = (self.reporter, self.reporter.clock.instant());
        match event {
            Event::Stage(StageReport { stage, purpose, .. }) => reporter.passed.set(Some(((*stage, *purpose), now))),
            Event::Live { .. } => reporter.is_live.set(true),
            Event::Online { .. } => reporter.is_live.set(false),
            Event::ClaimFailed { failure, .. } | Event::Offline { failure } => {
                reporter.failure.replace(Some(((*failure).clone(), now)));
                reporter.is_live.set(false);
            }
            Event::Claimed { .. } | Event::Answer(_) | Event::Notice(_) => {}
        }
        reporter.outbox.tell(|| json!({ "type": "happened", "happened": happened(event, now) }));
        reporter.changed.signal(());
        self.desk.event(event);
    }

    fn key_progress(&mut self, progress: Progress) {
        let Progress { candidates, primes, done } = progress;
        self.reporter
            .outbox
            .tell(|| json!({ "type": "key-progress", "candidates": candidates, "primes": primes, "done": done }));
        self.desk.key_progress(progress);
    }
}

/// A `Happened` of types.ts.
fn happened(event: &Event<'_>, now: Instant) -> Value {
    match event {
        Event::Stage(report) => json!({
            "kind": "stage",
            "at": at(now),
            "stage": report.stage.name(),
            "purpose": report.purpose.map(Purpose::name),
            "elapsedMs": ms(report.elapsed),
            "sent": report.sent,
            "received": report.received,
        }),
        Event::Answer(answer) => json!({
            "kind": "answer", "at": at(now), "purpose": answer.purpose.name(), "status": answer.status,
        }),
        Event::Claimed { id, proved } => {
            json!({ "kind": "claimed", "at": at(now), "id": id.to_string(), "proved": proved })
        }
        Event::ClaimFailed { failure, refusal } => json!({
            "kind": "claim-failed",
            "at": at(now),
            "failure": told(failure, now),
            "refusal": refusal.map(|refusal| refusal.key()),
        }),
        Event::Online { id, .. } => json!({ "kind": "online", "at": at(now), "id": id.to_string() }),
        Event::Live { node } => json!({ "kind": "live", "at": at(now), "node": node.map(|node| node.to_string()) }),
        Event::Offline { failure } => json!({ "kind": "offline", "at": at(now), "failure": told(failure, now) }),
        Event::Notice(failure) => json!({ "kind": "notice", "at": at(now), "failure": told(failure, now) }),
    }
}

/// A `Failure` of types.ts.
fn told(failure: &Failure, when: Instant) -> Value {
    let (next, retry) = match failure.next {
        Next::Stop => ("stop", None),
        Next::Retry(delay) => ("retry", Some(delay)),
        Next::Banned => ("banned", None),
    };
    json!({
        "at": at(when),
        "stage": failure.stage.name(),
        "purpose": failure.purpose.map(Purpose::name),
        "cause": failure.cause.as_str(),
        "text": failure.to_string(),
        "server": failure.server.as_ref().map(|said| json!({
            "status": said.status, "key": said.key.as_str(), "message": said.message.as_str(), "code": said.code.as_str(),
        })),
        "hint": failure.hint,
        "next": next,
        "retryMs": retry.map(ms),
    })
}

/// A moment of the device's monotonic clock, in milliseconds since 1970 by the clock of the world.
fn at(when: Instant) -> f64 {
    clock::unix_ms(when.as_micros())
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
