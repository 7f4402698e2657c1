//! The cable: frames go in at one end and come out of the other, or do not.

use crate::faults::Faults;
use crate::pcap::{Direction, Pcap};
use crate::random::Random;
use aclk_core::clock::Instant;
use core::fmt;
use std::io;

mod lane;

use lane::{Fate, Lane};

/// An Ethernet frame without its checksum, from the destination address on.
pub type Frame = Vec<u8>;

/// Bytes of an Ethernet header; a frame is this much longer than the IP packet in it.
pub const ETHERNET_HEADER: usize = 14;

/// One end of the cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// Where the device is plugged in.
    Device,
    /// Where the router is.
    Router,
}

impl End {
    /// The opposite end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Device => Self::Router,
            Self::Router => Self::Device,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Router => "router",
        }
    }
}

/// What became of the frames that were put in at one end.
///
/// `sent + duplicated` is `delivered + lost + oversized + overflowed + cut`, plus what is still on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames put in.
    pub sent: u64,
    /// Frames taken out at the other end.
    pub delivered: u64,
    /// Frames that vanished by [`Faults::loss`].
    pub lost: u64,
    /// Extra copies.
    pub duplicated: u64,
    /// Frames held back.
    pub reordered: u64,
    /// Frames with a flipped bit.
    pub corrupted: u64,
    /// Frames longer than [`Faults::mtu`] allows.
    pub oversized: u64,
    /// Frames that found the [`Faults::backlog`] full.
    pub overflowed: u64,
    /// Frames sent into, or caught by, a link that is down.
    pub cut: u64,
}

/// An Ethernet cable with faults drawn from a seed.
///
/// The caller brings the time with every call, and it never runs backwards: the same seed, calls and times give the same
/// frames, to the bit. Each direction has dice of its own and rolls them all for every frame, so traffic one way never
/// disturbs the other, and a raised ratio hits more frames but spares none that were hit before.
#[derive(Debug)]
pub struct Cable {
    /// Indexed by the end that sends.
    lanes: [Lane; 2],
    plugged: bool,
    captures: [Option<Capture>; 2],
    watchers: [Option<Watcher>; 2],
}

/// A frame that passes an end of the cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting<'f> {
    /// When.
    pub at: Instant,
    /// Whether it goes into the cable there, or comes out of it.
    pub outbound: bool,
    /// The frame, as it is there.
    pub frame: &'f [u8],
    /// What the cable does to it, in words; empty for nothing.
    pub remark: &'f str,
}

/// Told of every frame.
struct Watcher(Box<dyn FnMut(Sighting<'_>) + Send>);

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

#[derive(Debug)]
struct Capture {
    pcap: Pcap,
    broken: Option<io::Error>,
}

impl Cable {
    /// A cable that does `faults` in both directions.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        let mut seeds = Random::new(seed);
        let lanes = [Lane::new(seeds.next(), faults.clone()), Lane::new(seeds.next(), faults)];
        Self { lanes, plugged: true, captures: [None, None], watchers: [None, None] }
    }

    /// Puts `frame` in at the end `from`.
    pub fn send(&mut self, from: End, now: Instant, frame: Frame) {
        let fate = self.fate(from, now, &frame);
        self.record(from, now, Direction::Outbound, &frame, fate.remark());
        self.lane_mut(from).carry(frame, fate);
    }

    /// Takes out the next frame that has arrived at the end `at`.
    pub fn receive(&mut self, at: End, now: Instant) -> Option<Frame> {
        let (frame, remark) = self.lane_mut(at.other()).arrived(now)?;
        self.record(at, now, Direction::Inbound, &frame, &remark);
        Some(frame)
    }

    /// When to look again: the earliest arrival at either end, or change of the link. May lie in the past, if a frame
    /// waits to be taken out.
    #[must_use]
    pub fn next_event(&self, now: Instant) -> Option<Instant> {
        let events = self.lanes.iter().flat_map(|lane| [lane.next_arrival(), lane.faults().next_change(now)]);
        events.flatten().min()
    }

    /// When the next frame arrives at the end `at`.
    #[must_use]
    pub fn next_arrival(&self, at: End) -> Option<Instant> {
        self.lane(at.other()).next_arrival()
    }

    /// Whether the link is up: plugged in, and in no window of [`Faults::down`].
    #[must_use]
    pub fn is_up(&self, now: Instant) -> bool {
        self.plugged && self.lanes.iter().all(|lane| lane.faults().up(now))
    }

    /// Pulls the cable out. Frames on their way are cut off.
    pub fn unplug(&mut self) {
        self.plugged = false;
        for lane in &mut self.lanes {
            lane.cut();
        }
    }

    /// Puts the cable back in.
    pub const fn plug(&mut self) {
        self.plugged = true;
    }

    /// The faults that frames from the end `from` suffer from now on.
    pub fn faults_mut(&mut self, from: End) -> &mut Faults {
        self.lane_mut(from).faults_mut()
    }

    /// Lets both directions suffer `faults` from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        for lane in &mut self.lanes {
            *lane.faults_mut() = faults.clone();
        }
    }

    /// What became of the frames from the end `from`.
    #[must_use]
    pub fn counters(&self, from: End) -> Counters {
        self.lane(from).counters()
    }

    /// Writes what passes the end `at` to `pcap` from now on, as a network tap there would. Replaces an earlier one.
    ///
    /// Frames that suffer a fault carry a comment that names it. Writing stops at the first error, see
    /// [`capture_error`](Self::capture_error).
    pub fn capture(&mut self, at: End, mut pcap: Pcap) {
        let broken = pcap.interface(at.name()).err();
        self.captures[at as usize] = Some(Capture { pcap, broken });
    }

    /// Calls `watcher` with every frame that passes the end `at` from now on. Replaces an earlier one.
    pub fn watch(&mut self, at: End, watcher: impl FnMut(Sighting<'_>) + Send + 'static) {
        self.watchers[at as usize] = Some(Watcher(Box::new(watcher)));
    }

    /// Adds TLS secrets, in the format of `SSLKEYLOGFILE`, to the capture at the end `at`, so that Wireshark decrypts
    /// what follows.
    pub fn capture_secrets(&mut self, at: End, key_log: &[u8]) {
        self.write(at, |pcap| pcap.secrets(key_log));
    }

    /// The error that ended the capture at the end `at`, if there was one.
    #[must_use]
    pub fn capture_error(&self, at: End) -> Option<&io::Error> {
        self.captures[at as usize].as_ref()?.broken.as_ref()
    }

    fn fate(&mut self, from: End, now: Instant, frame: &[u8]) -> Fate {
        let up = self.is_up(now);
        let lane = self.lane_mut(from);
        let fate = lane.fate(now, frame, up);
        match fate.arrival() {
            Some(arrival) if !self.lanes.iter().all(|lane| lane.faults().up_throughout(now, arrival)) => Fate::Cut,
            _ => fate,
        }
    }

    fn record(&mut self, at: End, now: Instant, direction: Direction, frame: &[u8], remark: &str) {
        self.write(at, |pcap| pcap.frame(now, direction, frame, remark));
        if let Some(Watcher(watcher)) = &mut self.watchers[at as usize] {
            watcher(Sighting { at: now, outbound: direction == Direction::Outbound, frame, remark });
        }
    }

    fn write(&mut self, at: End, write: impl FnOnce(&mut Pcap) -> io::Result<()>) {
        if let Some(Capture { pcap, broken }) = &mut self.captures[at as usize]
            && broken.is_none()
        {
            *broken = write(pcap).err();
        }
    }

    const fn lane(&self, from: End) -> &Lane {
        &self.lanes[from as usize]
    }

    const fn lane_mut(&mut self, from: End) -> &mut Lane {
        &mut self.lanes[from as usize]
    }
}
