//! The codecs, each with what a link says and hears.

use crate::counted;
use aclk_core::link::env::Environment;
use aclk_core::message::agent::Timestamp;
use aclk_core::message::node::{CreateNodeInstanceResult, Label, NodeInfo, UpdateNodeInfo};
use aclk_core::wire::buffer::Writer;
use aclk_core::wire::http;
use aclk_core::wire::mqtt::{Framer, Packet, Publish, puback};
use aclk_core::wire::protobuf;
use aclk_core::wire::websocket::{Decoder, Incoming, Opcode, put_frame};
use femtopb::Message;

const ENV: &str = r#"{"authEndpoint":"https://cloud.example:8443/api/v1/auth","encoding":"proto","transports":[{"type":"MQTTv5","endpoint":"https://cloud.example:8443/mqtt"},{"type":"MQTTv3","endpoint":"https://cloud.example:8443/mqtt"}],"backoff":{"base":2,"minSeconds":0,"maxSeconds":1024},"capabilities":["proto","ctx"]}"#;

const GUID: &str = "11111111-1111-4111-8111-111111111111";

/// Bytes of a payload.
const PAYLOAD: usize = 1_024;

/// A response is read, in pieces as they come from a connection.
pub(crate) fn http() {
    let body = "x".repeat(2 * PAYLOAD);
    let response = format!(
        "HTTP/1.1 200 OK\r\nDate: Wed, 26 Nov 2025 08:00:00 GMT\r\nContent-Type: application/json\r\nServer: cloud\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut storage = vec![0; 4_096];
    let complete = counted(|| {
        let mut decoder = http::Decoder::new();
        for piece in response.as_bytes().chunks(512) {
            let _ = decoder.receive(&mut storage, piece);
        }
        decoder.is_complete()
    });
    assert!(complete, "the response was read to its end");
}

/// A frame is written, and one is read.
pub(crate) fn websocket() {
    let payload = vec![7; PAYLOAD];
    let mut incoming = vec![0x82, 126];
    incoming.extend(1_024_u16.to_be_bytes());
    incoming.extend(&payload);
    let mut buffer = vec![0; 2 * PAYLOAD];
    let received = counted(|| {
        put_frame(&mut Writer::new(&mut buffer), Opcode::Binary, [1, 2, 3, 4], &payload);
        let (mut decoder, mut received) = (Decoder::new(1 << 20), 0);
        for mut piece in incoming.chunks(512) {
            while !piece.is_empty() {
                let Ok((taken, event)) = decoder.receive(piece) else { break };
                if let Some(Incoming::Data(data)) = event {
                    received += data.len();
                }
                piece = &piece[taken..];
            }
        }
        received
    });
    assert_eq!(received, PAYLOAD);
}

/// A message is published, and one is taken in and acknowledged.
pub(crate) fn mqtt() {
    let payload = vec![7; PAYLOAD];
    let topic = format!("/agent/{GUID}/inbound/v1/NodeInstanceInfo");
    let publish = Publish { topic: &topic, alias: Some(3), id: Some(7), payload: &payload };
    let mut buffer = vec![0; 2 * PAYLOAD];
    let mut incoming = vec![0; 2 * PAYLOAD];
    let mut w = Writer::new(&mut incoming);
    publish.encode(&mut w);
    let len = w.written().len();
    let mut storage = vec![0; 2 * PAYLOAD];
    let id = counted(|| {
        publish.encode(&mut Writer::new(&mut buffer));
        let mut framer = Framer::new();
        let (_, complete) = framer.receive(&mut storage, &incoming[..len]).ok()?;
        let Ok(Packet::Publish { id, .. }) = Packet::parse(storage.get(..complete?)?) else { return None };
        puback(id?, &mut Writer::new(&mut buffer));
        id
    });
    assert_eq!(id, Some(7));
}

/// The reply to `/env` is read.
pub(crate) fn json() {
    let mut scratch = [0; 512];
    let environment = counted(|| Environment::parse(ENV.as_bytes(), &mut scratch));
    assert!(environment.is_ok(), "{environment:?}");
}

/// What the node is is written, and what the Cloud calls it is read.
pub(crate) fn protobuf() {
    // Field 1 and 2, each a text of 36 bytes.
    let mut result = Vec::new();
    for tag in [0x0a, 0x12] {
        result.extend([tag, 36]);
        result.extend(GUID.as_bytes());
    }
    let labels = [Label { key: "_is_ephemeral", value: "false" }, Label { key: "room", value: "kitchen" }];
    let info = UpdateNodeInfo {
        claim_id: GUID,
        data: Some(NodeInfo {
            name: "edge-1",
            os: "linux",
            os_name: "Debian",
            os_version: "12",
            kernel_name: "Linux",
            kernel_version: "6.1.0",
            architecture: "armv7",
            cpus: 1,
            memory: "65536",
            version: "v2.10.4",
            machine_guid: GUID,
            host_labels: &labels,
            ..NodeInfo::default()
        }),
        updated_at: Some(Timestamp::default()),
        machine_guid: GUID,
        node_id: GUID,
        ..UpdateNodeInfo::default()
    };
    let mut out = Vec::with_capacity(PAYLOAD);
    let read = counted(|| {
        let len = protobuf::encoded_len(&info);
        protobuf::encode(&info, &mut |piece| out.extend_from_slice(piece));
        let read = CreateNodeInstanceResult::decode(&result);
        (len == out.len()) && read.is_ok_and(|read| read.node_id == GUID)
    });
    assert!(read, "both ways");
}
