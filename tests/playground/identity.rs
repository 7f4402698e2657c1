//! The identity of a device is taken along, and the program goes on with it.

use crate::visit::Visit;
use serde_json::Value;
use std::process::Command;

#[test]
fn the_program_accepts_the_identity_of_a_device_that_was_claimed_in_the_page() {
    let Some(visit) = Visit::first() else { return };
    let downloads = visit.downloads();
    visit.claim();
    visit.wait_for_state("Live");
    visit.view("Device");
    visit.press("Download claim.d");
    let archive = downloads.file("claim.d.tar");
    let id = visit.run("return document.querySelector('.card code').textContent");
    visit.leave();

    let folder = downloads.folder();
    let unpacked = Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(folder).status().unwrap();
    assert!(unpacked.success());
    let mut program = Command::new(env!("CARGO_BIN_EXE_aclk"));
    program.env("NETDATA_USER_CONFIG_DIR", folder);
    for name in ["VARLIB_DIR", "RUN_DIR", "LOG_DIR", "CACHE_DIR"] {
        program.env(format!("NETDATA_{name}"), folder.join(name));
    }
    let ended = program.args(["status", "--json"]).output().unwrap();
    let status: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(status["claimed"], true, "{status}");
    assert_eq!(status["claimed_id"], id, "{status}");
    assert_eq!(status["url"], "https://cloud.test:8443", "{status}");
    assert!(status["node_id"].is_string() && status["warning"].is_null(), "{status}");
}
