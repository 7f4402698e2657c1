//! Damaged packets: both refuse them, or both read the same.

use super::server::any_packet;
use crate::compare::mqtt::{FromServer, TOLERATED, body, compare};
use crate::support::{Comparison, Damage, damage, same_every_time};
use proptest::prelude::*;

/// The packet with its body damaged and its length right again: where a packet ends is the framer's business.
fn damaged(packet: &FromServer, flags: u8, damages: &[Damage]) -> Vec<u8> {
    let whole = packet.bytes();
    let mut inside = body(&whole).to_vec();
    for damage in damages {
        damage.apply(&mut inside);
    }
    // Flags are looked at by the other in PUBLISH only.
    let first = if whole[0] >> 4 == 3 { whole[0] ^ flags } else { whole[0] };
    let mut bytes = vec![first];
    let mut left = inside.len();
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        bytes.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    bytes.extend(inside);
    bytes
}

#[test]
fn damaged_packets_are_refused_by_both_or_read_alike() {
    // Lengths, identifiers of properties, and characters with a meaning.
    let likely = b"\x00\x01\x02\x03\x80\x11\x12\x1f\x21\x23\x24\x26\x08+#\xff";
    let flags = prop_oneof![3 => Just(0_u8), 1 => 0..16_u8];
    let cases = (any_packet(), flags, proptest::collection::vec(damage(likely), 0..3));
    let mut comparison = Comparison::default();
    let damaged = same_every_time(cases, 40_000).map(|(packet, flags, damages)| damaged(&packet, flags, &damages));
    // What damage does not lead to: a DISCONNECT with Session Expiry.
    let made = vec![0xe0, 7, 0, 5, 0x11, 0, 0, 0, 1];
    for bytes in damaged.chain([made]) {
        comparison.add(compare(&bytes), &bytes);
    }
    comparison.conclude("MQTT 5 packets of a server", TOLERATED);
}
