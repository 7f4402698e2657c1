use super::{Decoder, Incoming, Opcode, WebsocketError, accept_of, encode_key, header_len, mask_in_place, put_frame};
use crate::wire::buffer::Writer;
use crate::wire::testing::{cuts, pieces, unhex};
use proptest::prelude::*;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

/// What a caller gets out of a stream.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    data: Vec<u8>,
    pings: Vec<Vec<u8>>,
    close: Option<(Option<u16>, String)>,
    error: Option<WebsocketError>,
}

const LIMIT: u64 = 70_000;

fn run<'i>(stream: impl IntoIterator<Item = &'i [u8]>) -> Seen {
    let (mut decoder, mut seen) = (Decoder::new(LIMIT), Seen::default());
    for mut piece in stream {
        loop {
            match decoder.receive(piece) {
                Ok((taken, event)) => {
                    piece = &piece[taken..];
                    match event {
                        Some(Incoming::Data(bytes)) => seen.data.extend(bytes),
                        Some(Incoming::Ping(payload)) => seen.pings.push(payload.to_vec()),
                        Some(Incoming::Close { code, reason }) => {
                            assert_eq!(seen.close, None, "closed twice");
                            seen.close = Some((code, reason.to_string()));
                        }
                        None => {
                            assert!(piece.is_empty(), "bytes were left though nothing happened");
                            break;
                        }
                    }
                }
                Err(error) => {
                    assert_eq!(decoder.receive(b"x"), Err(error), "an error stays");
                    seen.error = Some(error);
                    return seen;
                }
            }
        }
    }
    seen
}

fn read(bytes: impl AsRef<[u8]>) -> Seen {
    run([bytes.as_ref()])
}

fn error_of(hex: &str) -> Option<WebsocketError> {
    read(unhex(hex)).error
}

/// A frame as a server sends it.
fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(len as u8),
        len @ 126..0x1_0000 => frame.extend([vec![126], (len as u16).to_be_bytes().to_vec()].concat()),
        len => frame.extend([vec![127], (len as u64).to_be_bytes().to_vec()].concat()),
    }
    frame.extend(payload);
    frame
}

fn client_frame(opcode: Opcode, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; payload.len() + 14];
    let mut writer = Writer::new(&mut buffer);
    put_frame(&mut writer, opcode, mask, payload);
    let len = writer.finish().unwrap();
    buffer.truncate(len);
    buffer
}

#[test]
fn the_accept_value_follows_from_the_key() {
    assert_eq!(accept_of("dGhlIHNhbXBsZSBub25jZQ==").as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(accept_of("+Uttd0dFSvhwcLKo50ciBQ==").as_str(), "0PDt/rYIyqy/ZGT15xKA63sKUss=");
}

#[test]
fn a_key_is_sixteen_bytes_in_base64() {
    assert_eq!(encode_key(b"the sample nonce").as_str(), "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(encode_key(&[0xff; 16]).as_str(), "/////////////////////w==");
}

#[test]
fn client_frames_have_the_bytes_of_the_original() {
    assert_eq!(
        client_frame(Opcode::Binary, [0xc1, 0x66, 0xe6, 0xba], &unhex("40020001")),
        unhex("8284c166e6ba8164e6bb")
    );
    assert_eq!(client_frame(Opcode::Close, [0x18, 0xb8, 0x7b, 0xac], &unhex("03e8")), unhex("888218b87bac1b50"));
}

#[test]
fn client_frames_have_the_bytes_of_the_rfc() {
    let hello = client_frame(Opcode::Text, [0x37, 0xfa, 0x21, 0x3d], b"Hello");
    assert_eq!(hello, unhex("818537fa213d7f9f4d5158"));
    let pong = client_frame(Opcode::Pong, [0x37, 0xfa, 0x21, 0x3d], b"Hello");
    assert_eq!(pong, unhex("8a8537fa213d7f9f4d5158"));
    assert_eq!(client_frame(Opcode::Ping, [0; 4], b""), unhex("898000000000"));
}

#[test]
fn client_frames_have_the_shortest_length_form() {
    for (len, header) in [
        (125, "82fd 01020304"),
        (126, "82fe 007e 01020304"),
        (65535, "82fe ffff 01020304"),
        (65536, "82ff 0000000000010000 01020304"),
    ] {
        let frame = client_frame(Opcode::Binary, [1, 2, 3, 4], &vec![0; len]);
        assert_eq!(header_len(len), unhex(header).len());
        assert_eq!(frame[..header_len(len)], unhex(header));
        assert_eq!(frame.len(), header_len(len) + len);
        assert_eq!(frame[frame.len() - 1], [1, 2, 3, 4][(len - 1) % 4]);
    }
}

#[test]
fn a_frame_that_does_not_fit_is_refused() {
    for size in 0..16 {
        let mut buffer = vec![0; size];
        let mut writer = Writer::new(&mut buffer);
        put_frame(&mut writer, Opcode::Binary, [0; 4], &[0; 10]);
        assert!(writer.finish().is_err());
    }
}

#[test]
fn a_payload_may_be_masked_in_pieces() {
    let mask = [9, 8, 7, 6];
    let mut whole: Vec<u8> = (0..50).collect();
    let mut parts = whole.clone();
    mask_in_place(mask, 0, &mut whole);
    for (start, end) in [(0, 1), (1, 7), (7, 7), (7, 50)] {
        mask_in_place(mask, start, &mut parts[start..end]);
    }
    assert_eq!(parts, whole);
}

#[test]
fn binary_frames_are_one_stream_of_bytes() {
    // CONNACK, then a SUBACK in two frames, as the recorded server could have sent them.
    let stream = unhex("8208200600000322ffff 8203900400 8200 8203010001");
    assert_eq!(read(stream).data, unhex("200600000322ffff 900400010001"));
}

#[test]
fn all_length_forms_are_read() {
    for len in [0, 1, 125, 126, 127, 65535, 65536, LIMIT as usize] {
        let payload = vec![0xab; len];
        let seen = read([server_frame(0x82, &payload), server_frame(0x82, b"!")].concat());
        assert_eq!(seen.data, [&payload[..], b"!"].concat(), "{len}");
        assert_eq!(seen.error, None);
    }
}

#[test]
fn a_ping_is_handed_over_for_its_pong() {
    let seen = read(unhex("8900 8905 48656c6c6f 8201 2a"));
    assert_eq!(seen.pings, [b"".to_vec(), b"Hello".to_vec()]);
    assert_eq!(seen.data, b"*");
    assert_eq!(read(server_frame(0x89, &[7; 125])).pings, [vec![7; 125]]);
}

#[test]
fn text_and_pongs_are_skipped() {
    let stream =
        [server_frame(0x81, "text".as_bytes()), server_frame(0x8a, b"x"), server_frame(0x81, b""), unhex("82012a")];
    assert_eq!(read(stream.concat()), Seen { data: b"*".to_vec(), ..Seen::default() });
}

#[test]
fn a_close_says_why() {
    let close = |payload: &[u8]| read(server_frame(0x88, payload)).close.unwrap();
    assert_eq!(close(b""), (None, String::new()));
    assert_eq!(close(&unhex("03e8")), (Some(1000), String::new()));
    assert_eq!(close(b"\x03\xf4go away\x1b[2J"), (Some(1012), "go away\\u{1b}[2J".to_string()));
    assert_eq!(close(&[b"\x0f\xa0".to_vec(), vec![b'x'; 123]].concat()), (Some(4000), "x".repeat(123)));
}

#[test]
fn nothing_counts_behind_a_close() {
    let seen = read(unhex("880203e8 82012a 8900 ff"));
    assert_eq!(seen, Seen { close: Some((Some(1000), String::new())), ..Seen::default() });
}

#[test]
fn a_malformed_close_is_refused() {
    assert_eq!(error_of("880103"), Some(WebsocketError::ClosePayload));
    assert_eq!(error_of("880403e8c328"), Some(WebsocketError::CloseReason));
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        let frame = server_frame(0x88, &u16::to_be_bytes(code));
        assert_eq!(read(frame).error, Some(WebsocketError::CloseCode(code)));
    }
    for code in [1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1013, 1014, 3000, 4999] {
        assert_eq!(read(server_frame(0x88, &u16::to_be_bytes(code))).close, Some((Some(code), String::new())));
    }
}

#[test]
fn frames_that_were_not_agreed_on_are_refused() {
    for bits in ["c2", "a2", "92", "f2"] {
        assert_eq!(error_of(bits), Some(WebsocketError::ReservedBits), "{bits}");
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(read([0x80 | opcode]).error, Some(WebsocketError::Opcode(opcode)));
    }
    assert_eq!(error_of("8284 00000000"), Some(WebsocketError::Masked));
    assert_eq!(error_of("8980"), Some(WebsocketError::Masked));
}

#[test]
fn fragments_are_refused() {
    for first in ["02", "01", "00", "80", "08", "09"] {
        assert_eq!(error_of(first), Some(WebsocketError::Fragmented), "{first}");
    }
}

#[test]
fn lengths_must_be_in_shortest_form_and_below_the_limit() {
    assert_eq!(error_of("827e007d"), Some(WebsocketError::Length));
    assert_eq!(error_of("827f000000000000ffff"), Some(WebsocketError::Length));
    assert_eq!(error_of("827f80"), Some(WebsocketError::Length));
    let too_long = |length| Some(WebsocketError::TooLong { length, limit: LIMIT });
    assert_eq!(error_of("827f0000000000011171"), too_long(70_001));
    assert_eq!(error_of("817f0000000000011171"), too_long(70_001));
    assert_eq!(error_of("827f7fffffffffffffff"), too_long(u64::MAX >> 1));
    for control in ["887e", "897e", "8a7e", "897f"] {
        assert_eq!(error_of(control), Some(WebsocketError::ControlTooLong), "{control}");
    }
    let error = WebsocketError::TooLong { length: 70_001, limit: 70_000 };
    assert_eq!(format!("{error}"), "the server sent a frame of 70001 bytes, over the limit of 70000");
}

const SAMPLES: [&str; 4] = [
    "8208200600000322ffff 8900 8203900400 8905 48656c6c6f 8200 810474657874 8203010001 880403e86279 8201ff",
    "827e0080 0000000000000000000000000000000000000000",
    "8202abcd 8902 827e007d",
    "827f0000000000011171",
];

#[test]
fn streams_may_be_split_at_every_byte() {
    for sample in SAMPLES.map(unhex) {
        let whole = read(&sample);
        assert_eq!(run(sample.chunks(1)), whole);
        for at in 0..=sample.len() {
            let (first, second) = sample.split_at(at);
            assert_eq!(run([first, second]), whole, "at {at}");
        }
    }
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = proptest::collection::vec(any::<u8>(), 0..200);
    let first = prop_oneof![6 => Just(0x82_u8), 1 => Just(0x81), 1 => Just(0x89), 1 => Just(0x8a), 1 => any::<u8>()];
    prop_oneof![
        9 => (first, payload).prop_map(|(first, payload)| server_frame(first, &payload)),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
    ]
}

proptest! {
    #[test]
    fn any_bytes_have_the_same_outcome_however_they_are_cut(
        frames in proptest::collection::vec(frame(), 0..8), cuts in cuts(),
    ) {
        let stream = frames.concat();
        prop_assert_eq!(run(pieces(&stream, &cuts)), read(&stream));
    }

    #[test]
    fn what_a_client_writes_a_server_can_read(
        payload in proptest::collection::vec(any::<u8>(), 0..700), mask in any::<[u8; 4]>(),
    ) {
        let mut frame = client_frame(Opcode::Binary, mask, &payload);
        let (header, body) = frame.split_at_mut(header_len(payload.len()));
        prop_assert_eq!(&header[header.len() - 4..], &mask);
        mask_in_place(mask, 0, body);
        // Without its mask it is what a server would send.
        header[1] &= 0x7f;
        let unmasked = [&header[..header.len() - 4], body].concat();
        prop_assert_eq!(read(unmasked).data, payload);
    }
}
