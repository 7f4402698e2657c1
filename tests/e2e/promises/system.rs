//! The documented lines with the documented paths, on a system of their own: in a mount namespace whose `/etc`, `/var/lib`,
//! `/var/log` and `/run` are folders of the test, with a user netdata and somebody else.

use super::{DONE, ID};
use crate::support::*;
use crate::users::{ALICE, NETDATA, can_change_users, machine_with_users, program};
use aclk_cloud::NodeState;
use aclk_cloud::server::Handle;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;

const ENTER: &str = r#"
for place in etc var/lib var/log run; do mount --bind "$SYSTEM/$place" "/$place" || exit 99; done
exec "$@"
"#;

/// A system on which `aclk` is installed as `cargo xtask install` leaves it, and is not running yet.
struct System {
    machine: Machine,
}

impl System {
    fn trusting(cloud: &Handle) -> Self {
        let system = Self { machine: machine_with_users(Machine::trusting(cloud)) };
        for place in ["etc/ssl/certs", "etc/netdata/claim.d", "var/lib/netdata", "var/log/netdata", "run/netdata"] {
            fs::create_dir_all(system.path(place)).unwrap();
        }
        for place in ["", "etc", "etc/netdata", "var", "var/lib", "var/log", "run"] {
            fs::set_permissions(system.path(place), fs::Permissions::from_mode(0o755)).unwrap();
        }
        for name in ["passwd", "group"] {
            fs::copy(system.machine.root().join(name), system.path("etc").join(name)).unwrap();
        }
        fs::write(system.path("etc/ssl/certs/ca-certificates.crt"), cloud.ca_pem()).unwrap();
        fs::write(system.path("etc/hosts"), "127.0.0.1 localhost\n").unwrap();
        // Others run beside this one, and may have the port.
        fs::write(system.path("etc/netdata/netdata.conf"), "[web]\n    mode = none\n").unwrap();
        for name in ["cloud_fullchain.pem", "private.pem"] {
            fs::copy(system.machine.file(name), system.path("etc/netdata/claim.d").join(name)).unwrap();
            system.give_to_netdata(&format!("etc/netdata/claim.d/{name}"));
        }
        for place in ["etc/netdata/claim.d", "var/lib/netdata", "var/log/netdata", "run/netdata"] {
            system.give_to_netdata(place);
        }
        for name in ["netdata", "netdatacli", "netdata-claim.sh", "aclk"] {
            program(&system.machine, name);
        }
        system
    }

    fn path(&self, path: &str) -> PathBuf {
        self.machine.root().join("system").join(path)
    }

    fn give_to_netdata(&self, path: &str) {
        chown(self.path(path), Some(NETDATA), Some(NETDATA)).unwrap();
    }

    /// A line of a shell, as somebody types it who is this user.
    fn types(&self, user: u32, line: &str) -> Ended {
        let mut command = Command::new("unshare");
        command.args(["-m", "--propagation", "private", "sh", "-c", ENTER, "sh"]);
        if user != 0 {
            command.args(["setpriv", "--clear-groups"]).args([format!("--reuid={user}"), format!("--regid={user}")]);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = self.machine.around(command, &["sh", "-c", line]);
        command
            .env("SYSTEM", self.path(""))
            .env("PATH", format!("{}:{path}", self.machine.root().join("bin").display()));
        for name in ["USER_CONFIG_DIR", "VARLIB_DIR", "RUN_DIR", "LOG_DIR"] {
            command.env_remove(format!("NETDATA_{name}"));
        }
        run(command)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("var/log/netdata/error.log")).unwrap_or_default()
    }

    fn waits_for(&self, text: &str) {
        wait_until(text, || self.log().contains(text));
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // What runs in the background, if the test did not come to its end.
        if let Ok(pid) = fs::read_to_string(self.path("run/netdata/netdata.pid")) {
            let _ = Command::new("kill").args(["-KILL", pid.trim_end()]).status();
        }
    }
}

/// The documented line.
fn claim_line(cloud: &Handle) -> String {
    format!("netdata-claim.sh {}", claim_arguments(cloud)[1..].join(" "))
}

#[test]
fn the_documented_line_claims_as_the_user_netdata_and_with_sudo_and_as_nobody_else() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    for user in [NETDATA, 0] {
        let system = System::trusting(&cloud);
        let refused = system.types(ALICE, &claim_line(&cloud));
        assert_eq!(refused.code, 6, "{refused:?}");
        assert!(refused.stderr.contains("This script must be run by the netdata user account"), "{refused:?}");
        let claimed = system.types(user, &claim_line(&cloud));
        assert_eq!((claimed.code, claimed.stderr.lines().last()), (0, Some(DONE)), "{claimed:?}");
        for name in ["claimed_id", "private.pem", "public.pem", "cloud.conf"] {
            let file = fs::metadata(system.path("etc/netdata/claim.d").join(name)).unwrap();
            assert_eq!((file.uid(), file.gid()), (NETDATA, NETDATA), "{name}, claimed by {user}");
        }
    }
    assert_eq!(cloud.with(|cloud, _| cloud.view()).nodes.len(), 2);
}

#[test]
fn token_and_rooms_in_claim_d_are_the_defaults_of_the_script() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let system = System::trusting(&cloud);
    let (token, room) = cloud.with(|cloud, _| (cloud.token().to_owned(), cloud.rooms()[1].id.clone()));
    for (name, content) in [("token", token), ("rooms", room)] {
        let file = format!("etc/netdata/claim.d/{name}");
        fs::write(system.path(&file), content).unwrap();
        system.give_to_netdata(&file);
    }
    let claimed = system.types(NETDATA, &format!("netdata-claim.sh -url={}", cloud.url()));
    assert_eq!((claimed.code, claimed.stderr.lines().last()), (0, Some(DONE)), "{claimed:?}");
    assert_eq!(cloud.with(|cloud, _| cloud.view()).nodes[0].rooms.len(), 2);
}

#[test]
fn the_daemon_is_told_searched_and_unclaimed_where_the_documentation_says() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let system = System::trusting(&cloud);
    let start = "netdata -P /run/netdata/netdata.pid";
    assert_eq!(system.types(0, start).code, 0);
    assert_eq!(system.types(0, &claim_line(&cloud)).code, 0);
    system.waits_for("ACLK: online as");
    let told = system.types(0, "netdatacli reload-claiming-state");
    let online = "Netdata Agent is claimed to Netdata Cloud and is currently online.\n";
    assert_eq!((told.code, told.stdout.as_str()), (0, online), "{told:?}");
    let found = system.types(0, "grep -i ACLK /var/log/netdata/error.log").stdout;
    assert!(found.contains("ACLK: online as"), "{found}");

    // A line for the daemon that runs already.
    let claim = format!("netdata -D -W \"claim {} -id={ID}\"", claim_arguments(&cloud)[1..].join(" "));
    let claimed = system.types(0, &claim);
    assert_eq!((claimed.code, claimed.stderr.lines().last()), (0, Some(DONE)), "{claimed:?}");
    system.waits_for(&format!("ACLK: online as {ID}"));

    assert_eq!(system.types(0, "cd /etc/netdata && rm -rf claim.d/").code, 0);
    let stopped = system.types(0, "netdatacli shutdown-agent");
    assert_eq!(stopped.code, 0, "{stopped:?}");
    wait_until("it has ended", || !system.path("run/netdata/netdata.pid").exists());
    let is_offline = || cloud.with(|cloud, _| cloud.view()).nodes.iter().all(|node| node.state != NodeState::Online);
    wait_until("the Cloud sees it leave", is_offline);
    events(&cloud);
    assert_eq!(system.types(0, start).code, 0);
    let told = system.types(0, "netdatacli reload-claiming-state");
    let unclaimed = "Netdata Agent is not claimed to Netdata Cloud: Agent is not claimed yet\n";
    assert_eq!((told.code, told.stdout.as_str()), (0, unclaimed), "{told:?}");
    assert_eq!(system.types(0, "netdatacli shutdown-agent").code, 0);
    wait_until("it has ended", || !system.path("run/netdata/netdata.pid").exists());
    assert_eq!(events(&cloud), Vec::<String>::new(), "no connection was made");
}
