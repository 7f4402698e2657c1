//! Captures for Wireshark and tcpdump.

use crate::ring::Ring;
use crate::view::Direction;
use aclk_core::clock::Instant;
use aclk_lan::{Direction as Way, Pcap, PcapBuffer};

/// The first four bytes of a pcap file with microseconds; they also tell the order of bytes.
const MAGIC: u32 = 0xa1b2_c3d4;
const LINK_TYPE_ETHERNET: u32 = 1;

/// The older format, which everything can read: frames with their times, nothing else.
pub(crate) fn pcap(ring: &Ring, snap_len: usize) -> Vec<u8> {
    let mut file = Vec::with_capacity(ring.weight());
    let word = |file: &mut Vec<u8>, word: u32| file.extend_from_slice(&word.to_le_bytes());
    let len = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    word(&mut file, MAGIC);
    // Version 2.4, UTC, no word about accuracy.
    for value in [4 << 16 | 2, 0, 0, len(snap_len), LINK_TYPE_ETHERNET] {
        word(&mut file, value);
    }
    for kept in ring.iter() {
        let bytes = kept.bytes();
        let seconds = u32::try_from(kept.time_us / 1_000_000).unwrap_or(u32::MAX);
        let micros = (kept.time_us % 1_000_000) as u32;
        for value in [seconds, micros, len(bytes.len()), len(kept.length)] {
            word(&mut file, value);
        }
        file.extend_from_slice(bytes);
    }
    file
}

/// The newer format, which has the secrets, the direction of each frame, and what the cable did to it.
pub(crate) fn pcapng(ring: &Ring, key_log: &str) -> Vec<u8> {
    let buffer = PcapBuffer::default();
    let mut pcap = Pcap::new(buffer.clone());
    // A buffer in memory takes everything.
    let _ = pcap.interface("device");
    if !key_log.is_empty() {
        let _ = pcap.secrets(key_log.as_bytes());
    }
    for kept in ring.iter() {
        let way = match kept.direction {
            Direction::In => Way::Inbound,
            Direction::Out => Way::Outbound,
        };
        let _ = pcap.frame(Instant::from_micros(kept.time_us), way, kept.bytes(), &kept.remark);
    }
    buffer.bytes()
}
