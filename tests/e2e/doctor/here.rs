//! What is wrong on this machine: settings, rights, files, clock, key. None of it needs a network.

use super::{End, Says, assert_ends, assert_ends_as, flat, step};
use crate::support::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;

type Break = fn(&Machine);

/// How a machine is broken, where the way ends, and what is said.
const CASES: &[(&str, Break, End, Says)] = &[
    (
        "switched off",
        |machine| {
            let conf = fs::read_to_string(machine.file("cloud.conf")).unwrap();
            fs::write(machine.file("cloud.conf"), conf.replace("enabled = yes", "enabled = no")).unwrap();
        },
        (20, "config"),
        &["switched off", "enabled = no", "netdatacli reload-claiming-state"],
    ),
    (
        "switched off for all of Netdata",
        |machine| machine.configure("[general]\n\tnetadata cloud = disable\n"),
        (20, "config"),
        &["switched off by \"netdata cloud = disable\" in netdata.conf", "netdatacli reload-claiming-state"],
    ),
    (
        "a proxy of an unknown kind",
        |machine| machine.configure("[cloud]\nproxy = ftp://alice:hunter2@proxy.example\n"),
        (20, "config"),
        &["the proxy of [cloud] proxy in ", "cannot be used", "http://USER:PASSWORD@HOST:PORT"],
    ),
    (
        "netdata.conf is no text",
        |machine| fs::write(machine.root().join("etc/netdata.conf"), [0xff]).unwrap(),
        (22, "storage"),
        &["netdata.conf: not a text in UTF-8"],
    ),
    (
        "a claimed id that is none",
        |machine| fs::write(machine.file("claimed_id"), "hello").unwrap(),
        (22, "storage"),
        &["claimed_id: should hold the claimed id, a UUID"],
    ),
    (
        "an empty cloud_fullchain.pem",
        |machine| fs::write(machine.file("cloud_fullchain.pem"), "").unwrap(),
        (22, "storage"),
        &["cloud_fullchain.pem: contains no certificate in PEM form"],
    ),
    (
        "a damaged cloud_fullchain.pem",
        |machine| {
            let pem = fs::read_to_string(machine.file("cloud_fullchain.pem")).unwrap();
            fs::write(machine.file("cloud_fullchain.pem"), pem.replace("MII", "!!!")).unwrap();
        },
        (22, "storage"),
        &["cloud_fullchain.pem: certificate 1 is damaged"],
    ),
    (
        "a machine GUID that is none",
        |machine| fs::write(machine.root().join("lib/registry/netdata.public.unique.id"), "hello").unwrap(),
        (22, "storage"),
        &["there is no machine GUID", "remove the file to get a new one"],
    ),
    (
        "no private.pem",
        |machine| fs::remove_file(machine.file("private.pem")).unwrap(),
        (24, "key"),
        &["private.pem is missing", "claim again under a new id"],
    ),
    (
        "a private.pem that is none",
        |machine| fs::write(machine.file("private.pem"), "hello").unwrap(),
        (24, "key"),
        &["private.pem: not a private key in PEM form"],
    ),
];

#[test]
fn what_is_wrong_with_the_files_is_named() {
    let cloud = cloud("");
    let good = Machine::claimed(&cloud);
    events(&cloud);
    for (name, spoil, end, says) in CASES {
        println!("{name}");
        let machine = good.copy();
        spoil(&machine);
        let value = assert_ends(&machine, &[], *end, says);
        assert!(!value.to_string().contains("hunter2"), "{value:#}");
        assert_eq!(step(&value, "tcp", "not tried")["cause"], serde_json::Value::Null, "{value:#}");
    }
    assert_eq!(events(&cloud), [""; 0], "none of it needs the Cloud");
}

/// The original's most common trap after quotes: what root claimed, the daemon cannot read (protocol.md 7, row 24).
#[test]
fn a_key_that_the_daemon_cannot_read_is_named() {
    if !is_root() {
        return println!("skipped: files can be given away by root only");
    }
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    machine.configure("[global]\nrun as user = nobody\n");
    for name in ["", "claimed_id", "cloud.conf"] {
        chown(machine.file(name), Some(65_534), Some(65_534)).unwrap();
    }
    let says = ["nobody (the user that Netdata runs as) cannot read ", "chown -R nobody: ", "private.pem is 0600 root"];
    assert_ends(&machine, &[], (21, "permission"), &says);
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[test]
fn what_is_odd_and_stops_nothing_is_a_note() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let note = |stage: &str, says: &str, advice: &str| {
        let ended = machine.run(&["doctor"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stdout.lines().any(|line| line.starts_with(&format!("note  {stage}"))), "{}", ended.stdout);
        let text = flat(&ended.stdout);
        assert!(text.contains(says) && text.contains(advice), "no {says:?}, {advice:?} in\n{}", ended.stdout);
    };
    let guid = machine.root().join("lib/registry/netdata.public.unique.id");
    for clone in ["8a795b0c-2311-11e6-8563-000c295076a6", "4aed1458-1c3e-11e6-a53f-000c290fc8f5"] {
        fs::write(&guid, clone).unwrap();
        note("storage", &format!("the machine GUID {clone} is one that many machines share"), "replaces it");
    }
    fs::write(&guid, "0f0e0d0c-0b0a-4908-8706-050403020100").unwrap();
    fs::set_permissions(machine.file("private.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    note("permission", "others than its owner may read or write", "chmod 0600 ");
}

#[test]
fn a_claim_that_is_open_is_named_with_what_finishes_it() {
    let cloud = cloud("stall@claim*1");
    let machine = Machine::trusting(&cloud);
    let claim = Daemon::start(machine.command(&claim_arguments(&cloud)));
    wait_until("the claim arrives", || events(&cloud).iter().any(|event| event.contains("stall@claim")));
    claim.signal("KILL");
    claim.wait();
    let ended = machine.run(&["doctor", &format!("-url={}", cloud.url())]);
    assert_eq!(ended.code, 20, "{ended:?}");
    let text = flat(&ended.stdout);
    assert!(text.contains("was sent, and its answer was lost"), "{}", ended.stdout);
    assert!(text.contains("Run the same claim command again"), "{}", ended.stdout);
    assert!(machine.file("pending").exists(), "it is left as it is");
}

/// protocol.md 7, row 9: quotes are not part of a URL, wherever it is written.
#[test]
fn quotes_in_the_url_are_told_from_the_url() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let quoted = format!("[global]\nenabled = yes\ncloud base url = \"{}\n", cloud.url());
    fs::write(machine.file("cloud.conf"), quoted).unwrap();
    assert_ends(&machine, &[], (22, "storage"), &["cloud.conf", "quot"]);
}

/// A clock that is years late, as on a device without a battery (protocol.md 8.3).
#[test]
fn a_clock_that_was_never_set_is_the_cause_and_not_the_certificate() {
    if !have(&["faketime"]) {
        return;
    }
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let at = |time: &'static str| {
        let machine = &machine;
        move |more: &[&str]| {
            let mut all = vec!["-f", time, ACLK, "doctor"];
            all.extend(more);
            machine.around(std::process::Command::new("faketime"), &all)
        }
    };
    // Certificates that were good when this program was built are good enough for a machine without a clock.
    let ended = run(at("-3650d")(&[]));
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("note  clock"), "{ended:?}");
    let text = flat(&ended.stdout);
    assert!(text.contains("the clock of this machine is not set: it is before 20"), "{text}");
    assert!(text.contains("timedatectl set-ntp true"), "{text}");
    // Later ones are not.
    cloud.with(|cloud, _| cloud.set_faults("tls-not-yet-valid".parse().unwrap()));
    let says =
        ["the clock of this machine is not set", "tls: certificate is not valid before ", "timedatectl set-ntp true"];
    assert_ends_as(at("-3650d"), (23, "clock"), &says);
    cloud.with(|cloud, _| cloud.set_faults("".parse().unwrap()));
    let says = [
        "certificate expired on ",
        "Is the clock of this machine right? It says 203",
        "after the end of the certificate",
    ];
    assert_ends_as(at("+3650d"), (28, "tls"), &says);
}

/// A container that is configured by variables, as one with a daemon whose environment nobody sees.
#[test]
fn variables_that_switch_off_or_claim_are_named() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let off = |more: &[&str]| {
        let mut all = vec!["doctor"];
        all.extend(more);
        let mut command = machine.command(&all);
        command.env("NETDATA_DISABLE_CLOUD", "1");
        command
    };
    assert_ends_as(off, (20, "config"), &["switched off by the variable NETDATA_DISABLE_CLOUD"]);
    let new = Machine::trusting(&cloud);
    let mut command = new.command(&["doctor", &format!("-url={}", cloud.url())]);
    command.env("NETDATA_CLAIM_TOKEN", "SECRET");
    let ended = run(command);
    assert_eq!(ended.code, 20, "{ended:?}");
    let text = flat(&ended.stdout);
    let says = "a daemon that starts claims it by itself, with what the variable NETDATA_CLAIM_TOKEN says";
    assert!(text.contains(says) && !text.contains("SECRET"), "{text}");
}

#[test]
fn certificates_that_are_not_checked_are_a_note_each_time() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    fs::remove_file(machine.file("cloud_fullchain.pem")).unwrap();
    let ended = machine.run(&["doctor", "-insecure"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(flat(&ended.stdout).contains("note tls INSECURE: certificates are not checked"), "{ended:?}");
}
