use crate::wire::mqtt::{Framer, MqttError};
use crate::wire::testing::{cuts, pieces, unhex};
use proptest::prelude::*;
use std::format;
use std::vec;
use std::vec::Vec;

const STORAGE: usize = 200;

/// The packets in a stream, and the error that ended it.
fn run<'i>(
    mut framer: Framer,
    size: usize,
    stream: impl IntoIterator<Item = &'i [u8]>,
) -> (Vec<Vec<u8>>, Option<MqttError>) {
    let (mut storage, mut packets) = (vec![0; size], Vec::new());
    for mut piece in stream {
        loop {
            match framer.receive(&mut storage, piece) {
                Ok((taken, Some(len))) => {
                    packets.push(storage[..len].to_vec());
                    piece = &piece[taken..];
                }
                Ok((taken, None)) => {
                    assert_eq!(taken, piece.len(), "bytes were left though nothing happened");
                    break;
                }
                Err(error) => {
                    assert_eq!(framer.receive(&mut storage, b"x"), Err(error), "an error stays");
                    assert_eq!(framer.receive(&mut storage, b""), Err(error), "an error stays");
                    return (packets, Some(error));
                }
            }
        }
    }
    (packets, None)
}

fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Option<MqttError>) {
    run(Framer::new(), STORAGE, [bytes])
}

#[test]
fn a_stream_falls_into_packets() {
    let packets = [unhex("2003000000"), unhex("d000"), unhex("40020003"), [unhex("30ac01"), vec![7; 172]].concat()];
    assert_eq!(read(&packets.concat()), (packets.to_vec(), None));
}

#[test]
fn what_follows_a_packet_is_left() {
    let (mut framer, mut storage) = (Framer::new(), [0; 8]);
    assert_eq!(framer.receive(&mut storage, &unhex("d000d000")), Ok((2, Some(2))));
    assert_eq!(framer.receive(&mut storage, &unhex("d0")), Ok((1, None)));
    assert_eq!(framer.receive(&mut storage, &unhex("00ff")), Ok((1, Some(2))));
}

#[test]
fn lengths_have_up_to_four_bytes_in_shortest_form() {
    for length in ["8000", "808000", "80808000", "80808080", "ffffffff"] {
        assert_eq!(read(&unhex(&format!("30{length}"))).1, Some(MqttError::Length), "{length}");
    }
    let too_long = Some(MqttError::TooLong { length: 268_435_460, limit: STORAGE });
    assert_eq!(read(&unhex("30ffffff7f")).1, too_long);
}

#[test]
fn a_packet_that_will_not_fit_is_refused_before_it_arrives() {
    let at_limit = [unhex("30c501"), vec![0; 197]].concat();
    assert_eq!(read(&at_limit), (vec![at_limit], None));
    assert_eq!(read(&unhex("30c601")).1, Some(MqttError::TooLong { length: 201, limit: 200 }));

    let maximum = |hex| run(Framer::with_maximum(10), STORAGE, [&unhex(hex)[..]]).1;
    assert_eq!(maximum("3008 0000000000000000"), None);
    assert_eq!(maximum("3009"), Some(MqttError::TooLong { length: 11, limit: 10 }));

    assert_eq!(run(Framer::new(), 2, [&unhex("d000")[..]]).0.len(), 1);
    assert_eq!(run(Framer::new(), 1, [&unhex("d000")[..]]).1, Some(MqttError::TooLong { length: 2, limit: 1 }));
    assert_eq!(run(Framer::new(), 0, [&unhex("d000")[..]]).1, Some(MqttError::TooLong { length: 1, limit: 0 }));
}

#[test]
fn streams_may_be_split_at_every_byte() {
    for stream in [
        [unhex("2003000000 d000 40020003 308101"), vec![7; 129], unhex("e000 30")].concat(),
        unhex("d000 30ffff7f"),
        unhex("d000 308000"),
    ] {
        let whole = read(&stream);
        assert_eq!(run(Framer::new(), STORAGE, stream.chunks(1)), whole);
        for at in 0..=stream.len() {
            let (first, second) = stream.split_at(at);
            assert_eq!(run(Framer::new(), STORAGE, [first, second]), whole, "at {at}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_have_the_same_outcome_however_they_are_cut(
        packets in proptest::collection::vec((any::<u8>(), 0..220_u8, any::<bool>()), 0..12), cuts in cuts(),
    ) {
        let mut stream = Vec::new();
        for (first, len, sound) in packets {
            stream.push(first);
            if sound {
                stream.extend(if len < 128 { vec![len] } else { vec![len, 1] });
                stream.extend(vec![first; usize::from(len)]);
            } else {
                stream.push(len);
            }
        }
        prop_assert_eq!(run(Framer::new(), STORAGE, pieces(&stream, &cuts)), read(&stream));
    }
}
