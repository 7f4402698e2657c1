//! What a Cloud must not say, or not at that time, and by which name each ends the link.

use crate::bench::{Bench, Script, claimed, frame, json, publish};
use crate::{DISCONNECT, MINUTE};
use aclk_core::engine::event::Goal;
use aclk_core::stage::{Failure, Purpose, Stage};
use std::time::Duration;

const REQUESTS: &str = "/agent/x/inbound/cmd";
const CHECKPOINT: &str = "/agent/x/inbound/v1/cmd/ContextsCheckpoint";
const STOP_CONTEXTS: &str = "/agent/x/inbound/v1/cmd/StopStreamingContexts";
const RESULT: &str = "/agent/x/inbound/v1/cmd/CreateNodeInstanceResult";
const SEND_NODES: &str = "/agent/x/inbound/v1/cmd/SendNodeInstances";

/// Not protobuf: a length that goes on behind the end.
const CUT_OFF: &[u8] = &[0x0a, 9, b'x'];

#[test]
fn what_has_no_place_on_a_link_that_is_up_ends_it_by_its_name() {
    for (said, cause) in [
        (frame(2, &[0x20, 3, 0, 0, 0]), "unexpected CONNACK"),
        (frame(2, &[0x90, 4, 0, 1, 0, 1]), "unexpected SUBACK"),
        (frame(2, &[0xd0, 0]), "unexpected PINGRESP"),
        (frame(2, &[0x40, 2, 0x77, 0x77]), "PUBACK for packet id 30583, which is not in use"),
        (frame(2, &publish(DISCONNECT, CUT_OFF)), "a DisconnectReq that is not protobuf came"),
        (frame(2, &[0xe0, 0]), "the Cloud ended the session: DISCONNECT 0x00: success"),
        (frame(8, &[]), "the Cloud closed the link"),
        (frame(8, &1001_u16.to_be_bytes()), "the Cloud closed the link: 1001"),
        (frame(8, b"\x03\xe9bye"), "the Cloud closed the link: 1001 (bye)"),
    ] {
        let mut bench = Bench::online(Script::default());
        bench.say_bytes(&said);
        assert_eq!(bench.failures.len(), 1, "{cause}: {:?}", bench.failures);
        assert_eq!((bench.failures[0].cause.as_str(), bench.failures[0].purpose), (cause, Some(Purpose::Link)));
        assert!(!bench.online);
        bench.run_for(MINUTE);
        assert!(bench.online, "{cause}: it comes back");
    }
}

#[test]
fn what_is_said_too_early_or_cannot_be_granted_ends_the_attempt_by_its_name() {
    for (connack, cause) in [
        (vec![0x20, 5, 0, 0, 2, 0x24, 0], "the Cloud does not support QoS 1"),
        (vec![0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 20], "the Cloud takes no packet over 20 bytes, which is too small"),
        (vec![0x20, 3, 1, 0, 0], "CONNACK continues a session, though a clean start was asked for"),
        (vec![0x20, 3, 0, 0x87, 0], "the Cloud refused the session: CONNACK 0x87: not authorized"),
        (publish(REQUESTS, b""), "unexpected PUBLISH before CONNACK"),
        (vec![0x90, 4, 0, 1, 0, 1], "unexpected SUBACK"),
    ] {
        let mut bench = Bench::new(Goal::Link, claimed(), Script { connack, ..Script::default() });
        bench.run_for(Duration::ZERO);
        assert!(!bench.online);
        let causes: Vec<&str> = bench.failures.iter().map(|failure| failure.cause.as_str()).collect();
        assert_eq!(causes, [cause]);
    }
}

/// None of them is worth the link.
#[test]
fn a_message_that_cannot_be_read_is_a_notice() {
    for (topic, payload, cause) in [
        (CHECKPOINT, CUT_OFF, "a ContextsCheckpoint that cannot be read came"),
        (STOP_CONTEXTS, CUT_OFF, "a StopStreamingContexts that cannot be read came"),
        (RESULT, CUT_OFF, "a CreateNodeInstanceResult that cannot be read came"),
        (RESULT, &[], "a CreateNodeInstanceResult for another machine came"),
        (REQUESTS, b"{}", "a request that is not HTTP, version 2"),
        // The Cloud of the script names three topics only.
        (SEND_NODES, &[], "this node cannot be live: the Cloud handed out no usable topic \"create-node-instance\""),
    ] {
        let mut bench = Bench::online(Script::default());
        bench.say(&publish(topic, payload));
        let causes: Vec<&str> = bench.failures.iter().map(|failure| failure.cause.as_str()).collect();
        assert_eq!(causes, [cause]);
        assert!(bench.online);
    }
}

/// With QoS 1 the Cloud has to wait for acknowledgements, and refused requests are acknowledged late.
#[test]
fn a_cloud_that_sends_more_than_it_was_told_is_left() {
    let mut bench = Bench::online(Script::default());
    bench.script.answers = false;
    for id in 1..200_u8 {
        let envelope =
            format!(r#"{{"type":"http","msg-id":"{id:064}","callback-topic":"/{}","version":2}}"#, "t".repeat(120));
        let mut packet = publish(REQUESTS, format!("\0\0{envelope}\r\n\r\nBREW").as_bytes());
        // QoS 1: the packet id stands where the property length was, and that behind it.
        packet[0] = 0x32;
        let at = packet.len() - envelope.len() - 8 - 3;
        packet[at..at + 3].copy_from_slice(&[0, id, 0]);
        bench.say(&packet);
    }
    let causes: Vec<&str> = bench.failures.iter().map(|failure| failure.cause.as_str()).collect();
    assert_eq!(causes.first(), Some(&"the Cloud sends more at a time than it was told this device takes"));
}

#[test]
fn a_connection_that_ends_too_early_is_named_by_what_was_awaited() {
    let nothing = String::new();
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_owned();
    for (script, stage, purpose, cause) in [
        (
            Script { env: nothing, ..Script::default() },
            Stage::Http,
            Purpose::Env,
            "the server closed the connection without an answer",
        ),
        (Script { challenge: cut, ..Script::default() }, Stage::Http, Purpose::Challenge, "the server closed"),
        (
            Script { connack: Vec::new(), ..Script::default() },
            Stage::Tcp,
            Purpose::Link,
            "the Cloud closed the connection",
        ),
    ] {
        let mut bench = Bench::new(Goal::Link, claimed(), script);
        bench.run_for(Duration::ZERO);
        bench.hang_up(None);
        let failure: &Failure = &bench.failures[0];
        assert_eq!((failure.stage, failure.purpose), (stage, Some(purpose)), "{failure}");
        assert!(failure.cause.as_str().starts_with(cause), "{failure}");
    }
    // A network that breaks says so itself, and during the farewell it costs nothing.
    let mut bench = Bench::online(Script::default());
    bench.hang_up(Some(Failure::new(Stage::Tcp, "connection reset by peer")));
    let failure = &bench.failures[0];
    assert_eq!((failure.purpose, failure.cause.as_str()), (Some(Purpose::Link), "connection reset by peer"));
    let mut bench = Bench::online(Script::default());
    bench.script.answers = false;
    bench.reload(&claimed());
    bench.script.answers = true;
    bench.hang_up(Some(Failure::new(Stage::Tcp, "connection reset by peer")));
    bench.run_for(MINUTE);
    assert!(bench.online && bench.failures.is_empty(), "{:?}", bench.failures);
}

/// A reply in the wrong place has nowhere to go.
#[test]
fn a_reply_without_what_it_must_have_is_named() {
    for (script, cause) in [
        (Script { challenge: json("200 OK", "{}"), ..Script::default() }, "the reply lacks \"challenge\""),
        (
            Script { challenge: json("200 OK", r#"{"challenge":null}"#), ..Script::default() },
            "the reply lacks \"challenge\"",
        ),
        (
            Script { password: json("201 Created", r#"{"topics":null}"#), ..Script::default() },
            "the reply lacks \"topics\"",
        ),
        (
            Script { env: json("200 OK", r#"{"encoding":null}"#), ..Script::default() },
            "the reply to /env lacks \"authEndpoint\"",
        ),
        (
            Script { upgrade: Some("HTTP/1.1 101 x\r\n\r\n".to_owned()), ..Script::default() },
            "the 101 reply lacks Sec-WebSocket-Accept",
        ),
    ] {
        let mut bench = Bench::new(Goal::Link, claimed(), script);
        bench.run_for(Duration::ZERO);
        assert_eq!(bench.failures[0].cause.as_str(), cause);
    }
}
