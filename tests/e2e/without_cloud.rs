//! The program as it is built without claiming and link: what it still does, and how it says what it does not.

use crate::local_api::{Client, address, page_of};
use crate::support::{ACLK, Daemon, Ended, Machine, run, wait_until};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What everything that needs the link is refused with.
const WITHOUT: &str = "this program was built without cloud features";
const REINSTALL: &str = "install it again without --disable-cloud";

/// A machine with that program under all its names.
struct Without {
    machine: Machine,
    names: PathBuf,
}

impl Without {
    /// `None` if nobody has built it; a test that asks is then skipped.
    fn new() -> Option<Self> {
        let program = Path::new(ACLK).parent().and_then(Path::parent).unwrap().join("without-cloud/aclk");
        if !program.is_file() {
            println!("skipped: there is no build without cloud (cargo xtask test without-cloud makes it)");
            return None;
        }
        let machine = Machine::new();
        let names = machine.root().join("sbin");
        std::fs::create_dir(&names).unwrap();
        for name in ["aclk", "netdata", "netdatacli", "netdata-claim.sh"] {
            symlink(&program, names.join(name)).unwrap();
        }
        Some(Self { machine, names })
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        self.machine.around(Command::new(self.names.join(name)), arguments)
    }

    fn run(&self, name: &str, arguments: &[&str]) -> Ended {
        run(self.command(name, arguments))
    }
}

#[test]
fn a_claim_is_refused_with_the_way_out() {
    let Some(without) = Without::new() else { return };
    for (name, arguments) in [("aclk", &["claim", "-token=T0KEN"][..]), ("netdata-claim.sh", &["-token=T0KEN"])] {
        let ended = without.run(name, arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{ended:?}");
        assert!(ended.stderr.contains(WITHOUT) && ended.stderr.contains(REINSTALL), "{ended:?}");
        assert!(!ended.stderr.contains("T0KEN"), "{ended:?}");
    }
    let mut left = std::fs::read_dir(without.machine.file("")).unwrap();
    assert!(left.next().is_none(), "nothing was made for a claim that is not to be");
    let status = without.run("aclk", &["status"]);
    assert_eq!(status.code, 5, "{status:?}");
    assert!(status.stdout.contains(WITHOUT), "{status:?}");
    let tap = without.run("aclk", &["run", "--net", "tap:tap0"]);
    assert_eq!(tap.code, 1);
    assert!(tap.stderr.contains("this program was built without it"), "{tap:?}");
}

#[test]
fn the_local_api_answers_as_always_and_says_that_there_is_no_cloud() {
    let Some(without) = Without::new() else { return };
    // Of a machine that had been claimed by another build.
    std::fs::write(without.machine.file("claimed_id"), "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
    let arguments = ["-D", "--listen=127.0.0.1:0", "-W", "claim -token=T0KEN -rooms=a"];
    let daemon = Daemon::start(without.command("netdata", &arguments));
    daemon.wait_for("listens for commands at ", 0);
    daemon.wait_for("Refusing to claim agent", 0);
    assert!(daemon.said().contains(WITHOUT), "{}", daemon.said());

    let mut client = Client::connect(address(&page_of(&daemon)));
    let info = client.get("/api/v1/info").json();
    for key in ["cloud-enabled", "cloud-available", "agent-claimed", "aclk-available"] {
        assert_eq!(info[key], false, "{key}");
    }
    assert!(client.get("/api/v1/charts").json()["charts"]["system.cpu"].is_object());
    let second = "/api/v1/data?chart=system.cpu&after=-1&format=csv";
    wait_until("a measured second", || {
        let csv = client.get(second).body;
        csv.lines().count() > 1 && !csv.contains("null")
    });

    let state = without.run("netdatacli", &["aclk-state"]);
    assert_eq!((state.code, state.stdout.as_str()), (0, "ACLK Available: No\n"), "{state:?}");
    let state = without.run("netdatacli", &["aclk-state", "json"]);
    assert_eq!(state.json(), serde_json::json!({"aclk-available": false}));
    let reload = without.run("netdatacli", &["reload-claiming-state"]);
    assert_eq!(reload.code, 1, "{reload:?}");
    assert!(format!("{}{}", reload.stdout, reload.stderr).contains(WITHOUT), "{reload:?}");
    assert_eq!(without.run("netdatacli", &["ping"]).code, 0, "it is still there");
}

#[test]
fn the_doctor_says_that_there_is_no_cloud_and_how_to_get_another_program() {
    let Some(without) = Without::new() else { return };
    let ended = without.run("aclk", &["doctor"]);
    assert_eq!(ended.code, 20, "{ended:?}");
    let said = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&format!("FAIL config {WITHOUT}")), "{ended:?}");
    assert!(said.to_lowercase().contains(REINSTALL), "{ended:?}");
}
