//! Machines that are copies of one another, identity included.

use crate::support::*;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// `aclk run` where `/etc/machine-id` says this.
fn start_as(machine: &Machine, machine_id: &str) -> Daemon {
    let file = machine.root().join("machine-id");
    fs::write(&file, format!("{machine_id}\n")).unwrap();
    let script = format!("mount --bind {} /etc/machine-id && exec {ACLK} run --listen=off", file.display());
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]);
    Daemon::start(machine.around(command, &[""; 0]))
}

fn can_be_another_machine() -> bool {
    if !have(&["unshare", "mount"]) {
        return false;
    }
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root || !Path::new("/etc/machine-id").is_file() {
        println!("skipped: only root can give this machine another id, and only if it has one");
        return false;
    }
    true
}

#[test]
fn a_disk_that_turns_up_in_another_machine_is_explained_and_not_refused() {
    if !can_be_another_machine() {
        return;
    }
    const HERE: &str = "1111111111111111aaaaaaaaaaaaaaaa";
    const THERE: &str = "2222222222222222bbbbbbbbbbbbbbbb";
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let warning = "warning: this identity was last used on another machine (a cloned disk, volume or container?)";
    for _ in 0..2 {
        let at_home = start_as(&machine, HERE);
        at_home.wait_for("ACLK: live as", 0);
        assert_eq!(machine.status().1["warning"], serde_json::Value::Null);
        let said = at_home.stop().1;
        assert!(!said.contains("warning"), "{said}");
    }
    let copy = machine.copy();
    let elsewhere = start_as(&copy, THERE);
    elsewhere.wait_for(warning, 0);
    elsewhere.wait_for("ACLK: live as", 0);
    let (code, status) = copy.status();
    assert_eq!(code, 0, "it is online: {status}");
    let text = status["warning"].as_str().unwrap();
    assert!(text.contains("claim it again with a new -id"), "{text}");
    let state = copy.state();
    assert_eq!((&state["online"], &state["warning"]), (&true.into(), &status["warning"]));
    let shown = copy.run(&["aclk-state"]).stdout;
    assert!(shown.ends_with(&format!("\nWarning: {text}\n")), "{shown}");
    elsewhere.stop();
    // It is at home there now; a record without the id itself.
    let again = start_as(&copy, THERE);
    again.wait_for("ACLK: live as", 0);
    assert!(!again.stop().1.contains("warning"));
    let record = fs::read_to_string(copy.root().join("lib/aclk/last-used-on")).unwrap();
    assert!(record.contains(&copy.claimed_id()) && !record.contains(THERE), "{record}");
}

/// What is told of a takeover while it lasts: `link::a_copied_machine_takes_the_session_over_and_the_first_stays_away`.
#[test]
fn whoever_was_thrown_out_by_a_copy_says_so_even_when_it_is_back() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let copy = machine.copy();
    let mut command = machine.command(&["run", "--listen=127.0.0.1:0"]);
    command.env("HOSTNAME", "first");
    let first = Daemon::start(command);
    first.wait_for("ACLK: live as", 0);
    let second = copy.start(&[]);
    second.wait_for("ACLK: live as", 0);
    let seen = first.wait_for("hint: another machine uses this identity (a cloned disk, volume or container)", 0);
    second.stop();
    // Nobody need wait for ten minutes.
    assert_eq!(machine.netdatacli(&["reload-claiming-state"]).code, 0);
    first.wait_for("ACLK: online as", seen);
    let state = machine.state();
    let warning = state["warning"].as_str().unwrap_or_default();
    assert!(state["online"] == true && warning.contains("another machine uses this identity"), "{state}");
    assert_eq!(machine.status().1["warning"], warning);
    let said = first.said();
    let url = said.lines().find_map(|line| line.split_once("status page at http://")).unwrap().1;
    let address = url.trim_end_matches('/').parse().unwrap();
    let history = crate::local_api::get(address, "/api/aclk/history").json();
    assert_eq!(history["warning"], warning);

    // Claimed anew, it has an identity of its own.
    let ended = machine.claim(&cloud, &["-id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    first.wait_for("ACLK: online as aaaaaaaa", seen);
    assert_eq!((&machine.state()["warning"], &machine.status().1["warning"]), (&().into(), &().into()));
}
