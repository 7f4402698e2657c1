//! `cargo xtask install` and `cargo xtask deb`, with the program under test: what is where, whose it is, and what stays.

mod deb;

use crate::support::{ACLK, Ended, Machine, have, run};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// `cargo xtask` with these arguments, as somebody in a clone of the repository types it.
fn xtask(machine: &Machine, arguments: &[&str]) -> Ended {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = machine.around(Command::new(cargo), &["xtask"]);
    command.args(arguments).current_dir(ROOT);
    run(command)
}

/// `cargo xtask install` of the program under test into the folder `system` of `machine`.
fn install(machine: &Machine, more: &[&str]) -> Ended {
    let system = system(machine);
    let mut arguments = vec!["install", "--binary", ACLK, "--prefix", "/usr", "--destdir", system.to_str().unwrap()];
    arguments.extend(more);
    xtask(machine, &arguments)
}

fn system(machine: &Machine) -> PathBuf {
    machine.root().join("system")
}

/// Files and links below `folder`, each with its mode or its target.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let there = fs::symlink_metadata(&path).unwrap();
            if there.is_dir() {
                folders.push(path);
            } else if there.is_symlink() {
                found.insert(name, fs::read_link(&path).unwrap().display().to_string());
            } else {
                found.insert(name, format!("{:04o}", there.permissions().mode() & 0o7777));
            }
        }
    }
    found
}

/// What an installation below `/usr` has.
const INSTALLED: [(&str, &str); 11] = [
    ("etc/logrotate.d/aclk", "0644"),
    ("etc/netdata/netdata.conf", "0644"),
    ("usr/bin/aclk", "0755"),
    ("usr/lib/systemd/system/aclk.service", "0644"),
    ("usr/sbin/netdata", "../bin/aclk"),
    ("usr/sbin/netdata-claim.sh", "../bin/aclk"),
    ("usr/sbin/netdatacli", "../bin/aclk"),
    ("usr/share/bash-completion/completions/aclk", "0644"),
    ("usr/share/fish/vendor_completions.d/aclk.fish", "0644"),
    ("usr/share/man/man1/aclk.1", "0644"),
    ("usr/share/zsh/site-functions/_aclk", "0644"),
];

fn expected(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(path, what)| ((*path).to_owned(), (*what).to_owned())).collect()
}

#[test]
fn an_installation_has_every_name_and_the_second_one_changes_nothing() {
    let machine = Machine::new();
    let first = install(&machine, &[]);
    assert_eq!(first.code, 0, "{first:?}");
    assert_eq!(tree(&system(&machine)), expected(&INSTALLED));
    let cli = run(machine.around(Command::new(system(&machine).join("usr/sbin/netdatacli")), &["ping"]));
    assert_eq!((cli.code, cli.stdout.as_str()), (255, ""), "nobody answers, as netdatacli has it: {cli:?}");

    let inode = |path: &str| fs::metadata(system(&machine).join(path)).unwrap().ino();
    let before = (inode("usr/bin/aclk"), inode("usr/lib/systemd/system/aclk.service"));
    fs::write(system(&machine).join("etc/netdata/netdata.conf"), "[cloud]\n    proxy = env\n").unwrap();
    let second = install(&machine, &[]);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(!second.stdout.contains("written:"), "{second:?}");
    assert_eq!(before, (inode("usr/bin/aclk"), inode("usr/lib/systemd/system/aclk.service")));

    let removed = install(&machine, &["--uninstall"]);
    assert_eq!(removed.code, 0, "{removed:?}");
    // What somebody has written into it is theirs.
    assert_eq!(tree(&system(&machine)), expected(&[("etc/netdata/netdata.conf", "0644")]));
    assert_eq!(install(&machine, &["--uninstall"]).code, 0, "there is nothing left, which is what was wanted");
}

#[test]
fn a_unit_names_the_program_where_it_was_installed() {
    let machine = Machine::new();
    let installed = install(&machine, &["--prefix=/opt/aclk"]);
    assert_eq!(installed.code, 0, "{installed:?}");
    let unit = fs::read_to_string(system(&machine).join("etc/systemd/system/aclk.service")).unwrap();
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let program = command.split(' ').next().unwrap();
    assert!(program.starts_with("/opt/aclk/") && !unit.contains("/usr/sbin/netdata"), "{unit}");
    assert!(system(&machine).join(program.trim_start_matches('/')).exists(), "{unit}");
}

#[test]
fn files_of_a_real_agent_are_named_and_left_alone_unless_forced() {
    let machine = Machine::new();
    let sbin = system(&machine).join("usr/sbin");
    fs::create_dir_all(&sbin).unwrap();
    fs::write(sbin.join("netdata"), "an agent").unwrap();
    symlink("/opt/netdata/bin/netdatacli", sbin.join("netdatacli")).unwrap();
    let before = tree(&system(&machine));

    let refused = install(&machine, &[]);
    assert_eq!(refused.code, 1);
    for name in ["netdata", "netdatacli"] {
        let line = format!("{} belongs to another program", sbin.join(name).display());
        assert!(refused.stdout.contains(&line), "{refused:?}");
    }
    assert_eq!(tree(&system(&machine)), before);

    let forced = install(&machine, &["--force"]);
    assert_eq!(forced.code, 0, "{forced:?}");
    assert_eq!(tree(&system(&machine)), expected(&INSTALLED));

    fs::remove_file(sbin.join("netdata")).unwrap();
    fs::write(sbin.join("netdata"), "an agent that came later").unwrap();
    assert_eq!(install(&machine, &["--uninstall"]).code, 0);
    assert_eq!(tree(&system(&machine)).into_keys().collect::<Vec<_>>(), ["usr/sbin/netdata"]);
}

/// Root installs into a system whose `/etc` and `/var` are folders of the test, in a mount namespace.
const AS_ROOT: &str = r#"
set -eu
mkdir -p "$SYSTEM/etc" "$SYSTEM/var/lib" "$SYSTEM/var/log"
cp -a /etc/. "$SYSTEM/etc"
rm -rf "$SYSTEM/etc/netdata" "$SYSTEM/etc/logrotate.d/aclk" "$SYSTEM/etc/systemd"
for file in passwd group shadow gshadow; do sed -i /^netdata:/d "$SYSTEM/etc/$file"; done
mount --bind "$SYSTEM/etc" /etc
mount --bind "$SYSTEM/var/lib" /var/lib
mount --bind "$SYSTEM/var/log" /var/log
owner() { stat -c '%U:%G %04a %n' "$@"; }
install() { "$CARGO" xtask install --binary "$ACLK" --prefix "$SYSTEM/opt" "$@"; }
install > "$SYSTEM/first"
owner /etc/netdata /etc/netdata/claim.d /var/lib/netdata /var/log/netdata
getent passwd netdata | cut -d: -f5-7
test -f /etc/systemd/system/aclk.service && echo unit
# As somebody who is nobody else would have it: only this user may write there.
setpriv --reuid netdata --regid netdata --clear-groups sh -c 'echo id > /etc/netdata/claim.d/claimed_id && echo writable'
install > "$SYSTEM/second"
! grep -E '^(written|made):' "$SYSTEM/second" || exit 9
install --uninstall > /dev/null
owner /etc/netdata/claim.d/claimed_id
install --uninstall --purge > /dev/null
ls -d /etc/netdata /var/lib/netdata /var/log/netdata 2> /dev/null || echo no directory
getent passwd netdata || echo no user
"#;

#[test]
fn root_makes_the_user_and_its_directories_and_a_purge_takes_them_away() {
    let machine = Machine::new();
    if !have(&["unshare", "useradd", "setpriv", "getent"]) {
        return;
    }
    match run(machine.around(Command::new("unshare"), &["--mount", "true"])) {
        ended if ended.code == 0 => {}
        ended => return println!("skipped: {}", ended.stderr.trim()),
    }
    let system = system(&machine);
    fs::create_dir(&system).unwrap();
    // Another user has to reach the folders behind what is mounted.
    fs::set_permissions(machine.root(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&system, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = machine.around(Command::new("unshare"), &["--mount", "sh", "-c", AS_ROOT]);
    command.env("SYSTEM", &system).env("ACLK", ACLK).current_dir(ROOT);
    command.env("CARGO", std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let ended = run(command);
    let expected = "\
root:netdata 0755 /etc/netdata
netdata:netdata 0770 /etc/netdata/claim.d
netdata:netdata 0755 /var/lib/netdata
netdata:netdata 0755 /var/log/netdata
aclk,Agent-Cloud-Link:/var/lib/netdata:/usr/sbin/nologin
unit
writable
netdata:netdata 0644 /etc/netdata/claim.d/claimed_id
no directory
no user
";
    assert_eq!((ended.stdout.as_str(), ended.code), (expected, 0), "{}", ended.stderr);
}
