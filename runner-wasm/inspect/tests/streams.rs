//! Streams as they happen to come: cut anywhere, twice, early, or not at all.

mod wire;

use aclk_inspect::view::{Direction, Field, Filter, Flag, Layer, Protocol, Purpose, State};
use aclk_inspect::{Inspector, Limits};
use wire::{ACK, FIN, RST, UPGRADE, UPGRADED, Wire, websocket};

const REQUEST: &[u8] =
    b"PUT /api/v1/spaces/nodes/x HTTP/1.1\r\nHost: cloud.test\r\nContent-Length: 18\r\n\r\n{\"token\":\"secret\"}";
const CONNECT: &[u8] = b"\x10\x1c\x00\x04MQTT\x05\x42\x00\x3c\x00\x00\x01c\x00\x0chunter2-abcd";

fn layers(inspector: &Inspector) -> Vec<Layer> {
    let rows = inspector.frames(0, &Filter { limit: Some(usize::MAX), ..Filter::default() });
    rows.iter().flat_map(|row| inspector.dissect(row.id).expect("it is there").layers).collect()
}

fn titles(inspector: &Inspector) -> Vec<String> {
    let above = |layer: &Layer| layer.protocol > Protocol::Data && layer.title != "Part of a message";
    layers(inspector).into_iter().filter(above).map(|layer| layer.title).collect()
}

fn flags(inspector: &Inspector, id: u64) -> Vec<Flag> {
    inspector.frames(id, &Filter::default()).remove(0).flags
}

fn find<'l>(layers: &'l [Layer], title: &str) -> &'l Layer {
    layers.iter().find(|layer| layer.title == title).unwrap_or_else(|| panic!("{title} is missing"))
}

fn field<'f>(fields: &'f [Field], name: &str) -> &'f Field {
    let nested = || fields.iter().find_map(|field| field.fields.iter().find(|field| field.name == name));
    fields.iter().find(|field| field.name == name).or_else(nested).unwrap_or_else(|| panic!("{name} is missing"))
}

/// A conversation through all protocols, in these pieces.
fn spoken(len: usize) -> Vec<String> {
    let mut wire = Wire::open(Limits::default());
    let binary = |payload: &[u8]| websocket(2, Some([1, 2, 3, 4]), payload);
    let (front, back) = CONNECT.split_at(9);
    let connect = [binary(front), binary(back)].concat();
    for (direction, said) in [
        (Direction::Out, b"\x05\x01\x00".as_slice()),
        (Direction::In, b"\x05\x00"),
        (Direction::Out, b"\x05\x01\x00\x03\x0acloud.test\x01\xbb"),
        (Direction::In, b"\x05\x00\x00\x01\x0a\x4d\x00\x01\x01\xbb"),
        (Direction::Out, REQUEST),
        (Direction::In, b"HTTP/1.1 204 No Content\r\n\r\n"),
        (Direction::Out, UPGRADE),
        (Direction::In, UPGRADED),
        (Direction::Out, &connect),
        (Direction::In, &websocket(2, None, b"\x20\x03\x00\x00\x00\xd0\x00")),
        (Direction::Out, &websocket(8, Some([5, 6, 7, 8]), b"\x03\xe8bye")),
    ] {
        for piece in said.chunks(len) {
            wire.say(direction, piece);
        }
    }
    titles(&wire.inspector)
}

#[test]
fn a_conversation_is_the_same_in_pieces_of_any_size() {
    let whole = spoken(usize::MAX);
    assert_eq!(
        whole,
        [
            "SOCKS5 greeting",
            "SOCKS5 choice",
            "SOCKS5 request",
            "SOCKS5 reply",
            "HTTP request",
            "HTTP response to PUT /api/v1/spaces/nodes/x",
            "HTTP request",
            "HTTP response to GET /mqtt",
            "WebSocket binary",
            "WebSocket binary",
            "MQTT CONNECT",
            "WebSocket binary",
            "MQTT CONNACK",
            "MQTT PINGRESP",
            "WebSocket close",
        ]
    );
    for len in [1, 2, 3, 5, 8, 13, 40, 100] {
        assert_eq!(spoken(len), whole, "pieces of {len} bytes");
    }
}

#[test]
fn a_secret_of_a_message_in_pieces_is_hidden_in_each_of_them() {
    for len in [1, 4, 7, 30] {
        let mut wire = Wire::open(Limits::default());
        for piece in REQUEST.chunks(len) {
            wire.say(Direction::Out, piece);
        }
        let said = layers(&wire.inspector);
        let token = field(&find(&said, "HTTP request").fields, "token").clone();
        assert_eq!((token.value.as_str(), token.reveal.as_deref()), ("••••••••", Some("secret")));
        for row in wire.inspector.frames(0, &Filter::default()) {
            let dissection = wire.inspector.dissect(row.id).expect("it is there");
            for source in &dissection.sources {
                let mut bytes = source.hex.clone();
                for (start, end) in &source.hidden {
                    bytes.replace_range(2 * start..2 * end, &"-".repeat(2 * (end - start)));
                }
                // "ecr" in hexadecimal; shorter pieces cannot be told from others.
                assert!(!bytes.contains("656372"), "{len}: {bytes}");
            }
        }
    }
}

#[test]
fn early_and_repeated_segments_are_flagged_and_put_in_order() {
    let mut wire = Wire::open(Limits::default());
    let (front, back) = REQUEST.split_at(40);
    let early = wire.segment(Direction::Out, ACK, 41, back);
    assert_eq!(flags(&wire.inspector, early), [Flag::OutOfOrder]);
    assert!(titles(&wire.inspector).is_empty());
    wire.inspector.changed();
    let missing = wire.segment(Direction::Out, ACK, 1, front);
    assert_eq!(titles(&wire.inspector), ["HTTP request"]);
    // It is complete in the frame that has its last byte, which is an earlier one.
    assert_eq!(wire.inspector.changed(), [early]);
    let again = wire.segment(Direction::Out, ACK, 1, REQUEST);
    assert_eq!((flags(&wire.inspector, missing), flags(&wire.inspector, again)), (vec![], vec![Flag::Retransmission]));
    // Half of it is new.
    wire.segment(Direction::Out, ACK, 41, &[back, b"GET /api/v1/env HTTP/1.1\r\n\r\n"].concat());
    assert_eq!(titles(&wire.inspector), ["HTTP request", "HTTP request"]);
    let [connection] = &wire.inspector.connections()[..] else { panic!("one connection") };
    assert_eq!(connection.bytes_out, REQUEST.len() as u64 + 28);
}

#[test]
fn what_was_acknowledged_and_never_seen_is_a_gap() {
    let mut wire = Wire::open(Limits::default());
    wire.pass(Direction::Out, 500);
    let id = wire.say(Direction::In, b"HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(flags(&wire.inspector, id), [Flag::Gap]);
    let row = wire.inspector.frames(id, &Filter::default()).remove(0);
    assert!(row.text.starts_with("500 bytes in front of this were never seen"), "{}", row.text);
}

#[test]
fn a_damaged_frame_changes_nothing() {
    let mut wire = Wire::open(Limits::default());
    let id = wire.say(Direction::Out, REQUEST);
    let dissection = wire.inspector.dissect(id).expect("it is there");
    let hex = &dissection.sources[0].hex;
    let mut bytes: Vec<u8> =
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect();
    bytes[60] ^= 1;
    let before = wire.inspector.connections();
    let id = wire.inspector.frame(0, Direction::Out, &bytes, "corrupted");
    let row = wire.inspector.frames(id, &Filter::default()).remove(0);
    assert_eq!((row.flags, row.connection, row.remark.as_str()), (vec![Flag::BadChecksum], None, "corrupted"));
    assert_eq!(wire.inspector.connections(), before);
}

#[test]
fn a_connection_lives_and_ends_and_its_ports_are_used_again() {
    let state = |wire: &Wire| wire.inspector.connections().last().expect("a connection").state;
    let mut wire = Wire::silent(Inspector::new(Limits::default()), 50_000);
    wire.segment(Direction::Out, 2, 0, b"");
    assert_eq!(state(&wire), State::Opening);
    let mut wire = Wire::open(Limits::default());
    assert_eq!(state(&wire), State::Open);
    wire.segment(Direction::Out, FIN | ACK, 1, b"");
    assert_eq!(state(&wire), State::Closing);
    wire.segment(Direction::In, FIN | ACK, 1, b"");
    assert_eq!(state(&wire), State::Closed);
    let first = wire.segment(Direction::In, RST, 2, b"");
    assert_eq!((state(&wire), flags(&wire.inspector, first)), (State::Reset, vec![Flag::Reset]));
    // Another connection between the same ports begins with another sequence number.
    wire.segment(Direction::Out, 2, 700, b"");
    assert_eq!((wire.inspector.connections().len(), state(&wire)), (2, State::Opening));
}

#[test]
fn whoever_calls_the_device_uses_its_local_api() {
    let mut wire = Wire::silent(Inspector::new(Limits::default()), 19_999);
    wire.peer_port = 40_000;
    wire.segment(Direction::In, 2, 0, b"");
    wire.segment(Direction::Out, 2 | ACK, 0, b"");
    wire.segment(Direction::In, ACK, 1, b"GET /api/v1/info HTTP/1.1\r\nHost: device\r\n\r\n");
    wire.segment(
        Direction::Out,
        ACK,
        1,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"version\":\"1\"}",
    );
    let [connection] = &wire.inspector.connections()[..] else { panic!("one connection") };
    assert_eq!((connection.purpose, connection.host.as_str()), (Purpose::LocalApi, "device"));
    let said = layers(&wire.inspector);
    assert_eq!(field(&find(&said, "HTTP response to GET /api/v1/info").fields, "version").value, "1");
}

#[test]
fn bodies_end_by_length_by_chunks_or_with_the_connection() {
    let mut wire = Wire::open(Limits::default());
    wire.say(
        Direction::Out,
        b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nHEAD /c HTTP/1.1\r\n\r\nGET /d HTTP/1.1\r\n\r\n",
    );
    wire.say(
        Direction::In,
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\":\"1\"}",
    );
    wire.say(
        Direction::In,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"b\"\r\n5;x=y\r\n:\"2\"}\r\n0\r\n\r\n",
    );
    wire.say(Direction::In, b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    wire.say(Direction::In, b"HTTP/1.0 200 OK\r\n\r\nwhatever");
    wire.say(Direction::In, b" comes");
    let said = layers(&wire.inspector);
    assert_eq!(field(&find(&said, "HTTP response to GET /a").fields, "Status").value, "102");
    let last = said.iter().rfind(|layer| layer.title == "HTTP response to GET /a").expect("two responses");
    assert_eq!(field(&last.fields, "a").value, "1");
    assert_eq!(field(&find(&said, "HTTP response to GET /b").fields, "b").value, "2");
    assert_eq!(field(&find(&said, "HTTP response to HEAD /c").fields, "Content-Length").value, "5000");
    assert_eq!(field(&find(&said, "HTTP response to GET /d").fields, "Version").value, "HTTP/1.0");
    let bodies: Vec<_> = said.iter().filter(|layer| layer.title == "HTTP body").collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(field(&bodies[1].fields, "Content").reveal.as_deref(), Some(" comes"));
}

#[test]
fn a_message_that_is_too_long_is_passed_over_and_what_follows_is_read() {
    let limits = Limits { message: 1_000, ..Limits::default() };
    let mut wire = Wire::open(limits);
    wire.say(Direction::Out, b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    wire.say(Direction::In, b"HTTP/1.1 200 OK\r\nContent-Length: 2500\r\n\r\n");
    for _ in 0..5 {
        wire.say(Direction::In, &[b'x'; 500]);
    }
    wire.say(Direction::In, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert!(
        titles(&wire.inspector).iter().any(|title| title.starts_with("HTTP response")),
        "{:?}",
        titles(&wire.inspector)
    );
    assert!(wire.inspector.in_use().1 < 100);
}

#[test]
fn a_secret_that_the_other_side_repeats_stays_hidden() {
    let mut wire = Wire::open(Limits::default());
    wire.say(
        Direction::Out,
        b"PUT /api/v1/spaces/nodes/x HTTP/1.1\r\nContent-Length: 26\r\n\r\n{\"token\":\"mellon-1234567\"}",
    );
    let body = br#"{"errorMessage":"no token mellon-1234567 here","errorMsgKey":"ErrForbidden"}"#;
    let head =
        format!("HTTP/1.1 403 mellon-1234567\r\nX-Token: mellon-1234567\r\nContent-Length: {}\r\n\r\n", body.len());
    let id = wire.say(Direction::In, &[head.as_bytes(), body].concat());
    let dissection = wire.inspector.dissect(id).expect("it is there");
    assert_eq!(dissection.frame.text, "403 •••••••• to PUT /api/v1/spaces/nodes/x");
    let http = dissection.layers.last().expect("it has layers");
    let message = field(&http.fields, "errorMessage");
    assert_eq!(message.value, "no token •••••••• here");
    assert_eq!(message.reveal.as_deref(), Some("no token mellon-1234567 here"));
    assert_eq!(field(&http.fields, "X-Token").value, "••••••••");
    let mut bytes = dissection.sources[0].hex.clone();
    for (start, end) in &dissection.sources[0].hidden {
        bytes.replace_range(2 * start..2 * end, &"-".repeat(2 * (end - start)));
    }
    // "mellon" in hexadecimal.
    assert!(dissection.sources[0].hex.contains("6d656c6c6f6e") && !bytes.contains("6d656c6c6f6e"));
}
