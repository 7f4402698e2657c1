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
        "What the Cloud sees:",
        "Space      Demo Space",
        "War Rooms  All nodes, Room 1",
        "State      online since 20",
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
    assert_eq!(json["cloud"]["state"], "online");
}

#[test]
fn on_the_cable_the_device_finds_everything_out_by_itself() {
    let ended = Machine::new().run(&["demo", "--net", "cable", "--json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let json = ended.json();
    assert_eq!((&json["online"], &json["failures"]), (&Value::Bool(true), &serde_json::json!([])));
    let before: Vec<&str> =
        json["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(before[..2], ["config", "clock"], "DHCP and SNTP come first");
    assert_eq!(stages(&json, "link"), ["dns", "tcp", "tls", "websocket", "mqtt", "app"]);
    assert_eq!(json["cloud"]["state"], "online");
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
    let seen = demo.wait_for("The device stays online until Ctrl-C. Look at it in a browser:", 0);
    demo.wait_for("  http://127.0.0.1:", seen);
    demo.signal("INT");
    let (status, said) = demo.wait();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[test]
fn on_the_cable_the_device_asks_for_its_address_and_the_time_first() {
    let ended = Machine::new().run(&["demo", "--net", "cable", "--json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let json = ended.json();
    let own = json["stages"].as_array().unwrap().iter().filter(|stage| stage["purpose"].is_null());
    let own: Vec<&str> = own.map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(own, ["config", "clock", "key", "storage"]);
    assert_eq!(stages(&json, "link"), ["dns", "tcp", "tls", "websocket", "mqtt", "app"]);
    assert_eq!((&json["failures"], &json["cloud"]["state"]), (&serde_json::json!([]), &"online".into()));
}

#[test]
fn on_the_cable_an_idle_device_sleeps_and_ends_in_order_when_asked() {
    let machine = Machine::new();
    let demo = Daemon::start(machine.command(&["demo", "--net=cable", "--stay"]));
    demo.wait_for("The device stays online until Ctrl-C.", 0);
    demo.assert_idle();
    let (status, said) = demo.stop();
    assert_eq!(status.code(), Some(0), "{said}");
}
