//! WebSocket against tungstenite: the key of the upgrade, the frames of a client, the frames of a server.

use crate::compare::websocket::{LIMIT, Seen, TOLERATED, compare, read_by_tungstenite, read_by_us};
use crate::support::{Comparison, cuts, damage, pieces, same_every_time, written};
use aclk_core::wire::websocket::{Opcode, accept_of, encode_key, header_len, mask_in_place, put_frame, put_header};
use proptest::prelude::*;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::Role;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};

/// Around the lengths at which the header changes its form, and others.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![
        4 => 0..300_usize,
        2 => 124..=127_usize,
        1 => 65_534..=65_537_usize,
        1 => 60_000..=LIMIT,
    ];
    (len, any::<u8>()).prop_map(|(len, first)| (0..len).map(|i| first.wrapping_add((i % 251) as u8)).collect())
}

fn short() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..=125)
}

/// What a client sends: whole binary frames, and control frames between them.
fn from_client() -> impl Strategy<Value = (Opcode, [u8; 4], Vec<u8>)> {
    prop_oneof![
        3 => (Just(Opcode::Binary), any::<[u8; 4]>(), payload()),
        1 => (Just(Opcode::Ping), any::<[u8; 4]>(), short()),
        1 => (Just(Opcode::Pong), any::<[u8; 4]>(), short()),
    ]
}

/// What a server sends.
fn from_server() -> impl Strategy<Value = Frame> {
    let data = |code| move |bytes: Vec<u8>| Frame::message(bytes, OpCode::Data(code), true);
    prop_oneof![
        4 => payload().prop_map(data(Data::Binary)),
        1 => "[a-zé]{0,40}".prop_map(String::into_bytes).prop_map(data(Data::Text)),
        1 => short().prop_map(Frame::ping),
        1 => short().prop_map(Frame::pong),
    ]
}

fn small_from_server() -> impl Strategy<Value = Frame> {
    let binary = |bytes: Vec<u8>| Frame::message(bytes, OpCode::Data(Data::Binary), true);
    prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 0..140).prop_map(binary),
        1 => "[a-zé]{0,40}".prop_map(|text| Frame::message(text.into_bytes(), OpCode::Data(Data::Text), true)),
        1 => short().prop_map(Frame::ping),
        1 => short().prop_map(Frame::pong),
    ]
}

fn close() -> impl Strategy<Value = Frame> {
    let code = prop_oneof![1000..=1003_u16, 1007..=1014_u16, 3000..=4999_u16];
    let close = (code, "[ -~]{0,80}")
        .prop_map(|(code, reason)| Some(CloseFrame { code: CloseCode::from(code), reason: reason.as_str().into() }));
    prop_oneof![1 => Just(None), 3 => close].prop_map(Frame::close)
}

fn bytes_of(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frames.iter().for_each(|frame| frame.clone().format(&mut bytes).unwrap());
    bytes
}

/// What those frames say.
fn said(frames: &[Frame]) -> Seen {
    let mut seen = Seen::default();
    for frame in frames {
        let payload = frame.payload();
        match frame.header().opcode {
            OpCode::Data(Data::Binary) => seen.data.extend(payload),
            OpCode::Control(Control::Ping) => seen.pings.push(payload.to_vec()),
            OpCode::Control(Control::Close) => {
                let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                let reason = payload.get(2..).unwrap_or_default();
                seen.close = Some((code, String::from_utf8(reason.to_vec()).unwrap()));
            }
            _ => {}
        }
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_accept_value_is_that_of_tungstenite(random in any::<[u8; 16]>(), other in "[ -~]{0,60}") {
        let key = encode_key(&random);
        prop_assert_eq!(&accept_of(&key), &derive_accept_key(key.as_bytes())[..]);
        prop_assert_eq!(&accept_of(&other), &derive_accept_key(other.as_bytes())[..]);
    }

    #[test]
    fn tungstenite_reads_our_frames(frames in proptest::collection::vec(from_client(), 0..8), cuts in cuts()) {
        let mut expected = Seen::default();
        let mut bytes = Vec::new();
        for (opcode, mask, payload) in &frames {
            bytes.extend(written(|w| put_frame(w, *opcode, *mask, payload)));
            match opcode {
                Opcode::Binary => expected.data.extend(payload),
                Opcode::Ping => expected.pings.push(payload.clone()),
                _ => {}
            }
        }
        bytes.extend(written(|w| put_frame(w, Opcode::Close, [1, 2, 3, 4], &[0x03, 0xe8])));
        expected.close = Some((Some(1000), String::new()));
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut * 97).collect();
        let (seen, error) = read_by_tungstenite(Role::Server, pieces(&bytes, &cuts));
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(seen, expected);
    }

    /// As the engine sends a message that does not fit its buffer: the header first, then masked pieces.
    #[test]
    fn tungstenite_reads_a_frame_that_was_sent_in_pieces(payload in payload(), mask in any::<[u8; 4]>(), cuts in cuts()) {
        let mut bytes = written(|w| put_header(w, Opcode::Binary, mask, payload.len()));
        prop_assert_eq!(bytes.len(), header_len(payload.len()));
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut * 131).collect();
        let mut offset = 0;
        for piece in pieces(&payload, &cuts) {
            let mut masked = piece.to_vec();
            mask_in_place(mask, offset, &mut masked);
            offset += piece.len();
            bytes.extend(masked);
        }
        let (seen, error) = read_by_tungstenite(Role::Server, vec![&bytes]);
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(seen.data, payload);
    }

    #[test]
    fn we_read_the_frames_of_tungstenite(
        mut frames in proptest::collection::vec(from_server(), 0..6), close in close(), cuts in cuts(),
    ) {
        frames.push(close);
        let bytes = bytes_of(&frames);
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut * 89).collect();
        prop_assert_eq!(read_by_us(pieces(&bytes, &cuts)), (said(&frames), None));
    }

    #[test]
    fn the_frames_of_tungstenite_may_be_split_at_every_byte(
        mut frames in proptest::collection::vec(small_from_server(), 0..4), close in close(),
    ) {
        frames.push(close);
        let (bytes, said) = (bytes_of(&frames), said(&frames));
        for at in 0..=bytes.len() {
            let (first, second) = bytes.split_at(at);
            prop_assert_eq!(read_by_us(vec![first, second]), (said_again(&said), None), "at {}", at);
        }
    }
}

fn said_again(said: &Seen) -> Seen {
    Seen { data: said.data.clone(), pings: said.pings.clone(), close: said.close.clone() }
}

#[test]
fn damaged_frames_are_refused_by_both_or_read_alike() {
    let likely = b"\x00\x01\x02\x03\x08\x09\x0a\x7d\x7e\x7f\x80\x81\x82\x88\x89\x8a\x8b\xc2\xff";
    let frames = (proptest::collection::vec(small_from_server(), 0..3), close());
    let cases = (frames, proptest::collection::vec(damage(likely), 0..3));
    let mut comparison = Comparison::default();
    for ((mut frames, close), damages) in same_every_time(cases, 20_000) {
        frames.push(close);
        let mut bytes = bytes_of(&frames);
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        comparison.add(compare(&bytes), &bytes);
    }
    comparison.conclude("WebSocket frames of a server", TOLERATED);
}
