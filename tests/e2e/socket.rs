//! The run-time socket: `netdatacli` and `aclk aclk-state` ask a running daemon.

use crate::support::*;
use aclk_cloud::NodeState;
use aclk_cloud::server::{Options, Running};
use serde_json::{Value, json};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

impl Machine {
    fn socket(&self) -> PathBuf {
        self.root().join("run/netdata.pipe")
    }

    /// The program under the name `netdatacli`.
    pub(crate) fn netdatacli(&self, arguments: &[&str]) -> Ended {
        run(self.called("netdatacli", arguments))
    }

    /// `aclk aclk-state json` of a daemon that runs.
    pub(crate) fn state(&self) -> Value {
        let ended = self.run(&["aclk-state", "json"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
        ended.json()
    }

    /// What the daemon answers to these bytes, as it comes.
    fn say(&self, bytes: &[u8]) -> Vec<u8> {
        say(&self.socket(), bytes)
    }
}

fn say(socket: &Path, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // Who says too much is not listened to.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert!(matches!(error.kind(), ErrorKind::ConnectionReset), "{error}"),
    }
    answer
}

/// The time of day in UTC, as it is told.
pub(crate) fn utc() -> String {
    let mut date = Command::new("date");
    date.args(["-u", "+%F %T"]);
    run(date).stdout.trim().to_owned()
}

fn listening(machine: &Machine, more: &[&str]) -> Daemon {
    let link = machine.start(more);
    link.wait_for("listens for commands at", 0);
    link
}

#[test]
fn a_link_that_is_up_is_told_as_text_and_as_json() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = listening(&machine, &[]);
    link.wait_for("ACLK: live as", 0);
    wait_until("three PUBACKs", || !machine.state()["last-connect-time-puback-utc"].is_null());
    let id = fs::read_to_string(machine.file("claimed_id")).unwrap();
    let state = machine.state();
    assert_eq!(
        (&state["online"], &state["agent-claimed"], &state["claimed-id"]),
        (&json!(true), &json!(true), &json!(id))
    );
    assert_eq!((&state["cloud-url"], &state["reconnect-count"]), (&json!(cloud.url()), &json!(0)));
    assert!(state["received-mqtt-pubacks"].as_u64().unwrap() >= 3, "{state}");
    assert!(state["publish_latency_us"].as_u64().unwrap() > 0, "{state}");
    let node = cloud.with(|cloud, _| cloud.view()).nodes[0].instances[0].node_id.clone();
    assert_eq!(state["node-instances"][0]["node-id"], json!(node));

    let text = machine.run(&["aclk-state"]);
    assert_eq!((text.code, text.stderr.as_str()), (0, ""));
    assert!(text.stdout.starts_with("ACLK Available: Yes\nACLK Version: 2\n"), "{}", text.stdout);
    assert!(text.stdout.contains(&format!("\nClaimed Id: {id}\n")) && text.stdout.contains("\nOnline: Yes\n"));
    assert!(text.stdout.ends_with("\t\tAlert snapshot count: 0\n"), "{}", text.stdout);
    let cli = machine.netdatacli(&["aclk-state", "json"]);
    assert_eq!(cli.json()["claimed-id"], state["claimed-id"]);
    let status = machine.status().1;
    assert_eq!(status["node_id"], json!(node));
}

/// Times for people are those of the daemon's zone, which a static binary has to find by itself.
#[test]
fn text_has_local_time_and_json_has_utc() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let mut command = machine.command(&["run"]);
    command.env("TZ", "XYZ-14");
    let before = utc();
    let link = Daemon::start(command);
    link.wait_for("ACLK: online as", 0);
    let told = machine.state()["last-connect-time-utc"].as_str().unwrap().to_owned();
    assert!(before <= told && told <= utc(), "{told}");
    let text = machine.run(&["aclk-state"]).stdout;
    let local = text.lines().find_map(|line| line.strip_prefix("Last Connection Time: ")).unwrap();
    let hour = |time: &str| time[11..13].parse::<u32>().unwrap();
    assert_eq!((hour(&told) + 14) % 24, hour(local), "{told} and {local}");
    assert_eq!(told[13..], local[13..]);
}

#[test]
fn every_command_has_its_answer_and_its_exit_code() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let link = listening(&machine, &[]);
    let said = |arguments: &[&str]| {
        let ended = machine.netdatacli(arguments);
        (ended.code, ended.stdout, ended.stderr)
    };
    assert_eq!(said(&["ping"]), (0, "pong\n".to_owned(), String::new()));
    let (code, version, _) = said(&["version"]);
    assert!(code == 0 && version.starts_with("aclk "), "{version}");
    let (code, help, _) = said(&["help"]);
    assert!(code == 0 && help.contains("reload-claiming-state"), "{help}");
    for unknown in [&["reload-health"][..], &["nonsense", "and", "more"], &["PING"], &[" "], &["aclk-state", "yaml"]] {
        let (code, stdout, stderr) = said(unknown);
        assert!(code == 1 && stdout.is_empty() && !stderr.is_empty(), "{unknown:?}: {code} {stdout} {stderr}");
    }
    assert_eq!(said(&[]).0, 1);
    assert_eq!(said(&[&"x".repeat(9_000)]).0, 1);
    // The bytes, and the rules of the original about blanks and beginnings.
    for ping in [&b"ping "[..], b"ping", b"  ping", b"pingpong"] {
        assert_eq!(machine.say(ping), b"X0\0Opong\0");
    }
    assert!(machine.say(b"").starts_with(b"X1\0E"));
    assert_eq!(link.stop().0.code(), Some(0));
}

#[test]
fn where_no_daemon_runs_that_is_said_and_what_to_do() {
    let machine = Machine::new();
    for (ended, code) in [(machine.run(&["aclk-state"]), 3), (machine.netdatacli(&["ping"]), 255)] {
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{ended:?}");
        assert!(ended.stderr.contains("no daemon answers at") && ended.stderr.contains("aclk run"), "{ended:?}");
    }
    assert_eq!(machine.netdatacli(&["help"]).code, 0, "that needs no daemon");
    assert_eq!(machine.run(&["aclk-state", "--jsn"]).code, 1);
    assert!(machine.run(&["aclk-state", "--help"]).stdout.contains("usage: aclk aclk-state"));
}

#[test]
fn a_cloud_that_was_away_and_came_back_is_a_reconnect() {
    let machine = Machine::new();
    let (kept, listen) = (machine.root().join("cloud"), ([127, 0, 0, 1], free_port()).into());
    let start = || Running::start(Options { listen, state: Some(kept.clone()), ..Options::default() }).unwrap();
    let first = start();
    fs::write(machine.file("cloud_fullchain.pem"), first.ca_pem()).unwrap();
    machine.give_key();
    assert_eq!(machine.claim(&first, &[]).code, 0);
    let link = listening(&machine, &[]);
    let seen = link.wait_for("ACLK: live as", 0);
    drop(first);
    let seen = link.wait_for("ACLK: offline: ", seen);
    let away = machine.state();
    assert_eq!((&away["online"], &away["reconnect-count"]), (&json!(false), &json!(0)));
    for key in ["stage", "reason", "next-step", "last-disconnect-time-utc", "last-connect-time-utc"] {
        assert!(away[key].is_string(), "{key}: {away}");
    }
    assert!(away["last-backoff-value"].as_f64().unwrap() >= 1.0, "{away}");
    let _second = start();
    link.wait_for("ACLK: online as", seen);
    let back = machine.state();
    assert_eq!((&back["online"], &back["reconnect-count"], &back["reason"]), (&json!(true), &json!(1), &json!(null)));
    // The counters outlive a new beginning.
    assert_eq!(machine.netdatacli(&["reload-claiming-state"]).code, 0);
    assert_eq!(machine.state()["reconnect-count"], 2);
}

#[test]
fn a_reload_says_what_came_of_it() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let link = listening(&machine, &[]);
    let reload = || {
        let ended = machine.netdatacli(&["reload-claiming-state"]);
        (ended.code, format!("{}{}", ended.stdout, ended.stderr))
    };
    let told = |text: &str| (0, format!("Netdata Agent is {text}\n"));
    assert_eq!(reload(), told("not claimed to Netdata Cloud: Agent is not claimed yet"));
    assert_eq!(machine.claim(&cloud, &[]).code, 0);
    let online = told("claimed to Netdata Cloud and is currently online.");
    assert_eq!(reload(), online);
    assert_eq!(cloud.with(|cloud, _| cloud.view()).nodes[0].state, NodeState::Online);

    fs::write(machine.file("cloud_fullchain.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .unwrap();
    let (code, text) = reload();
    assert!(
        code == 0 && text.starts_with("Netdata Agent is claimed to Netdata Cloud, but it is currently offline: "),
        "{text}"
    );
    let state = machine.state();
    assert!(state["stage"].is_string() && state["reason"].as_str().unwrap().contains("cloud_fullchain.pem"), "{state}");
    fs::write(machine.file("cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
    assert_eq!(reload(), online);

    let conf = fs::read_to_string(machine.file("cloud.conf")).unwrap();
    fs::write(machine.file("cloud.conf"), conf.replace("enabled = yes", "enabled = no")).unwrap();
    let (code, text) = reload();
    assert!(code == 1 && text.contains("switched off by"), "{text}");
    fs::write(machine.file("cloud.conf"), conf).unwrap();
    assert_eq!(reload(), online);
    fs::remove_dir_all(machine.file("")).unwrap();
    assert_eq!(reload(), told("not claimed to Netdata Cloud: Agent is not claimed yet"));
    wait_until("the Cloud takes it out of its rooms", || cloud.with(|cloud, _| cloud.view()).nodes.is_empty());
    link.stop();
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn a_reload_lifts_a_ban_and_names_a_new_one() {
    let cloud = cloud("err-non-retryable@challenge*2");
    let machine = Machine::claimed(&cloud);
    let link = listening(&machine, &[]);
    link.wait_for("the Cloud asked not to retry", 0);
    assert_eq!(machine.state()["banned-by-cloud"], true);
    let banned = machine.netdatacli(&["reload-claiming-state"]);
    assert_eq!(banned.stdout, "Netdata Agent is claimed to Netdata Cloud, but it is banned.\n");
    let online = machine.netdatacli(&["reload-claiming-state"]);
    assert_eq!(online.stdout, "Netdata Agent is claimed to Netdata Cloud and is currently online.\n");
    assert_eq!(machine.state()["banned-by-cloud"], false);
}

#[test]
fn a_reload_waits_for_a_retry_that_is_near_and_not_for_one_that_is_far() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = listening(&machine, &[]);
    link.wait_for("ACLK: online as", 0);
    let add = |fault| cloud.with(|cloud, _| cloud.faults_mut().add(fault)).unwrap();
    add("err-retry-delay=3600@env*1");
    let far = machine.netdatacli(&["reload-claiming-state"]);
    assert!(
        far.stdout.contains("but it is currently offline: http: ") && far.stdout.contains("retry in 3600 s"),
        "{far:?}"
    );
    add("status-503@env*1");
    let near = machine.netdatacli(&["reload-claiming-state"]);
    assert!(near.stdout.ends_with("is currently online.\n"), "{near:?}");
}

#[test]
fn shutdown_ends_the_daemon_in_order() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = listening(&machine, &[]);
    link.wait_for("ACLK: live as", 0);
    assert_eq!(machine.netdatacli(&["shutdown-agent"]).code, 0);
    let (status, said) = link.wait();
    assert!(status.success() && said.ends_with("ACLK: ends"), "{said}");
    assert!(!machine.socket().exists());
    let events = events(&cloud);
    assert!(!events.iter().any(|event| event.contains("will")), "it said farewell: {events:?}");
}

#[test]
fn hostile_clients_hold_up_neither_others_nor_thelink() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let mut link = listening(&machine, &[]);
    link.wait_for("ACLK: live as", 0);

    let answer = machine.say(&vec![b'x'; 1 << 20]);
    assert!(answer.is_empty() || answer.starts_with(b"X1\0Ea command of more than 8191 bytes"), "{answer:?}");
    let mut longest = vec![b' '; 8_191];
    longest[..5].copy_from_slice(b"ping ");
    assert_eq!(machine.say(&longest), b"X0\0Opong\0");
    longest.push(b' ');
    assert!(machine.say(&longest).starts_with(b"X1\0E"));
    for garbage in [&b"\0\0\0"[..], b"\0ping", b"\xff\xfe", b"aclk-state \0json", b"\x1b[2J"] {
        let answer = machine.say(garbage);
        let records: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
        assert!(records.len() == 3 && records[0] == b"X1" && records[1][0] == b'E', "{answer:?}");
    }

    // Silent ones, many more than are attended to at a time, and some that say something and never come to an end.
    let connect = || UnixStream::connect(machine.socket()).unwrap();
    let mut crowd: Vec<UnixStream> = (0..100).map(|_| connect()).collect();
    for stream in crowd.iter_mut().take(20) {
        stream.write_all(b"aclk-state").unwrap();
    }
    assert_eq!(machine.netdatacli(&["ping"]).stdout, "pong\n");
    assert_eq!(machine.state()["online"], true);
    // Nobody was given anything without having asked.
    for stream in &mut crowd {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        assert_eq!(said, b"");
    }
    // Some that go away in the middle, and some that do not take their answer.
    for _ in 0..50 {
        connect().write_all(b"aclk").unwrap();
        let deaf = connect();
        (&deaf).write_all(b"aclk-state").unwrap();
        deaf.shutdown(Shutdown::Both).unwrap();
    }
    assert_eq!(machine.netdatacli(&["ping"]).stdout, "pong\n");
    assert!(link.is_running());
    let state = machine.state();
    assert_eq!((&state["online"], &state["reconnect-count"]), (&json!(true), &json!(0)), "the link was left alone");
    let open = fs::read_dir(format!("/proc/{}/fd", link.pid())).unwrap().count();
    assert!(open < 30, "{open} files are open");
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn a_socket_left_behind_by_a_killed_daemon_is_replaced() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let first = listening(&machine, &[]);
    first.signal("KILL");
    first.wait();
    assert!(fs::symlink_metadata(machine.socket()).unwrap().file_type().is_socket(), "left behind");
    let refused = machine.netdatacli(&["ping"]);
    assert!(refused.code == 255 && refused.stderr.contains("connection refused"), "{refused:?}");
    let second = listening(&machine, &[]);
    assert_eq!(machine.netdatacli(&["ping"]).stdout, "pong\n");
    second.stop();
    assert_eq!(fs::read_dir(machine.root().join("run")).unwrap().count(), 0);
}

#[test]
fn a_second_daemon_leaves_the_socket_of_the_first_alone_and_links_all_the_same() {
    let cloud = cloud("");
    let (first_machine, second_machine) = (Machine::trusting(&cloud), Machine::claimed(&cloud));
    let first = listening(&first_machine, &[]);
    let inode = fs::metadata(first_machine.socket()).unwrap().ino();
    let mut command = second_machine.command(&["run"]);
    command.env("NETDATA_PIPENAME", first_machine.socket());
    let second = Daemon::start(command);
    second.wait_for("note: another daemon listens at", 0);
    second.wait_for("ACLK: online as", 0);
    second.stop();
    assert_eq!(fs::metadata(first_machine.socket()).unwrap().ino(), inode);
    assert_eq!(first_machine.state()["agent-claimed"], false, "the first answers");
    first.stop();
}

#[test]
fn without_a_place_for_the_socket_the_link_is_held_all_the_same() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    fs::write(machine.root().join("run"), "a file").unwrap();
    let link = machine.start(&[]);
    link.wait_for("there is no run-time socket", 0);
    link.wait_for("ACLK: online as", 0);
    assert_eq!(machine.run(&["aclk-state"]).code, 3);
    assert!(link.stop().0.success());
    assert_eq!(fs::read_to_string(machine.root().join("run")).unwrap(), "a file");
}

/// Somebody else may be able to open the socket, if its rights were changed: that is not enough.
#[test]
fn another_user_is_not_answered() {
    if !have(&["setpriv"]) || fs::metadata("/proc/self").unwrap().uid() != 0 {
        return println!("skipped: only root can become somebody else");
    }
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let _link = listening(&machine, &[]);
    let program = machine.root().join("aclk");
    fs::copy(ACLK, &program).unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(machine.root(), 0o755);
    let as_user = |user: &str| {
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={user}"), "--clear-groups".to_owned()]).arg(&program);
        run(machine.around(command, &["aclk-state"]))
    };
    assert_eq!(as_user("0").code, 0);
    let refused = as_user("65534");
    assert!(refused.code == 3 && refused.stderr.contains("permission denied"), "{refused:?}");
    assert!(refused.stderr.contains("run this as root"), "{refused:?}");
    mode(&machine.socket(), 0o666);
    let ignored = as_user("65534");
    assert!(ignored.code == 3 && ignored.stdout.is_empty(), "{ignored:?}");
    assert_eq!(machine.netdatacli(&["ping"]).stdout, "pong\n");
}

#[test]
fn a_daemon_that_has_no_run_directory_listens_where_it_can_write() {
    if !have(&["setpriv"]) || fs::metadata("/proc/self").unwrap().uid() != 0 {
        return println!("skipped: only root can become somebody else");
    }
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let program = machine.root().join("aclk");
    fs::copy(ACLK, &program).unwrap();
    let status = Command::new("chown").args(["-R", "65534"]).arg(machine.root()).status().unwrap();
    assert!(status.success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--clear-groups"]).arg(program);
    let mut command = machine.around(command, &["run"]);
    command.env_remove("NETDATA_RUN_DIR");
    let link = Daemon::start(command);
    link.wait_for("; the run-time socket is elsewhere", 0);
    link.wait_for(&format!("listens for commands at {}/lib/aclk/netdata.pipe", machine.root().display()), 0);
    let mut command = machine.command(&["aclk-state", "json"]);
    command.env_remove("NETDATA_RUN_DIR");
    let told = run(command);
    assert_eq!((told.code, &told.json()["agent-claimed"]), (0, &json!(false)), "root asks the daemon of somebody else");
}
