//! What must never be told: token, private key, answer to the challenge, MQTT password.

use crate::support::*;
use aclk_cloud::server::Handle;
use aclk_proxy::{Fault, Kind};
use base64ct::{Base64, Encoding};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Everything that counts as a secret of `machine` and `cloud`, in every form in which it could be printed.
fn secrets(machine: &Machine, cloud: &Handle) -> Vec<String> {
    let mut secrets: Vec<String> = Vec::new();
    for secret in cloud.with(|cloud, _| cloud.secrets()) {
        secrets.push(Base64::encode_string(&secret));
        secrets.push(secret.iter().map(|byte| format!("{byte:02x}")).collect());
        secrets.push(format!("{secret:?}"));
        secrets.extend(String::from_utf8(secret));
    }
    let key = fs::read_to_string(machine.file("private.pem")).unwrap();
    secrets.push("PRIVATE KEY".to_owned());
    secrets.extend(key.lines().filter(|line| !line.starts_with("-----")).map(str::to_owned));
    secrets
}

fn assert_silent(told: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!told.contains(secret.as_str()), "{secret:?} was told:\n{told}");
    }
}

/// What lies around for everybody to read.
fn readable(directory: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            text += &readable(&entry.path());
        } else if metadata.permissions().mode() & 0o077 != 0 {
            text += &String::from_utf8_lossy(&fs::read(entry.path()).unwrap());
        }
    }
    text
}

/// Faults whose answers carry back or surround what was sent.
const FAULTS: &[&str] = &[
    "",
    "err-forbidden@claim",
    "err-escapes@claim",
    "status-500@claim*1",
    "claim-reply-lost@claim*1",
    "not-http@env*1",
    "challenge-wrong-key@challenge*1",
    "err-incorrect-response@password*1",
    "half-json@password*1",
    "missing-keys@password*1",
    "wrong-types@password*1",
    "connack-0x86@connect*1",
    "mqtt-disconnect@connect*1",
    "reset@password*1",
];

#[test]
fn no_output_and_no_readable_file_has_a_secret_in_it() {
    for fault in FAULTS {
        let cloud = cloud(fault);
        let machine = Machine::trusting(&cloud);
        let claim = machine.claim(&cloud, &["-verbose"]);
        let mut told = format!("{}{}", claim.stdout, claim.stderr);
        if claim.code == 0 {
            let link = machine.start(&[]);
            link.wait_for("listens for commands at", 0);
            told += &machine.run(&["aclk-state"]).stdout;
            link.wait_for("ACLK: online as", 0);
            told += &machine.run(&["aclk-state", "json"]).stdout;
            told += &machine.run(&["status"]).stdout;
            told += &machine.run(&["status", "--json"]).stdout;
            told += &link.stop().1;
            assert!(secrets(&machine, &cloud).len() > 30, "there were some to tell");
        }
        told += &readable(machine.root());
        assert_silent(&told, &secrets(&machine, &cloud));
    }
}

#[test]
fn no_message_about_arguments_repeats_a_token() {
    let machine = Machine::new();
    let token = "Zx9-secret-token-kept-by-its-owner";
    for arguments in [
        vec!["claim".to_owned(), format!("-tokne={token}")],
        vec!["claim".to_owned(), token.to_owned()],
        vec!["claim".to_owned(), format!("-id={token}")],
        vec!["claim".to_owned(), format!("-url={token}")],
        vec!["claim".to_owned(), format!("-token={token} "), "-url=https://no-such-host.invalid".to_owned()],
        vec![token.to_owned()],
        vec!["run".to_owned(), format!("--listen={token}")],
        vec!["demo".to_owned(), token.to_owned()],
        vec!["status".to_owned(), token.to_owned()],
        vec!["aclk-state".to_owned(), token.to_owned()],
        vec!["aclk-state".to_owned(), "json".to_owned(), token.to_owned()],
    ] {
        let ended = machine.run(&arguments);
        assert_ne!(ended.code, 0, "{arguments:?}");
        assert_silent(&format!("{}{}", ended.stdout, ended.stderr), &[token.to_owned()]);
    }
}

/// What a proxy does that could bring its credentials into a message: it repeats what it was sent, or refuses it.
#[test]
fn no_output_has_the_credentials_of_a_proxy_in_it() {
    let (user, password) = ("Zx9QkWv-user-of-the-proxy", "Zx9QkWv p@ss:w/rd%");
    let encoded = "Zx9QkWv%20p%40ss%3Aw%2Frd%25";
    let basic = Base64::encode_string(format!("{user}:{password}").as_bytes());
    let secrets: Vec<String> = [user, password, encoded, &basic, "Zx9QkWv"].map(str::to_owned).into();
    for (scheme, kind) in [("http", Kind::Http), ("socks5", Kind::Socks), ("socks5h", Kind::Socks)] {
        let faults = ["status-407", "status-502", "other-scheme", "auth-refused", "reply-02", "bytes-behind"];
        let faults = faults.into_iter().map(|name| name.parse::<Fault>().unwrap());
        let faults = faults.filter(|fault| Fault::list(kind).any(|known| known == *fault)).map(Some);
        for fault in [None].into_iter().chain(faults) {
            let cloud = cloud("");
            let machine = Machine::trusting(&cloud);
            let credentials = Some((user.to_owned(), password.to_owned()));
            let config = aclk_proxy::Config { kind, credentials, fault };
            let proxy = aclk_proxy::Running::start(aclk_proxy::Options::new(config)).unwrap();
            let url = format!("{scheme}://{user}:{encoded}@{}", proxy.address());
            let mut told = String::new();
            let mut tell = |ended: Ended| {
                told += &ended.stdout;
                told += &ended.stderr;
                ended.code
            };
            // In the argument; then in the file.
            let claim = Daemon::start(
                machine
                    .command(&[claim_arguments(&cloud), vec![format!("-proxy={url}"), "-verbose".to_owned()]].concat()),
            );
            if fault.is_none() {
                claim.wait_for("Agent was successfully claimed.", 0);
            } else {
                claim.wait_for("proxy: ", 0);
            }
            let claimed = claim.said();
            drop(claim);
            machine.configure(&format!("[cloud]\nproxy = {url}\n"));
            fs::set_permissions(machine.root().join("etc/netdata.conf"), fs::Permissions::from_mode(0o600)).unwrap();
            let link = machine.start(&[]);
            link.wait_for("cloud: proxy: ", 0);
            if fault.is_none() {
                link.wait_for("ACLK: online as", 0);
                proxy.set_fault(Some(if kind == Kind::Http { Fault::Status(407) } else { Fault::AuthRefused }));
                link.signal("HUP");
                link.wait_for("offline: proxy: ", 0);
            }
            tell(machine.run(&["status"]));
            tell(machine.run(&["status", "--json"]));
            tell(machine.run(&["aclk-state"]));
            tell(machine.run(&["aclk-state", "json"]));
            tell(machine.claim(&cloud, &[&format!("-proxy=ftp://{user}:{encoded}@x"), "--json"]));
            tell(machine.claim(&cloud, &[&format!("-proxy={user}:{encoded}@x")]));
            told += &claimed;
            told += &link.stop().1;
            told += &readable(machine.root());
            assert!(told.contains("(with credentials)"), "there were some to tell: {told}");
            assert_silent(&told, &secrets);
        }
    }
}

/// A look at the looking: a secret that is told is found.
#[test]
fn a_secret_that_is_told_is_found() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let secrets = secrets(&machine, &cloud);
    let token = cloud.with(|cloud, _| cloud.token().to_owned());
    let told = std::panic::catch_unwind(|| assert_silent(&format!("Token: {token}"), &secrets));
    assert!(told.is_err());
}
