//! How many bytes go over the wire for a claim, until the link is live, and on a day on which nothing happens: the whole
//! application with its own TCP/IP in virtual time, and a tap on its cable. `cargo xtask size` reads the lines that begin with
//! `wire:`.
//!
//! On Ethernet means whole frames, with header and checksum, of at least 64 bytes (IEEE 802.3, 3.2.7 and 4.4.2); both ways
//! together. Certificates are a chain of RSA-2048 with one certificate sent, so that every run has the same bytes; each
//! certificate more adds its length to each of five handshakes.

use aclk_lan::{End, Pcap, PcapBuffer};
use aclk_netsim::{Setup, Simulation, What};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// After being live, until everything that belongs to that is over: acknowledgements, connections that close.
const SETTLED: Duration = Duration::from_secs(60);

/// Bytes of a checksum, which a capture does not have.
const CHECKSUM: usize = 4;
/// Bytes of the shortest frame.
const FRAME_MIN: usize = 64;
const ETHERNET_HEADER: usize = 14;
const TCP: u8 = 6;
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// What has passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Traffic {
    /// Payload of TCP, in bytes.
    tcp: usize,
    /// Frames with everything in them, in bytes.
    ethernet: usize,
    /// How many frames.
    frames: usize,
}

impl Traffic {
    fn add(&mut self, frame: &[u8], payload: usize) {
        self.tcp += payload;
        self.ethernet += (frame.len() + CHECKSUM).max(FRAME_MIN);
        self.frames += 1;
    }

    fn tell(self, name: &str) {
        println!("wire: {name}_tcp {}", self.tcp);
        println!("wire: {name}_ethernet {}", self.ethernet);
    }
}

/// A segment of TCP.
struct Segment {
    /// The ports of both ends, in no order: they tell connections apart.
    ports: [u16; 2],
    /// Whether it opens a connection.
    opens: bool,
    /// Bytes.
    payload: usize,
}

impl Segment {
    /// `None` if the frame has none.
    fn of(frame: &[u8]) -> Option<Self> {
        let packet = frame.get(ETHERNET_HEADER..)?;
        let is_ipv4 = frame.get(12..14)? == [0x08, 0x00] && packet.first()? >> 4 == 4;
        if !is_ipv4 || *packet.get(9)? != TCP {
            return None;
        }
        let header = usize::from(packet.first()? & 0xf) * 4;
        let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
        let segment = packet.get(header..total)?;
        let port = |at: usize| Some(u16::from_be_bytes([*segment.get(at)?, *segment.get(at + 1)?]));
        let offset = usize::from(segment.get(12)? >> 4) * 4;
        let flags = segment.get(13)?;
        let mut ports = [port(0)?, port(2)?];
        ports.sort_unstable();
        Some(Self { ports, opens: flags & (SYN | ACK) == SYN, payload: segment.len().checked_sub(offset)? })
    }
}

/// The frames of a capture from byte `start` on: the bodies of its enhanced packet blocks (draft-ietf-opsawg-pcapng, 4.3).
fn frames(capture: &[u8], start: usize) -> Vec<&[u8]> {
    const ENHANCED_PACKET: u32 = 6;
    const FIXED: usize = 28;
    let word = |at: usize| u32::from_le_bytes(capture[at..at + 4].try_into().expect("four bytes"));
    let mut frames = Vec::new();
    let mut at = start;
    while at < capture.len() {
        if word(at) == ENHANCED_PACKET {
            frames.push(&capture[at + FIXED..][..word(at + 20) as usize]);
        }
        at += word(at + 4) as usize;
    }
    frames
}

#[test]
#[ignore = "a day is half a minute of work: cargo xtask size"]
fn what_a_claim_a_link_and_an_idle_day_put_on_the_wire() {
    let tap = PcapBuffer::default();
    let mut simulation = Simulation::new(Setup::default());
    simulation.lan.cable.capture(End::Device, Pcap::new(tap.clone()));
    let live = |simulation: &mut Simulation| simulation.happened().iter().any(|happened| happened.what == What::Live);
    assert!(simulation.run_until(PATIENCE, live), "{:?}", simulation.happened());
    simulation.run_for(SETTLED);

    // The first connection is the claim; those behind it are the link.
    let (mut claim, mut link, mut before) = (Traffic::default(), Traffic::default(), Traffic::default());
    let mut connections: Vec<[u16; 2]> = Vec::new();
    let begin = tap.bytes();
    for frame in frames(&begin, 0) {
        let segment = Segment::of(frame);
        if let Some(Segment { ports, opens: true, .. }) = segment
            && !connections.contains(&ports)
        {
            connections.push(ports);
        }
        let payload = segment.as_ref().map_or(0, |segment| segment.payload);
        match (segment, connections.as_slice()) {
            (None, []) => before.add(frame, payload),
            (Some(segment), [first, ..]) if segment.ports == *first => claim.add(frame, payload),
            _ => link.add(frame, payload),
        }
    }
    assert_eq!(connections.len(), 5, "claim, env, challenge, password, link");
    assert!(before.frames > 0 && before.tcp == 0, "DHCP, ARP, DNS and the time: {before:?}");
    claim.tell("claim");
    link.tell("link");

    simulation.run_for(DAY);
    assert!(simulation.is_online() && simulation.failures().is_empty(), "{:?}", simulation.happened());
    assert_eq!(simulation.cloud().deviations(), []);
    let mut idle = Traffic::default();
    for frame in frames(&tap.bytes(), begin.len()) {
        let segment = Segment::of(frame);
        assert!(!segment.as_ref().is_some_and(|segment| segment.opens), "nobody connects on such a day");
        idle.add(frame, segment.map_or(0, |segment| segment.payload));
    }
    idle.tell("idle_day");
    println!("{idle:?} {before:?} {claim:?} {link:?}");
}
