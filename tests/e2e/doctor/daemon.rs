//! Beside a daemon: what would disturb it is not tried.

use super::{assert_ends, flat, step};
use crate::support::*;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

fn count(events: &[String], text: &str) -> usize {
    events.iter().filter(|event| event.contains(text)).count()
}

#[test]
fn a_daemon_that_is_online_is_asked_and_keeps_its_session() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: live as", 0);
    events(&cloud);
    let ended = machine.run(&["doctor"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let text = flat(&ended.stdout);
    let holds = format!("(pid {}) holds the link since ", link.pid());
    assert_eq!(text.matches(&holds).count(), 5, "four steps and the summary: {}", ended.stdout);
    let value = machine.run(&["doctor", "--json"]).json();
    assert_eq!((&value["daemon"]["online"], &value["daemon"]["pid"]), (&true.into(), &link.pid().into()), "{value:#}");
    assert_eq!(step(&value, "http", "ok")["purpose"], serde_json::Value::Null);
    let seen = events(&cloud);
    assert_eq!(
        (count(&seen, "asked /env"), count(&seen, "challenge"), count(&seen, "MQTT session")),
        (2, 0, 0),
        "{seen:#?}"
    );
    assert_eq!(ask(&cloud, &machine, "/api/v1/info").code, 200, "the link is still there");
    assert!(!link.said().contains("offline"), "{}", link.said());
    link.stop();
}

#[test]
fn a_daemon_that_was_banned_is_told_with_what_lifts_it() {
    let cloud = cloud("err-non-retryable@challenge*1");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("the Cloud asked not to retry", 0);
    events(&cloud);
    let says = [
        "its link is banned since ",
        "its last failure was http: ",
        "the Cloud asked it not to try again",
        "The way is open as far as it was tried from here.",
        "netdatacli reload-claiming-state",
    ];
    let value = assert_ends(&machine, &[], (29, "http"), &says);
    assert_eq!(value["daemon"]["state"], "banned");
    step(&value, "websocket", "ok");
    assert_eq!(count(&events(&cloud), "MQTT session"), 0, "that would be the daemon's");
    link.stop();
}

#[test]
fn a_daemon_that_was_asked_to_wait_is_left_to_it() {
    let cloud = cloud("err-retry-delay=3000@challenge*1");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("(retry in 3000 s)", 0);
    let ended = machine.run(&["doctor"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let text = flat(&ended.stdout);
    for phrase in [
        "its link is offline since ",
        "its last failure was http: ",
        "its next attempt is at ",
        "the daemon tries again by itself",
        "a WebSocket to \"localhost\" is open",
    ] {
        assert!(text.contains(phrase), "no {phrase:?} in\n{}", ended.stdout);
    }
    assert!(!text.contains("ok mqtt"), "{}", ended.stdout);
    link.stop();
}

/// Row 11 of protocol.md 7: a cloned disk or a copied volume.
#[test]
fn two_machines_with_one_identity_are_told() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let copy = machine.copy();
    let first = machine.start(&[]);
    first.wait_for("ACLK: live as", 0);
    let second = copy.start(&[]);
    second.wait_for("ACLK: live as", 0);
    first.wait_for("offline: mqtt: ", 0);
    let says = ["session taken over", "nother machine uses this identity (a cloned disk, volume or container)"];
    let value = assert_ends(&machine, &[], (33, "mqtt"), &says);
    assert_eq!(value["daemon"]["state"], "offline");
    assert!(!second.said().contains("offline"), "the copy is not disturbed: {}", second.said());
}

/// A daemon that goes another way than this walk: row 8 of protocol.md 7.
#[test]
fn a_daemon_with_another_proxy_is_told() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: live as", 0);
    let proxy =
        aclk_proxy::Running::start(aclk_proxy::Options::new(aclk_proxy::Config::new(aclk_proxy::Kind::Http))).unwrap();
    let ended = machine.run(&["doctor", &format!("-proxy=http://{}", proxy.address())]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let text = flat(&ended.stdout);
    let expected =
        format!("the daemon goes through the proxy none (default), and this walk through http://{}", proxy.address());
    assert!(text.contains(&expected), "no {expected:?} in\n{}", ended.stdout);
    link.stop();
}

/// A Netdata Agent that uses the same files answers at the same socket.
#[test]
fn another_program_that_holds_the_link_is_not_disturbed() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    std::fs::create_dir_all(machine.root().join("run")).unwrap();
    let listener = UnixListener::bind(machine.root().join("run/netdata.pipe")).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read_to_end(&mut Vec::new());
            let _ = stream.write_all(
                b"X0\0O{\"aclk-available\":true,\"claimed-id\":\"x\",\"online\":true,\"node-instances\":[{}]}\0",
            );
        }
    });
    events(&cloud);
    let ended = machine.run(&["doctor"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(flat(&ended.stdout).contains("another program, such as a Netdata Agent, holds the link"), "{ended:?}");
    assert_eq!(count(&events(&cloud), "challenge"), 0);
}
