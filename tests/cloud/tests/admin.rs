//! The administrator's API as functions over a Cloud.

mod common;

use aclk_cloud::admin::{Answer, Outcome, Place, Request, Wait, abandon, respond, resume};
use aclk_cloud::message::{CancelPendingRequest, DisconnectReq};
use aclk_cloud::{Cloud, Config, HISTORY_KEPT, History, Turn, TurnKind};
use common::{CLAIM_ID, Client};
use prost::Message;
use serde_json::{Value, json};
use std::time::Duration;

fn place() -> Place {
    Place { url: "https://localhost:8443".to_owned(), ca_file: "ca.pem".to_owned(), ..Place::default() }
}

fn outcome(client: &mut Client, method: &str, target: &str, body: Value) -> Outcome {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = Request { method: method.to_owned(), path: format!("/api/{path}"), query: query.to_owned(), body };
    respond(&mut client.cloud, client.now, &place(), &request)
}

fn ask(client: &mut Client, method: &str, target: &str, body: Value) -> Answer {
    match outcome(client, method, target, body) {
        Outcome::Now(answer) => answer,
        Outcome::Later(wait) => panic!("{method} {target} waits for {wait:?}"),
    }
}

fn get(client: &mut Client, target: &str) -> Value {
    let answer = ask(client, "GET", target, Value::Null);
    assert_eq!(answer.status, 200, "{target}: {answer:?}");
    answer.body.unwrap()
}

fn done(client: &mut Client, method: &str, target: &str, body: Value) {
    assert_eq!(ask(client, method, target, body), Answer { status: 204, body: None }, "{method} {target}");
}

/// The status and the reason of a refusal.
fn refusal(client: &mut Client, method: &str, target: &str, body: Value) -> (u16, String) {
    let answer = ask(client, method, target, body);
    (answer.status, answer.body.unwrap()["error"].as_str().unwrap().to_owned())
}

fn live() -> Client {
    let mut client = Client::new(Config::default());
    client.claim();
    client.go_live();
    client
}

#[test]
fn a_node_is_shown_as_claimed_online_and_offline_with_its_time() {
    let mut client = Client::new(Config::default());
    let start = 1_700_000_000_000_u64;
    client.claim();
    let node = get(&mut client, "nodes")["nodes"][0].clone();
    assert_eq!((node["state"].as_str(), node["since_ms"].as_u64()), (Some("claimed"), Some(start + 1_000)));
    client.wait(Duration::from_secs(9));
    client.go_live();
    let node = get(&mut client, &format!("nodes/{CLAIM_ID}"));
    assert_eq!((node["state"].as_str(), node["version"].as_str()), (Some("online"), Some("v2.10.4")));
    assert_eq!((node["live"].as_u64(), node["queryable"].as_u64()), (Some(1), Some(1)));
    assert!(node["since_ms"].as_u64().unwrap() >= start + 10_000, "{node}");
    assert_eq!(node["node_instances"][0]["node_id"], client.node_id());
    let space = get(&mut client, "spaces")["spaces"][0].clone();
    assert_eq!((space["online"].as_u64(), space["rooms"][1]["nodes"].as_u64()), (Some(1), Some(1)));

    client.leave();
    client.vanish();
    assert_eq!(get(&mut client, "nodes")["nodes"][0]["state"], "offline");
    let history = get(&mut client, &format!("nodes/{CLAIM_ID}/history"))["history"].clone();
    let turns: Vec<_> = history.as_array().unwrap().iter().map(|turn| turn["turn"].as_str().unwrap()).collect();
    assert_eq!(turns, ["disconnected", "connected"]);
    assert_eq!(refusal(&mut client, "GET", "nodes/other", Value::Null).0, 404);
}

#[test]
fn tokens_are_made_expire_and_are_revoked() {
    let mut client = Client::new(Config::default());
    let space = client.cloud.space().id.clone();
    let tokens = format!("spaces/{space}/tokens");
    let made = ask(&mut client, "POST", &tokens, json!({ "expires_in": 60 }));
    assert_eq!(made.status, 201);
    let token = made.body.unwrap()["token"].as_str().unwrap().to_owned();
    let listed = get(&mut client, &tokens)["tokens"].clone();
    assert_eq!((listed[0]["token"].as_str(), listed[0]["state"].as_str()), (Some(token.as_str()), Some("valid")));
    let room = client.cloud.rooms()[0].id.clone();
    assert_eq!(listed[0]["claim"], format!("aclk claim -token={token} -rooms={room} -url=https://localhost:8443"));
    client.wait(Duration::from_secs(60));
    assert_eq!(get(&mut client, &tokens)["tokens"][0]["state"], "expired");

    let first = client.cloud.token().to_owned();
    done(&mut client, "POST", "tokens/revoke", json!({ "token": first }));
    assert_eq!(get(&mut client, &tokens)["tokens"][1]["state"], "revoked");
    assert_eq!(client.claim().json()["errorMsgKey"], "ErrForbidden");
    assert_eq!(refusal(&mut client, "POST", "tokens/revoke", json!({ "token": "x" })).0, 404);
    for seconds in [0, u64::MAX] {
        assert_eq!(refusal(&mut client, "POST", &tokens, json!({ "expires_in": seconds })).0, 400);
    }
}

#[test]
fn spaces_and_rooms_are_added_and_nonsense_is_refused_with_the_reason() {
    let mut client = Client::new(Config::default());
    let made = ask(&mut client, "POST", "spaces", json!({ "name": "Lab" }));
    let space = made.body.unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(ask(&mut client, "POST", &format!("spaces/{space}/rooms"), json!({ "name": "Shelf 1" })).status, 201);
    let listed = get(&mut client, "spaces")["spaces"][1].clone();
    assert_eq!((listed["name"].as_str(), listed["rooms"][1]["name"].as_str()), (Some("Lab"), Some("Shelf 1")));
    assert_eq!(get(&mut client, &format!("spaces/{space}/tokens"))["tokens"].as_array().unwrap().len(), 1);

    let before = client.cloud.state().clone();
    let long = "x".repeat(101);
    for (method, target, body, status, reason) in [
        ("POST", "spaces", json!({ "name": " " }), 400, "a name has 1 to 100 characters"),
        ("POST", "spaces", json!({ "name": long }), 400, "a name has 1 to 100 characters"),
        (
            "POST",
            "spaces",
            json!({ "name": "a", "colour": 1 }),
            400,
            "the body is not what it should be: unknown field",
        ),
        ("POST", "spaces", Value::Null, 400, "the body is not what it should be"),
        ("POST", "spaces/x/rooms", json!({ "name": "a" }), 404, "there is no Space of this id"),
        ("PUT", "spaces", json!({}), 405, "not for this method"),
        ("GET", "nonsense", Value::Null, 404, "there is nothing at this path"),
        ("GET", "events?after=x", Value::Null, 400, "after is not a number"),
    ] {
        let (found, text) = refusal(&mut client, method, target, body);
        assert_eq!(found, status, "{method} {target}: {text}");
        assert!(text.contains(reason), "{method} {target}: {text}");
    }
    assert_eq!(*client.cloud.state(), before);
}

#[test]
fn a_query_waits_for_its_reply() {
    let mut client = live();
    let target = format!("nodes/{CLAIM_ID}/query");
    let wanted = json!({ "path": "/api/v1/info", "timeout_ms": 5000 });
    let Outcome::Later(wait) = outcome(&mut client, "POST", &target, wanted.clone()) else { panic!("answered") };
    assert_eq!(resume(&mut client.cloud, client.now, &wait), None);
    let link = client.link.unwrap();
    let (_, payload) = client.collect(link).publishes().remove(0);
    let text = String::from_utf8(payload).unwrap();
    let (envelope, request) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(request, "GET /api/v1/info HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n");
    let envelope: Value = serde_json::from_str(envelope).unwrap();
    let answer = format!(
        "{{\"type\":\"http\",\"msg-id\":{},\"timestamp\":1700000000,\"timestamp-offset-usec\":0,\"connect\":1700000000,\
         \"connect-offset-usec\":123456,\"version\":2,\"t-exec\":1,\"t-rx\":1,\"http-code\":200}}\r\n\r\nHTTP/1.1 200 OK\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
        envelope["msg-id"]
    );
    let topic = envelope["callback-topic"].as_str().unwrap();
    let packet = common::mqtt::publish(0x32, topic, Some(client.take_id()), None, answer.as_bytes());
    client.frame(2, &packet);
    let answer = resume(&mut client.cloud, client.now, &wait).unwrap();
    let body = answer.body.unwrap();
    assert_eq!((answer.status, &body["code"], &body["body"]), (200, &json!(200), &json!("{}")));

    let Outcome::Later(wait) = outcome(&mut client, "POST", &target, wanted.clone()) else { panic!("answered") };
    client.wait(Duration::from_secs(10));
    assert_eq!(resume(&mut client.cloud, client.now, &wait).unwrap().status, 504);
    let Outcome::Later(wait) = outcome(&mut client, "POST", &target, wanted.clone()) else { panic!("answered") };
    client.collect(link);
    abandon(&mut client.cloud, client.now, &wait);
    let (topic, payload) = client.collect(link).publishes().remove(0);
    assert!(topic.ends_with("/CancelPendingRequest"), "{topic}");
    assert!(!CancelPendingRequest::decode(payload.as_slice()).unwrap().request_id.is_empty());
    client.vanish();
    assert_eq!(resume(&mut client.cloud, client.now, &wait).unwrap().status, 502);
    assert_eq!(refusal(&mut client, "POST", &target, wanted), (409, "the node has no link".to_owned()));
    for body in [
        json!({ "path": "api" }),
        json!({ "path": "/a b" }),
        json!({ "path": "/a\r\nb" }),
        json!({ "path": "/", "method": "TRACE" }),
        json!({ "path": "/", "timeout_ms": 0 }),
    ] {
        assert_eq!(refusal(&mut client, "POST", &target, body.clone()).0, 400, "{body}");
    }
}

#[test]
fn a_node_is_disconnected_banned_let_in_again_and_removed() {
    let mut client = live();
    let path = format!("nodes/{CLAIM_ID}");
    let link = client.link.unwrap();
    let wanted = json!({ "reconnect_after": 30, "reason": "moving house" });
    done(&mut client, "POST", &format!("{path}/disconnect"), wanted);
    let (_, payload) = client.collect(link).publishes().remove(0);
    let request = DisconnectReq::decode(payload.as_slice()).unwrap();
    assert_eq!((request.reconnect_after_seconds, request.error_description.as_str()), (30, "moving house"));
    done(&mut client, "POST", &format!("{path}/ban"), json!({}));
    assert_eq!(get(&mut client, &path)["banned"], true);
    done(&mut client, "POST", &format!("{path}/unban"), json!({}));
    assert_eq!(get(&mut client, &path)["banned"], false);
    done(&mut client, "DELETE", &path, Value::Null);
    assert_eq!(get(&mut client, "nodes")["nodes"], json!([]));
    assert_eq!(refusal(&mut client, "DELETE", &path, Value::Null).0, 404);
}

#[test]
fn faults_are_listed_planned_and_cleared() {
    let mut client = Client::new(Config::default());
    done(&mut client, "POST", "faults", json!({ "fault": "err-forbidden@claim*1" }));
    assert_eq!(client.claim().json()["errorMsgKey"], "ErrForbidden");
    let faults = get(&mut client, "faults");
    assert_eq!(
        (&faults["plan"][0]["fault"], &faults["plan"][0]["struck"]),
        (&json!("err-forbidden@claim*1"), &json!(1))
    );
    assert!(faults["faults"].as_array().unwrap().len() > 50);
    assert_eq!(client.claim().http().status, 204);
    let (status, reason) = refusal(&mut client, "PUT", "faults", json!({ "plan": "reset@env nonsense" }));
    assert_eq!(status, 400, "{reason}");
    assert_eq!(get(&mut client, "faults")["plan"].as_array().unwrap().len(), 1, "nothing changed");
    done(&mut client, "PUT", "faults", json!({ "plan": "reset@env, stall*3" }));
    assert_eq!(get(&mut client, "faults")["plan"][1]["fault"], "stall*3");
    done(&mut client, "DELETE", "faults", Value::Null);
    assert_eq!(get(&mut client, "faults")["plan"], json!([]));
}

#[test]
fn events_come_in_order_each_once_and_somebody_can_wait_for_them() {
    let mut client = Client::new(Config::default());
    client.claim();
    let first = get(&mut client, "events");
    assert_eq!(first["events"].as_array().unwrap().last().unwrap()["event"], "claimed");
    let after = first["next"].as_u64().unwrap();
    let target = format!("events?after={after}&wait=20");
    let Outcome::Later(wait @ Wait::Events { .. }) = outcome(&mut client, "GET", &target, Value::Null) else {
        panic!("there is nothing yet")
    };
    assert_eq!(resume(&mut client.cloud, client.now, &wait), None);
    client.env();
    let answer = resume(&mut client.cloud, client.now, &wait).unwrap().body.unwrap();
    assert_eq!((&answer["events"][0]["event"], &answer["lost"]), (&json!("env"), &json!(false)));
    client.wait(Duration::from_secs(20));
    let Outcome::Later(wait) = outcome(&mut client, "GET", "events?after=2&wait=20", Value::Null) else { return };
    client.wait(Duration::from_secs(20));
    assert_eq!(resume(&mut client.cloud, client.now, &wait).unwrap().body.unwrap()["events"], json!([]));
    let answer = get(&mut client, "events?after=999999");
    assert_eq!((&answer["lost"], &answer["events"][0]["number"]), (&json!(true), &json!(1)));
    let answer = get(&mut client, &format!("events?node={CLAIM_ID}&limit=1"));
    assert_eq!(answer["events"][0]["event"], "env");
}

#[test]
fn what_a_cloud_before_this_one_saw_is_remembered() {
    let client = live();
    let mut history = History::new();
    history.insert(CLAIM_ID.to_owned(), client.cloud.history(CLAIM_ID).cloned().collect());
    let turn = Turn { number: 1, at: Duration::ZERO, kind: TurnKind::Connected { from: None } };
    history.insert("gone".to_owned(), [turn].into());
    let mut next = Client::new(Config::default());
    next.cloud = Cloud::restore(Config { seed: 9, ..Config::default() }, client.cloud.state().clone());
    next.cloud.restore_history(history);
    assert_eq!(get(&mut next, "nodes")["nodes"][0]["state"], "offline");
    let turns: Vec<_> = next.cloud.history(CLAIM_ID).map(|turn| turn.kind.to_string()).collect();
    assert_eq!(turns, ["connected", "disconnected: the Cloud was ended"]);
    assert_eq!(next.cloud.history("gone").count(), 0);
    for _ in 0..HISTORY_KEPT {
        next.go_live();
        next.vanish();
    }
    assert_eq!(next.cloud.history(CLAIM_ID).count(), HISTORY_KEPT);
    assert_eq!(next.cloud.history(CLAIM_ID).next_back().unwrap().number, 2 * HISTORY_KEPT as u64 + 2);
}

#[test]
fn a_node_that_brings_its_identity_along_is_taken_in_whole_or_not_at_all() {
    const OTHER: &str = "22222222-2222-4222-8222-222222222222";
    let mut client = Client::new(Config::default());
    client.claim();
    let key = include_str!("common/key.pub.pem");
    let node = |id: &str, key: &str| json!({ "claimed_id": id, "hostname": "edge-2", "public_key": key });
    for (nodes, status, reason) in [
        (json!([node(OTHER, key), node(CLAIM_ID, key)]), 409, "is claimed already"),
        (json!([node(OTHER, key), node(OTHER, key)]), 409, "is claimed already"),
        (json!([node(OTHER, "no key")]), 400, "public_key is not an RSA key of 2048 bits"),
        (json!([node("other", key)]), 400, "are UUIDs"),
        (json!([{ "claimed_id": OTHER, "hostname": "", "public_key": key }]), 400, "hostname has 1 to 255 bytes"),
    ] {
        let (found, why) = refusal(&mut client, "POST", "nodes", json!({ "nodes": nodes }));
        assert!(found == status && why.contains(reason), "{found} {why}");
    }
    assert_eq!(get(&mut client, "nodes")["nodes"].as_array().unwrap().len(), 1, "nothing was taken in");
    let made = ask(&mut client, "POST", "nodes", json!({ "nodes": [node(OTHER, key)] }));
    assert_eq!((made.status, made.body.unwrap()), (201, json!({ "added": 1 })));
    let shown = get(&mut client, &format!("nodes/{OTHER}"));
    assert_eq!((shown["state"].as_str(), shown["hostname"].as_str()), (Some("claimed"), Some("edge-2")));
    assert!(client.cloud.changes().is_some_and(|changes| changes.nodes.contains(OTHER)), "it is saved");
}
