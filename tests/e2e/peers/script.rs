//! The documented claiming script, as Debian ships it, claims at the emulated Cloud.
//!
//! The copy is changed in three ways: what compares two constants (the build of Debian has the Cloud switched
//! off) is passed over, and the directories of the system become those of the test.

use super::debian::{NETDATA, Unpacked};
use super::program;
use crate::support::*;
use aclk_cloud::server::Handle;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

/// The script as it is in the package, and the version of the package. Prints why if there is none.
fn original() -> Option<(String, String)> {
    if !have(&["bash", "curl", "openssl"]) {
        return None;
    }
    let unpacked = Unpacked::new(&[NETDATA])?;
    let script = fs::read_to_string(unpacked.file("usr/sbin/netdata-claim.sh")).unwrap();
    Some((script, unpacked.version))
}

/// The original script on a machine of its own.
struct Script {
    machine: Machine,
}

impl Script {
    fn new(original: &str, cloud: &Handle) -> Self {
        let machine = Machine::new();
        let root = machine.root().to_str().unwrap().to_owned();
        let sbin = format!("{root}/sbin");
        fs::create_dir_all(format!("{root}/lib/cloud.d")).unwrap();
        fs::create_dir_all(&sbin).unwrap();
        fs::write(format!("{root}/lib/cloud.d/cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
        let changed = original.lines().map(|line| if compares_constants(line) { "if false; then" } else { line });
        let changed = changed.collect::<Vec<_>>().join("\n");
        let changed =
            changed.replace("/usr/sbin/", &format!("{sbin}/")).replace("/var/lib/netdata", &format!("{root}/lib"));
        fs::write(format!("{sbin}/claim"), changed + "\n").unwrap();
        // The daemon, as far as the script speaks to it: it is told, and says nothing.
        let daemon = format!("#!/bin/sh\necho \"$@\" >> {root}/told\n");
        fs::write(format!("{sbin}/netdatacli"), daemon).unwrap();
        fs::set_permissions(format!("{sbin}/netdatacli"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { machine }
    }

    fn claim(&self, cloud: &Handle) -> Ended {
        run(self.command(cloud, |_| true))
    }

    /// The script with those arguments that are `wanted`.
    fn command(&self, cloud: &Handle, wanted: impl Fn(&str) -> bool) -> Command {
        let mut command: Command = program("bash");
        let whoami = program("id").arg("-un").output().unwrap();
        let user = String::from_utf8(whoami.stdout).unwrap();
        command
            .arg(self.machine.root().join("sbin/claim"))
            .args(claim_arguments(cloud)[1..].iter().filter(|argument| wanted(argument)));
        command.arg(format!("-user={}", user.trim())).env("NETDATA_VARLIB_DIR", self.machine.root().join("lib"));
        command.env("HOSTNAME", "script-1").env("no_proxy", "*");
        command
    }

    fn file(&self, name: &str) -> PathBuf {
        self.machine.root().join("lib/cloud.d").join(name)
    }
}

/// Whether a line is an `if` that compares two constants.
fn compares_constants(line: &str) -> bool {
    let Some(inside) = line.strip_prefix("if [ ").and_then(|rest| rest.strip_suffix(" ]; then")) else { return false };
    let words: Vec<&str> = inside.split(' ').collect();
    let is_constant = |word: &str| word.starts_with('"') && word.ends_with('"') && !word.contains('$');
    words.len() == 3 && is_constant(words[0]) && is_constant(words[2])
}

#[test]
fn the_documented_script_claims_at_the_emulated_cloud() {
    let Some((original, version)) = original() else { return };
    let cloud = cloud("");
    let script = Script::new(&original, &cloud);
    let ended = script.claim(&cloud);
    println!("{NETDATA} {version}: exit {}: {}", ended.code, ended.stderr.lines().last().unwrap_or_default());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.ends_with("Node was successfully claimed.\n"), "{ended:?}");

    let claimed_id = fs::read_to_string(script.file("claimed_id")).unwrap();
    let view = cloud.with(|cloud, _| cloud.view());
    let node = view.node(&claimed_id).unwrap();
    assert_eq!((node.hostname.as_str(), node.rooms.len(), view.nodes.len()), ("script-1", 2, 1));
    assert_eq!(node.machine_guid.as_ref(), Some(&claimed_id));
    let public = fs::read_to_string(script.file("public.pem")).unwrap();
    let registered = cloud.with(|cloud, _| cloud.state().nodes[&claimed_id].public_key.clone());
    assert_eq!(registered.trim(), public.trim());
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
    assert!(fs::read_to_string(script.machine.root().join("told")).unwrap().ends_with("reload-claiming-state\n"));

    // What the script leaves behind is an identity that aclk can use.
    let aclk = &script.machine;
    for name in ["claimed_id", "private.pem", "public.pem", "cloud.conf", "cloud_fullchain.pem"] {
        fs::copy(script.file(name), aclk.file(name)).unwrap();
    }
    let link = aclk.start(&[]);
    link.wait_for(&format!("ACLK: online as {claimed_id}"), 0);
    assert!(link.stop().0.success());
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

/// The exit codes of v1.22 to v1.47 (protocol.md 1.7).
const EXIT_CODES: [(&str, i32); 11] = [
    ("err-invalid-node-id", 8),
    ("err-invalid-node-name", 9),
    ("err-invalid-room-id", 10),
    ("err-invalid-public-key", 11),
    ("err-forbidden", 12),
    ("err-already-claimed", 13),
    ("err-processing-claim", 14),
    ("err-internal-server-error", 15),
    ("err-gateway-timeout", 16),
    ("err-service-unavailable", 17),
    ("err-unknown-key", 7),
];

#[test]
fn every_error_key_makes_the_documented_script_end_with_its_exit_code() {
    let Some((original, version)) = original() else { return };
    println!("{NETDATA} {version}");
    for (fault, code) in EXIT_CODES {
        let cloud = cloud(&format!("{fault}@claim"));
        let script = Script::new(&original, &cloud);
        let ended = script.claim(&cloud);
        println!("{fault:28} exit {:2}: {}", ended.code, ended.stderr.lines().last().unwrap_or_default());
        assert_eq!(ended.code, code, "{fault}: {ended:?}");
        assert!(!script.file("claimed_id").exists(), "{fault}");
        assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), [], "{fault}");
    }
}

/// The script speaks to a daemon of ours in place of the original: it asks it for the Cloud, tells it of the claim, and lets
/// it read the identity that it has put into `cloud.d`.
#[test]
fn a_daemon_of_ours_is_claimed_by_the_documented_script_and_comes_online() {
    let Some((original, version)) = original() else { return };
    println!("{NETDATA} {version}");
    let cloud = cloud("");
    let script = Script::new(&original, &cloud);
    let machine = &script.machine;
    for name in ["netdatacli", "netdata"] {
        let link = machine.root().join("sbin").join(name);
        let _ = fs::remove_file(&link);
        symlink(ACLK, &link).unwrap();
    }
    machine.configure(&format!("[cloud]\n  cloud base url = {}\n", cloud.url()));
    let link =
        Daemon::start(machine.around(Command::new(machine.root().join("sbin/netdata")), &["-D", "--listen=off"]));
    link.wait_for("not claimed; waiting", 0);
    link.wait_for("listens for commands at", 0);

    // Without -url: it asks the daemon.
    let mut command = script.command(&cloud, |argument| !argument.starts_with("-url="));
    command.env("NETDATA_RUN_DIR", machine.root().join("run"));
    let ended = run(command);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.ends_with("Node was successfully claimed.\n"), "{ended:?}");
    assert!(!ended.stderr.contains("Unable to communicate"), "it had an answer to every question: {ended:?}");
    let claimed_id = fs::read_to_string(script.file("claimed_id")).unwrap();
    link.wait_for(&format!("ACLK: online as {claimed_id}"), 0);
    assert!(link.said().contains("lib/cloud.d, the identity of a Netdata Agent"), "{}", link.said());
    assert!(!machine.file("claimed_id").exists(), "nothing is copied");
    assert!(link.stop().0.success());
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}
