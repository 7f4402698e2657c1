//! `aclk unclaim`: what it removes, what it leaves, and whom it tells.

use crate::support::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The names in the claim directory.
fn files(machine: &Machine) -> BTreeSet<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    fs::read_dir(machine.file("")).unwrap().map(name).collect()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_running_daemon_takes_its_leave_and_what_a_person_put_there_stays() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    fs::write(machine.file("rooms"), "a-room").unwrap();
    let id = machine.claimed_id();
    let listen = format!("127.0.0.1:{}", free_port());
    let link = Daemon::start(machine.command(&["run", &format!("--listen={listen}")]));
    link.wait_for("ACLK: live as", 0);

    let ended = machine.run(&["unclaim", "--yes"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{ended:?}");
    let told = format!("This machine was unclaimed: it is no longer the node {id} at {}.\n", cloud.url());
    assert!(ended.stderr.starts_with(&told), "{ended:?}");
    assert!(ended.stderr.contains("The daemon has taken its leave of the Cloud"), "{ended:?}");
    assert!(ended.stderr.contains("Kept: rooms, cloud_fullchain.pem\n"), "{ended:?}");
    assert!(ended.stderr.contains("give the claim a new id: -id=$(uuidgen)"), "{ended:?}");
    assert_eq!(files(&machine), names(&["cloud_fullchain.pem", "rooms"]));
    wait_until("the Cloud forgets it", || cloud.with(|cloud, _| cloud.view()).nodes.is_empty());
    assert_eq!(machine.status().0, 5);
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);

    // The daemon belongs to the Cloud of its settings again, and can be claimed.
    let info = http(&listen, "/api/v3/info");
    assert_eq!(info["agents"][0]["cloud"]["url"], "https://app.netdata.cloud", "{info}");
    let ended = machine.claim(&cloud, &[]);
    assert_eq!(ended.code, 0, "the Cloud has forgotten it: {ended:?}");
    wait_until("it is online again", || machine.status().0 == 0);
}

#[test]
fn without_a_daemon_the_cloud_keeps_the_node_and_a_new_claim_needs_a_new_id() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let id = machine.claimed_id();
    let ended = machine.run(&["unclaim", "--yes", "--json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    assert_eq!(
        ended.json(),
        json!({
            "was": "claimed",
            "claimed_id": id,
            "url": cloud.url(),
            "removed": ["claimed_id", "cloud.conf", "public.pem", "private.pem"],
            "kept": ["cloud_fullchain.pem"],
            "daemon": "not running",
            "cloud_told": false,
            "others": [],
            "notes": [],
            "failure": null,
        })
    );
    assert_eq!(cloud.with(|cloud, _| cloud.view()).nodes.len(), 1);
    let ended = machine.claim(&cloud, &[]);
    assert_eq!(ended.code, 13, "the Cloud knows it with another key: {ended:?}");
    let ended = machine.claim(&cloud, &["-id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn what_is_not_claimed_says_so_and_what_the_next_claim_needs_stays() {
    let machine = Machine::new();
    let claim_dir = machine.file("");
    for missing in [true, false] {
        if missing {
            fs::remove_dir(&claim_dir).unwrap();
        } else {
            fs::create_dir(&claim_dir).unwrap();
            fs::write(machine.file("rooms"), "a").unwrap();
        }
        let ended = machine.run(&["unclaim"]);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (0, "This machine is not claimed: there is nothing to remove.\n")
        );
        assert_eq!(claim_dir.exists(), !missing);
    }
    let ended = machine.run(&["unclaim", "--json"]);
    assert_eq!((ended.code, &ended.json()["was"]), (0, &json!("unclaimed")));
    // A token is what an unclaimed daemon claims with.
    fs::write(machine.file("token"), "a-token").unwrap();
    let ended = machine.run(&["unclaim", "--yes"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("This machine is still claimed, or will be at the next start, by "), "{ended:?}");
    assert!(ended.stderr.contains("claim.d/token") && !ended.stderr.contains("a-token"), "{ended:?}");
    assert_eq!(files(&machine), names(&["rooms", "token"]));
}

#[test]
fn a_claim_that_is_open_is_explained_and_given_up() {
    let cloud = cloud("cut@claim*3");
    let machine = Machine::trusting(&cloud);
    let ended = machine.claim(&cloud, &[]);
    assert!(ended.code != 0 && machine.file("pending").exists(), "{ended:?}");
    let ended = machine.run(&["unclaim", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("is given up. Whether the Cloud has accepted it is not known"), "{ended:?}");
    assert_eq!(files(&machine), names(&["cloud_fullchain.pem"]));
}

#[test]
fn whatever_else_claims_this_machine_is_named() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    // As a real Agent keeps it.
    let agents = machine.root().join("lib/cloud.d");
    fs::create_dir_all(&agents).unwrap();
    for name in ["claimed_id", "cloud.conf", "private.pem"] {
        fs::copy(machine.file(name), agents.join(name)).unwrap();
    }
    let before = fs::read_dir(&agents).unwrap().count();
    let mut command = machine.command(&["unclaim", "--yes", "--json"]);
    command.env("NETDATA_CLAIM_TOKEN", "a-token").env("NETDATA_CLAIM_URL", cloud.url());
    let ended = run(command);
    assert_eq!(ended.code, 3, "{ended:?}");
    let others = ended.json()["others"].as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().join(" ");
    assert!(others.contains("lib/cloud.d, the identity of a Netdata Agent"), "{others}");
    assert!(others.contains("NETDATA_CLAIM_TOKEN") && !others.contains("a-token"), "{others}");
    assert_eq!(fs::read_dir(&agents).unwrap().count(), before, "that of the Agent is not ours to remove");
    assert_eq!(files(&machine), names(&["cloud_fullchain.pem"]));
}

/// The daemon has another command line and environment than whoever unclaims.
#[test]
fn what_a_running_daemon_claims_with_is_named_too() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let claim = claim_arguments(&cloud).join(" ");
    let link = Daemon::start(machine.called("netdata", &["-D", "--listen=off", "-W", &claim]));
    link.wait_for("ACLK: live as", 0);
    let ended = machine.run(&["unclaim", "--yes", "--json"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(ended.json()["others"], json!(["-W \"claim …\""]));
    wait_until("it is claimed again", || machine.status().0 == 0);
}

#[test]
fn nothing_is_removed_before_somebody_said_yes() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let (before, id) = (files(&machine), machine.claimed_id());
    for arguments in [&["unclaim"][..], &["unclaim", "--json"]] {
        let ended = machine.run(arguments);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(
            format!("{ended:?}").contains("nothing was removed") && format!("{ended:?}").contains("--yes"),
            "{ended:?}"
        );
    }
    assert_eq!(machine.run(&["unclaim", "--force"]).code, 1);
    assert_eq!(files(&machine), before);
    if !have(&["script"]) {
        return;
    }
    // In front of a terminal.
    for (answer, code) in [("no", 1), ("", 1), ("yes", 0)] {
        let line = format!("{ACLK} unclaim");
        let mut command = machine.around(Command::new("sh"), &["-c"]);
        command.arg(format!("echo {answer} | script -qec '{line}' /dev/null"));
        let ended = run(command);
        assert_eq!(ended.code, code, "{answer}: {ended:?}");
        let asked = format!("This removes the node {id} at {}, and its key for good. Go on? [y/N]", cloud.url());
        assert!(ended.stdout.contains(&asked), "{ended:?}");
        assert_eq!(files(&machine) == before, code == 1, "{answer}");
        let told = "it shows the node as offline until somebody removes it there";
        assert_eq!(ended.stdout.contains(told), code == 0, "{ended:?}");
    }
}

#[test]
fn damaged_files_do_not_stop_it() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    fs::write(machine.file("claimed_id"), "half an i").unwrap();
    fs::write(machine.file("pending"), [0xff, 0xfe]).unwrap();
    let ended = machine.run(&["unclaim", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("What was left of an identity is removed."), "{ended:?}");
    assert_eq!(files(&machine), names(&["cloud_fullchain.pem"]));
}

/// A key that was replaced while something else could not be read is used all the same, once it can.
#[test]
fn a_change_is_not_forgotten_while_another_file_cannot_be_read() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    let seen = link.wait_for("ACLK: live as", 0);
    let conf = machine.file("cloud.conf");
    fs::rename(&conf, machine.file("away")).unwrap();
    fs::create_dir(&conf).unwrap();
    let other = Machine::new();
    let mut openssl = Command::new("openssl");
    openssl.args(["genrsa", "-out"]).arg(other.file("private.pem")).arg("2048");
    assert_eq!(run(openssl).code, 0);
    fs::rename(other.file("private.pem"), machine.file("private.pem")).unwrap();
    let seen = link.wait_for("cloud.conf is not a regular file", seen);
    fs::remove_dir(&conf).unwrap();
    fs::rename(machine.file("away"), &conf).unwrap();
    let seen = link.wait_for("the claim directory was changed: claimed as", seen);
    // The Cloud knows another one.
    link.wait_for("private.pem was replaced since this id was claimed", seen);
}

/// The JSON that the local API at `address` answers.
fn http(address: &str, path: &str) -> Value {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}
