//! `aclk run` and `aclk status`: a link that comes, goes and comes again.

use crate::support::*;
use aclk_cloud::message::DisconnectReq;
use aclk_cloud::server::Handle;
use aclk_cloud::{FaultPlan, NodeState, NodeView};
use std::fs;
use std::time::Duration;

/// What is promised of a machine that is claimed while its daemon runs: it is online after this time at the latest.
const ONLINE_AFTER_CLAIM: Duration = Duration::from_secs(60);

fn nodes(cloud: &Handle) -> Vec<NodeView> {
    cloud.with(|cloud, _| cloud.view()).nodes
}

fn state(cloud: &Handle) -> NodeState {
    nodes(cloud)[0].state
}

#[test]
fn a_claimed_machine_comes_online_and_says_farewell() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    assert_eq!(machine.status().0, 3, "claimed, and nothing runs");
    let link = machine.start(&[]);
    link.wait_for("ACLK: online as", 0);
    assert_eq!(state(&cloud), NodeState::Online);
    let (code, status) = machine.status();
    assert_eq!((code, &status["online"], status["pid"].as_u64()), (0, &true.into(), Some(link.pid().into())));

    let (status, said) = link.stop();
    assert!(status.success() && said.ends_with("ACLK: ends"), "{said}");
    wait_until("the Cloud sees it leave", || state(&cloud) == NodeState::Offline);
    let events = events(&cloud);
    assert!(!events.iter().any(|event| event.contains("will")), "it left in order: {events:?}");
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
    assert_eq!(machine.status().0, 3);
}

#[test]
fn a_machine_that_is_claimed_while_the_daemon_runs_comes_online_by_itself() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let link = machine.start(&[]);
    link.wait_for("not claimed; waiting", 0);
    assert_eq!(machine.status().0, 5);
    assert_eq!(machine.claim(&cloud, &[]).code, 0);
    link.wait_for_within(ONLINE_AFTER_CLAIM, "ACLK: online as", 0);
    assert_eq!(machine.status().0, 0);
}

#[test]
fn a_link_that_fails_says_where_why_and_when_it_tries_again() {
    let cloud = cloud("status-503@env");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("offline: http: HTTP status 503 (Service Unavailable) (retry in ", 0);
    let (code, status) = machine.status();
    assert_eq!((code, status["stage"].as_str()), (4, Some("http")), "{status}");
    assert_eq!(status["reason"], "HTTP status 503 (Service Unavailable)");
    assert!(status["next_attempt"].is_string());
    cloud.with(|cloud, _| cloud.set_faults(FaultPlan::default()));
    link.wait_for("ACLK: online as", 0);
}

#[test]
fn the_clouds_own_delay_is_obeyed() {
    let cloud = cloud("err-retry-delay=7@password*1");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("(retry in 7 s)", 0);
    link.wait_for("ACLK: online as", 0);
}

#[test]
fn a_ban_holds_until_a_hangup() {
    let cloud = cloud("err-non-retryable@challenge*1");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    let seen = link.wait_for("the Cloud asked not to retry", 0);
    let (code, status) = machine.status();
    assert_eq!((code, status["state"].as_str()), (4, Some("banned")));
    let attempts = events(&cloud).iter().filter(|event| event.contains("asked /env")).count();
    assert_eq!(attempts, 1);
    link.signal("HUP");
    link.wait_for("ACLK: online as", seen);
}

#[test]
fn a_disconnect_request_is_obeyed_in_order() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    let seen = link.wait_for("ACLK: online as", 0);
    let request = DisconnectReq {
        reconnect_after_seconds: 2,
        error_description: "moving house".to_owned(),
        ..DisconnectReq::default()
    };
    cloud.with(|cloud, now| cloud.disconnect(now, &machine.claimed_id(), &request)).unwrap();
    let seen = link.wait_for("moving house (retry in 2 s)", seen);
    link.wait_for("ACLK: online as", seen);
    let events = events(&cloud);
    assert!(!events.iter().any(|event| event.contains("will")), "{events:#?}");
}

#[test]
fn a_node_is_live_answers_requests_and_keeps_its_node_id() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let instance = || {
        let view = cloud.with(|cloud, _| cloud.view());
        let found = view.nodes[0].instances.first().cloned();
        found.filter(|instance| instance.live && instance.queryable).map(|instance| instance.node_id)
    };
    let link = machine.start(&[]);
    wait_until("the node is live", || instance().is_some());
    let node_id = instance();

    let ask_with = |path: &str, headers: &str| ask_with(&cloud, &machine, path, headers);
    let ask = |path: &str| ask_with(path, "");
    let reply = ask("/api/v1/info");
    let info: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    for key in ["cloud-enabled", "cloud-available", "agent-claimed", "aclk-available"] {
        assert_eq!((reply.code, &info[key]), (200, &true.into()), "{key}: {info}");
    }
    wait_until("there is a sample", || {
        let reply = ask("/api/v1/data?chart=system.uptime&after=-5");
        let data: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        data["data"].as_array().is_some_and(|rows| !rows.is_empty())
    });
    assert_eq!(ask("/api/v1/nothing").code, 404);
    // The Cloud decodes what it asked for, and reports a wrong length or gzip that it did not ask for.
    let (plain, packed) = (ask("/api/v1/charts"), ask_with("/api/v1/charts", "Accept-Encoding: gzip\r\n"));
    let charts = |reply: &aclk_cloud::Reply| -> serde_json::Value { serde_json::from_slice(&reply.body).unwrap() };
    assert_eq!(charts(&plain)["charts"]["system.uptime"]["units"], charts(&packed)["charts"]["system.uptime"]["units"]);
    assert!(!plain.head.contains("gzip") && packed.head.contains("\r\nContent-Encoding: gzip\r\n"), "{}", packed.head);
    link.stop();

    let link = machine.start(&[]);
    wait_until("the node is live again", || instance().is_some());
    assert_eq!(instance(), node_id);
    link.stop();
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn a_machine_that_is_unclaimed_by_hand_leaves_its_rooms() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: live as", 0);
    assert_ne!(nodes(&cloud)[0].rooms, Vec::<String>::new());
    fs::remove_dir_all(machine.file("")).unwrap();
    wait_until("the Cloud forgets it", || nodes(&cloud).is_empty());
    wait_until("it says so", || machine.status().0 == 5);
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn a_machine_that_is_unclaimed_and_stopped_at_once_leaves_its_rooms() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: live as", 0);
    fs::remove_dir_all(machine.file("")).unwrap();
    let (status, said) = link.stop();
    assert!(status.success() && said.ends_with("ACLK: ends"), "{said}");
    wait_until("the Cloud forgets it", || nodes(&cloud).is_empty());
}

#[test]
fn a_link_that_is_switched_off_stays_a_node() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: live as", 0);
    let conf = fs::read_to_string(machine.file("cloud.conf")).unwrap();
    fs::write(machine.file("cloud.conf"), conf.replace("enabled = yes", "enabled = no")).unwrap();
    link.wait_for("switched off by", 0);
    wait_until("the Cloud sees it leave", || state(&cloud) == NodeState::Offline);
    assert_ne!(nodes(&cloud)[0].rooms, Vec::<String>::new());

    fs::write(machine.file("cloud.conf"), conf).unwrap();
    wait_until("it is back", || state(&cloud) == NodeState::Online);
}

/// The same file decides for claim (`claim::without_the_private_authority_the_cloud_is_a_stranger`) and link: the link of
/// the original goes past it.
#[test]
fn without_the_private_authority_the_cloud_of_a_link_is_a_stranger() {
    let (cloud, another) = (cloud(""), cloud(""));
    let machine = Machine::claimed(&cloud);
    assert!(!events(&cloud).is_empty(), "the claim is not among the events");
    fs::write(machine.file("cloud_fullchain.pem"), another.ca_pem()).unwrap();
    let link = machine.start(&[]);
    link.wait_for("offline: tls: ", 0);
    wait_until("its status says so", || machine.status().1["stage"] == "tls");
    link.stop();
    assert_eq!(events(&cloud), Vec::<String>::new(), "it asked a stranger for something");
    fs::write(machine.file("cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
    machine.start(&[]).wait_for("ACLK: online as", 0);
}

/// Two copies of one disk image must not take turns: the first is told that it was thrown out, says why, and stays away.
/// Its hours that follow are in virtual time (`who_is_thrown_out_by_a_copy_of_itself_keeps_away`).
#[test]
fn a_copied_machine_takes_the_session_over_and_the_first_stays_away() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let copy = machine.copy();
    let first = machine.start(&[]);
    let seen = first.wait_for("ACLK: live as", 0);
    let second = copy.start(&[]);
    second.wait_for("ACLK: live as", 0);

    let line = first.wait_for("offline: mqtt: ", seen);
    let said = first.said();
    let why = said.lines().nth(line - 1).unwrap();
    assert!(why.contains("session taken over") && why.contains("(retry in "), "{why}");
    first.wait_for("another machine uses this identity (a cloned disk, volume or container)", seen);
    let (code, status) = machine.status();
    let text = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
    assert_eq!((code, text("stage").as_str()), (4, "mqtt"), "{status}");
    assert!(text("reason").contains("session taken over"), "{status}");
    assert!(text("hint").contains("claim it again with a new -id"), "{status}");
    assert_eq!(copy.status().0, 0);

    // With the usual delay it would be back by now.
    first.assert_idle();
    let ended = machine.run(&["status"]);
    assert!(ended.stdout.contains("session taken over"), "{ended:?}");
    assert_eq!(ask(&cloud, &copy, "/api/v1/info").code, 200);
    assert_eq!(nodes(&cloud)[0].connections, 2, "one session of each");
    let events = events(&cloud);
    let count = |text: &str| events.iter().filter(|event| event.contains(text)).count();
    assert_eq!((count("asked /env"), count("taken over by a new session")), (2, 1), "{events:#?}");
    assert!(!second.said().contains("offline"), "{}", second.said());
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn files_that_are_written_again_disturb_no_link() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: live as", 0);
    for name in ["claimed_id", "cloud.conf"] {
        let same = fs::read(machine.file(name)).unwrap();
        fs::write(machine.file("new"), same).unwrap();
        fs::rename(machine.file("new"), machine.file(name)).unwrap();
    }
    // It looks every two seconds, and nothing tells when it has.
    std::thread::sleep(std::time::Duration::from_millis(4_500));
    let (code, status) = machine.status();
    assert_eq!((code, &status["online"]), (0, &true.into()), "{status}");
    assert_eq!(nodes(&cloud)[0].connections, 1);
    assert!(!link.said().contains("was changed"), "{}", link.said());
}

#[test]
fn one_machine_has_one_daemon() {
    let machine = Machine::new();
    let cloud = cloud("");
    fs::write(machine.file("cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
    let first = machine.start(&[]);
    first.wait_for("not claimed", 0);
    let second = run(machine.command(&["run"]));
    assert_eq!(second.code, 2);
    assert!(second.stderr.contains("is in use by") && second.stderr.contains(&first.pid().to_string()), "{second:?}");
}

#[test]
fn a_key_that_belongs_to_another_claim_is_explained() {
    let cloud = cloud("challenge-wrong-key@challenge");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("offline: decrypt: ", 0);
    let (_, status) = machine.status();
    assert_eq!(status["stage"], "decrypt");
    assert!(
        status["hint"].as_str().unwrap().contains("private.pem was replaced since this id was claimed"),
        "{status}"
    );
}

#[test]
fn a_daemon_is_small() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: online as", 0);
    let status = fs::read_to_string(format!("/proc/{}/status", link.pid())).unwrap();
    for line in status.lines().filter(|line| ["VmRSS", "RssAnon", "Threads"].iter().any(|key| line.starts_with(key))) {
        println!("{line} (not optimised, with its emulated Cloud built in)");
    }
    // One, and for some seconds that of the name lookup.
    assert!(status.contains("Threads:\t1\n") || status.contains("Threads:\t2\n"), "{status}");
}
