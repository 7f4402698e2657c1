//! The claim directory is writable for the user that Netdata runs as. That user must not make root read, change or give away
//! other people's files.

use super::*;
use std::os::unix::fs::{DirBuilderExt, lchown};

const SECRET: &str = "the-secret-of-root";

/// A claimed machine that root is about to claim anew, and a file of root's that is nobody's business.
fn victim(cloud: &Handle) -> (Machine, PathBuf) {
    let machine = machine_with_users(Machine::trusting(cloud));
    give(&machine.root().join("etc/claim.d"), NETDATA);
    let secret = machine.root().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    (machine, secret)
}

fn assert_untouched(secret: &Path, ended: &Ended, what: &str) {
    assert_eq!(owner(secret), (0, 0, 0o600), "{what}: {ended:?}");
    assert_eq!(fs::read_to_string(secret).unwrap(), format!("{SECRET}\n"), "{what}: {ended:?}");
    assert!(!format!("{ended:?}").contains(SECRET), "{what}: {ended:?}");
}

/// A link as the user that Netdata runs as would make it.
fn plant(secret: &Path, path: &Path) {
    let _ = fs::remove_file(path);
    symlink(secret, path).unwrap();
    lchown(path, Some(NETDATA), Some(NETDATA)).unwrap();
}

#[test]
fn links_in_the_claim_directory_lead_root_nowhere() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let names = ["private.pem", "public.pem", "claimed_id", "cloud.conf", "node_id", "pending", "token", "rooms"];
    let temporary = names.map(|name| format!(".{name}.new"));
    let names = names.iter().map(|name| (*name).to_owned()).chain(temporary).chain(["cloud_fullchain.pem".to_owned()]);
    for name in names {
        for is_hard in [false, true] {
            let (machine, secret) = victim(&cloud);
            let path = machine.file(&name);
            if is_hard {
                let _ = fs::remove_file(&path);
                fs::hard_link(&secret, &path).unwrap();
            } else {
                plant(&secret, &path);
            }
            events(&cloud);
            let what = format!("{name}, {}", if is_hard { "hard" } else { "symbolic" });
            // The token is not given where it is the file that it would come from.
            let ended = if name == "token" || name == "rooms" {
                let url = format!("-url={}", cloud.url());
                let token = format!("-token={}", cloud.with(|cloud, _| cloud.token().to_owned()));
                let other = if name == "token" { "-rooms=" } else { token.as_str() };
                aclk(&machine, 0, &["claim", &url, other])
            } else {
                claim(&machine, &cloud, 0, &[])
            };
            assert_untouched(&secret, &ended, &what);
            if is_hard {
                // Our name for it may be gone, that of root is not.
                assert!(secret.exists());
            }
            assert!(!events(&cloud).iter().any(|event| event.contains(SECRET)), "{what}");
            let is_temporary = name.starts_with('.');
            let is_needed = !is_temporary && !matches!(name.as_str(), "public.pem" | "node_id");
            assert!(ended.code == if is_needed { 2 } else { 0 } || name == "claimed_id", "{what}: {ended:?}");
            if is_needed && name != "claimed_id" {
                let why =
                    if is_hard { "is a second name (hard link)" } else { "is a symbolic link made by another user" };
                assert!(ended.stderr.contains(why), "{what}: {ended:?}");
            }
        }
    }
}

#[test]
fn what_is_no_file_stops_root_and_nothing_hangs() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    for name in ["private.pem", "claimed_id", "cloud.conf", "pending", "token", ".pending.new"] {
        for kind in ["fifo", "directory"] {
            let (machine, secret) = victim(&cloud);
            let path = machine.file(name);
            let _ = fs::remove_file(&path);
            if kind == "fifo" {
                let mut mkfifo = Command::new("mkfifo");
                mkfifo.arg(&path);
                assert_eq!(run(mkfifo).code, 0);
            } else {
                fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
            }
            give(&path, NETDATA);
            let url = format!("-url={}", cloud.url());
            let ended = match name {
                "token" => aclk(&machine, 0, &["claim", &url]),
                _ => claim(&machine, &cloud, 0, &[]),
            };
            assert_untouched(&secret, &ended, name);
            // A FIFO with the name of a temporary file is removed like any other.
            let code = if name.starts_with('.') && kind == "fifo" { 0 } else { 2 };
            assert_eq!(ended.code, code, "{name} {kind}: {ended:?}");
        }
    }
}

#[test]
fn a_directory_that_is_a_link_of_another_user_is_not_given_away() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let (machine, _) = victim(&cloud);
    let precious = machine.root().join("precious");
    fs::DirBuilder::new().mode(0o700).create(&precious).unwrap();
    fs::create_dir(machine.root().join("lib")).unwrap();
    // In static installations all of this belongs to the user.
    for place in ["etc", "lib"] {
        give(&machine.root().join(place), NETDATA);
    }
    fs::rename(machine.file(""), machine.root().join("etc/away")).unwrap();
    for place in ["etc/claim.d", "lib/registry"] {
        let place = machine.root().join(place);
        plant(&precious, &place);
        let ended = claim(&machine, &cloud, 0, &[]);
        assert!(matches!(ended.code, 2 | 18), "{ended:?}");
        assert!(ended.stderr.contains("is a symbolic link made by another user"), "{ended:?}");
        assert_eq!(owner(&precious), (0, 0, 0o700), "{ended:?}");
        assert_eq!(fs::read_dir(&precious).unwrap().count(), 0, "{ended:?}");
        fs::remove_file(&place).unwrap();
        fs::create_dir(&place).unwrap();
        give(&place, NETDATA);
        machine.give_key();
    }
    let state = machine.root().join("lib/aclk");
    plant(&precious, &state);
    let ended = run(as_user(&machine, 0, "netdata", &["-D".to_owned(), "--listen=off".to_owned()]));
    assert!(ended.code == 2 && ended.stderr.contains("lib/aclk is a symbolic link"), "{ended:?}");
    assert_eq!(owner(&precious), (0, 0, 0o700));
}

/// Who owns the directory above may give another name to a directory that he may not even look into.
#[test]
fn a_directory_of_root_that_another_user_has_moved_is_not_given_away() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let (machine, _) = victim(&cloud);
    let precious = machine.root().join("etc/ssl");
    fs::DirBuilder::new().mode(0o700).create(&precious).unwrap();
    for name in ["private.pem", "key.pem"] {
        fs::write(precious.join(name), SECRET).unwrap();
        fs::set_permissions(precious.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    // In static installations this belongs to the user.
    chown(machine.root().join("etc"), Some(NETDATA), Some(NETDATA)).unwrap();
    fs::rename(machine.file(""), machine.root().join("etc/away")).unwrap();
    fs::rename(&precious, machine.file("")).unwrap();
    let netdata = ["-D".to_owned(), "--listen=off".to_owned()];
    let attempts: [&dyn Fn() -> Ended; 3] =
        [&|| claim(&machine, &cloud, 0, &[]), &|| aclk(&machine, 0, &["unclaim", "--yes"]), &|| {
            run(as_user(&machine, 0, "netdata", &netdata))
        }];
    for attempt in attempts {
        let ended = attempt();
        assert!(ended.code == 2 && ended.stderr.contains("may have been moved there by another user"), "{ended:?}");
        assert_eq!(owner(&machine.file("")), (0, 0, 0o700), "{ended:?}");
        for name in ["private.pem", "key.pem"] {
            assert_eq!(owner(&machine.file(name)), (0, 0, 0o600), "{ended:?}");
        }
    }
}

/// Whoever can open a directory can lock it, and a lock can be held for ever.
#[test]
fn a_stranger_keeps_nobody_from_claiming_and_starting() {
    if !can_change_users() || !have(&["flock"]) {
        return;
    }
    let cloud = cloud("");
    let (machine, _) = victim(&cloud);
    for place in ["lib/aclk", "lib/registry"] {
        fs::create_dir_all(machine.root().join(place)).unwrap();
    }
    give(&machine.root().join("lib"), NETDATA);
    let strangers = ["lib/aclk", "lib/registry"].map(|place| hold(&machine.root().join(place), ALICE));
    let ended = claim(&machine, &cloud, 0, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let netdata = ["-D".to_owned(), "--listen=off".to_owned()];
    let ended = aclk(&machine, NETDATA, &["status"]);
    assert!(ended.stdout.contains("Running: No"), "{ended:?}");
    let mut command = as_user(&machine, 0, "netdata", &netdata);
    command.env("SSL_CERT_FILE", cloud.ca_file());
    let daemon = Daemon::start(command);
    daemon.wait_for("runs as the user netdata", 0);
    let lock = machine.root().join("lib/aclk/lock");
    assert_eq!(owner(&lock), (NETDATA, NETDATA, 0o600));
    for user in [NETDATA, 0] {
        let ended = aclk(&machine, user, &["status"]);
        assert!(ended.stdout.contains("Running: Yes, as netdata (pid "), "{user}: {ended:?}");
    }
    for stranger in strangers {
        stranger.stop();
    }
}

/// Root may be killed between making the file and giving it to the user.
#[test]
fn a_lock_that_root_left_behind_is_no_obstacle_and_one_that_root_holds_is_one() {
    if !can_change_users() || !have(&["flock"]) {
        return;
    }
    let cloud = cloud("");
    let (machine, _) = victim(&cloud);
    fs::create_dir_all(machine.root().join("lib/aclk")).unwrap();
    give(&machine.root().join("lib"), NETDATA);
    let lock = machine.root().join("lib/aclk/lock");
    fs::write(&lock, "").unwrap();
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o600)).unwrap();
    let arguments = ["run", "--listen=off"];
    let holder = hold(&lock, 0);
    let ended = aclk(&machine, NETDATA, &arguments);
    assert!(ended.code == 2 && ended.stderr.contains("lib/aclk is in use by sleep (pid "), "{ended:?}");
    holder.stop();
    let daemon = Daemon::start(as_user(&machine, NETDATA, "aclk", &arguments.map(str::to_owned)));
    wait_until("the lock is that of the user", || lock.exists() && owner(&lock) == (NETDATA, NETDATA, 0o600));
    daemon.wait_for("not claimed", 0);
    daemon.stop();
    assert!(!lock.exists(), "it goes with the daemon");
}

/// A process of `user` that has locked `path`.
fn hold(path: &Path, user: u32) -> Daemon {
    let mut command = Command::new("setpriv");
    command.args(["--clear-groups".to_owned(), format!("--reuid={user}"), format!("--regid={user}")]);
    command.args(["flock", "--no-fork"]).arg(path).args(["sh", "-c", "echo locked >&2; exec sleep infinity"]);
    let holder = Daemon::start(command);
    holder.wait_for("locked", 0);
    holder
}

/// Whoever may write in the directory that has a file can give that another place, unread.
#[test]
fn a_file_of_root_that_another_user_has_moved_is_neither_told_nor_given_away() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    for name in ["token", "rooms"] {
        let (machine, secret) = victim(&cloud);
        fs::rename(&secret, machine.file(name)).unwrap();
        events(&cloud);
        let url = format!("-url={}", cloud.url());
        let token = format!("-token={}", cloud.with(|cloud, _| cloud.token().to_owned()));
        let other = if name == "token" { "-rooms=" } else { token.as_str() };
        let ended = aclk(&machine, 0, &["claim", &url, other]);
        assert!(ended.code == 2 && ended.stderr.contains("is closed to the user that Netdata runs as"), "{ended:?}");
        assert_untouched(&machine.file(name), &ended, name);
        assert!(!events(&cloud).iter().any(|event| event.contains(SECRET)), "{name}");
    }
    // What root puts into a directory of his own is meant.
    let (machine, secret) = victim(&cloud);
    fs::remove_file(&secret).unwrap();
    chown(machine.file(""), Some(0), Some(0)).unwrap();
    fs::write(machine.file("token"), cloud.with(|cloud, _| cloud.token().to_owned())).unwrap();
    fs::set_permissions(machine.file("token"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = as_user(&machine, 0, "aclk", &["claim".to_owned(), format!("-url={}", cloud.url())]);
    command.env("SSL_CERT_FILE", cloud.ca_file());
    let ended = run(command);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn a_directory_of_root_that_another_user_has_moved_to_the_state_of_the_daemon_is_not_given_away() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let (machine, secret) = victim(&cloud);
    let state = machine.root().join("lib/aclk");
    fs::create_dir(machine.root().join("lib")).unwrap();
    chown(machine.root().join("lib"), Some(NETDATA), Some(NETDATA)).unwrap();
    fs::DirBuilder::new().mode(0o700).create(&state).unwrap();
    fs::rename(secret, state.join("secret")).unwrap();
    let ended = run(as_user(&machine, 0, "netdata", &["-D".to_owned(), "--listen=off".to_owned()]));
    assert!(ended.code == 2 && ended.stderr.contains("lib/aclk belongs to root, has other files"), "{ended:?}");
    assert_eq!(owner(&state), (0, 0, 0o700), "{ended:?}");
}

/// Who reads it would decide when root goes on.
#[test]
fn a_fifo_of_another_user_is_no_log_for_root() {
    if !can_change_users() {
        return;
    }
    let (machine, _) = victim(&cloud(""));
    let log = machine.root().join("log");
    fs::create_dir(&log).unwrap();
    let mut mkfifo = Command::new("mkfifo");
    mkfifo.arg(log.join("error.log"));
    assert_eq!(run(mkfifo).code, 0);
    give(&log, NETDATA);
    let _reader = fs::OpenOptions::new().read(true).write(true).open(log.join("error.log")).unwrap();
    let mut netdata = as_user(&machine, 0, "netdata", &["--listen=off".to_owned()]);
    netdata.env("NETDATA_LOG_DIR", &log);
    let ended = run(netdata);
    // It logs beside its state instead, and runs in the background.
    let end = run(as_user(&machine, 0, "netdatacli", &["shutdown-agent".to_owned()]));
    assert_eq!(end.code, 0, "{end:?} {ended:?}");
    assert!(ended.stderr.contains("log/error.log is not a regular file"), "{ended:?}");
}

/// Whoever owns the configuration would choose whose rights a root run works with, and to whom it gives files.
#[test]
fn the_owner_of_netdata_conf_does_not_choose_another_user_for_root() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let (machine, _) = victim(&cloud);
    machine.configure("[global]\n\trun as user = alice\n");
    for (owner_of_file, user) in [(ALICE, ALICE), (NETDATA, NETDATA), (0, ALICE)] {
        chown(machine.root().join("etc/netdata.conf"), Some(owner_of_file), Some(owner_of_file)).unwrap();
        let ended = aclk(&machine, 0, &["unclaim", "--yes"]);
        let is_ignored =
            ended.stderr.contains("does not count for root, as the file or its directory belongs to netdata");
        assert_eq!(is_ignored, owner_of_file == NETDATA, "{ended:?}");
        assert_eq!(owner(&machine.file("")).0, user, "{ended:?}");
    }
    // Nor a group.
    machine.configure(&format!("[global]\n\trun as user = {NETDATA}:0\n"));
    chown(machine.root().join("etc/netdata.conf"), Some(NETDATA), Some(NETDATA)).unwrap();
    let ended = aclk(&machine, 0, &["unclaim", "--yes"]);
    assert!(ended.stderr.contains("does not count for root"), "{ended:?}");
    assert_eq!(owner(&machine.file("")).1, NETDATA, "{ended:?}");
}
