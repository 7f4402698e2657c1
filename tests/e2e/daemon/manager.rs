//! What a service manager is told (sd_notify(3)), and the unit that makes a service of the daemon.

use crate::support::*;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

/// The socket of a service manager.
pub(super) struct Manager(UnixDatagram);

impl Manager {
    pub(super) fn new(machine: &Machine) -> Self {
        let socket = UnixDatagram::bind(machine.root().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    /// The next message with `words` in it.
    pub(super) fn wait_for(&self, words: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let len = self.0.recv(&mut buffer).unwrap_or_else(|error| panic!("no {words:?}: {error}"));
            let message = String::from_utf8(buffer[..len].to_vec()).unwrap();
            if message.contains(words) {
                return message;
            }
        }
    }
}

#[test]
fn a_manager_is_told_when_it_works_what_it_does_and_when_it_ends() {
    let cloud = cloud("status-503@env*1");
    let machine = Machine::claimed(&cloud);
    let manager = Manager::new(&machine);
    let mut command = machine.called("netdata", &["-D", "--listen=off"]);
    command.env("NOTIFY_SOCKET", machine.root().join("notify"));
    command.env("WATCHDOG_USEC", "200000").env_remove("WATCHDOG_PID");
    let daemon = Daemon::start(command);
    let ready = manager.wait_for("READY=1");
    assert_eq!(ready, format!("READY=1\nMAINPID={}\nSTATUS=connecting to {}", daemon.pid(), cloud.url()));
    manager.wait_for("STATUS=offline: http: HTTP status 503 (Service Unavailable) (retry in ");
    manager.wait_for(&format!("STATUS=online as {}", machine.claimed_id()));
    manager.wait_for("WATCHDOG=1");
    manager.wait_for("WATCHDOG=1");
    daemon.signal("HUP");
    let reloading = manager.wait_for("RELOADING=1");
    let us: u64 = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().parse().unwrap();
    assert!(us > 0);
    manager.wait_for("READY=1");
    fs::remove_dir_all(machine.file("")).unwrap();
    fs::create_dir_all(machine.file("")).unwrap();
    daemon.signal("TERM");
    manager.wait_for("STOPPING=1");
    assert!(daemon.wait().0.success());
}

#[test]
fn a_manager_is_told_of_a_reload_and_the_end_while_a_claim_is_tried() {
    let machine = Machine::new();
    fs::write(machine.root().join("etc/claim.conf"), "[global]\nurl = https://127.0.0.1:1\ntoken = t\n").unwrap();
    let manager = Manager::new(&machine);
    let mut command = machine.command(&["run", "--listen=off"]);
    command.env("NOTIFY_SOCKET", machine.root().join("notify"));
    let daemon = Daemon::start(command);
    manager.wait_for("READY=1");
    manager.wait_for("STATUS=not claimed: tcp: ");
    daemon.signal("HUP");
    manager.wait_for("RELOADING=1");
    manager.wait_for("READY=1");
    manager.wait_for("STATUS=not claimed: tcp: ");
    daemon.signal("TERM");
    manager.wait_for("STOPPING=1");
    assert!(daemon.wait().0.success());
}

#[test]
fn the_manager_of_a_daemon_in_the_background_is_told_which_process_it_is() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let manager = Manager::new(&machine);
    let pid_file = machine.root().join("netdata.pid");
    let mut command = machine.called("netdata", &["--listen=off", "-P", pid_file.to_str().unwrap()]);
    command.env("NOTIFY_SOCKET", machine.root().join("notify"));
    assert_eq!(run(command).code, 0);
    let pid = fs::read_to_string(&pid_file).unwrap();
    let ready = manager.wait_for("READY=1");
    assert_eq!(machine.netdatacli(&["shutdown-agent"]).code, 0);
    assert_eq!(ready, format!("READY=1\nMAINPID={}\nSTATUS=not claimed", pid.trim_end()));
    manager.wait_for("STOPPING=1");
}

/// The unit says nothing that systemd does not know, and starts the program with arguments that it knows.
#[test]
fn the_unit_is_one_that_systemd_takes() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd/aclk.service");
    let text = fs::read_to_string(&unit).unwrap();
    assert!(text.contains("\nExecStart=/usr/sbin/netdata -D\n") && text.contains("\nType=notify\n"), "{text}");
    if !have(&["systemd-analyze"]) {
        return;
    }
    // It looks whether the programs are there, which are not installed on this machine.
    let machine = Machine::new();
    let here = machine.called("netdata", &[""; 0]).get_program().to_owned();
    let text = text.replace("/usr/sbin/netdata ", &format!("{} ", here.to_str().unwrap()));
    // Nor is the user.
    let text = text.replace("=netdata\nGroup=netdata", "=root\nGroup=root");
    let copy = machine.root().join("aclk.service");
    fs::write(&copy, text).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]).arg(&copy);
    let verified = run(command);
    // It also has words about units of this machine.
    let about_us: Vec<&str> = verified.stderr.lines().filter(|line| line.contains("aclk.service")).collect();
    assert_eq!((verified.code, about_us), (0, Vec::new()), "{verified:?}");
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=yes", "--no-pager", "--threshold=25"]).arg(&copy);
    let judged = run(command);
    assert_eq!(judged.code, 0, "it is exposed more than it need be: {judged:?}");
}
