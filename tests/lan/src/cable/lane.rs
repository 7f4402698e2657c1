//! One direction of the cable.

use super::{Counters, ETHERNET_HEADER, Frame};
use crate::faults::Faults;
use crate::random::Random;
use aclk_core::clock::Instant;
use std::collections::BTreeMap;

#[derive(Debug)]
pub(super) struct Lane {
    faults: Faults,
    random: Random,
    /// By arrival, then by the order in which they were sent.
    in_flight: BTreeMap<(Instant, u64), Arrival>,
    order: u64,
    last_arrival: Instant,
    busy_until: Instant,
    counters: Counters,
}

#[derive(Debug)]
struct Arrival {
    frame: Frame,
    remark: String,
}

/// What is to become of a frame.
pub(super) enum Fate {
    Lost,
    Oversized,
    Overflowed,
    Cut,
    Arrives(Trip),
}

/// The way of a frame that arrives.
pub(super) struct Trip {
    at: Instant,
    /// Which bit flips, as a share of the frame.
    flip: Option<f64>,
    duplicate: bool,
    held: bool,
    remark: String,
}

/// One throw of all dice, for one frame.
struct Throw {
    loss: f64,
    duplicate: f64,
    reorder: f64,
    corrupt: f64,
    bit: f64,
    jitter: f64,
}

impl Lane {
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            faults,
            random: Random::new(seed),
            in_flight: BTreeMap::new(),
            order: 0,
            last_arrival: Instant::START,
            busy_until: Instant::START,
            counters: Counters::default(),
        }
    }

    pub(super) const fn faults(&self) -> &Faults {
        &self.faults
    }

    pub(super) const fn faults_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }

    pub(super) const fn counters(&self) -> Counters {
        self.counters
    }

    pub(super) fn next_arrival(&self) -> Option<Instant> {
        self.in_flight.first_key_value().map(|((at, _), _)| *at)
    }

    /// Decides, and occupies the cable for as long as the frame takes.
    pub(super) fn fate(&mut self, now: Instant, frame: &[u8], up: bool) -> Fate {
        let throw = self.throw();
        if !up {
            return Fate::Cut;
        }
        if frame.len() > self.faults.mtu.saturating_add(ETHERNET_HEADER) {
            return Fate::Oversized;
        }
        if self.faults.bandwidth.is_none() {
            self.busy_until = now;
        } else if self.busy_until.since(now) > self.faults.transmission(self.faults.backlog) {
            return Fate::Overflowed;
        }
        self.busy_until = self.busy_until.max(now) + self.faults.transmission(frame.len());
        if throw.loss < self.faults.loss {
            return Fate::Lost;
        }
        Fate::Arrives(self.trip(&throw))
    }

    pub(super) fn carry(&mut self, mut frame: Frame, fate: Fate) {
        self.counters.sent += 1;
        let trip = match fate {
            Fate::Lost => return self.counters.lost += 1,
            Fate::Oversized => return self.counters.oversized += 1,
            Fate::Overflowed => return self.counters.overflowed += 1,
            Fate::Cut => return self.counters.cut += 1,
            Fate::Arrives(trip) => trip,
        };
        if trip.held {
            self.counters.reordered += 1;
        } else {
            self.last_arrival = trip.at;
        }
        if let Some(share) = trip.flip {
            self.counters.corrupted += 1;
            flip(&mut frame, share);
        }
        if trip.duplicate {
            self.counters.duplicated += 1;
            self.put(trip.at, frame.clone(), trip.remark.clone());
        }
        self.put(trip.at, frame, trip.remark);
    }

    pub(super) fn arrived(&mut self, now: Instant) -> Option<(Frame, String)> {
        let first = self.in_flight.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        self.counters.delivered += 1;
        let Arrival { frame, remark } = first.remove();
        Some((frame, remark))
    }

    /// Cuts off everything on its way.
    pub(super) fn cut(&mut self) {
        self.counters.cut += self.in_flight.len() as u64;
        self.in_flight.clear();
    }

    const fn throw(&mut self) -> Throw {
        Throw {
            loss: self.random.ratio(),
            duplicate: self.random.ratio(),
            reorder: self.random.ratio(),
            corrupt: self.random.ratio(),
            bit: self.random.ratio(),
            jitter: self.random.ratio(),
        }
    }

    fn trip(&self, throw: &Throw) -> Trip {
        let faults = &self.faults;
        let held = throw.reorder < faults.reorder;
        let duplicate = throw.duplicate < faults.duplicate;
        let flip = (throw.corrupt < faults.corrupt).then_some(throw.bit);
        let travelled = self.busy_until + faults.latency + faults.jitter.mul_f64(throw.jitter);
        // Jitter alone keeps frames in order: only those held back are overtaken.
        let in_order = travelled.max(self.last_arrival);
        let at = if held { in_order + faults.hold } else { in_order };
        let names = [(flip.is_some(), "corrupted"), (duplicate, "duplicated"), (held, "held back")];
        let remarks: Vec<&str> = names.iter().filter(|(applies, _)| *applies).map(|(_, name)| *name).collect();
        Trip { at, flip, duplicate, held, remark: remarks.join(", ") }
    }

    fn put(&mut self, at: Instant, frame: Frame, remark: String) {
        self.in_flight.insert((at, self.order), Arrival { frame, remark });
        self.order += 1;
    }
}

impl Fate {
    pub(super) const fn arrival(&self) -> Option<Instant> {
        match self {
            Self::Arrives(trip) => Some(trip.at),
            _ => None,
        }
    }

    /// In words, for the capture; empty if nothing happens to the frame.
    pub(super) fn remark(&self) -> &str {
        match self {
            Self::Lost => "lost",
            Self::Oversized => "longer than the MTU",
            Self::Overflowed => "queue full",
            Self::Cut => "link down",
            Self::Arrives(trip) => &trip.remark,
        }
    }
}

fn flip(frame: &mut [u8], share: f64) {
    let bit = (share * (frame.len() * 8) as f64) as usize;
    if let Some(byte) = frame.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
}
