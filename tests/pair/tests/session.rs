//! What a link says of itself, byte by byte: the session id (protocol.md 3.3 and 3.4), the node info (3.5).

use aclk_cloud::message::{MachineLearningInfo, UpdateAgentConnection, UpdateNodeInfo, UpdateNodeInstanceConnection};
use aclk_pair::{Done, GUID, Pair, Setup};
use prost::Message;
use std::collections::BTreeMap;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A big-endian number at the front of `bytes`, which loses it.
fn number(bytes: &mut &[u8], len: usize) -> usize {
    let (number, rest) = bytes.split_at(len);
    *bytes = rest;
    number.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The same, of the encoding that MQTT has for lengths.
fn variable(bytes: &mut &[u8]) -> usize {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = number(bytes, 1);
        value |= (byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

fn take<'b>(bytes: &mut &'b [u8], len: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at(len);
    *bytes = rest;
    taken
}

/// Text or data with its length in front.
fn counted<'b>(bytes: &mut &'b [u8]) -> &'b [u8] {
    let len = number(bytes, 2);
    take(bytes, len)
}

/// What is in the binary frames of a client: a stream of MQTT.
fn unframe(mut bytes: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while !bytes.is_empty() {
        let opcode = number(&mut bytes, 1) & 0x0f;
        let len = match number(&mut bytes, 1) & 0x7f {
            126 => number(&mut bytes, 2),
            127 => number(&mut bytes, 8),
            len => len,
        };
        let mask = take(&mut bytes, 4);
        let payload = take(&mut bytes, len);
        if opcode == 2 {
            stream.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        }
    }
    stream
}

/// The payload of the will of a CONNECT.
fn will(mut body: &[u8]) -> &[u8] {
    counted(&mut body);
    // Version, flags and keep-alive.
    take(&mut body, 4);
    let properties = variable(&mut body);
    take(&mut body, properties);
    counted(&mut body);
    let properties = variable(&mut body);
    take(&mut body, properties);
    counted(&mut body);
    counted(&mut body)
}

/// Topic and payload of a PUBLISH with QoS 1. `aliases` are those of the connection.
fn publish<'b>(mut body: &'b [u8], aliases: &mut BTreeMap<usize, String>) -> (String, &'b [u8]) {
    let mut topic = String::from_utf8(counted(&mut body).to_vec()).expect("a topic is text");
    take(&mut body, 2);
    let len = variable(&mut body);
    let mut properties = take(&mut body, len);
    while !properties.is_empty() {
        assert_eq!(number(&mut properties, 1), 0x23, "the only property is Topic Alias");
        let alias = number(&mut properties, 2);
        if topic.is_empty() {
            topic.clone_from(&aliases[&alias]);
        } else {
            aliases.insert(alias, topic.clone());
        }
    }
    (topic, body)
}

/// The session id in the envelope of a reply, which is a time there.
fn connect_time(reply: &[u8]) -> i64 {
    let text = String::from_utf8_lossy(reply);
    let field = |name: &str| -> i64 {
        let (_, value) = text.split_once(&format!("\"{name}\":")).expect("the envelope has it");
        value.split([',', '}']).next().and_then(|digits| digits.parse().ok()).expect("a number")
    };
    field("connect") * 1_000_000 + field("connect-offset-usec")
}

/// The messages on the link in what a device sent: the will and what it published, with the last part of its topic.
fn messages(sent: &[u8]) -> Vec<(String, Vec<u8>)> {
    let begin = sent.windows(9).position(|bytes| bytes == b"GET /mqtt").expect("there is a link");
    let upgrade = &sent[begin..];
    let head = upgrade.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("the upgrade has an end");
    let stream = unframe(&upgrade[head + 4..]);
    let (mut rest, mut messages, mut aliases) = (stream.as_slice(), Vec::new(), BTreeMap::new());
    while !rest.is_empty() {
        let kind = number(&mut rest, 1) >> 4;
        let len = variable(&mut rest);
        let body = take(&mut rest, len);
        match kind {
            1 => messages.push(("will".to_owned(), will(body).to_vec())),
            3 => {
                let (topic, payload) = publish(body, &mut aliases);
                let name = topic.rsplit('/').next().unwrap_or_default();
                messages.push((name.to_owned(), payload.to_vec()));
            }
            _ => {}
        }
    }
    messages
}

/// What a message is and the session id in it, if it has a place for one.
fn session_of(name: &str, payload: &[u8]) -> Option<(&'static str, i64)> {
    match name {
        "will" | "agent-connection" => {
            let message = UpdateAgentConnection::decode(payload).expect("it is protobuf");
            let what = match (name, message.reachable) {
                ("will", _) => "will",
                (_, true) => "agent",
                (_, false) => "farewell",
            };
            Some((what, message.session_id))
        }
        "node-instance-connection" => {
            Some(("node", UpdateNodeInstanceConnection::decode(payload).expect("it is protobuf").session_id))
        }
        "node-instance-info" => Some(("info", UpdateNodeInfo::decode(payload).expect("it is protobuf").session_id)),
        _ if payload.starts_with(b"{\"type\":\"http\"") => Some(("reply", connect_time(payload))),
        _ => None,
    }
}

#[test]
fn every_message_of_a_session_carries_its_id_but_the_node_info_which_carries_none() {
    let mut pair = Pair::new(Setup::default());
    pair.tap = Some(Vec::new());
    assert!(pair.run_until(Pair::is_live, 2 * MINUTE), "{:#?}", pair.happened);
    let request = b"GET /api/v1/info HTTP/1.1\r\n\r\n";
    pair.cloud.send_request(pair.now(), GUID, request, MINUTE).expect("the node takes requests");
    pair.run_for(2 * MINUTE);
    pair.stop();
    assert!(pair.run_to_end(Duration::from_secs(5)));
    let online = pair.happened.iter().find_map(|happened| match happened.what {
        Done::Online { session_id, .. } => Some(i64::try_from(session_id).expect("it is a time")),
        _ => None,
    });
    let id = online.expect("it was online");
    let expected = [("will", id), ("agent", id), ("node", id), ("info", 0), ("reply", id), ("farewell", id)];
    let messages = messages(&pair.tap.take().unwrap_or_default());
    let told: Vec<_> = messages.iter().filter_map(|(name, payload)| session_of(name, payload)).collect();
    assert_eq!(told, expected);
    assert_eq!(pair.cloud.deviations(), []);
}

/// As the recorded agent says it that learns nothing: both are there, and empty.
#[test]
fn the_node_info_says_that_nothing_is_learned_from_the_metrics() {
    let mut pair = Pair::new(Setup::default());
    pair.tap = Some(Vec::new());
    assert!(pair.run_until(Pair::is_live, 2 * MINUTE), "{:#?}", pair.happened);
    let messages = messages(&pair.tap.take().unwrap_or_default());
    let info = messages.iter().find(|(name, _)| name == "node-instance-info").expect("it was told");
    let info = UpdateNodeInfo::decode(info.1.as_slice()).expect("it is protobuf");
    let nothing = MachineLearningInfo { ml_capable: false, ml_enabled: false };
    assert_eq!(info.ml_info.as_ref(), Some(&nothing));
    assert_eq!(info.data.expect("there are facts").ml_info, Some(nothing));
}

#[test]
fn a_node_that_is_live_can_be_asked_and_says_which_one_it_is_and_since_when() {
    let mut pair = Pair::new(Setup::default());
    pair.tap = Some(Vec::new());
    assert!(pair.run_until(Pair::is_live, 2 * MINUTE), "{:#?}", pair.happened);
    let node = pair.memory.saved.node.expect("it has an id").node.to_string();
    let messages = messages(&pair.tap.take().unwrap_or_default());
    let said = messages.iter().find(|(name, _)| name == "node-instance-connection").expect("it was told");
    let said = UpdateNodeInstanceConnection::decode(said.1.as_slice()).expect("it is protobuf");
    assert!(said.liveness && said.queryable, "{said:?}");
    assert_eq!((said.claim_id.as_str(), said.node_id), (GUID, node));
    assert!(said.updated_at.is_some_and(|at| at.seconds > 0) && !said.capabilities.is_empty());
}
