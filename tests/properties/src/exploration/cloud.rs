//! What a Cloud says, good and bad, byte for byte.

use crate::evidence::accept_of;
use aclk_cloud::message::{CreateNodeInstanceResult, DisconnectReq};
use aclk_core::stage::Purpose;
use prost::Message;

/// The id of the node, and its claimed id.
pub(super) const GUID: &str = aclk_pair::GUID;
/// The MQTT password.
pub(super) const PASSWORD: &str = "an-mqtt-password-for-one-session";
/// The node id.
const NODE: &str = "11111111-2222-4333-8444-555555555555";

pub(super) fn reply(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The answer that leads further.
pub(super) fn good(purpose: Purpose, key: &str) -> Vec<u8> {
    match purpose {
        Purpose::Claim => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        Purpose::Env => reply(
            "200 OK",
            r#"{"authEndpoint":"https://cloud.test/auth","encoding":"proto","capabilities":["proto"],
            "transports":[{"type":"MQTTv5","endpoint":"https://cloud.test/mqtt"}],
            "backoff":{"base":2,"minSeconds":0,"maxSeconds":1024}}"#,
        ),
        Purpose::Challenge => reply("200 OK", &format!(r#"{{"challenge":"{}=="}}"#, "A".repeat(342))),
        Purpose::Password => {
            let names = [
                ("inbox-cmd", "inbound/cmd"),
                ("inbox-cmd-v1", "inbound/v1/cmd/+"),
                ("agent-connection", "outbound/v1/agent-connection"),
                ("create-node-instance", "outbound/v1/create-node-instance"),
                ("node-instance-connection", "outbound/v1/node-instance-connection"),
            ];
            let topic = |(name, topic)| format!(r##"{{"name":"{name}","topic":"/agent/#{{claim_id}}/{topic}"}}"##);
            let topics = names.map(topic).join(",");
            let body = format!(r#"{{"clientID":"c","username":"u","password":"{PASSWORD}","topics":[{topics}]}}"#);
            reply("201 Created", &body)
        }
        Purpose::Link => {
            let accept = accept_of(key);
            format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").into_bytes()
        }
    }
}

/// An error with a key of the Cloud.
pub(super) fn error(status: &str, key: &str, more: &str) -> Vec<u8> {
    reply(status, &format!(r#"{{"errorCode":"c","errorMsgKey":"{key}","errorMessage":"m"{more}}}"#))
}

/// A binary frame of a server.
pub(super) fn frame(payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).expect("it is short").to_be_bytes();
    let head = if payload.len() < 126 { vec![0x82, len[1]] } else { vec![0x82, 126, len[0], len[1]] };
    [head, payload.to_vec()].concat()
}

/// A PUBLISH with QoS 0 of this message.
fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    let topic = format!("/agent/{GUID}/inbound/{topic}");
    let body = [&(topic.len() as u16).to_be_bytes(), topic.as_bytes(), &[0], payload].concat();
    let mut packet = vec![0x30];
    let mut len = body.len();
    while len > 0x7f {
        packet.push(len as u8 & 0x7f | 0x80);
        len >>= 7;
    }
    packet.push(len as u8);
    frame(&[packet, body].concat())
}

pub(super) fn asks_for_node() -> Vec<u8> {
    publish("v1/cmd/SendNodeInstances", &[])
}

pub(super) fn names_node() -> Vec<u8> {
    let result = CreateNodeInstanceResult { node_id: NODE.to_owned(), machine_guid: GUID.to_owned() };
    publish("v1/cmd/CreateNodeInstanceResult", &result.encode_to_vec())
}

/// DisconnectReq, for good or for seven seconds.
pub(super) fn leave(permaban: bool) -> Vec<u8> {
    let request = DisconnectReq { permaban, reconnect_after_seconds: 7, ..DisconnectReq::default() };
    publish("v1/cmd/DisconnectReq", &request.encode_to_vec())
}

pub(super) fn asks() -> Vec<u8> {
    let head = format!(
        r#"{{"type":"http","msg-id":"{NODE}","callback-topic":"/svc/agent/{NODE}/resp","version":2,"timeout":30000}}"#
    );
    publish("cmd", format!("{head}\r\n\r\nGET /api/v1/info HTTP/1.1\r\n\r\n").as_bytes())
}
