//! `aclk fleet`: many devices in one process, against `aclk cloud` in another.

use crate::support::*;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// How many; the tests run beside others on small machines.
const DEVICES: usize = 50;

/// `aclk cloud` with a state, and what it printed.
struct Cloud {
    daemon: Daemon,
    printed: Value,
    machine: Machine,
}

impl Cloud {
    fn start() -> Self {
        let machine = Machine::new();
        let state = machine.root().join("cloud");
        // It has these ports again when it begins anew.
        let [listen, admin] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
        let mut arguments = vec!["cloud", "--state", state.to_str().unwrap(), "--json", "--quiet"];
        arguments.extend(["--listen", &listen, "--admin", &admin]);
        let daemon = Daemon::start(machine.command(&arguments));
        daemon.wait_for("\"url\"", 0);
        let printed = serde_json::from_str(daemon.said().lines().next().unwrap()).unwrap();
        Self { daemon, printed, machine }
    }

    fn text(&self, key: &str) -> &str {
        self.printed[key].as_str().unwrap()
    }

    /// The administrator's page with the credential.
    fn page(&self) -> String {
        format!("{}#{}", self.text("admin_url"), self.text("admin_token"))
    }

    /// `aclk fleet` at this Cloud, with one key: making one takes seconds in a debug build.
    fn fleet(&self, more: &[String]) -> Ended {
        let mut arguments = vec!["fleet".to_owned(), format!("--cloud={}", self.text("url")), "--keys=1".to_owned()];
        arguments.extend_from_slice(more);
        self.machine.run(&arguments)
    }

    fn series(&self) -> PathBuf {
        self.machine.root().join("series.csv")
    }
}

/// What a device may be told when the Cloud ends in the middle of an exchange, is away, or is back and has all of them
/// to serve at once.
const OF_A_RESTART: [&str; 7] = [
    "refused",
    "reset",
    "closed the connection",
    "server no longer takes data",
    ": no answer within ",
    "tls: no complete handshake within ",
    "http: no complete reply within ",
];

fn devices(count: usize) -> String {
    format!("--devices={count}")
}

#[test]
fn all_come_online_and_all_come_back_after_the_cloud_was_restarted() {
    let cloud = Cloud::start();
    let pid = cloud.daemon.pid();
    let series = format!("--series={}", cloud.series().display());
    let more = ["--hold=0", "--restart-cloud=1", "--json"].map(str::to_owned);
    let ended = cloud.fleet(&[&more[..], &[devices(DEVICES), format!("--admin={}", cloud.page()), series]].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    let json = ended.json();
    assert_eq!((json["devices"].as_u64(), json["online"].as_u64()), (Some(50), Some(50)), "{json}");
    assert!(json["cloud_away_ms"] == 1_000.0 && json["online_again_after_ms"].is_number(), "{json}");
    assert!(json["attempts"].as_u64().unwrap() >= 50, "each tried again: {json}");
    assert!(json["bytes_per_device"].as_u64().unwrap() > 0 && json["cloud_bytes_per_device"].as_u64().unwrap() > 0);
    assert_eq!(json["deviations"], 0, "{json}");
    // Each lost its link once, and was told of nobody listening: nothing else went wrong.
    for failure in json["failures"].as_array().unwrap() {
        let why = failure["why"].as_str().unwrap();
        assert!(why.starts_with("link, ") || OF_A_RESTART.iter().any(|cause| why.contains(cause)), "{json}");
    }
    assert!(ended.stderr.contains("restart"), "{ended:?}");

    let table = fs::read_to_string(cloud.series()).unwrap();
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == names.len()), "{table}");
    let column = |name: &str| names.iter().position(|known| *known == name).unwrap();
    assert_eq!(rows.last().unwrap()[column("online")], "50", "{table}");
    let phases: Vec<&str> = rows.iter().map(|row| row[column("phase")]).collect();
    assert!(phases.contains(&"start") && phases.contains(&"restart"), "{table}");

    // The same process, and all the nodes that it had before.
    assert_eq!(cloud.daemon.pid(), pid);
    assert!(
        cloud.daemon.said().lines().filter(|line| line.contains("\"url\"")).count() == 2,
        "{}",
        cloud.daemon.said()
    );
    let (status, _) = cloud.daemon.stop();
    assert!(status.success());
}

#[test]
fn with_a_token_each_device_claims() {
    let cloud = Cloud::start();
    let (token, ca) = (format!("--token={}", cloud.text("token")), format!("--ca={}", cloud.text("ca")));
    let ended = cloud.fleet(&[devices(3), token, ca, "--hold=0".to_owned()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("\nonline      3 of 3, after "), "{ended:?}");
    assert!(!ended.stdout.contains(cloud.text("token")) && !ended.stdout.contains("deviations"), "{ended:?}");
}

#[test]
fn what_cannot_be_is_said_before_thousands_run_into_it() {
    let cloud = Cloud::start();
    let admin = || format!("--admin={}", cloud.page());
    let of = |more: &[String]| {
        let ended = cloud.fleet(more);
        (ended.code, ended.stderr)
    };
    for (list, code, reason) in [
        (vec![devices(0), admin()], 1, "config: --devices is not a number from 1 to 1000000"),
        (vec![admin()], 1, "config: --devices is missing"),
        (vec![devices(1)], 1, "config: neither --token nor --admin: no device can become a node"),
        (vec![devices(1), "--token=x".to_owned(), "--restart-cloud=1".to_owned()], 1, "--restart-cloud needs --admin"),
        (vec![devices(1), admin(), "--cloud=http://localhost:1".to_owned()], 1, "config: --cloud: "),
        (
            vec![devices(1), admin(), "--cloud=https://192.0.2.1:443".to_owned()],
            1,
            "is not on this machine at 127.0.0.1",
        ),
        (vec![devices(1), "--admin=http://127.0.0.1:1/".to_owned()], 1, "with its credential"),
        (vec![devices(1), format!("{}x", admin())], 7, "the administrator's API at "),
        (
            vec![devices(9), admin(), "--cloud=https://localhost:1".to_owned()],
            4,
            "tcp: the first device: 127.0.0.1:1: ",
        ),
        (vec![devices(9), "--token=wrong".to_owned(), format!("--ca={}", cloud.text("ca"))], 7, "the first device: "),
        (vec![devices(9), "--token=x".to_owned()], 4, "tls: "),
    ] {
        let (ended, stderr) = of(&list);
        assert_eq!(ended, code, "{list:?}: {stderr}");
        assert!(stderr.contains(reason), "{list:?}: {stderr}");
    }
}

/// Without the right to raise the limit; root may.
#[test]
fn who_may_not_open_so_many_files_is_told_what_to_do() {
    let cloud = Cloud::start();
    let mut command = std::process::Command::new("sh");
    // In a user namespace of its own nobody has any rights over limits.
    let line = "ulimit -n 512; exec unshare --user \"$0\" fleet --devices=1000 --cloud=https://localhost:1 --token=x";
    command.args(["-c", line, ACLK]);
    if !have(&["unshare"]) {
        return;
    }
    let ended = run(cloud.machine.around(command, &[] as &[&str]));
    if ended.stderr.contains("unshare") {
        println!("skipped: no user namespaces here: {}", ended.stderr);
        return;
    }
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("1000 devices need 1064 open files, and this process may have 512"), "{ended:?}");
    assert!(ended.stderr.contains("ask for at most 448 devices"), "{ended:?}");
}
