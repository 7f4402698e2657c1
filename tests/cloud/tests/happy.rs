//! The way from a claim to a live node, and what the Cloud says and shows on it.

mod common;

use aclk_cloud::message::{CreateNodeInstanceResult, DisconnectReq, SendNodeInstances};
use aclk_cloud::{Action, Config, NodeState, Reply, Unanswered};
use common::{CLAIM_ID, Client, GUID, PUBLIC_PEM, SESSION, mqtt, wire};
use prost::Message;
use std::time::Duration;

/// A client whose node is live, an agent by its User-Agent.
fn live() -> Client {
    let mut client = Client::new(Config::default());
    client.claim();
    client.go_live();
    client
}

#[test]
fn a_client_that_does_everything_right_is_live_without_a_deviation() {
    for agent in [common::AGENT, "aclk/0.1.0"] {
        let mut client = Client::new(Config::default());
        client.user_agent = agent.to_owned();
        assert_eq!(client.claim().bytes, b"HTTP/1.1 204 No Content\r\n\r\n");
        assert_eq!(client.state(), Some(NodeState::Claimed));
        client.go_live();
        assert_eq!(client.state(), Some(NodeState::Online));
        client.leave();
        assert_eq!(client.state(), Some(NodeState::Offline));
        assert_eq!(client.cloud.deviations(), [], "as {agent}");
    }
}

#[test]
fn the_view_tells_who_is_where() {
    let client = live();
    let view = client.cloud.view();
    let node = view.node(CLAIM_ID).unwrap();
    assert_eq!((node.hostname.as_str(), node.machine_guid.as_deref()), ("edge-1", Some(GUID)));
    assert_eq!(node.rooms, [view.rooms[0].id.clone(), view.rooms[1].id.clone()]);
    assert_eq!((node.session_id, node.connections, node.instances.len()), (Some(SESSION), 1, 1));
    assert_eq!(node.capabilities[0].name, "proto");
    assert_eq!(node.online_since, Some(client.now));
    assert!(node.instances[0].live && node.instances[0].queryable);
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["nodes"][0]["state"], "online");
    assert_eq!(view.rooms[0].name, "All nodes");
    assert_eq!(view.spaces[0].administrators.len(), 1);
}

#[test]
fn env_names_the_public_url_or_the_name_the_client_used_and_our_port() {
    let env = |config: Config, server_name: Option<&str>| {
        let mut client = Client::new(config);
        let peer = aclk_cloud::Peer { server_name: server_name.map(str::to_owned), address: None };
        let id = client.cloud.open(client.now, peer);
        let request = client.env_request();
        client.send(id, request.as_bytes()).json()
    };
    let json = env(Config { listen_port: 8443, ..Config::default() }, Some("cloud.test"));
    assert_eq!(json["authEndpoint"], "https://cloud.test:8443/api/v1/auth");
    assert_eq!(json["transports"][0]["type"], "MQTTv5");
    assert_eq!(json["transports"][0]["endpoint"], "https://cloud.test:8443/mqtt");
    assert_eq!(json["transports"][1]["type"], "MQTTv3");
    let json = env(Config { listen_port: 8443, ..Config::default() }, None);
    assert_eq!(json["authEndpoint"], "https://localhost:8443/api/v1/auth");
    let public_url = Some("https://front.test:9/base/".to_owned());
    let json = env(Config { public_url, ..Config::default() }, Some("cloud.test"));
    assert_eq!(json["authEndpoint"], "https://front.test:9/base/api/v1/auth");
}

#[test]
fn env_names_another_broker_if_there_is_one() {
    let mqtt_url = Some("https://broker.test:8883/mqtt".to_owned());
    let mut client = Client::new(Config { mqtt_url, ..Config::default() });
    let id = client.open();
    let request = client.env_request();
    let json = client.send(id, request.as_bytes()).json();
    for transport in json["transports"].as_array().unwrap() {
        assert_eq!(transport["endpoint"], "https://broker.test:8883/mqtt");
    }
    assert_eq!(json["authEndpoint"], "https://localhost:443/api/v1/auth");
}

#[test]
fn a_public_url_with_a_path_is_served_under_that_path() {
    let public_url = Some("https://front.test/base".to_owned());
    let mut client = Client::new(Config { public_url, ..Config::default() });
    let request = String::from_utf8(client.claim_request(&client.claim_body().to_string())).unwrap();
    let wire = client.request(request.replacen(" /api", " /base/api", 1).as_bytes());
    assert_eq!(wire.http().status, 204);
    client.env();
    let request = client.get(&format!("/base/api/v1/auth/node/{CLAIM_ID}/challenge"));
    assert_eq!(client.request(request.as_bytes()).http().status, 200);
}

#[test]
fn a_challenge_has_344_characters_and_the_connection_stays_open_for_the_client_to_close() {
    let mut client = Client::new(Config::default());
    client.claim();
    client.env();
    let wire = client.challenge();
    assert_eq!(wire.json()["challenge"].as_str().unwrap().len(), 344);
    assert_eq!(wire.end, None);
    assert_eq!(common::decrypt(wire.json()["challenge"].as_str().unwrap()).unwrap().len(), 32);
}

#[test]
fn the_password_reply_has_every_topic_of_every_version_with_its_tag() {
    let mut client = Client::new(Config::default());
    client.claim();
    client.env();
    let challenge = client.challenge();
    let wire = client.password(&challenge);
    assert_eq!(wire.http().status, 201);
    let topics = wire.json()["topics"].as_array().unwrap().clone();
    assert_eq!(topics.len(), 23);
    for topic in topics {
        assert!(topic["topic"].as_str().unwrap().contains("#{claim_id}"), "{topic}");
    }
}

#[test]
fn the_first_announcement_is_answered_with_send_node_instances_and_a_creation_with_its_result() {
    let mut client = Client::new(Config::default());
    client.claim();
    client.subscribed();
    let wire = client.announce();
    assert_eq!(wire.packets()[0], [0x40, 2, 0, 3], "PUBACK first");
    let (topic, payload) = wire.publishes().remove(0);
    assert_eq!(topic, format!("/agent/{CLAIM_ID}/inbound/v1/cmd/SendNodeInstances"));
    let message = SendNodeInstances::decode(payload.as_slice()).unwrap();
    assert_eq!((message.claim_id.as_str(), message.space_id), (CLAIM_ID, client.cloud.space().id.clone()));
    let (topic, payload) = client.create_node().publishes().remove(0);
    assert_eq!(topic, format!("/agent/{CLAIM_ID}/inbound/v1/cmd/CreateNodeInstanceResult"));
    let message = CreateNodeInstanceResult::decode(payload.as_slice()).unwrap();
    assert_eq!((message.machine_guid.as_str(), message.node_id), (GUID, client.node_id()));
    assert!(client.announce().publishes().is_empty(), "only the first announcement is answered");
}

#[test]
fn a_node_that_comes_back_keeps_its_node_id() {
    let mut client = live();
    let node_id = client.node_id();
    client.leave();
    client.go_live();
    assert_eq!(client.node_id(), node_id);
    assert_eq!(client.cloud.view().nodes[0].instances.len(), 1);
    assert_eq!(client.cloud.view().nodes[0].connections, 2);
}

#[test]
fn frames_and_packets_need_not_end_together() {
    let mut client = Client::new(Config::default());
    client.claim();
    client.log_in();
    let connect = mqtt::Connect::new(&client).encode();
    let first = mqtt::subscribe(1, &[(&client.topic("inbox-cmd"), 9)]);
    let second = mqtt::subscribe(2, &[(&client.topic("inbox-cmd-v1"), 9)]);
    let stream = [connect, first, second].concat();
    let mut answers = common::Wire::default();
    for piece in stream.chunks(7) {
        answers.join(client.frame(2, piece));
    }
    let kinds: Vec<_> = answers.packets().iter().map(|packet| packet[0]).collect();
    assert_eq!(kinds, [0x20, 0x90, 0x90]);
    assert_eq!(client.cloud.deviations(), []);
}

#[test]
fn aliases_are_taken_whatever_the_connack_granted() {
    let mut client = Client::new(Config { topic_alias_maximum: None, ..Config::default() });
    client.claim();
    client.subscribed();
    let (topic, payload) = (client.topic("agent-connection"), client.announcement(true).encode_to_vec());
    let first = mqtt::publish(0x32, &topic, Some(client.take_id()), Some(5), &payload);
    assert_eq!(client.frame(2, &first).publishes().len(), 1);
    let later = mqtt::publish(0x32, "", Some(client.take_id()), Some(5), &payload);
    assert_eq!(client.frame(2, &later).packets(), [[0x40, 2, 0, 4]]);
    assert_eq!(client.cloud.deviations(), []);
}

#[test]
fn a_node_is_asked_for_its_contexts_once_it_is_live_and_has_said_what_it_is() {
    let mut client = Client::new(Config::default());
    client.claim();
    client.subscribed();
    client.announce();
    client.create_node();
    assert!(client.live().publishes().is_empty());
    let (topic, _) = client.info().publishes().remove(0);
    assert!(topic.ends_with("/ContextsCheckpoint"), "{topic}");
    assert!(client.info().publishes().is_empty(), "once is enough");
}

fn ask(client: &mut Client) -> (aclk_cloud::QueryId, String, String) {
    let (now, timeout) = (client.now, Duration::from_secs(10));
    let request = b"GET /api/v1/info HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n";
    let query = client.cloud.send_request(now, CLAIM_ID, request, timeout).unwrap();
    let wire = client.collect(client.link.unwrap());
    let (topic, payload) = wire.publishes().remove(0);
    assert_eq!(topic, format!("/agent/{CLAIM_ID}/inbound/cmd"));
    let text = String::from_utf8(payload).unwrap();
    let (envelope, http) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(http.as_bytes(), request);
    let envelope: serde_json::Value = serde_json::from_str(envelope).unwrap();
    assert_eq!((envelope["version"].as_u64(), envelope["timeout"].as_u64()), (Some(2), Some(10_000)));
    (query.clone(), query.0, envelope["callback-topic"].as_str().unwrap().to_owned())
}

fn reply(client: &mut Client, topic: &str, msg_id: &str, rest: &[u8]) {
    let mut payload = format!(
        "{{\"type\":\"http\",\"msg-id\":\"{msg_id}\",\"timestamp\":1700000005,\"timestamp-offset-usec\":1,\
         \"connect\":1700000000,\"connect-offset-usec\":123456,\"version\":2,\"t-exec\":5,\"t-rx\":0,\"http-code\":200}}"
    )
    .into_bytes();
    payload.extend(rest);
    let packet = mqtt::publish(0x32, topic, Some(client.take_id()), None, &payload);
    client.frame(2, &packet);
}

#[test]
fn a_query_is_answered_plain_or_compressed() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"{}").unwrap();
    let gzip = gzip.finish().unwrap();
    let head = "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let plain = [head.as_bytes(), b"Content-Length: 2\r\n\r\n{}"].concat();
    let length = format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", gzip.len());
    let packed = [head.as_bytes(), length.as_bytes(), &gzip].concat();
    for rest in [plain, packed] {
        let mut client = live();
        let (query, msg_id, topic) = ask(&mut client);
        assert_eq!(client.cloud.take_reply(&query), None);
        reply(&mut client, &topic, &msg_id, &rest);
        let Some(Ok(Reply { code, body, error: None, .. })) = client.cloud.take_reply(&query) else {
            panic!("no reply")
        };
        assert_eq!((code, body.as_slice()), (200, &b"{}"[..]));
        assert_eq!(client.cloud.deviations(), []);
    }
}

#[test]
fn a_query_without_an_answer_ends_with_its_time_or_its_link() {
    let mut client = live();
    let (late, ..) = ask(&mut client);
    client.wait(Duration::from_secs(16));
    assert_eq!(client.cloud.take_reply(&late), Some(Err(Unanswered::Late)));
    let (gone, ..) = ask(&mut client);
    client.vanish();
    assert_eq!(client.cloud.take_reply(&gone), Some(Err(Unanswered::Gone)));
    let sent = client.cloud.send_request(client.now, CLAIM_ID, b"GET / HTTP/1.1\r\n\r\n", Duration::ZERO);
    assert_eq!(sent, Err(aclk_cloud::NotSent::Offline));
}

#[test]
fn a_node_can_be_asked_to_leave_pinged_and_banned() {
    let mut client = live();
    let link = client.link.unwrap();
    let request = DisconnectReq { reconnect_after_seconds: 30, ..DisconnectReq::default() };
    client.cloud.disconnect(client.now, CLAIM_ID, &request).unwrap();
    let (topic, payload) = client.collect(link).publishes().remove(0);
    assert!(topic.ends_with("/DisconnectReq"));
    assert_eq!(DisconnectReq::decode(payload.as_slice()).unwrap(), request);

    client.cloud.ping(client.now, CLAIM_ID, b"are you there").unwrap();
    assert_eq!(client.collect(link).frames(), [(0x89, b"are you there".to_vec())]);
    client.cloud.clear_deviations();
    client.frame(10, b"are you there");
    assert_eq!(client.cloud.deviations(), []);

    client.cloud.ban(client.now, CLAIM_ID, true).unwrap();
    client.leave();
    client.env();
    let error = client.challenge();
    assert_eq!((error.http().status, error.json()["errorNonRetryable"].as_bool()), (403, Some(true)));
    client.cloud.ban(client.now, CLAIM_ID, false).unwrap();
    client.env();
    assert_eq!(client.challenge().http().status, 200);
}

#[test]
fn a_removed_node_loses_its_link_and_is_unknown_from_then_on() {
    let mut client = live();
    client.cloud.remove_node(client.now, CLAIM_ID).unwrap();
    let wire = client.collect(client.link.unwrap());
    assert_eq!((wire.packets(), wire.end.clone()), (vec![vec![0xe0, 1, 0x87]], Some(Action::Close)));
    assert_eq!(client.challenge().http().status, 404);
    assert_eq!(client.claim().http().status, 204, "its id is free again");
}

#[test]
fn a_client_with_a_receive_maximum_gets_no_more_than_that_at_once() {
    let mut client = Client::new(Config::default());
    client.user_agent = "aclk/0.1.0".to_owned();
    client.claim();
    client.log_in();
    let mut connect = mqtt::Connect::new(&client);
    connect.properties = vec![0x22, 0, 0, 0x21, 0, 2, 0x27, 0, 0, 4, 0];
    client.frame(2, &connect.encode());
    client.subscribe("inbox-cmd");
    client.subscribe("inbox-cmd-v1");
    assert_eq!(client.announce().publishes().len(), 1);
    for _ in 0..3 {
        client.cloud.publish(client.now, CLAIM_ID, "Something", b"x").unwrap();
    }
    assert_eq!(client.collect(client.link.unwrap()).publishes().len(), 1, "one of two places was taken");
    assert_eq!(client.frame(2, &[0x40, 2, 0, 1]).publishes().len(), 1, "a PUBACK makes room");
    let long = client.cloud.publish(client.now, CLAIM_ID, "Something", &[0; 2_000]);
    assert_eq!(long, Err(aclk_cloud::NotSent::TooLarge(1_024)));
    assert_eq!(client.cloud.deviations(), []);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let walk = |seed| {
        let mut client = Client::new(Config { seed, ..Config::default() });
        client.claim();
        client.env();
        let challenge = client.challenge();
        (client.cloud.token().to_owned(), challenge.bytes.clone(), client.password(&challenge).bytes)
    };
    assert_eq!(walk(1), walk(1));
    assert_ne!(walk(1).0, walk(2).0);
}

#[test]
fn a_restored_cloud_knows_its_nodes_and_tokens() {
    let mut client = live();
    assert!(client.cloud.changes().is_some());
    client.cloud.saved();
    assert!(client.cloud.changes().is_none(), "nothing changed since");
    let json = serde_json::to_string(client.cloud.state()).unwrap();
    let node_id = client.node_id();
    let config = Config { seed: 99, ..Config::default() };
    client.cloud = aclk_cloud::Cloud::restore(config, serde_json::from_str(&json).unwrap());
    assert_eq!(client.state(), Some(NodeState::Claimed));
    client.go_live();
    assert_eq!((client.state(), client.node_id()), (Some(NodeState::Online), node_id));
    assert_eq!(client.claim().json()["errorMsgKey"], "ErrAlreadyClaimed");
}

#[test]
fn a_claim_by_the_script_with_curl_or_wget_is_taken() {
    for (agent, newline) in [("curl/7.88.1", ""), ("Wget/1.21.3", "\n")] {
        let mut client = Client::new(Config::default());
        let (token, room) = (client.cloud.token().to_owned(), client.cloud.rooms()[1].id.clone());
        let key = PUBLIC_PEM.replace('\n', "\\n");
        let body = [
            "{".to_owned(),
            "    \"node\": {".to_owned(),
            format!("        \"id\": \"{CLAIM_ID}\","),
            "        \"hostname\": \"edge-1\"".to_owned(),
            "    },".to_owned(),
            format!("    \"token\": \"{token}\","),
            format!("    \"rooms\" : [ \"{room}\" ],"),
            format!("    \"publicKey\" : \"{key}\""),
            "}".to_owned(),
        ]
        .join(newline);
        let request = format!(
            "PUT /api/v1/spaces/nodes/{CLAIM_ID} HTTP/1.1\r\nHost: 127.0.0.1:18081\r\nUser-Agent: {agent}\r\nAccept: */*\r\n\
             Content-Length: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(client.request(request.as_bytes()).http().status, 204);
        assert_eq!(client.cloud.deviations(), []);
    }
}

#[test]
fn frames_of_the_cloud_are_whole_and_unmasked() {
    let mut client = Client::new(Config::default());
    client.claim();
    client.log_in();
    assert_eq!(client.connect().bytes, wire::frame(0x82, None, &[0x20, 6, 0, 0, 3, 0x22, 0xff, 0xff]));
}
