//! With whose rights a daemon works that root has started.

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;

/// A claimed machine with users.
fn claimed(cloud: &Handle) -> Machine {
    let machine = machine_with_users(Machine::trusting(cloud));
    let ended = claim(&machine, cloud, 0, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    machine
}

fn start(machine: &Machine, name: &str, arguments: &[&str]) -> Daemon {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    Daemon::start(as_user(machine, 0, name, &arguments))
}

/// The lines `name:` in the status of every thread.
fn of_threads(daemon: &Daemon, name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for thread in fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap() {
        // A thread may end at any moment.
        let Ok(status) = fs::read_to_string(thread.unwrap().path().join("status")) else { continue };
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        lines.push(line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    lines
}

/// Every thread has the rights of the user and no others; more than one was seen.
fn assert_dropped(daemon: &Daemon) {
    let mut most = 0;
    // A thread that looks up names stays for some seconds.
    wait_until("a thread looks up a name", || {
        most = most.max(of_threads(daemon, "Uid:").len());
        most >= 2
    });
    let groups = format!("{NETDATA} {READERS}");
    for (name, expected) in [
        ("Uid:", format!("{NETDATA} {NETDATA} {NETDATA} {NETDATA}")),
        ("Gid:", format!("{NETDATA} {NETDATA} {NETDATA} {NETDATA}")),
        ("Groups:", groups),
        ("CapEff:", "0".repeat(16)),
        ("CapPrm:", "0".repeat(16)),
    ] {
        for found in of_threads(daemon, name) {
            assert_eq!(found, expected, "{name}");
        }
    }
}

#[test]
fn a_netdata_that_root_starts_becomes_its_user_in_all_threads() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = claimed(&cloud);
    // A port that only root may listen on, at an address that nobody else uses.
    fs::write(machine.root().join("etc/netdata.conf"), "[web]\n\tbind to = 127.0.0.77:81\n").unwrap();
    let link = start(&machine, "netdata", &["-D"]);
    let at = link.wait_for("runs as the user netdata from here on", 0);
    assert_dropped(&link);
    link.wait_for("ACLK: live as", at);
    let said = link.said();
    let position = |text: &str| said.lines().position(|line| line.contains(text)).unwrap();
    assert!(position("127.0.0.77:81") < position("runs as the user"), "{said}");

    let mut browser = TcpStream::connect("127.0.0.77:81").unwrap();
    browser.write_all(b"GET /api/v1/info HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    browser.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");

    // What it writes from now on is its own, and its user may command it.
    assert_eq!(owner(&machine.file("node_id")), (NETDATA, NETDATA, 0o644));
    assert_eq!(owner(&machine.root().join("run/netdata.pipe")), (NETDATA, NETDATA, 0o600));
    for path in ["log", "log/error.log", "lib/aclk"] {
        assert_eq!(owner(&machine.root().join(path)).0, NETDATA, "{path}");
    }
    for user in [NETDATA, 0] {
        let ended = aclk(&machine, user, &["aclk-state", "json"]);
        assert_eq!((ended.code, &ended.json()["online"]), (0, &true.into()), "{ended:?}");
    }
    assert_eq!(aclk(&machine, ALICE, &["aclk-state"]).code, 3);
    let (status, said) = link.stop();
    assert!(status.success(), "{said}");
    assert!(!machine.root().join("run/netdata.pipe").exists() && !machine.root().join("lib/aclk/link.json").exists());
}

#[test]
fn a_user_is_chosen_by_argument_or_configuration_and_aclk_run_stays_root_without() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = claimed(&cloud);
    for (name, arguments) in
        [("aclk", &["run", "--listen=off", "--user", "netdata"][..]), ("netdata", &["-D", "-u", "netdata"])]
    {
        let link = start(&machine, name, arguments);
        link.wait_for("runs as the user netdata from here on", 0);
        link.wait_for("ACLK: online as", 0);
        link.stop();
    }
    let link = start(&machine, "aclk", &["run", "--listen=off"]);
    link.wait_for("note: runs as root; with --user netdata it gives these rights up", 0);
    link.wait_for("ACLK: live as", 0);
    assert_eq!(of_threads(&link, "Uid:")[0], "0 0 0 0");
    // What root writes for that user is the user's all the same.
    for path in ["etc/claim.d/node_id", "lib/aclk", "lib/aclk/link.json"] {
        assert_eq!(owner(&machine.root().join(path)).0, NETDATA, "{path}");
    }
    link.stop();
    fs::write(machine.root().join("etc/netdata.conf"), "[global]\n\trun as user = netdata\n").unwrap();
    let link = start(&machine, "aclk", &["run", "--listen=off"]);
    link.wait_for("runs as the user netdata from here on", 0);
    // It obeys a signal from its first word on.
    let (status, said) = link.stop();
    assert!(status.success() && said.ends_with("ACLK: ends"), "{status}: {said}");
    let unknown = run(as_user(&machine, 0, "netdata", &["-u".to_owned(), "bob".to_owned()]));
    assert!(unknown.code == 6 && unknown.stderr.contains("there is no user bob"), "{unknown:?}");
    let stranger = aclk(&machine, ALICE, &["run", "--user=netdata"]);
    assert!(stranger.code == 6 && stranger.stderr.contains("by the netdata user account"), "{stranger:?}");
}

#[test]
fn what_the_user_cannot_read_is_said_at_once() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = claimed(&cloud);
    // Root can read all of this.
    let conf = machine.root().join("etc/netdata.conf");
    fs::write(&conf, "[web]\n\tbind to = none\n").unwrap();
    fs::set_permissions(&conf, fs::Permissions::from_mode(0o600)).unwrap();
    let link = start(&machine, "netdata", &["-D"]);
    let at = link.wait_for("runs as the user netdata from here on", 0);
    link.wait_for(&format!("note: cannot read {0}: it belongs to root", conf.display()), at);
}

#[test]
fn a_stale_socket_of_a_daemon_under_root_is_no_obstacle() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = claimed(&cloud);
    let first = start(&machine, "aclk", &["run", "--listen=off"]);
    first.wait_for("listens for commands at", 0);
    first.signal("KILL");
    first.wait();
    assert_eq!(owner(&machine.root().join("run/netdata.pipe")).0, 0, "left behind");
    // As root has made it; a directory of that name is the run directory of Netdata.
    let mut command = as_user(&machine, 0, "netdata", &["-D".to_owned(), "--listen=off".to_owned()]);
    let run_dir = machine.root().join("netdata");
    fs::rename(machine.root().join("run"), &run_dir).unwrap();
    command.env("NETDATA_RUN_DIR", &run_dir);
    let second = Daemon::start(command);
    second.wait_for(&format!("listens for commands at {}", run_dir.join("netdata.pipe").display()), 0);
    assert_eq!(owner(&run_dir.join("netdata.pipe")).0, NETDATA);
    second.stop();
}

/// As in a container with empty volumes: root starts `netdata -W "claim …"`, and nothing is there yet.
#[test]
fn a_netdata_that_root_starts_claims_as_its_user_where_nothing_is_there_yet() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = machine_with_users(Machine::new());
    fs::remove_dir_all(machine.root().join("etc")).unwrap();
    let ca = machine.root().join("ca.pem");
    fs::write(&ca, cloud.ca_pem()).unwrap();
    let claim = claim_arguments(&cloud).join(" ");
    let arguments = ["-D", "--listen=off", "-W", &claim].map(str::to_owned);
    let mut command = as_user(&machine, 0, "netdata", &arguments);
    command.env("SSL_CERT_FILE", &ca);
    let link = Daemon::start(command);
    let at = link.wait_for_within(KEY_PATIENCE, "runs as the user netdata from here on", 0);
    link.wait_for_within(KEY_PATIENCE, "ACLK: live as", at);
    for path in all_below(&machine.file("")) {
        assert_eq!(owner(&path).0, NETDATA, "{}", path.display());
    }
    assert_eq!((owner(&machine.file("")).2, owner(&machine.file("private.pem")).2), (0o770, 0o600));
    // And somebody in the container claims anew, as root: docker exec.
    let ended = super::claim(&machine, &cloud, 0, &["-id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"]);
    assert!(ended.code == 0 && ended.stderr.contains("is currently online"), "{ended:?}");
    assert_eq!(owner(&machine.file("claimed_id")).0, NETDATA);
    link.stop();
}
