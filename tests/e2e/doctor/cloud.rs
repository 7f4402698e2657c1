//! What the Cloud answers.

use super::{End, Says, assert_ends, flat, step};
use crate::support::*;
use std::fs;

/// A fault of the emulated Cloud, where the way ends, on which connection, and what is said.
const FAULTS: &[(&str, End, &str, Says)] = &[
    ("status-429@env", (29, "http"), "env", &["HTTP status 429", "is asked too often"]),
    ("err-retry-delay=300@env", (29, "http"), "env", &["a link would wait for 5 minutes", "is asked too often"]),
    ("status-503@env", (29, "http"), "env", &["HTTP status 503", "There is nothing to mend here"]),
    ("status-404@env", (29, "http"), "env", &["HTTP status 404", "does not answer as Netdata Cloud does"]),
    ("redirect-301@env", (29, "http"), "env", &["HTTP status 301", "the login page of a network"]),
    ("html-body@env", (30, "json"), "env", &["the login page of a network"]),
    ("stall-after@env", (29, "http"), "env", &["no complete reply within 30 s"]),
    ("close@env", (29, "http"), "env", &["does not answer as Netdata Cloud does"]),
    ("not-http@env", (29, "http"), "env", &["does not answer as Netdata Cloud does"]),
    ("env-no-proto@env", (30, "json"), "env", &["check the URL"]),
    ("env-endpoint-closed@env", (26, "tcp"), "link", &["connection refused", "nothing listens at this port"]),
    (
        "err-duplicated-challenge=60@challenge",
        (29, "http"),
        "challenge",
        &["ErrDuplicatedChallenge", "does a copy of this machine run"],
    ),
    (
        "err-non-retryable@challenge",
        (29, "http"),
        "challenge",
        &["a link would not try again", "netdatacli reload-claiming-state", "claimed again under a new id"],
    ),
    ("challenge-short@challenge", (30, "json"), "challenge", &["check the URL"]),
    (
        "challenge-wrong-key@challenge",
        (31, "decrypt"),
        "challenge",
        &[
            "private.pem is not the key registered for this id",
            "a volume was made anew",
            "-id=$(cat /proc/sys/kernel/random/uuid)",
        ],
    ),
    (
        "err-incorrect-response@password",
        (29, "http"),
        "password",
        &["ErrIncorrectResponse", "private.pem is not the key that was registered"],
    ),
    ("password-200@password", (29, "http"), "password", &["HTTP status 200"]),
    ("missing-topic@password", (30, "json"), "password", &["agent-connection"]),
    ("accept-wrong@upgrade", (32, "websocket"), "link", &["does not let WebSockets through"]),
    ("close@upgrade", (32, "websocket"), "link", &["does not let WebSockets through"]),
    ("status-403@upgrade", (29, "http"), "link", &["HTTP status 403"]),
    ("connack-0x86@connect", (33, "mqtt"), "link", &["0x86", "refuses its session"]),
    ("connack-0x87@connect", (33, "mqtt"), "link", &["0x87", "refuses its session"]),
];

#[test]
fn each_answer_ends_the_way_at_its_stage() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    for (fault, (code, stage), purpose, says) in FAULTS {
        println!("{fault}");
        cloud.with(|cloud, _| cloud.set_faults(fault.parse().unwrap()));
        // A silent server takes its time: looking once is enough.
        if fault.starts_with("stall") {
            let ended = machine.run(&["doctor"]);
            assert_eq!(ended.code, *code, "{ended:?}");
            assert!(says.iter().all(|phrase| flat(&ended.stdout).contains(phrase)), "{ended:?}");
            continue;
        }
        let value = assert_ends(&machine, &[], (*code, stage), says);
        assert_eq!(&step(&value, stage, "failed")["purpose"], purpose, "{value:#}");
        assert_eq!(step(&value, "tls", "ok")["outcome"], "ok");
    }
}

/// Row 5 and 20 of protocol.md 7: what the Cloud knows of the node is said.
#[test]
fn a_node_that_the_cloud_does_not_know_or_does_not_want_is_named() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let id = machine.claimed_id();
    cloud.with(|cloud, now| cloud.ban(now, &id, true)).unwrap();
    let said = "the Cloud said: HTTP status 403, errorMsgKey \"ErrForbidden\", errorMessage \"node is banned\"";
    let says = [said, "The Cloud does not want this node, and asked it not to try again."];
    assert_ends(&machine, &[], (29, "http"), &says);
    cloud.with(|cloud, now| cloud.ban(now, &id, false)).unwrap();
    cloud.with(|cloud, now| cloud.remove_node(now, &id)).unwrap();
    let says =
        ["errorMessage \"node is not claimed\"", "The Cloud does not know this id as a claimed node", "Claim it again"];
    assert_ends(&machine, &[], (29, "http"), &says);
}

/// Row 4 of protocol.md 7: a volume made anew, or a file that was replaced.
#[test]
fn a_key_that_is_not_the_registered_one_is_named() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let other = Machine::trusting(&cloud);
    fs::remove_file(other.file("private.pem")).unwrap();
    assert_eq!(other.claim(&cloud, &[]).code, 0);
    fs::copy(other.file("private.pem"), machine.file("private.pem")).unwrap();
    let says = ["private.pem is not the key registered for this id", "claim again under a new id"];
    let value = assert_ends(&machine, &[], (31, "decrypt"), &says);
    step(&value, "key", "ok");
    step(&value, "http", "ok");
}

/// A clock that is wrong, and not so wrong that certificates mind.
#[test]
fn the_clock_is_compared_with_that_of_the_cloud() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    for (ahead, note) in [(0, None), (-7_200, Some("2 hours fast")), (600, Some("9 minutes slow"))] {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let theirs = now.checked_add_signed(ahead).unwrap();
        cloud.with(|cloud, _| cloud.set_faults(format!("date={theirs}@env").parse().unwrap()));
        let ended = machine.run(&["doctor"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        let text = flat(&ended.stdout);
        assert!(text.contains("/env: status 200; the clocks there and here are "), "{text}");
        let told = text.contains("by the clock of the Cloud this machine is ");
        match note {
            None => assert!(!told && !text.contains("set-ntp"), "{text}"),
            // It takes a while until the program looks at its clock.
            Some(note) => assert!(told && (text.contains(note) || text.contains("10 minutes slow")), "{text}"),
        }
        if note.is_some() {
            assert!(ended.stdout.contains("note  clock") && text.contains("timedatectl set-ntp true"), "{text}");
        }
    }
}

/// Words of a server, and terminal escapes among them, do no harm.
#[test]
fn what_the_cloud_says_is_shown_without_its_escapes() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    cloud.with(|cloud, _| cloud.set_faults("err-escapes@env".parse().unwrap()));
    let ended = machine.run(&["doctor"]);
    assert_eq!(ended.code, 29, "{ended:?}");
    assert!(!ended.stdout.contains('\u{1b}'), "{ended:?}");
}
