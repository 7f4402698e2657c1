//! Debian's `netdatacli` (v1.37) commands our daemon.

use super::debian::{NETDATA, Unpacked};
use crate::support::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The only place it asks at (protocol.md 5.2).
const PLACE: &[u8] = b"/tmp/netdata-ipc\0";

/// The program as it is in the package, but for the place of the socket, which becomes one in the current directory: the
/// real one belongs to the whole machine.
struct Netdatacli {
    unpacked: Unpacked,
    program: PathBuf,
}

impl Netdatacli {
    fn new() -> Option<Self> {
        let unpacked = Unpacked::new(&[NETDATA, "libuv1", "libjson-c5"])?;
        let mut bytes = fs::read(unpacked.file("usr/sbin/netdatacli")).unwrap();
        let Some(at) = bytes.windows(PLACE.len()).position(|window| window == PLACE) else {
            println!("skipped: this netdatacli ({}) asks elsewhere", unpacked.version);
            return None;
        };
        let ours = b"netdata.pipe\0";
        bytes[at..at + ours.len()].copy_from_slice(ours);
        let program = unpacked.file("netdatacli");
        fs::write(&program, bytes).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let cli = Self { unpacked, program };
        let ended = cli.ask(cli.unpacked.file("").as_path(), &["ping"]);
        if ended.code == 127 {
            println!("skipped: it does not start: {}", ended.stderr);
            return None;
        }
        assert_eq!(ended.code, 255, "nobody listens there: {ended:?}");
        Some(cli)
    }

    fn ask(&self, run_dir: &Path, arguments: &[&str]) -> Ended {
        let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(run_dir).env("LD_LIBRARY_PATH", self.unpacked.file(&libraries));
        run(command)
    }
}

#[test]
fn the_netdatacli_of_debian_commands_our_daemon() {
    let Some(cli) = Netdatacli::new() else { return };
    println!("{NETDATA} {}", cli.unpacked.version);
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: live as", 0);
    let ask = |arguments: &[&str]| {
        let ended = cli.ask(&machine.root().join("run"), arguments);
        println!("{arguments:?} exit {}: {}", ended.code, ended.stdout.lines().next().unwrap_or_default());
        ended
    };
    assert_eq!((ask(&["ping"]).code, ask(&["ping"]).stdout.as_str()), (0, "pong\n"));
    let text = ask(&["aclk-state"]);
    assert_eq!(text.code, 0);
    assert!(text.stdout.contains("\nOnline: Yes\n") && text.stdout.contains("> Node Instance for mGUID: "), "{text:?}");
    let json = ask(&["aclk-state", "json"]).json();
    let id = fs::read_to_string(machine.file("claimed_id")).unwrap();
    assert_eq!((&json["claimed-id"], &json["online"]), (&id.into(), &true.into()));
    let unknown = ask(&["nonsense"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (1, ""));
    assert!(unknown.stderr.starts_with("unknown command"), "{unknown:?}");
    let reloaded = ask(&["reload-claiming-state"]);
    assert_eq!(reloaded.stdout, "Netdata Agent is claimed to Netdata Cloud and is currently online.\n");
    assert_eq!(ask(&["shutdown-agent"]).code, 0);
    assert!(link.wait().0.success());
}
