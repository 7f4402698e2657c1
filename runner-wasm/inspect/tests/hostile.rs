//! Whatever the bytes are: nothing panics, every range lies where it says, and no limit is exceeded.

mod wire;

use aclk_inspect::view::{Direction, Field, Filter};
use aclk_inspect::{Inspector, Limits};
use proptest::prelude::*;
use wire::{ACK, UPGRADE, UPGRADED, Wire, datagram, websocket};

const LIMITS: Limits = Limits {
    frames: 60,
    kept: 60_000,
    frame: 1_514,
    connections: 3,
    message: 600,
    early: 300,
    waiting: 300,
    unfinished: 500,
    key_log: 1_000,
};

fn lies_within(fields: &[Field], end: usize) {
    for field in fields {
        assert!(field.start <= field.end && field.end <= end, "{field:#?}");
        lies_within(&field.fields, end);
    }
}

/// Looks at everything there is.
fn check(inspector: &mut Inspector) {
    let (kept, unfinished) = inspector.in_use();
    assert!(kept <= LIMITS.kept && unfinished <= LIMITS.unfinished, "{kept}, {unfinished}");
    assert!(inspector.connections().len() <= LIMITS.connections);
    assert!(inspector.key_log_text().len() <= LIMITS.key_log);
    inspector.changed();
    let rows = inspector.frames(0, &Filter::default());
    assert!(rows.len() <= LIMITS.frames);
    for row in &rows {
        let dissection = inspector.dissect(row.id).expect("it is there");
        assert_eq!((dissection.frame.id, &dissection.frame.text), (row.id, &row.text));
        for layer in &dissection.layers {
            let end = dissection.sources[layer.source].hex.len() / 2;
            assert!(layer.start <= layer.end && layer.end <= end, "{layer:#?}");
            lies_within(&layer.fields, end);
        }
        serde_json::to_string(&dissection).expect("JSON");
    }
    assert!(inspector.pcap().len() >= 24 && !inspector.pcapng().is_empty());
}

/// Messages of all protocols, to be damaged.
fn seeds() -> Vec<Vec<u8>> {
    let publish = |topic: &[u8], payload: &[u8]| {
        let len = 2 + topic.len() + 1 + payload.len();
        [&[0x30, len as u8, 0, topic.len() as u8][..], topic, &[0], payload].concat()
    };
    let hello = b"\x16\x03\x01\x00\x4c\x01\x00\x00\x48\x03\x03RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR\x00\x00\x02\x13\x01\x01\x00\x00\x1d\
        \x00\x00\x00\x0f\x00\x0d\x00\x00\x0acloud.test\x00\x2b\x00\x03\x02\x03\x04\x00\x0a\x00\x00";
    let certificate =
        b"\x16\x03\x03\x00\x3d\x0b\x00\x00\x39\x00\x00\x00\x35\x00\x00\x30\x30\x2e\x30\x2c\x02\x01\x01\x30\x00\
        \x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02ca\x30\x0e\x17\x0d250101000000Z\x30\x00\x30\x00";
    vec![
        hello.to_vec(),
        certificate.to_vec(),
        b"\x15\x03\x03\x00\x02\x02\x28".to_vec(),
        b"PUT /a HTTP/1.1\r\nHost: b\r\nContent-Length: 26\r\n\r\n{\"token\":\"x\",\"rooms\":[\"y\"]}".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n".to_vec(),
        b"CONNECT cloud.test:443 HTTP/1.1\r\nProxy-Authorization: Basic YTpi\r\n\r\n".to_vec(),
        UPGRADE.to_vec(),
        UPGRADED.to_vec(),
        b"\x05\x01\x02".to_vec(),
        b"\x05\x02".to_vec(),
        b"\x01\x01a\x01b".to_vec(),
        b"\x05\x01\x00\x03\x0acloud.test\x01\xbb".to_vec(),
        websocket(2, Some([1, 2, 3, 4]), b"\x10\x1c\x00\x04MQTT\x05\x42\x00\x3c\x00\x00\x01c\x00\x0chunter2-abcd"),
        websocket(
            2,
            None,
            &publish(b"/agent/x/inbound/v1/cmd/DisconnectReq", b"\x08\x07\x10\x01\x1a\x02\x08\x01\x2a\x03why"),
        ),
        websocket(
            2,
            None,
            &publish(b"/x/agent-connection", b"\x0a\x01c\x10\x01\x8a\x01\x0b\x0a\x05proto\x10\x01\x18\x01"),
        ),
        websocket(2, None, &publish(b"/x/cmd", b"{\"type\":\"http\",\"msg-id\":\"1\"}\r\n\r\nGET /a HTTP/1.1\r\n\r\n")),
        websocket(2, Some([9; 4]), b"\x82\x0a\x00\x01\x00\x00\x05a/b/+\x09"),
        websocket(8, None, b"\x03\xe8"),
    ]
}

/// A message, some of its bytes changed, perhaps cut off.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let seed = prop::sample::select(seeds());
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (seed, changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(mut bytes, changes, cut, cuts)| {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()) + 1);
        }
        bytes
    })
}

#[derive(Debug, Clone)]
enum Said {
    /// In its order.
    Next(Direction, Vec<u8>),
    /// Somewhere else, under any flags.
    Elsewhere(Direction, u8, u16, Vec<u8>),
    /// An answer that makes WebSocket of the connection.
    Upgrade,
    KeyLog(String),
    /// Another connection.
    Port(u16),
}

fn said() -> impl Strategy<Value = Said> {
    let direction = prop_oneof![Just(Direction::Out), Just(Direction::In)];
    let bytes = prop_oneof![4 => damaged(), 1 => prop::collection::vec(any::<u8>(), 0..200)];
    prop_oneof![
        6 => (direction.clone(), bytes.clone()).prop_map(|(direction, bytes)| Said::Next(direction, bytes)),
        2 => (direction, any::<u8>(), any::<u16>(), bytes).prop_map(|(d, flags, at, bytes)| Said::Elsewhere(d, flags, at, bytes)),
        2 => Just(Said::Upgrade),
        1 => "[A-Z_0-9]{0,30} [0-9a-f]{0,70} [0-9a-f]{0,100}".prop_map(Said::KeyLog),
        1 => (0..5_u16).prop_map(Said::Port),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_at_all_as_frames(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2_000), 1..100)) {
        let mut inspector = Inspector::new(LIMITS);
        for frame in &frames {
            inspector.frame(0, Direction::In, frame, "");
        }
        check(&mut inspector);
    }

    #[test]
    fn any_bytes_at_all_as_datagrams(
        datagrams in prop::collection::vec((prop::sample::select(vec![53_u16, 67, 68, 123, 9]), prop::collection::vec(any::<u8>(), 0..400)), 1..30)
    ) {
        let mut inspector = Inspector::new(LIMITS);
        for (port, bytes) in &datagrams {
            let to = if *port == 67 { 68 } else { 4_000 };
            inspector.frame(0, Direction::In, &datagram(Direction::In, *port, to, bytes), "");
        }
        check(&mut inspector);
    }

    #[test]
    fn any_conversation(conversation in prop::collection::vec(said(), 1..80)) {
        let mut wire = Wire::open(LIMITS);
        for said in conversation {
            match said {
                Said::Next(direction, bytes) => {
                    wire.say(direction, &bytes);
                }
                Said::Elsewhere(direction, flags, at, bytes) => {
                    wire.segment(direction, flags, at.into(), &bytes);
                }
                Said::Upgrade => {
                    wire.say(Direction::Out, UPGRADE);
                    wire.say(Direction::In, UPGRADED);
                }
                Said::KeyLog(line) => wire.inspector.key_log(&line),
                Said::Port(port) => wire.port = 49_152 + port,
            }
            let (kept, unfinished) = wire.inspector.in_use();
            prop_assert!(kept <= LIMITS.kept && unfinished <= LIMITS.unfinished, "{kept}, {unfinished}");
        }
        check(&mut wire.inspector);
    }

    /// What is inside of MQTT, where no header is in the way.
    #[test]
    fn any_message_of_the_link(
        topic in prop::sample::select(vec!["x/agent-connection", "x/node-instance-info", "x/contexts-snapshot", "x/cmd", "x/alarm-log-v2", "x/y"]),
        payload in prop_oneof![prop::collection::vec(any::<u8>(), 0..100), prop::collection::vec(prop::sample::select(vec![0x0a_u8, 0x12, 0x08, 0x01, 0x02, 0x04, 0x80]), 0..100)],
    ) {
        let mut wire = Wire::open(LIMITS);
        wire.say(Direction::Out, UPGRADE);
        wire.say(Direction::In, UPGRADED);
        let len = 3 + topic.len() + payload.len();
        let mut packet = vec![0x30, (len & 0x7f) as u8 | 0x80, (len >> 7) as u8, 0, topic.len() as u8];
        packet.extend(topic.bytes());
        packet.push(0);
        packet.extend(&payload);
        wire.say(Direction::In, &websocket(2, None, &packet));
        check(&mut wire.inspector);
    }
}

/// Many connections that never finish anything do not keep others from being read.
#[test]
fn a_flood_of_unfinished_connections_is_let_go() {
    let mut wire = Wire::open(LIMITS);
    let mut inspector = core::mem::replace(&mut wire.inspector, Inspector::new(LIMITS));
    for port in 0..100 {
        let mut other = Wire::silent(inspector, 1_000 + port);
        other.segment(Direction::Out, 2, 0, b"");
        other.segment(Direction::Out, ACK, 1, b"PUT / HTTP/1.1\r\nContent-Length: 599\r\n\r\n");
        other.segment(Direction::Out, ACK, 40, &[b'x'; 200]);
        other.segment(Direction::Out, ACK, 240, &[b'x'; 200]);
        inspector = other.inspector;
        assert!(inspector.in_use().1 <= LIMITS.unfinished);
    }
    let mut last = Wire::silent(inspector, 60_000);
    last.segment(Direction::Out, 2, 0, b"");
    let id = last.segment(Direction::Out, ACK, 1, b"GET /api/v1/env HTTP/1.1\r\n\r\n");
    assert_eq!(last.inspector.frames(id, &Filter::default())[0].text, "GET /api/v1/env");
    check(&mut last.inspector);
}
