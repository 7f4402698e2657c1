//! `aclk cloud`: the emulated Cloud as a program of its own.

use crate::support::*;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A Cloud with these options, and what it printed.
fn start_with(machine: &Machine, options: &[&str]) -> (Daemon, Value) {
    let daemon = Daemon::start(machine.command(&[&["cloud", "--json"], options].concat()));
    daemon.wait_for("\"url\"", 0);
    let line = daemon.said().lines().next().unwrap().to_owned();
    (daemon, serde_json::from_str(&line).unwrap())
}

/// A Cloud with its state in `directory`, on `listen`, and what it printed.
fn start(machine: &Machine, directory: &Path, listen: &str) -> (Daemon, Value) {
    start_with(machine, &["--listen", listen, "--state", directory.to_str().unwrap()])
}

fn claim(machine: &Machine, cloud: &Value) -> Ended {
    fs::copy(cloud["ca"].as_str().unwrap(), machine.file("cloud_fullchain.pem")).unwrap();
    let text = |key: &str| cloud[key].as_str().unwrap().to_owned();
    let rooms: Vec<&str> = cloud["rooms"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    machine.run(&[
        "claim".to_owned(),
        format!("-token={}", text("token")),
        format!("-rooms={}", rooms.join(",")),
        format!("-url={}", text("url")),
    ])
}

#[test]
fn what_it_prints_is_enough_to_claim_and_link_and_it_remembers_after_a_restart() {
    let machine = Machine::new();
    machine.give_key();
    let state = machine.root().join("cloud");
    let (cloud, printed) = start(&machine, &state, &format!("127.0.0.1:{}", free_port()));
    let keys: Vec<&str> = printed.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["admin_token", "admin_url", "ca", "rooms", "space", "token", "url"]);
    let ended = claim(&machine, &printed);
    assert_eq!(ended.code, 0, "{ended:?}");
    let link = machine.start(&[]);
    let seen = link.wait_for("ACLK: online as", 0);

    // Killed without a word: whatever it answered is on its disk.
    cloud.signal("KILL");
    cloud.wait();
    let seen = link.wait_for("offline: ", seen);
    let address = printed["url"].as_str().unwrap().replace("https://localhost", "127.0.0.1");
    let (cloud, again) = start(&machine, &state, &address);
    for (key, value) in printed.as_object().unwrap().iter().filter(|(key, _)| *key != "admin_url") {
        assert_eq!(again[key], *value, "{key}");
    }
    link.wait_for("ACLK: online as", seen);
    link.stop();
    let (status, said) = cloud.stop();
    assert!(status.success());
    assert!(said.contains("agent reachable"), "{said}");
    assert!(!said.contains("deviation"), "{said}");
}

#[test]
fn two_clouds_do_not_share_a_state() {
    let machine = Machine::new();
    let state = machine.root().join("cloud");
    let (_first, _) = start(&machine, &state, "127.0.0.1:0");
    let ended = machine.run(&["cloud", "--state", state.to_str().unwrap()]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("another Cloud is using this state"), "{ended:?}");
}

#[test]
fn a_state_that_is_damaged_is_named_and_left_alone() {
    let machine = Machine::new();
    let state = machine.root().join("cloud");
    fs::create_dir(&state).unwrap();
    fs::write(state.join("cloud.redb"), "{\"spaces\":[").unwrap();
    let ended = machine.run(&["cloud", "--state", state.to_str().unwrap()]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("cloud.redb: is no database of a Cloud, or is damaged: "), "{ended:?}");
    assert_eq!(fs::read_to_string(state.join("cloud.redb")).unwrap(), "{\"spaces\":[");
}

/// What `aclk claim` says of a Cloud with these options.
fn claim_at_a_cloud(options: &[&str]) -> Ended {
    let machine = Machine::new();
    machine.give_key();
    let (_cloud, printed) = start_with(&machine, options);
    claim(&machine, &printed)
}

#[test]
fn every_kind_of_certificate_chain_is_accepted() {
    for kind in ["p256", "p384", "rsa"] {
        let ended = claim_at_a_cloud(&["--key", kind]);
        assert_eq!(ended.code, 0, "{kind}: {ended:?}");
    }
}

#[test]
fn the_longest_certificate_chain_is_accepted_and_of_longer_ones_it_is_told_why_not() {
    let ended = claim_at_a_cloud(&["--key=rsa", "--intermediates=6"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for (count, why) in
        [("7", "longer than its issuer allows, or than six intermediates"), ("8", "more than 8 certificates")]
    {
        let ended = claim_at_a_cloud(&["--intermediates", count]);
        assert!(ended.code != 0 && ended.stderr.contains(why), "{count}: {ended:?}");
    }
}

#[test]
fn the_documented_way_of_the_script_is_served() {
    let cloud = cloud("");
    // Any key will do: this is that of a machine claimed before.
    let machine = Machine::claimed(&cloud);
    let public = fs::read_to_string(machine.file("public.pem")).unwrap();
    let body = machine.root().join("tmpin.txt");
    let token = cloud.with(|cloud, _| cloud.token().to_owned());
    let id = "0f0e0d0c-0b0a-4908-8706-050403020100";
    let text = format!(
        "{{\n    \"node\": {{\n        \"id\": \"{id}\",\n        \"hostname\": \"edge-1\"\n    }},\n    \"token\": \
         \"{token}\",\n    \"rooms\" : [  ],\n    \"publicKey\" : \"{}\"\n}}\n",
        public.replace('\n', "\\n")
    );
    fs::write(&body, text).unwrap();
    let mut curl = std::process::Command::new("curl");
    curl.args(["--connect-timeout", "5", "-s", "-i", "-X", "PUT", "-d"])
        .arg(format!("@{}", body.display()))
        .arg("--cacert")
        .arg(cloud.ca_file())
        .arg(format!("{}/api/v1/spaces/nodes/{id}", cloud.url()))
        .env("no_proxy", "*");
    let Ok(output) = curl.output() else { return println!("skipped: there is no curl") };
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && answer.starts_with("HTTP/1.1 204 No Content\r\n"), "{answer} {output:?}");
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn faults_are_listed_and_a_wrong_one_is_refused() {
    let machine = Machine::new();
    let ended = machine.run(&["cloud", "--list-faults"]);
    assert_eq!(ended.code, 0);
    for name in ["status-503", "no-pingresp", "connack-0x87", "tls-expired", "missing-topic"] {
        assert!(ended.stdout.lines().any(|line| line.starts_with(name)), "{name}");
    }
    let ended = machine.run(&["cloud", "--fault", "nonsense"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("there is no fault \"nonsense\""), "{ended:?}");
}
