//! Promises of the user documentation that no test beside this one shows: the documented lines, as they are typed.
//! docs/compatibility.md has all of them, each with its test.

mod system;

use crate::local_api::{address, get, page_of};
use crate::proxy::hidden_cloud;
use crate::support::*;
use aclk_cloud::server::Handle;
use aclk_proxy::{Config, Kind, Options, Running};
use std::fs;
use std::process::Command;

const DONE: &str = "Agent was successfully claimed.";
const ID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

/// A proxy that finds `cloud`, and refuses whoever comes without these credentials.
fn proxy(kind: Kind, credentials: Option<(&str, &str)>, cloud: &Handle) -> Running {
    let credentials = credentials.map(|(user, password)| (user.to_owned(), password.to_owned()));
    let config = Config { credentials, ..Config::new(kind) };
    let names = vec![("cloud.test".to_owned(), cloud.address())];
    Running::start(Options { names, ..Options::new(config) }).unwrap()
}

/// `netdata-claim.sh` with the token of `cloud`, all its rooms, its URL, and `more`.
fn script(machine: &Machine, cloud: &Handle, more: &[&str]) -> Command {
    let mut arguments = claim_arguments(cloud);
    arguments.remove(0);
    arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
    machine.called("netdata-claim.sh", &arguments)
}

/// The example without `-url=`. Nobody is asked for the Cloud of everybody: the proxy refuses.
#[test]
fn without_url_id_and_hostname_the_documented_defaults_count() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let guid = "0f0e0d0c-0b0a-4908-8706-050403020100";
    fs::create_dir_all(machine.root().join("lib/registry")).unwrap();
    fs::write(machine.root().join("lib/registry/netdata.public.unique.id"), guid).unwrap();
    let refusing = proxy(Kind::Http, Some(("alice", "hunter2")), &cloud);
    let proxy = format!("-proxy=http://{}", refusing.address());
    let example = ["-token=MYTOKEN1234567", "-rooms=room1,room2", &proxy];
    let mut command = machine.called("netdata-claim.sh", &example);
    command.env_remove("HOSTNAME");
    let ended = run(command);
    let mut uname = Command::new("uname");
    uname.arg("-n");
    let hostname = run(uname).stdout;
    assert_eq!(ended.code, 4, "{ended:?}");
    for line in [
        "Base URL: https://app.netdata.cloud".to_owned(),
        format!("Id: {guid}"),
        "Rooms: room1,room2".to_owned(),
        format!("Hostname: {}", hostname.trim_end()),
        "Failed to connect to https://app.netdata.cloud".to_owned(),
    ] {
        assert!(ended.stderr.lines().any(|told| told == line), "no {line:?} in {ended:?}");
    }
    assert!(!ended.stderr.contains("MYTOKEN1234567"), "{ended:?}");
}

#[test]
fn whatever_is_given_counts_above_its_default_and_rooms_are_optional() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let token = claim_arguments(&cloud).remove(1);
    let url = format!("-url={}", cloud.url());
    let arguments = [&token, &url, &format!("-id={ID}"), "-hostname=a \"name\" of its own"].map(str::to_owned);
    let ended = run(machine.called("netdata-claim.sh", &arguments));
    assert_eq!((ended.code, ended.stderr.lines().last()), (0, Some(DONE)), "{ended:?}");
    let view = cloud.with(|cloud, _| cloud.view());
    let node = view.node(ID).unwrap();
    assert_eq!((node.hostname.as_str(), node.rooms.len()), ("a \"name\" of its own", 1), "only the room of all nodes");

    // The same words behind -W.
    let claim = format!("claim {token} {url} -id=bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee -hostname=\"another name\"");
    let daemon = Daemon::start(machine.called("netdata", &["-D", "--listen=off", "-W", &claim]));
    daemon.wait_for("ACLK: online as bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee", 0);
    assert_eq!(cloud.with(|cloud, _| cloud.view()).nodes.len(), 2);
    assert!(daemon.stop().0.success());
}

#[test]
fn none_is_no_proxy_whatever_the_environment_says_and_env_is_its_socks_proxy() {
    let cloud = hidden_cloud();
    let machine = Machine::trusting(&cloud);
    let proxy = proxy(Kind::Socks, None, &cloud);
    let url = format!("socks5h://{}", proxy.address());
    let claim = || {
        let mut command = script(&machine, &cloud, &[]);
        command.env("socks_proxy", &url).env("http_proxy", "http://127.0.0.1:1");
        run(command)
    };
    machine.configure("[cloud]\n    proxy = none\n");
    let ended = claim();
    assert_eq!(ended.code, 4, "only the proxy finds this Cloud: {ended:?}");
    assert!(ended.stderr.contains("Proxy: none ([cloud] proxy in netdata.conf)\n"), "{ended:?}");
    assert_eq!(proxy.asked(), Vec::<String>::new());
    machine.configure("[cloud]\n    proxy = env\n");
    let ended = claim();
    assert_eq!((ended.code, ended.stderr.lines().last()), (0, Some(DONE)), "{ended:?}");
    assert_eq!(proxy.asked().len(), 1);
}

/// Both steps of the documentation: the setting, and the same on the line of the script.
#[test]
fn the_proxy_of_netdata_conf_is_appended_to_the_line_of_the_script() {
    for (scheme, kind) in [("socks5h", Kind::Socks), ("http", Kind::Http)] {
        let cloud = hidden_cloud();
        let machine = Machine::trusting(&cloud);
        let proxy = proxy(kind, Some(("user", "pass")), &cloud);
        let url = format!("{scheme}://user:pass@{}", proxy.address());
        machine.configure(&format!("[cloud]\n    proxy = {url} # With an IP address\n"));
        let ended = run(script(&machine, &cloud, &[&format!("-proxy={url}")]));
        assert_eq!((ended.code, ended.stderr.lines().last()), (0, Some(DONE)), "{ended:?}");
        assert!(!ended.stderr.contains("user:pass"), "{ended:?}");
        let link = machine.start(&[]);
        link.wait_for("ACLK: online as", 0);
        assert_eq!(proxy.asked().len(), 5, "the claim, and four connections of the link");
        assert!(link.stop().0.success());
    }
}

/// What the documentation has people read in their browser, one case after the other.
#[test]
fn the_four_keys_tell_the_documented_cases_apart() {
    let mut cloud = Some(cloud(""));
    let machine = Machine::trusting(cloud.as_deref().unwrap());
    let keys = |link: &Daemon| {
        let info = get(address(&page_of(link)), "/api/v1/info").json();
        ["cloud-enabled", "cloud-available", "agent-claimed", "aclk-available"].map(|key| info[key].as_bool().unwrap())
    };
    let link = machine.start(&["--listen=127.0.0.1:0"]);
    assert_eq!(keys(&link), [true, true, false, false], "you must claim your node");
    assert_eq!(machine.claim(cloud.as_deref().unwrap(), &[]).code, 0);
    link.wait_for("ACLK: online as", 0);
    wait_until("all is well", || keys(&link) == [true; 4]);
    cloud = None;
    wait_until("there is trouble with the connection", || keys(&link) == [true, true, true, false]);
    assert!(cloud.is_none() && link.stop().0.success());

    machine.configure("[general]\n    netadata cloud = disable\n");
    let link = machine.start(&["--listen=127.0.0.1:0"]);
    assert!(!keys(&link)[0], "cloud-enabled");
    assert!(link.stop().0.success());
    machine.configure("[general]\n    netadata cloud = enable\n");
    let link = machine.start(&["--listen=127.0.0.1:0"]);
    assert!(keys(&link)[0], "cloud-enabled");
    assert!(link.stop().0.success());
}

#[test]
fn a_daemon_that_is_not_to_be_told_of_a_claim_sees_it_by_itself() {
    for option in ["-noreload", "-daemon-not-running"] {
        let cloud = cloud("");
        let machine = Machine::trusting(&cloud);
        let link = machine.start(&[]);
        link.wait_for("listens for commands at", 0);
        let ended = run(script(&machine, &cloud, &[option]));
        assert_eq!((ended.code, ended.stderr.lines().last()), (0, Some(DONE)), "{ended:?}");
        assert!(!ended.stderr.contains("online"), "nobody was asked: {ended:?}");
        link.wait_for("ACLK: online as", 0);
        assert!(!link.said().contains("reload-claiming-state"), "{}", link.said());
        assert!(link.stop().0.success());
    }
}

#[test]
fn a_netdata_listens_where_its_command_line_says() {
    let machine = Machine::new();
    let port = free_port();
    machine.configure("[web]\n    bind to = 127.0.0.99\n    default port = 1\n");
    let daemon = Daemon::start(machine.called("netdata", &["-D", "-i", "127.0.0.1", "-p", &port.to_string()]));
    assert_eq!(page_of(&daemon), format!("http://127.0.0.1:{port}/"));
    assert_eq!(get(([127, 0, 0, 1], port).into(), "/api/v1/info").json()["agent-claimed"], false);
    assert!(daemon.stop().0.success());
}

#[test]
fn what_a_netdata_has_and_this_one_does_not_is_taken_or_refused() {
    let machine = Machine::new();
    let taken = ["-D", "--listen=off", "-t", "5", "-W", "stacksize=65536", "-W", "debug_flags=1", "-W", "keepopenfds"];
    let daemon = Daemon::start(machine.called("netdata", &taken));
    for note in ["-t changes nothing", "-W stacksize changes nothing", "-W debug_flags changes nothing"] {
        daemon.wait_for(note, 0);
    }
    daemon.wait_for("not claimed; waiting", 0);
    assert!(daemon.stop().0.success());
    for word in [
        "unittest",
        "sqlite-check",
        "sqlite-fix",
        "sqlite-compact",
        "createdataset=60",
        "stresstest=1",
        "simple-pattern",
    ] {
        let refused = run(machine.called("netdata", &["-W", word]));
        assert_eq!(refused.code, 1, "{word}: {refused:?}");
        assert!(refused.stderr.contains("not known here"), "{word}: {refused:?}");
    }
}
