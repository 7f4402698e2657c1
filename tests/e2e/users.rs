//! Who may claim, whose the files are, and with whose rights a daemon works: with users of their own, in a mount namespace
//! with a private `/etc/passwd`.

mod daemon;
mod files;
mod hostile;

use crate::support::*;
use aclk_cloud::server::Handle;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user that Netdata runs as.
pub(crate) const NETDATA: u32 = 64_001;
/// Another one.
pub(crate) const ALICE: u32 = 64_002;
/// A group that the first one belongs to, too.
const READERS: u32 = 64_003;

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/sh
netdata:x:64001:64001::/nonexistent:/bin/false
alice:x:64002:64002::/nonexistent:/bin/sh
";
const GROUP: &str = "\
root:x:0:
netdata:x:64001:
alice:x:64002:
readers:x:64003:netdata
";

/// Whether this may be tried: users are changed by root only, and mounts are made in namespaces.
pub(crate) fn can_change_users() -> bool {
    if !have(&["unshare", "mount", "setpriv"]) {
        return false;
    }
    let mut try_it = Command::new("unshare");
    try_it.args(["-m", "setpriv", "--reuid=64001", "--regid=64001", "--clear-groups", "true"]);
    let tried = run(try_it);
    if tried.code != 0 {
        println!("skipped: not root, or no namespaces here: {}", tried.stderr.trim());
    }
    tried.code == 0
}

/// A machine with users, on which others than root may look into the directories.
pub(crate) fn machine_with_users(machine: Machine) -> Machine {
    for (name, text) in [("passwd", PASSWD), ("group", GROUP)] {
        fs::write(machine.root().join(name), text).unwrap();
    }
    open_to_all(machine.root());
    machine
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The program, where everybody can start it, under `name`.
pub(crate) fn program(machine: &Machine, name: &str) -> PathBuf {
    let everybody = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o001 != 0;
    let (all, path) = (machine.root().join("aclk"), machine.root().join("bin").join(name));
    if !path.exists() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        open_to_all(path.parent().unwrap());
        if Path::new(ACLK).ancestors().all(everybody) {
            symlink(ACLK, &path).unwrap();
        } else {
            if !all.exists() {
                fs::copy(ACLK, &all).unwrap();
            }
            symlink(&all, &path).unwrap();
        }
    }
    path
}

/// The program under `name` on `machine`, among its users, run as the user of this number.
fn as_user(machine: &Machine, user: u32, name: &str, arguments: &[String]) -> Command {
    let script = "mount --bind \"$0/passwd\" /etc/passwd && mount --bind \"$0/group\" /etc/group && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private", "sh", "-c", script]).arg(machine.root());
    if user != 0 {
        command.args(["setpriv", "--clear-groups"]).args([format!("--reuid={user}"), format!("--regid={user}")]);
    }
    command.arg(program(machine, name));
    machine.around(command, arguments)
}

/// `aclk` with `arguments`, to its end.
fn aclk(machine: &Machine, user: u32, arguments: &[&str]) -> Ended {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    run(as_user(machine, user, "aclk", &arguments))
}

/// A claim at `cloud`, whose authority is known to the machine.
fn claim(machine: &Machine, cloud: &Handle, user: u32, more: &[&str]) -> Ended {
    let mut arguments = claim_arguments(cloud);
    arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
    let mut command = as_user(machine, user, "aclk", &arguments);
    command.env("SSL_CERT_FILE", cloud.ca_file());
    run(command)
}

/// User and group of `path`, and its rights.
fn owner(path: &Path) -> (u32, u32, u32) {
    let found = fs::symlink_metadata(path).unwrap();
    (found.uid(), found.gid(), found.permissions().mode() & 0o7777)
}

/// Gives `path` and all that is in it away.
fn give(path: &Path, user: u32) {
    let found = fs::symlink_metadata(path).unwrap();
    std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
    if found.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

/// Everything below `path`, itself included.
fn all_below(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_owned()];
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            all.extend(all_below(&entry.unwrap().path()));
        }
    }
    all
}

#[test]
fn only_root_and_the_user_that_netdata_runs_as_may_claim() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = machine_with_users(Machine::trusting(&cloud));
    give(&machine.root().join("etc"), NETDATA);
    // Nothing is in the way of alice but the rule.
    fs::set_permissions(machine.file(""), fs::Permissions::from_mode(0o777)).unwrap();
    let before = all_below(&machine.root().join("etc"));
    events(&cloud);
    for arguments in [&["-user="][..], &["-user=netdata"], &["-user=64001:64001"], &["-user=64001"]] {
        let ended = claim(&machine, &cloud, ALICE, arguments);
        assert_eq!(ended.code, 6, "{ended:?}");
        assert!(ended.stderr.contains("This script must be run by the netdata user account\n"), "{ended:?}");
        assert!(ended.stderr.contains("sudo su -s /bin/bash netdata"), "{ended:?}");
    }
    let ended = aclk(&machine, ALICE, &["unclaim", "--yes"]);
    assert!(ended.code == 6 && ended.stderr.contains("by the netdata user account"), "{ended:?}");
    let ended = claim(&machine, &cloud, ALICE, &["-user=bob"]);
    assert!(ended.code == 6 && ended.stderr.contains("there is no user bob on this machine"), "{ended:?}");
    assert_eq!(all_below(&machine.root().join("etc")), before, "nothing was made");
    assert!(!machine.root().join("lib").exists(), "nothing was made");
    assert_eq!(events(&cloud), Vec::<String>::new(), "nothing was sent");

    // The configuration counts before the default, and an argument before both.
    let conf = machine.root().join("etc/netdata.conf");
    fs::write(&conf, "[global]\n\trun as user = alice\n").unwrap();
    give(&machine.root().join("etc"), ALICE);
    fs::create_dir(machine.root().join("lib")).unwrap();
    give(&machine.root().join("lib"), ALICE);
    let ended = claim(&machine, &cloud, NETDATA, &[]);
    assert!(ended.code == 6 && ended.stderr.contains("by the alice user account"), "{ended:?}");
    let ended = claim(&machine, &cloud, ALICE, &["-user=netdata"]);
    assert!(ended.code == 6 && ended.stderr.contains("by the netdata user account"), "{ended:?}");
    let ended = claim(&machine, &cloud, ALICE, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    fs::remove_file(&conf).unwrap();
    let ended = claim(&machine, &cloud, ALICE, &["-user=alice"]);
    assert_eq!(ended.code, 13, "already claimed: {ended:?}");
}

#[test]
fn where_there_is_no_netdata_user_everybody_claims_for_themselves() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = machine_with_users(Machine::trusting(&cloud));
    fs::write(machine.root().join("passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
    fs::create_dir(machine.root().join("lib")).unwrap();
    for place in ["etc", "lib"] {
        give(&machine.root().join(place), ALICE);
    }
    let ended = claim(&machine, &cloud, ALICE, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(owner(&machine.file("claimed_id")), (ALICE, ALICE, 0o644));
}
