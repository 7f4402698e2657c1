//! `aclk demo`: the first thing that a newcomer sees.

use crate::support::*;
use serde_json::Value;

/// Whether the stages of a purpose are there, in this order.
fn stages(json: &Value, purpose: &str) -> Vec<String> {
    let of_purpose = json["stages"].as_array().unwrap().iter().filter(|stage| stage["purpose"] == purpose);
    of_purpose.map(|stage| stage["stage"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_claims_comes_online_and_shows_what_the_cloud_sees() {
    let ended = Machine::new().run(&["demo"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let mut rest = ended.stdout.as_str();
    for text in [
        "An emulated Netdata Cloud at https://localhost:",
        "RSA-2048, ",
        "Agent was successfully claimed.\n",
        "link       websocket",
        "link       mqtt",
        "link       app",
        "Online: the Agent-Cloud Link of ",
        "From nothing to online in ",
        "Live: the Cloud knows the node",
        "What the Cloud sees:",
        "Space      Demo Space",
        "War Rooms  All nodes, Room 1",
        "State      online since 20",
        ", live as the node ",
        "What the Cloud asks the node over the link:",
        "GET /api/v1/info\n  200, ",
        " ms\n    {\"version\":",
        "GET /api/v1/data?chart=",
        "\n  200, ",
        "\n    time,",
    ] {
        let (_, behind) = rest.split_once(text).unwrap_or_else(|| panic!("no {text:?} in {rest}"));
        rest = behind;
    }
    assert!(!ended.stdout.contains(['\r', '\x1b']), "no escapes without a terminal");
}

#[test]
fn as_json_it_is_one_object() {
    let ended = Machine::new().run(&["demo", "--json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let json = ended.json();
    assert_eq!(json["claimed_id"].as_str().map(str::len), Some(36));
    assert_eq!((&json["online"], &json["failures"]), (&Value::Bool(true), &serde_json::json!([])));
    let secure = ["dns", "tcp", "tls"];
    assert_eq!(stages(&json, "claim"), [&secure[..], &["http"]].concat());
    assert_eq!(stages(&json, "challenge"), [&secure[..], &["http", "decrypt"]].concat());
    assert_eq!(stages(&json, "link"), [&secure[..], &["websocket", "mqtt", "app"]].concat());
    for stage in json["stages"].as_array().unwrap() {
        let keys: Vec<&str> = stage.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["bytes_received", "bytes_sent", "ms", "purpose", "stage"]);
        assert!(stage["ms"].is_number() && stage["bytes_sent"].is_u64() && stage["bytes_received"].is_u64());
    }
    live_and_asked(&json);
}

/// The Cloud knows the node and had both answers from it.
fn live_and_asked(json: &Value) {
    assert_eq!(json["cloud"]["state"], "online");
    assert_eq!(json["cloud"]["node_id"].as_str().map(str::len), Some(36), "{json}");
    let queries = json["queries"].as_array().unwrap();
    assert_eq!(queries.len(), 2, "{json}");
    for query in queries {
        assert_eq!((&query["http_code"], &query["error"]), (&200.into(), &Value::Null), "{json}");
        assert!(query["bytes"].as_u64() > Some(0) && query["ms"].is_number(), "{json}");
    }
}

#[test]
fn on_the_cable_the_device_finds_everything_out_by_itself() {
    let ended = Machine::new().run(&["demo", "--net", "cable", "--json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let json = ended.json();
    assert_eq!((&json["online"], &json["failures"]), (&Value::Bool(true), &serde_json::json!([])));
    let own = json["stages"].as_array().unwrap().iter().filter(|stage| stage["purpose"].is_null());
    let own: Vec<&str> = own.map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(own, ["config", "clock", "key", "storage"], "DHCP and SNTP come first");
    assert_eq!(stages(&json, "link"), ["dns", "tcp", "tls", "websocket", "mqtt", "app"]);
    live_and_asked(&json);
}

#[test]
fn a_node_that_does_not_become_live_is_not_a_success() {
    let ended = Machine::new().run(&["demo", "--fault", "no-node-result"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (7, ""), "{ended:?}");
    assert!(ended.stdout.ends_with("The node did not answer as it should.\n"), "{ended:?}");
}

#[test]
fn it_leaves_nothing_behind() {
    let machine = Machine::new();
    let temporary = machine.root().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = machine.command(&["demo", "--fault", "err-forbidden@claim"]);
    let ended = run({
        command.env("TMPDIR", &temporary);
        command
    });
    assert_eq!(ended.code, 12, "{ended:?}");
    assert!(ended.stdout.ends_with("The device did not come online.\n"), "{ended:?}");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_fault_that_passes_is_overcome() {
    let ended = Machine::new().run(&["demo", "--json", "--fault", "status-503@env*1"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let json = ended.json();
    assert_eq!(json["failures"][0]["cause"], "HTTP status 503 (Service Unavailable)");
    assert!(json["failures"][0]["retry_in_ms"].as_f64().unwrap() >= 1_000.0);
}

#[test]
fn one_who_stays_ends_in_order_when_asked() {
    let machine = Machine::new();
    let demo = Daemon::start(machine.command(&["demo", "--stay"]));
    let seen = demo.wait_for_within(KEY_PATIENCE, "The device stays online until Ctrl-C. Look at it in a browser:", 0);
    demo.wait_for("  http://127.0.0.1:", seen);
    demo.signal("INT");
    let (status, said) = demo.wait();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[test]
fn on_the_cable_an_idle_device_sleeps_and_ends_in_order_when_asked() {
    let machine = Machine::new();
    let demo = Daemon::start(machine.command(&["demo", "--net=cable", "--stay"]));
    demo.wait_for_within(KEY_PATIENCE, "The device stays online until Ctrl-C.", 0);
    demo.assert_idle();
    let (status, said) = demo.stop();
    assert_eq!(status.code(), Some(0), "{said}");
}
