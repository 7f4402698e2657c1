//! The documented claiming script, as Debian ships it, claims at the emulated Cloud.
//!
//! The script is under the GPL, so no line of it is here: the package is fetched when the test runs, and unpacked, not
//! installed. The copy is changed in three ways: what compares two constants (the build of Debian has the Cloud switched
//! off) is passed over, and the directories of the system become those of the test.

use super::program;
use crate::support::*;
use aclk_cloud::server::Handle;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "netdata-core";

/// The script as it is in the package, and the version of the package. Prints why if there is none.
fn original() -> Option<(String, String)> {
    if !have(&["apt-get", "dpkg-deb", "bash", "curl", "openssl"]) {
        return None;
    }
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
    let package = match package(&cache).map_or_else(|| download(&cache), Ok) {
        Ok(package) => package,
        Err(reason) => {
            println!("skipped: the Debian package {PACKAGE} cannot be had: {reason}");
            return None;
        }
    };
    let unpacked = Machine::new();
    let status = program("dpkg-deb").arg("-x").arg(&package).arg(unpacked.root()).status().unwrap();
    assert!(status.success());
    let version = program("dpkg-deb").arg("-f").arg(&package).arg("Version").output().unwrap();
    let script = fs::read_to_string(unpacked.root().join("usr/sbin/netdata-claim.sh")).unwrap();
    Some((script, String::from_utf8(version.stdout).unwrap().trim().to_owned()))
}

/// The package in `directory`.
fn package(directory: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?;
    entries.filter_map(|entry| Some(entry.ok()?.path())).find(|path| path.extension().is_some_and(|end| end == "deb"))
}

fn download(cache: &Path) -> Result<PathBuf, String> {
    let fresh = cache.with_extension(std::process::id().to_string());
    fs::create_dir_all(&fresh).map_err(|error| error.to_string())?;
    let mut apt = program("apt-get");
    apt.args(["-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20", "download", PACKAGE]);
    let output = apt.current_dir(&fresh).output().map_err(|error| error.to_string())?;
    // Another process may have been faster.
    let _ = fs::rename(&fresh, cache);
    let _ = fs::remove_dir_all(&fresh);
    package(cache).ok_or_else(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())
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
        let mut command: Command = program("bash");
        let whoami = program("id").arg("-un").output().unwrap();
        let user = String::from_utf8(whoami.stdout).unwrap();
        command.arg(self.machine.root().join("sbin/claim")).args(&claim_arguments(cloud)[1..]);
        command.arg(format!("-user={}", user.trim())).env("NETDATA_VARLIB_DIR", self.machine.root().join("lib"));
        command.env("HOSTNAME", "script-1").env("no_proxy", "*");
        run(command)
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
    println!("{PACKAGE} {version}: exit {}: {}", ended.code, ended.stderr.lines().last().unwrap_or_default());
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
    println!("{PACKAGE} {version}");
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
