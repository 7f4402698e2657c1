//! Claim and link through a proxy, one rule for both: where it is written down, what is stored, what is said.
//!
//! The Cloud here has a name that only the proxy knows, so whoever reaches it has come through the proxy. How the device
//! takes everything a proxy can do wrong is in `tests/pair/tests/proxy.rs`.

use crate::support::*;
use aclk_cloud::server::{Handle, Options, Running};
use aclk_cloud::{Config, NodeState};
use aclk_proxy::{Fault, Kind};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A Cloud that this machine cannot find.
pub(crate) fn hidden_cloud() -> Running {
    Running::start(Options { host: "cloud.test".to_owned(), config: Config::default(), ..Options::default() }).unwrap()
}

/// A proxy that finds `cloud`; `credentials` as in `alice:hunter2`.
fn proxy(kind: Kind, credentials: Option<&str>, cloud: &Handle) -> aclk_proxy::Running {
    let credentials = credentials.and_then(|both| both.split_once(':'));
    let credentials = credentials.map(|(user, password)| (user.to_owned(), password.to_owned()));
    let config = aclk_proxy::Config { credentials, ..aclk_proxy::Config::new(kind) };
    let names = vec![("cloud.test".to_owned(), cloud.address())];
    aclk_proxy::Running::start(aclk_proxy::Options { names, ..aclk_proxy::Options::new(config) }).unwrap()
}

fn state(cloud: &Handle) -> NodeState {
    cloud.with(|cloud, _| cloud.view()).nodes[0].state
}

fn mode(machine: &Machine) -> u32 {
    fs::metadata(machine.file("cloud.conf")).unwrap().permissions().mode() & 0o777
}

/// The link comes up through `proxy` and leaves in order.
fn assert_link(machine: &Machine, cloud: &Handle, proxy: &aclk_proxy::Running, shown: &str, source: &str) {
    let before = proxy.asked().len();
    let link = machine.start(&[]);
    link.wait_for("ACLK: online as", 0);
    assert!(link.said().contains(&format!("cloud: proxy: {shown} ({source})")), "{}", link.said());
    assert!(link.said().contains("ACLK: link proxy "), "the stage is told: {}", link.said());
    let target = format!("{}:{}", cloud.url().split(['/', ':']).nth(3).unwrap(), cloud.address().port());
    // /env, challenge, password, link.
    assert_eq!(proxy.asked()[before..], vec![target; 4][..]);
    let (code, status) = machine.status();
    assert_eq!((code, status["proxy"].as_str(), status["proxy_source"].as_str()), (0, Some(shown), Some(source)));
    let text = machine.run(&["status"]).stdout;
    assert!(text.contains(&format!("Proxy: {shown} ({source})\n")), "{text}");
    let (url, file) = (shown.split(' ').next().unwrap(), source.rsplit(' ').next().unwrap());
    let with = if shown.contains("with credentials") { "with" } else { "without" };
    let text = machine.run(&["aclk-state"]).stdout;
    assert!(text.contains(&format!("ACLK Proxy: {url} ({with} credentials, from {file})\n")), "{text}");
    assert!(link.stop().0.success());
    wait_until("the Cloud sees it leave", || state(cloud) == NodeState::Offline);
    assert!(!events(cloud).iter().any(|event| event.contains("will")), "it left in order");
}

#[test]
fn the_proxy_of_a_claim_is_stored_for_its_link() {
    for (scheme, kind, credentials) in [
        ("http", Kind::Http, None),
        ("http", Kind::Http, Some("alice:hunter2")),
        ("socks5h", Kind::Socks, None),
        ("socks5h", Kind::Socks, Some("alice:hunter2")),
    ] {
        let cloud = hidden_cloud();
        let machine = Machine::trusting(&cloud);
        let proxy = proxy(kind, credentials, &cloud);
        let at = credentials.map(|both| format!("{both}@")).unwrap_or_default();
        let url = format!("{scheme}://{at}{}", proxy.address());
        let ended = machine.claim(&cloud, &[&format!("-proxy={url}"), "-verbose"]);
        assert_eq!(ended.code, 0, "{url}: {ended:?}");
        assert_eq!(ended.stderr.lines().last(), Some("Agent was successfully claimed."));
        let note = if credentials.is_some() { " (with credentials)" } else { "" };
        let shown = format!("{scheme}://{}{note}", proxy.address());
        assert!(ended.stderr.contains(&format!("Proxy: {shown} (-proxy= or -noproxy)\n")), "{ended:?}");
        assert!(ended.stderr.contains("claim      proxy "), "the stage is told: {ended:?}");

        let conf = fs::read_to_string(machine.file("cloud.conf")).unwrap();
        assert!(conf.contains(&format!("proxy = {url}\n")), "{conf}");
        assert_eq!(mode(&machine), if credentials.is_some() { 0o600 } else { 0o644 });
        assert_link(&machine, &cloud, &proxy, &shown, "[global] proxy in cloud.conf");
        assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
    }
}

/// With socks5 this machine looks up the name, so it has to be one that it can find.
#[test]
fn socks5_sends_an_address() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let proxy = proxy(Kind::Socks, None, &cloud);
    let ended = machine.claim(&cloud, &["--proxy", &format!("socks5://{}", proxy.address())]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(proxy.asked(), [format!("127.0.0.1:{}", cloud.address().port())]);
}

#[test]
fn a_proxy_may_have_an_ipv6_address() {
    let cloud = hidden_cloud();
    let names = vec![("cloud.test".to_owned(), cloud.address())];
    let listen = "[::1]:0".parse().unwrap();
    let options = aclk_proxy::Options::new(aclk_proxy::Config::new(Kind::Http));
    let Ok(proxy) = aclk_proxy::Running::start(aclk_proxy::Options { listen, names, ..options }) else {
        return println!("skipped: there is no IPv6 here");
    };
    let machine = Machine::trusting(&cloud);
    let ended = machine.claim(&cloud, &[&format!("-proxy=http://[::1]:{}/", proxy.address().port())]);
    assert_eq!((ended.code, proxy.asked().len()), (0, 1), "{ended:?}");
}

#[test]
fn netdata_conf_is_for_claim_and_link() {
    let cloud = hidden_cloud();
    let machine = Machine::trusting(&cloud);
    let proxy = proxy(Kind::Http, Some("alice:p@ss word"), &cloud);
    let address = proxy.address();
    // As in the documentation, with a comment behind the value.
    machine.configure(&format!("[cloud]\n    proxy = http://alice:p%40ss%20word@{address} # With an IP address\n"));
    let ended = machine.claim(&cloud, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!fs::read_to_string(machine.file("cloud.conf")).unwrap().contains("proxy"), "it is not copied");
    let shown = format!("http://{address} (with credentials)");
    assert_link(&machine, &cloud, &proxy, &shown, "[cloud] proxy in netdata.conf");
}

#[test]
fn the_environment_counts_where_it_is_asked_for() {
    let cloud = hidden_cloud();
    let machine = Machine::trusting(&cloud);
    let proxy = proxy(Kind::Http, None, &cloud);
    let url = format!("http://{}", proxy.address());
    let claim = |variables: &[(&str, &str)]| {
        let mut command = machine.command(&claim_arguments(&cloud));
        command.arg("--json").envs(variables.iter().copied());
        run(command)
    };
    // Nobody asks for it: the Cloud cannot be found.
    let ended = claim(&[("https_proxy", &url)]);
    assert_eq!(ended.code, 4, "{ended:?}");
    assert_eq!(ended.json()["failures"][0]["stage"], "dns");
    machine.configure("[cloud]\nproxy = env\n");
    for variables in [&[("https_proxy", url.as_str()), ("no_proxy", "cloud.test")][..], &[]] {
        let ended = claim(variables);
        assert_eq!((ended.code, &ended.json()["failures"][0]["stage"]), (4, &"dns".into()), "{variables:?}: {ended:?}");
    }
    assert!(proxy.asked().is_empty());
    let ended = claim(&[("HTTPS_PROXY", &url), ("https_proxy", ""), ("no_proxy", "localhost,127.0.0.1")]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let stages = ended.json()["stages"].as_array().unwrap().clone();
    let stages: Vec<&str> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["key", "tcp", "proxy", "tls", "http", "storage"]);

    let mut command = machine.command(&["run"]);
    command.env("socks_proxy", "").env("http_proxy", &url);
    let link = Daemon::start(command);
    link.wait_for("ACLK: online as", 0);
    // The daemon has another environment than we.
    let (_, status) = machine.status();
    assert_eq!(status["proxy"].as_str(), Some(url.as_str()));
    assert_eq!(status["proxy_source"], "http_proxy in the environment, as [cloud] proxy in netdata.conf is env");
    link.stop();
}

#[test]
fn noproxy_overrides_what_is_configured_and_stored() {
    let (cloud, hidden) = (cloud(""), hidden_cloud());
    let machine = Machine::trusting(&cloud);
    let proxy = proxy(Kind::Http, None, &hidden);
    machine.configure(&format!("[cloud]\nproxy = http://{}\n", proxy.address()));
    for (number, argument) in ["-noproxy", "--noproxy", "-proxy=none", "-proxy=NONE"].into_iter().enumerate() {
        let id = format!("-id=0000000{number}-bbbb-4ccc-8ddd-eeeeeeeeeeee");
        let ended = machine.claim(&cloud, &[&id, argument]);
        assert_eq!(ended.code, 0, "{argument}: {ended:?}");
        assert!(ended.stderr.contains("netdata.conf says otherwise, and the link follows it"), "{ended:?}");
        assert!(fs::read_to_string(machine.file("cloud.conf")).unwrap().to_lowercase().contains("proxy = none\n"));
    }
    // An empty value is one that a script has not filled in.
    let ended = machine.claim(&cloud, &["-proxy=", "-id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(proxy.asked().len(), 1, "only the last one went through the proxy");
}

#[test]
fn a_claim_with_another_proxy_moves_a_link_that_runs() {
    let cloud = hidden_cloud();
    let machine = Machine::trusting(&cloud);
    let first = proxy(Kind::Http, None, &cloud);
    let second = proxy(Kind::Socks, Some("alice:hunter2"), &cloud);
    let link = machine.start(&[]);
    let seen = link.wait_for("not claimed; waiting", 0);
    assert_eq!(machine.claim(&cloud, &[&format!("-proxy=http://{}", first.address())]).code, 0);
    let seen = link.wait_for("ACLK: online as", seen);
    let url = format!("-proxy=socks5h://alice:hunter2@{}", second.address());
    let ended = machine.claim(&cloud, &["-id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", &url]);
    assert_eq!(ended.code, 0, "{ended:?}");
    // The claim tells the daemon, or the daemon sees for itself.
    let seen = link.wait_for("begins anew: ", seen);
    link.wait_for("ACLK: online as aaaaaaaa", seen);
    assert!(second.asked().len() >= 5, "{:?}", second.asked());
    link.stop();
}

#[test]
fn a_proxy_that_refuses_credentials_ends_a_claim_and_not_a_link() {
    for (kind, scheme, said) in [
        (Kind::Http, "http", "answered \"HTTP/1.1 407 Proxy Authentication Required\""),
        (Kind::Socks, "socks5h", "refused user name or password (code 1)"),
    ] {
        let cloud = hidden_cloud();
        let machine = Machine::trusting(&cloud);
        let proxy = proxy(kind, Some("alice:hunter2"), &cloud);
        let wrong = format!("-proxy={scheme}://alice:hunter3@{}", proxy.address());
        let ended = machine.claim(&cloud, &[&wrong, "--json"]);
        assert_eq!(ended.code, 4, "{ended:?}");
        let failures = ended.json()["failures"].as_array().unwrap().clone();
        assert_eq!(failures.len(), 1, "asking again would not help: {ended:?}");
        assert_eq!(failures[0]["stage"], "proxy");
        assert_eq!(failures[0]["cause"], format!("{}: {said}", proxy.address()));
        assert!(failures[0]["hint"].as_str().unwrap().starts_with("check user name and password"), "{ended:?}");
        assert!(!machine.file("claimed_id").exists() && !machine.file("cloud.conf").exists());

        let right = wrong.replace("hunter3", "hunter2");
        assert_eq!(machine.claim(&cloud, &[&right]).code, 0);
        proxy.set_fault(Some(if kind == Kind::Http { Fault::Status(407) } else { Fault::AuthRefused }));
        let link = machine.start(&[]);
        let seen = link.wait_for(" (retry in ", link.wait_for("offline: proxy: ", 0) - 1);
        let (code, status) = machine.status();
        assert_eq!((code, &status["state"], &status["stage"]), (4, &"offline".into(), &"proxy".into()), "{status}");
        assert!(status["reason"].as_str().unwrap().contains(said) && status["next_attempt"].is_string(), "{status}");
        proxy.set_fault(None);
        link.wait_for("ACLK: online as", seen);
        link.stop();
    }
}

#[test]
fn a_bad_gateway_is_asked_three_times() {
    let cloud = hidden_cloud();
    let machine = Machine::trusting(&cloud);
    let proxy = proxy(Kind::Http, None, &cloud);
    proxy.set_fault(Some(Fault::Status(502)));
    let ended = machine.claim(&cloud, &[&format!("-proxy=http://{}", proxy.address())]);
    assert_eq!(ended.code, 4, "{ended:?}");
    assert_eq!(ended.stderr.matches("answered \"HTTP/1.1 502 Bad Gateway\"").count(), 3, "{ended:?}");
}

/// The documentation of the original: "unknown format" there means a direct connection without a word.
#[test]
fn what_is_no_proxy_is_an_error_that_names_its_source() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let bad = "https://alice:hunter2@proxy.example:3128";
    let check = |ended: &Ended, source: &str| {
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.contains(&format!("config: the proxy of {source}")), "{source}: {ended:?}");
        assert!(ended.stderr.contains("cannot be used: it starts with https://"), "{ended:?}");
        assert!(ended.stderr.contains("hint: write none, env, or a URL"), "{ended:?}");
        assert!(!ended.stderr.contains("hunter2") && !ended.stdout.contains("hunter2"));
    };
    check(&machine.claim(&cloud, &[&format!("-proxy={bad}")]), "-proxy=");
    machine.configure(&format!("[cloud]\nproxy = {bad}\n"));
    check(&machine.claim(&cloud, &[]), "[cloud] proxy in /");
    check(&machine.run(&["run"]), "[cloud] proxy in /");
    let text = machine.run(&["status"]).stdout;
    assert!(text.contains("Proxy: the proxy of [cloud] proxy in ") && !text.contains("hunter2"), "{text}");
    machine.configure("[cloud]\nproxy = env\n");
    let mut command = machine.command(&claim_arguments(&cloud));
    command.env("all_proxy", bad);
    check(&run(command), "the environment variable all_proxy");
    machine.configure("");
    fs::write(machine.file("cloud.conf"), format!("[global]\nproxy = {bad}\n")).unwrap();
    check(&machine.claim(&cloud, &[]), "[global] proxy in /");
    check(&machine.run(&["run"]), "[global] proxy in /");
    assert!(cloud.with(|cloud, _| cloud.view()).nodes.is_empty(), "no direct connection was made");
}

/// Somebody in between, or a proxy that breaks TLS open.
#[test]
fn a_proxy_that_leads_to_an_impostor_is_found_out() {
    let (cloud, impostor) = (hidden_cloud(), hidden_cloud());
    let machine = Machine::trusting(&cloud);
    let proxy = proxy(Kind::Http, None, &impostor);
    let ended = machine.claim(&cloud, &[&format!("-proxy=http://{}", proxy.address()), "--json"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    let failure = &ended.json()["failures"][0];
    assert_eq!(failure["stage"], "tls");
    assert!(impostor.with(|cloud, _| cloud.view()).nodes.is_empty());
    assert!(!events(&impostor).iter().any(|event| event.contains("PUT ")), "it has not heard of the claim");
}
