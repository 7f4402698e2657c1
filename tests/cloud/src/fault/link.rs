//! Faults of the link: CONNACK, SUBACK, PUBACK, frames, packets, requests and farewells.

use super::Context;
use crate::broker::encode::{self, packet, text};
use crate::broker::link::{LinkAnswer, NodeResult, Out};
use crate::broker::packet::reason;
use crate::http::answer::Then;
use crate::message::{CreateNodeInstanceResult, DisconnectReq};
use crate::websocket::{self, opcode};
use prost::Message as _;
use rand_core::Rng as _;

/// Bytes of `long-packet`: more than the 128 KiB of older agents (protocol.md 2.9).
const LONG: usize = 200 << 10;
/// Requests of `request-flood`.
const FLOOD: usize = 100;
/// How deep `request-deep-json` goes.
const DEPTH: usize = 3_000;
/// A packet id that the Cloud never got to.
const FOREIGN_ID: u16 = 0xbeef;

/// Nothing is said, and this happens.
fn nothing(answer: &mut LinkAnswer, then: Then) {
    answer.out.clear();
    answer.then = then;
}

pub(super) fn stall(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    nothing(answer, Then::Silence);
}

pub(super) fn reset(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    nothing(answer, Then::Abort);
}

pub(super) fn close(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    nothing(answer, Then::Close);
}

pub(super) fn cut(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    nothing(answer, Then::Cut);
}

fn only(answer: &mut LinkAnswer, packet: &[u8]) {
    answer.out = vec![Out::Packet(packet.to_vec())];
}

fn also(answer: &mut LinkAnswer, packet: &[u8]) {
    answer.out.push(Out::Packet(packet.to_vec()));
}

fn raw(answer: &mut LinkAnswer, bytes: Vec<u8>) {
    answer.out.push(Out::Raw(bytes));
}

fn refuse(answer: &mut LinkAnswer, code: u8) {
    answer.out = vec![Out::Packet(encode::connack_refusal(code)), Out::Raw(websocket::close(1000))];
    answer.then = Then::Close;
}

pub(super) fn connack_86(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    refuse(answer, reason::BAD_CREDENTIALS);
}

pub(super) fn connack_87(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    refuse(answer, reason::NOT_AUTHORIZED);
}

pub(super) fn connack_code(answer: &mut LinkAnswer, context: &mut Context<'_>) {
    refuse(answer, context.value.map_or(reason::MALFORMED, |value| value as u8));
}

pub(super) fn connack_short(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    only(answer, &[0x20, 2, 0, 0]);
}

/// A property length that reaches beyond the packet.
pub(super) fn connack_properties(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    only(answer, &[0x20, 4, 0, 0, 9, 0x22]);
}

/// A property that MQTT 5 does not have.
pub(super) fn connack_unknown_property(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    only(answer, &[0x20, 5, 0, 0, 2, 0x7f, 0]);
}

/// Session present, though a clean start was asked for.
pub(super) fn connack_session(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    only(answer, &[0x20, 3, 1, 0, 0]);
}

pub(super) fn connack_twice(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    answer.out.extend_from_within(..);
}

/// PINGRESP where the CONNACK should be.
pub(super) fn connack_other(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    only(answer, &[0xd0, 0]);
}

/// No aliases, one publish at a time, small packets: all a new client should respect.
pub(super) fn connack_tight(answer: &mut LinkAnswer, context: &mut Context<'_>) {
    let size = context.value.and_then(|value| u32::try_from(value).ok()).unwrap_or(u32::MAX).to_be_bytes();
    let mut body = vec![0, 0, 8, 0x21, 0, 1, 0x27];
    body.extend_from_slice(&size);
    only(answer, &packet(0x20, &body));
}

/// Assigned client id, server keep alive, reason string, user property: right, and of no interest.
pub(super) fn connack_talkative(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let mut properties = vec![0x12];
    properties.extend(text("assigned"));
    properties.extend([0x13, 0, 30, 0x1f]);
    properties.extend(text("welcome"));
    properties.push(0x26);
    properties.extend(text("key"));
    properties.extend(text("value"));
    properties.extend([0x24, 1, 0x25, 0, 0x28, 1, 0x29, 0, 0x2a, 0, 0x11, 0, 0, 0, 0, 0x22, 0xff, 0xff]);
    let mut body = vec![0, 0, properties.len() as u8];
    body.extend(properties);
    only(answer, &packet(0x20, &body));
}

pub(super) fn suback_87(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    with_suback(answer, |suback| {
        if let Some(code) = suback.last_mut() {
            *code = reason::NOT_AUTHORIZED;
        }
    });
}

pub(super) fn suback_unknown_id(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    with_suback(answer, |suback| suback[2..4].copy_from_slice(&FOREIGN_ID.to_be_bytes()));
}

/// A SUBACK without reason codes.
pub(super) fn suback_short(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    with_suback(answer, |suback| {
        suback.truncate(5);
        suback[1] = 3;
    });
}

pub(super) fn no_suback(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    answer.out.clear();
}

fn with_suback(answer: &mut LinkAnswer, change: impl FnOnce(&mut Vec<u8>)) {
    for out in &mut answer.out {
        if let Out::Packet(packet) = out
            && packet.first() == Some(&0x90)
            && packet.len() >= 6
        {
            return change(packet);
        }
    }
}

/// From here on no publish is acknowledged, this one included.
pub(super) fn no_puback(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    answer.traits.no_puback = true;
    answer.out.retain(|out| !matches!(out, Out::Packet(packet) if packet.first() == Some(&0x40)));
}

pub(super) fn no_pingresp(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    answer.traits.no_pingresp = true;
}

pub(super) fn puback_unknown_id(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    also(answer, &encode::puback(FOREIGN_ID));
}

/// The PUBACK says that the publish was refused.
pub(super) fn puback_87(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    for out in &mut answer.out {
        if let Out::Packet(packet) = out
            && packet.first() == Some(&0x40)
        {
            packet[1] = 3;
            packet.push(reason::NOT_AUTHORIZED);
        }
    }
}

fn publish(answer: &mut LinkAnswer, message: &str, payload: Vec<u8>) {
    let topic = answer.topics.inbound(message);
    answer.out.push(Out::Publish { topic, payload });
}

pub(super) fn disconnect_req_ban(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let error_description = "banned by a fault".to_owned();
    let request = DisconnectReq { permaban: true, error_code: 1, error_description, ..DisconnectReq::default() };
    publish(answer, "DisconnectReq", request.encode_to_vec());
}

pub(super) fn disconnect_req_delay(answer: &mut LinkAnswer, context: &mut Context<'_>) {
    let reconnect_after_seconds = context.value.unwrap_or_default();
    let request = DisconnectReq { reconnect_after_seconds, ..DisconnectReq::default() };
    publish(answer, "DisconnectReq", request.encode_to_vec());
}

/// DISCONNECT with a reason and words for people, then the WebSocket close.
pub(super) fn mqtt_disconnect(answer: &mut LinkAnswer, context: &mut Context<'_>) {
    let code = context.value.map_or(reason::SHUTTING_DOWN, |value| value as u8);
    let mut properties = vec![0x1f];
    properties.extend(text("server busy"));
    let mut body = vec![code, properties.len() as u8];
    body.extend(properties);
    also(answer, &packet(0xe0, &body));
    raw(answer, websocket::close(1000));
    answer.then = Then::Close;
}

/// DISCONNECT, and the connection stays.
pub(super) fn mqtt_disconnect_only(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    also(answer, &encode::disconnect(reason::SHUTTING_DOWN));
}

/// Half of a frame with a PUBLISH that is all right so far, then FIN.
pub(super) fn close_mid_frame(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let publish = encode::publish(&answer.topics.inbound("SendNodeInstances"), FOREIGN_ID, b"");
    let mut bytes = websocket::frame(opcode::BINARY, &publish);
    bytes.truncate(bytes.len() / 2);
    raw(answer, bytes);
    answer.then = Then::Close;
}

pub(super) fn ws_close(answer: &mut LinkAnswer, context: &mut Context<'_>) {
    raw(answer, websocket::close(context.value.map_or(1001, |value| value as u16)));
    answer.then = Then::Close;
}

/// A close frame with one byte, which no close frame has.
pub(super) fn ws_close_odd(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    raw(answer, websocket::frame(opcode::CLOSE, &[3]));
}

pub(super) fn ws_masked(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    raw(answer, websocket::raw_frame(0x82, Some([1, 2, 3, 4]), &encode::pingresp()));
}

pub(super) fn ws_fragmented(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    raw(answer, websocket::raw_frame(0x02, None, &[0xd0]));
    raw(answer, websocket::raw_frame(0x80, None, &[0x00]));
}

pub(super) fn ws_text(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    raw(answer, websocket::frame(opcode::TEXT, b"hello"));
}

pub(super) fn ws_reserved_bits(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    raw(answer, websocket::raw_frame(0xc2, None, &encode::pingresp()));
}

pub(super) fn ws_reserved_opcode(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    raw(answer, websocket::frame(0x0b, b"x"));
}

pub(super) fn ws_long_ping(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    raw(answer, websocket::frame(opcode::PING, &[b'p'; 126]));
}

pub(super) fn ws_ping_flood(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    for at in 0..FLOOD {
        answer.pings.push(format!("ping {at}").into_bytes());
        raw(answer, websocket::frame(opcode::PING, format!("ping {at}").as_bytes()));
    }
}

/// A frame that promises more than anybody can hold.
pub(super) fn ws_huge_frame(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    raw(answer, vec![0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0]);
}

/// A length in eight bytes that fits one.
pub(super) fn ws_padded_length(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    raw(answer, vec![0x82, 127, 0, 0, 0, 0, 0, 0, 0, 2, 0xd0, 0]);
}

pub(super) fn ws_empty_frames(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    (0..FLOOD).for_each(|_| raw(answer, websocket::frame(opcode::BINARY, &[])));
}

/// Every packet in frames of one byte each.
pub(super) fn ws_byte_frames(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let out = std::mem::take(&mut answer.out);
    for out in out {
        match out {
            Out::Packet(packet) => {
                packet.iter().for_each(|byte| raw(answer, websocket::frame(opcode::BINARY, &[*byte])))
            }
            other => answer.out.push(other),
        }
    }
}

/// All packets in one frame.
pub(super) fn ws_joined(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let mut joined = Vec::new();
    let mut rest = Vec::new();
    for out in std::mem::take(&mut answer.out) {
        match out {
            Out::Packet(packet) => joined.extend(packet),
            other => rest.push(other),
        }
    }
    joined.extend(encode::pingresp());
    raw(answer, websocket::frame(opcode::BINARY, &joined));
    answer.out.extend(rest);
}

pub(super) fn qos2_publish(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let mut body = text(&answer.topics.inbound("SendNodeInstances"));
    body.extend([0, 7, 0]);
    also(answer, &packet(0x34, &body));
}

/// A publish of QoS 0, which is right and needs no PUBACK.
pub(super) fn qos0_publish(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let mut body = text(&answer.topics.inbound("SendNodeInstances"));
    body.push(0);
    also(answer, &packet(0x30, &body));
}

/// The header of a packet of 268 435 455 bytes.
pub(super) fn oversized_packet(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    also(answer, &[0x32, 0xff, 0xff, 0xff, 0x7f, 0, 4]);
}

/// A whole packet that is too long for many: 200 KiB.
pub(super) fn long_packet(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    publish(answer, "SendNodeInstances", vec![0; LONG]);
}

pub(super) fn garbage_mqtt(answer: &mut LinkAnswer, context: &mut Context<'_>) {
    let mut bytes = vec![0; 64];
    context.rng.fill_bytes(&mut bytes);
    // Packet type 0 is reserved, so this is garbage for sure.
    bytes[0] = 0x05;
    also(answer, &bytes);
}

/// A packet type that no agent handles: AUTH.
pub(super) fn mqtt_auth(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    also(answer, &[0xf0, 0]);
}

pub(super) fn mqtt_bad_length(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    also(answer, &[0x30, 0xff, 0xff, 0xff, 0xff, 0x01]);
}

/// A PUBLISH that ends before its property length.
pub(super) fn publish_short(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let mut body = text(&answer.topics.requests());
    body.extend([0, 9]);
    also(answer, &packet(0x32, &body));
}

pub(super) fn publish_id_zero(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    also(answer, &encode::publish(&answer.topics.inbound("SendNodeInstances"), 0, b""));
}

/// An alias that was never set.
pub(super) fn alias_unknown(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    also(answer, &packet(0x32, &[0, 0, 0, 9, 3, 0x23, 0, 77, b'x']));
}

/// Topics by alias, as a server may: set, then used.
pub(super) fn alias_used(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let mut body = text(&answer.topics.inbound("SendNodeInstances"));
    body.extend([3, 0x23, 0, 1]);
    also(answer, &packet(0x30, &body));
    also(answer, &packet(0x30, &[0, 0, 3, 0x23, 0, 1]));
}

pub(super) fn topic_unknown(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    answer.out.push(Out::Publish { topic: "/agent/somebody-else/inbound/cmd".to_owned(), payload: b"x".to_vec() });
}

pub(super) fn message_unknown(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    publish(answer, "MessageOfTheFuture", b"\x0a\x01x".to_vec());
}

/// A CreateNodeInstanceResult whose length fields reach beyond its end.
pub(super) fn message_garbage(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    publish(answer, "CreateNodeInstanceResult", vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2]);
}

/// The right node, with fields of the future around it.
pub(super) fn message_fields(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let result = CreateNodeInstanceResult { node_id: String::new(), machine_guid: String::new() };
    let mut payload = vec![0xa2, 0x06, 3, 1, 2, 3, 0xad, 0x06, 1, 2, 3, 4, 0xb0, 0x06, 9];
    payload.extend(result.encode_to_vec());
    publish(answer, "SendNodeInstances", payload);
}

pub(super) fn no_node_result(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    answer.traits.node_result = NodeResult::Nothing;
}

pub(super) fn node_result_other(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    answer.traits.node_result = NodeResult::WrongGuid;
}

pub(super) fn node_result_empty(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    answer.traits.node_result = NodeResult::Empty;
}

/// A request over the link with this text behind the envelope's end.
fn request(answer: &mut LinkAnswer, payload: impl Into<Vec<u8>>) {
    let topic = answer.topics.requests();
    answer.out.push(Out::Publish { topic, payload: payload.into() });
}

const ENVELOPE: &str = r#"{"type":"http","msg-id":"00000000-0000-4000-8000-00000000fa17","callback-topic":"/svc/fault/resp","version":2,"timeout":10000}"#;
/// Where requests of faults want their replies, which are not looked at.
pub(crate) const CALLBACK: &str = "/svc/fault/resp";

/// A request that is no request: neither JSON nor HTTP.
pub(super) fn request_garbage(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    request(answer, b"\x00\xffnonsense\r\n\r\n\r\n".to_vec());
}

pub(super) fn request_no_end(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    request(answer, format!("{ENVELOPE}\r\n\r\nGET /api/v1/info HTTP/1.1\r\n"));
}

pub(super) fn request_bad_method(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    request(answer, format!("{ENVELOPE}\r\n\r\nBREW /pot HTCPCP/1.0\r\n\r\n"));
}

pub(super) fn request_deep_json(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let deep = "[".repeat(DEPTH);
    request(answer, format!("{{\"type\":\"http\",\"a\":{deep}\r\n\r\nGET / HTTP/1.1\r\n\r\n"));
}

/// A callback topic that does not start with `/`.
pub(super) fn request_bad_callback(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    let envelope = ENVELOPE.replace("/svc/", "svc/");
    request(answer, format!("{envelope}\r\n\r\nGET /api/v1/info HTTP/1.1\r\n\r\n"));
}

/// A hundred requests at once, with QoS 0 so that no Receive Maximum holds them back.
pub(super) fn request_flood(answer: &mut LinkAnswer, _: &mut Context<'_>) {
    for at in 0..FLOOD {
        let mut body = text(&answer.topics.requests());
        body.push(0);
        let envelope = ENVELOPE.replace("00000000fa17", &format!("{at:012x}"));
        body.extend(format!("{envelope}\r\n\r\nGET /api/v1/info HTTP/1.1\r\n\r\n").bytes());
        also(answer, &packet(0x30, &body));
    }
}
