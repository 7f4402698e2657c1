//! WebSocket against tungstenite: the key of the upgrade, the frames of a client, the frames of a server.

use crate::support::{Comparison, cuts, damage, pieces, same_every_time, written};
use aclk_core::wire::websocket::{
    Decoder, Incoming, Opcode, WebsocketError, accept_of, encode_key, header_len, mask_in_place, put_frame, put_header,
};
use proptest::prelude::*;
use std::io::{self, Read, Write};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

const LIMIT: usize = 70_000;

/// Bytes that have arrived, in pieces; what is written to it is dropped.
struct Wire<'p>(std::vec::IntoIter<&'p [u8]>);

impl<'p> Wire<'p> {
    fn new(pieces: Vec<&'p [u8]>) -> Self {
        Self(pieces.into_iter())
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let next = self.0.find(|piece| !piece.is_empty());
        let Some(piece) = next else { return Err(io::ErrorKind::WouldBlock.into()) };
        let (now, later) = piece.split_at(piece.len().min(buffer.len()));
        buffer[..now.len()].copy_from_slice(now);
        if !later.is_empty() {
            self.0 = [later].into_iter().chain(self.0.by_ref()).collect::<Vec<_>>().into_iter();
        }
        Ok(now.len())
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a reader got out of a stream.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    data: Vec<u8>,
    pings: Vec<Vec<u8>>,
    close: Option<(Option<u16>, String)>,
}

/// What tungstenite reads in `role`, up to a close frame, an error or the end. Text and pongs are passed over, as we do.
fn read_by_tungstenite(role: Role, pieces: Vec<&[u8]>) -> (Seen, Option<tungstenite::Error>) {
    let config = WebSocketConfig::default().max_frame_size(Some(LIMIT)).max_message_size(None);
    let mut socket = WebSocket::from_raw_socket(Wire::new(pieces), role, Some(config));
    let mut seen = Seen::default();
    loop {
        match socket.read() {
            Ok(Message::Binary(bytes)) => seen.data.extend(bytes),
            Ok(Message::Ping(payload)) => seen.pings.push(payload.to_vec()),
            Ok(Message::Close(frame)) => {
                let code = frame.as_ref().map(|frame| frame.code.into());
                seen.close = Some((code, frame.map_or_else(String::new, |frame| frame.reason.to_string())));
                return (seen, None);
            }
            Ok(Message::Text(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return (seen, None),
            Err(error) => return (seen, Some(error)),
        }
    }
}

fn read_by_us(pieces: Vec<&[u8]>) -> (Seen, Option<WebsocketError>) {
    let (mut decoder, mut seen) = (Decoder::new(LIMIT as u64), Seen::default());
    for mut piece in pieces {
        while !piece.is_empty() {
            let (taken, event) = match decoder.receive(piece) {
                Ok(received) => received,
                Err(error) => return (seen, Some(error)),
            };
            piece = &piece[taken..];
            match event {
                Some(Incoming::Data(bytes)) => seen.data.extend(bytes),
                Some(Incoming::Ping(payload)) => seen.pings.push(payload.to_vec()),
                Some(Incoming::Close { code, reason }) => {
                    seen.close = Some((code, reason.to_string()));
                    return (seen, None);
                }
                None => assert!(piece.is_empty(), "bytes were left though nothing happened"),
            }
        }
    }
    (seen, None)
}

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

/// Where we differ. The first five are refused by us alone.
const TOLERATED: &[(&str, &str)] = &[
    ("fragments", "protocol.md 2.9: the Cloud never fragments, nor could the original agent read it; the other joins"),
    ("length not in its shortest form", "RFC 6455 5.2 demands the shortest; the other takes any"),
    ("close code", "RFC 6455 7.4: must not be sent; the other hands it over and answers 1002"),
    ("close code 1014", "a bad gateway, registered with IANA later than RFC 6455; the other takes it for unassigned"),
    ("at the first wrong byte", "we refuse a header as soon as it is wrong; the other waits for the whole frame"),
    ("text", "is passed over unread (protocol.md 2.9); the other checks that it is UTF-8"),
    ("reason of a close", "ours is for people: bounded, and control characters are escaped"),
];

fn name(error: WebsocketError, theirs_waits: bool) -> &'static str {
    match error {
        WebsocketError::Fragmented => "fragments",
        WebsocketError::Length => "length not in its shortest form",
        WebsocketError::CloseCode(_) => "close code",
        _ if theirs_waits => "at the first wrong byte",
        _ => "none of these",
    }
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
        let (ours, refused) = read_by_us(vec![&bytes]);
        let (theirs, refused_by_them) = read_by_tungstenite(Role::Client, vec![&bytes]);
        match (refused, refused_by_them) {
            // Of a frame that is not there to its last byte we hand over the first ones.
            (None, None) if ours.data.starts_with(&theirs.data) && ours.pings == theirs.pings => {
                let code = |seen: &Seen| seen.close.as_ref().map(|(code, _)| *code);
                if code(&ours) == Some(Some(1014)) {
                    comparison.differ("close code 1014", &bytes);
                    continue;
                }
                assert_eq!(code(&ours), code(&theirs), "{bytes:02x?}");
                if ours.close == theirs.close {
                    comparison.both_accept();
                } else {
                    comparison.differ("reason of a close", &bytes);
                }
            }
            (None, None) => panic!("{ours:?} and {theirs:?} in {bytes:02x?}"),
            (Some(_), Some(_)) => {
                assert!(ours.data.starts_with(&theirs.data) || theirs.data.starts_with(&ours.data), "{bytes:02x?}");
                comparison.both_refuse();
            }
            (Some(error), None) => {
                let waits = theirs.close.is_none();
                comparison.differ(name(error, waits), (error, &bytes));
            }
            (None, Some(error)) => {
                let name = if matches!(error, tungstenite::Error::Utf8(_)) { "text" } else { "accepted by us alone" };
                comparison.differ(name, (error, &bytes));
            }
        }
    }
    comparison.conclude("WebSocket frames of a server", TOLERATED);
}
