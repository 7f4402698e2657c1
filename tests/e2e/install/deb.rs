//! The package: what is in it, and what becomes of a system when it is installed, removed and purged.

use super::{tree, xtask};
use crate::support::{ACLK, Ended, Machine, have, run};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Mode, owner and path of everything in the package.
const CONTENT: &str = include_str!("deb.txt");

/// A system that has nothing but users and the database of its packages.
fn bare_system(machine: &Machine) -> PathBuf {
    let system = machine.root().join("system");
    for folder in ["etc", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log"] {
        fs::DirBuilder::new().recursive(true).mode(0o755).create(system.join(folder)).unwrap();
    }
    fs::write(system.join("var/lib/dpkg/status"), "").unwrap();
    fs::write(system.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
    fs::write(system.join("etc/group"), "root:x:0:\n").unwrap();
    fs::write(system.join("etc/shadow"), "root:*:19000:0:99999:7:::\n").unwrap();
    fs::write(system.join("etc/gshadow"), "root:*::\n").unwrap();
    system
}

fn dpkg(machine: &Machine, system: &Path, arguments: &[&str]) -> Ended {
    let mut command = machine.around(Command::new("dpkg"), &["--root"]);
    // What it depends on is not there, and its scripts run out here.
    command.arg(system).args(["--force-depends", "--force-script-chrootless", "--log=/dev/null"]).args(arguments);
    run(command)
}

#[test]
fn a_package_is_installed_removed_and_purged() {
    let machine = Machine::new();
    if !have(&["dpkg", "dpkg-deb", "strip"]) {
        return;
    }
    if run(machine.around(Command::new("id"), &["-u"])).stdout.trim() != "0" {
        return println!("skipped: only root can install packages");
    }
    // Nobody wants to wait until symbols are compressed.
    let program = machine.root().join("aclk");
    let mut strip = machine.around(Command::new("strip"), &["-o"]);
    strip.arg(&program).arg(ACLK);
    assert_eq!(run(strip).code, 0);
    let package = machine.root().join("aclk.deb");
    let (binary, output) = (program.to_str().unwrap(), package.to_str().unwrap());
    let made = xtask(&machine, &["deb", "--fast", "--binary", binary, "--output", output]);
    assert_eq!(made.code, 0, "{made:?}");

    let listed = run(machine.around(Command::new("dpkg-deb"), &["--contents".as_ref(), package.as_os_str()]));
    assert_eq!(content(&listed.stdout), CONTENT);
    let fields = run(machine.around(Command::new("dpkg-deb"), &["--field".as_ref(), package.as_os_str()])).stdout;
    for line in ["Package: aclk", "Conflicts: netdata, netdata-core", "Replaces: netdata, netdata-core"] {
        assert!(fields.lines().any(|field| field == line), "{fields}");
    }

    let system = bare_system(&machine);
    let installed = dpkg(&machine, &system, &["--install", package.to_str().unwrap()]);
    assert_eq!(installed.code, 0, "{installed:?}");
    let passwd = || fs::read_to_string(system.join("etc/passwd")).unwrap();
    let entry = passwd().lines().find(|line| line.starts_with("netdata:")).unwrap_or_default().to_owned();
    assert!(entry.ends_with(":aclk,Agent-Cloud-Link:/var/lib/netdata:/usr/sbin/nologin"), "{}", passwd());
    let id = |at: usize| entry.split(':').nth(at).unwrap().parse::<u32>().unwrap();
    for (path, mode) in [("etc/netdata/claim.d", 0o770), ("var/lib/netdata", 0o755), ("var/log/netdata", 0o755)] {
        let there = fs::metadata(system.join(path)).unwrap();
        let found = (there.uid(), there.gid(), there.permissions().mode() & 0o7777);
        assert_eq!(found, (id(2), id(3), mode), "{path}");
    }
    if have(&["deb-systemd-helper"]) {
        let wanted = system.join("etc/systemd/system/multi-user.target.wants/aclk.service");
        assert!(wanted.is_symlink(), "the service starts with the machine");
    }
    let called = machine.around(Command::new(system.join("usr/sbin/netdatacli")), &["ping"]);
    assert_eq!(run(called).code, 255, "nobody answers, as netdatacli has it");

    fs::write(system.join("etc/netdata/claim.d/claimed_id"), "an identity").unwrap();
    let removed = dpkg(&machine, &system, &["--remove", "aclk"]);
    assert_eq!(removed.code, 0, "{removed:?}");
    // Whether it was enabled is remembered too, where there is systemd.
    let left: Vec<String> = ours(&system).into_iter().filter(|path| !path.contains("/systemd/")).collect();
    assert_eq!(left, ["etc/logrotate.d/aclk", "etc/netdata/claim.d/claimed_id", "etc/netdata/netdata.conf"]);

    let purged = dpkg(&machine, &system, &["--purge", "aclk"]);
    assert_eq!(purged.code, 0, "{purged:?}");
    assert_eq!(ours(&system), Vec::<String>::new());
    assert!(!passwd().contains("netdata"), "{}", passwd());
    for folder in ["etc/netdata", "var/lib/netdata", "var/log/netdata"] {
        assert!(!system.join(folder).exists(), "{folder}");
    }
}

/// What `dpkg-deb --contents` says, without sizes and times.
fn content(listing: &str) -> String {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let (mode, owner) = (words.next()?, words.next()?);
        let path = words.skip(3).collect::<Vec<_>>().join(" ");
        Some(format!("{mode} {owner} {path}\n"))
    };
    let mut lines: Vec<String> = listing.lines().filter_map(line).filter(|line| !line.starts_with('d')).collect();
    lines.sort();
    lines.concat()
}

/// Files of the package and its daemon in `system`.
fn ours(system: &Path) -> Vec<String> {
    let is_of_others = |path: &String| path.starts_with("var/lib/dpkg/") || path.starts_with("var/log/dpkg");
    let users = ["passwd", "group", "shadow", "gshadow"].map(|name| format!("etc/{name}"));
    let is_users =
        |path: &String| users.iter().any(|user| path.trim_end_matches('-') == user) || path.contains(".lock");
    tree(system).into_keys().filter(|path| !is_of_others(path) && !is_users(path)).collect()
}
