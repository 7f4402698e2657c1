//! What the inspector hands out is read by tshark, and shows the same.

use crate::visit::Visit;
use std::process::Command;

fn tshark(arguments: &[&str]) -> Option<String> {
    let Ok(ended) = Command::new("tshark").args(arguments).output() else {
        println!("skipped: there is no tshark (cargo xtask setup installs it as root on Debian)");
        return None;
    };
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    Some(String::from_utf8_lossy(&ended.stdout).into_owned())
}

#[test]
fn wireshark_reads_the_claim_with_the_key_log_and_not_without() {
    let Some(visit) = Visit::first() else { return };
    let downloads = visit.downloads();
    visit.claim();
    visit.wait_for_state("Live");
    visit.press("Every byte");
    // The page itself shows it: the token only to who asks for it.
    visit.fill("Contains", "PUT /api/v1/spaces/nodes/");
    visit.click("(//button[@data-frame])[1]");
    visit.wait_for("Show secrets");
    visit.wait_for("publicKey");
    let token = visit.run("return localStorage.getItem('aclk.cloud') ?? ''");
    assert!(!token.as_str().unwrap().is_empty());

    visit.press(".pcap");
    visit.press("Key log");
    visit.press("Both in one");
    let [pcap, keys, both] =
        ["playground.pcap", "playground.keys.txt", "playground.pcapng"].map(|name| downloads.file(name));
    visit.leave();

    let [pcap, both] = [pcap, both].map(|path| path.display().to_string());
    let key_log = format!("tls.keylog_file:{}", keys.display());
    let requests = ["-Y", "http.request", "-T", "fields", "-e", "http.request.method", "-e", "http.request.uri"];
    let Some(blind) = tshark(&[&["-r", &pcap][..], &requests].concat()) else { return };
    assert!(!blind.contains("/api/v1/spaces/nodes/"), "{blind}");
    for sighted in [
        tshark(&[&["-r", &pcap, "-o", &key_log][..], &requests].concat()),
        tshark(&[&["-r", &both][..], &requests].concat()),
    ] {
        let sighted = sighted.unwrap_or_default();
        assert!(sighted.lines().any(|line| line.starts_with("PUT\t/api/v1/spaces/nodes/")), "{sighted}");
        assert!(sighted.contains("/api/v1/env?"), "{sighted}");
    }
}
