//! `aclk claim`, as a script sees it: exit codes, files, words.

use crate::support::*;
use aclk_cloud::NodeState;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_new_machine_is_claimed_with_a_key_of_its_own() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    fs::remove_file(machine.file("private.pem")).unwrap();
    fs::write(machine.file("token"), "not the one that counts").unwrap();
    let ended = machine.claim(&cloud, &[]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{ended:?}");
    assert_eq!(ended.stderr.lines().last(), Some("Agent was successfully claimed."));

    let claimed_id = fs::read_to_string(machine.file("claimed_id")).unwrap();
    assert_eq!(claimed_id.len(), 36, "no end of line");
    assert_eq!(mode(&machine.file("private.pem")), 0o600);
    assert_eq!(mode(&machine.file("claimed_id")), 0o644);
    assert_eq!(mode(machine.file("").as_path()) & 0o007, 0, "others have no business there");
    let public = fs::read_to_string(machine.file("public.pem")).unwrap();
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n") && public.len() == 451, "{public}");
    assert!(!machine.file("token").exists(), "a used token is removed");
    let guid = fs::read_to_string(machine.root().join("lib/registry/netdata.public.unique.id")).unwrap();
    assert_eq!(guid, claimed_id);

    let view = cloud.with(|cloud, _| cloud.view());
    let node = view.node(&claimed_id).unwrap();
    assert_eq!((node.hostname.as_str(), node.state, node.rooms.len()), ("edge-1", NodeState::Claimed, 2));
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn openssl_reads_the_key_pair_that_was_made() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    fs::remove_file(machine.file("private.pem")).unwrap();
    assert_eq!(machine.claim(&cloud, &[]).code, 0);
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["rsa", "-check", "-noout", "-in"]).arg(machine.file("private.pem"));
    let Ok(output) = openssl.output() else { return println!("skipped: there is no openssl") };
    assert!(String::from_utf8_lossy(&output.stdout).contains("RSA key ok"), "{output:?}");
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["rsa", "-pubout", "-in"]).arg(machine.file("private.pem"));
    let public = fs::read(machine.file("public.pem")).unwrap();
    assert_eq!(openssl.output().unwrap().stdout, public);
}

#[test]
fn every_error_key_has_its_exit_code_and_says_what_the_cloud_said() {
    for (fault, code) in [
        ("err-invalid-node-id", 8),
        ("err-invalid-node-name", 9),
        ("err-invalid-room-id", 10),
        ("err-invalid-public-key", 11),
        ("err-forbidden", 12),
        ("err-already-claimed", 13),
        ("err-processing-claim", 14),
        ("err-unknown-key", 7),
    ] {
        let cloud = cloud(&format!("{fault}@claim"));
        let machine = Machine::trusting(&cloud);
        let ended = machine.claim(&cloud, &[]);
        assert_eq!(ended.code, code, "{fault}: {ended:?}");
        assert!(ended.stderr.contains("the Cloud said: HTTP status 4") && ended.stderr.contains("errorMsgKey \"Err"));
        assert!(!machine.file("claimed_id").exists(), "{fault}");
        assert!(machine.file("private.pem").exists(), "{fault}: the key stays");
    }
}

#[test]
fn trouble_of_the_cloud_is_met_with_three_attempts() {
    let cloud = cloud("err-service-unavailable@claim");
    let machine = Machine::trusting(&cloud);
    let ended = machine.claim(&cloud, &["--json"]);
    assert_eq!(ended.code, 17, "{ended:?}");
    let failures = ended.json()["failures"].as_array().unwrap().clone();
    assert_eq!(failures.len(), 3);
    assert_eq!(failures[0]["server"]["errorMsgKey"], "ErrServiceUnavailable");
    assert!(failures[0]["retry_in_ms"].is_number() && failures[2]["retry_in_ms"].is_null());
}

#[test]
fn a_claim_whose_reply_is_lost_succeeds_all_the_same() {
    let cloud = cloud("claim-reply-lost@claim*1");
    let machine = Machine::trusting(&cloud);
    let ended = machine.claim(&cloud, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("the key proves that it succeeded"), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().last(), Some("Agent was successfully claimed."));
}

#[test]
fn a_claim_that_is_killed_before_its_reply_is_finished_by_the_next_run() {
    let cloud = cloud("stall@claim*1");
    let machine = Machine::trusting(&cloud);
    let daemon = Daemon::start(machine.command(&claim_arguments(&cloud)));
    wait_until("the claim arrives", || events(&cloud).iter().any(|event| event.contains("stall@claim")));
    daemon.signal("KILL");
    daemon.wait();
    assert!(!machine.file("claimed_id").exists());
    assert!(machine.status().1["pending"].is_object());
    let ended = machine.claim(&cloud, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("An earlier claim was sent and its answer was lost"), "{}", ended.stderr);
    assert!(machine.status().1["pending"].is_null());
}

#[test]
fn what_is_claimed_already_by_somebody_else_is_exit_code_13() {
    let cloud = cloud("");
    let id = "-id=0f0e0d0c-0b0a-4908-8706-050403020100";
    let first = Machine::trusting(&cloud);
    assert_eq!(first.claim(&cloud, &[id]).code, 0);
    let second = Machine::trusting(&cloud);
    let ended = second.claim(&cloud, &[id]);
    assert_eq!(ended.code, 13, "{ended:?}");
    assert!(!second.file("claimed_id").exists());
}

#[test]
fn token_and_rooms_come_from_files_if_they_are_not_given() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let (token, room) = cloud.with(|cloud, _| (cloud.token().to_owned(), cloud.rooms()[1].id.clone()));
    fs::write(machine.file("token"), format!("{token}\n")).unwrap();
    fs::write(machine.file("rooms"), format!("{room}\n")).unwrap();
    let ended = machine.run(&["claim", &format!("-url={}", cloud.url())]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(cloud.with(|cloud, _| cloud.view()).nodes[0].rooms.len(), 2);
}

#[test]
fn a_server_that_cannot_prove_who_it_is_gets_nothing() {
    for (fault, cause) in [
        ("tls-expired", "tls: certificate expired on "),
        ("tls-not-yet-valid", "tls: certificate is not valid before "),
        ("tls-wrong-host", "tls: certificate is for \"wrong.example\", not \"localhost\""),
        ("tls-unknown-ca", "tls: "),
        ("tls-self-signed", "tls: "),
    ] {
        let cloud = cloud(fault);
        let machine = Machine::trusting(&cloud);
        let ended = machine.claim(&cloud, &["--json"]);
        assert_eq!(ended.code, 4, "{fault}: {ended:?}");
        let failures = ended.json()["failures"].as_array().unwrap().clone();
        let text = format!("{}: {}", failures[0]["stage"].as_str().unwrap(), failures[0]["cause"].as_str().unwrap());
        println!("{fault}: {text}");
        assert!(text.starts_with(cause), "{fault}: {text}");
        let events = events(&cloud);
        assert_eq!(events.len(), 3, "three faults and no request: {events:?}");
        assert!(events.iter().all(|event| *event == format!("fault {fault}@tls")), "{events:?}");
    }
}

#[test]
fn without_the_private_authority_the_cloud_is_a_stranger() {
    let cloud = cloud("");
    let machine = Machine::new();
    machine.give_key();
    let ended = machine.claim(&cloud, &["--json"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    assert_eq!(ended.json()["failures"][0]["stage"], "tls");
    assert_eq!(events(&cloud), Vec::<String>::new());
}

#[test]
fn nobody_there_is_a_failure_of_tcp_or_dns() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    // Nobody listens at the first of all ports; any other may be taken by a test beside this one.
    let ended = machine.run(&["claim", "-token=x", "-url=https://localhost:1", "--json"]);
    assert_eq!((ended.code, ended.json()["failures"][0]["stage"].as_str()), (4, Some("tcp")), "{ended:?}");
    let ended = machine.run(&["claim", "-token=x", "-url=https://no-such-host.invalid", "--json"]);
    assert_eq!((ended.code, ended.json()["failures"][0]["stage"].as_str()), (4, Some("dns")), "{ended:?}");
}

#[test]
fn wrong_arguments_send_nothing_and_change_nothing() {
    let cloud = cloud("");
    let machine = Machine::new();
    for (arguments, words) in [
        (&["claim"][..], "there is no claiming token"),
        (&["claim", "-frobnicate=x"], "unknown argument -frobnicate"),
        (&["claim", "-token=x", "-url=ftp://a"], "config: "),
        (&["claim", "-token=x", "-id=nonsense"], "the id to claim is not a UUID"),
        (&["claim", "-token=a b"], "the claiming token contains blanks"),
    ] {
        let ended = machine.run(arguments);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
    assert_eq!(
        fs::read_dir(machine.file(""))
            .unwrap()
            .filter(|entry| { !entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.') })
            .count(),
        0
    );
    assert_eq!(events(&cloud), Vec::<String>::new());
}
