//! The MQTT 5 reader of the device: packets end at the same place however the bytes are cut, and mean what they mean to others.

use super::is_tolerated;
use crate::compare::mqtt::{TOLERATED, compare};
use crate::input::Stream;
use aclk_core::wire::mqtt::{Framer, MqttError, Packet};

/// Longest packet that is taken.
const LONGEST: usize = 2_048;

/// The packets in `pieces`, and why there are no more.
fn packets(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Option<MqttError>) {
    let (mut framer, mut storage, mut packets) = (Framer::with_maximum(LONGEST), vec![0; LONGEST], Vec::new());
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            match framer.receive(&mut storage, piece) {
                Ok((taken, packet)) => {
                    assert!(taken > 0, "nothing is taken");
                    packets.extend(packet.map(|len| storage[..len].to_vec()));
                    piece = &piece[taken..];
                }
                Err(error) => return (packets, Some(error)),
            }
        }
    }
    (packets, None)
}

pub(crate) fn run(input: &[u8]) {
    let stream = Stream::of(input);
    let whole = packets(&[stream.bytes]);
    assert_eq!(whole, packets(&stream.pieces()), "as a whole and in pieces");
    for packet in &whole.0 {
        // The other looks at the flags of a PUBLISH only.
        if packet[0] >> 4 != 3 && packet[0] & 0xf != 0 {
            assert!(Packet::parse(packet).is_err(), "flags are ignored: {packet:02x?}");
            continue;
        }
        is_tolerated(&compare(packet), TOLERATED, packet);
    }
}
