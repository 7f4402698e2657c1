//! Everything a proxy can do wrong: what the device says, what happens next, and that it comes online once that is over.
//!
//! These are the faults of protocol.md 8.3 that a proxy commits, and more; those of the Cloud are in `faults.rs`.

use aclk_core::engine::event::Goal;
use aclk_core::stage::{Next, Stage};
use aclk_pair::{Done, Pair, Pieces, ProxySetup, Setup};
use aclk_proxy::{Config, Fault, Kind};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// A device behind a proxy of each kind that commits `fault`.
fn behind(url: &str, fault: Option<Fault>) -> Setup {
    let kind = if url.starts_with("http") { Kind::Http } else { Kind::Socks };
    let credentials = url.contains('@').then(|| ("alice".to_owned(), "hunter2 :@".to_owned()));
    let config = Config { kind, credentials, fault };
    Setup { proxy: Some(ProxySetup { url: url.to_owned(), config }), ..Setup::default() }
}

const URLS: [&str; 6] = [
    "http://proxy.example:3128",
    "http://alice:hunter2%20%3A%40@proxy.example:3128",
    "socks5://proxy.example",
    "socks5://alice:hunter2%20%3A%40@proxy.example",
    "socks5h://proxy.example",
    "socks5h://alice:hunter2%20%3A%40@proxy.example",
];

/// Faults with the URLs where they can strike.
fn cases() -> impl Iterator<Item = (&'static str, Fault)> {
    let faults = |url: &str| Fault::list(if url.starts_with("http") { Kind::Http } else { Kind::Socks });
    URLS.into_iter().flat_map(move |url| faults(url).map(move |fault| (url, fault)))
}

#[test]
fn every_connection_of_claim_and_link_goes_through_the_proxy() {
    for url in URLS {
        let mut pair = Pair::new(behind(url, None));
        assert!(pair.run_until(Pair::is_live, MINUTE), "{url}: {:?}", pair.failures());
        let target = if url.starts_with("socks5:") { "203.0.113.7:8443" } else { "cloud.test:8443" };
        // Claim, /env, challenge, password, link.
        assert_eq!(pair.asked, [target; 5], "{url}");
        assert!(pair.failures().is_empty() && pair.cloud.deviations().is_empty(), "{url}");
    }
}

#[test]
fn hosts_in_no_proxy_are_reached_directly() {
    for (no_proxy, is_direct) in [("cloud.test", true), (".test:8443", true), ("*", true), ("cloud.example", false)] {
        let mut pair = Pair::new(Setup { no_proxy, ..behind(URLS[0], None) });
        assert!(pair.run_until(Pair::is_online, MINUTE));
        assert_eq!(pair.asked.is_empty(), is_direct, "{no_proxy}");
    }
}

/// What is said about a fault. `url` tells whether credentials were sent.
fn cause(fault: Fault, url: &str) -> String {
    match fault {
        Fault::Hang => "made no tunnel within 30 s".to_owned(),
        Fault::Close => "closed the connection without an answer".to_owned(),
        Fault::CloseEarly => "closed the connection in the middle of its answer".to_owned(),
        Fault::CloseBehind => "made a tunnel and closed it at once".to_owned(),
        Fault::BytesBehind => "sent data behind its answer, where only the Cloud may speak".to_owned(),
        Fault::Garbage if url.starts_with("http") => "does not answer as an HTTP proxy does".to_owned(),
        Fault::Garbage => "does not answer as a SOCKS5 proxy does, but with version 83".to_owned(),
        Fault::Status(status) => format!("answered \"HTTP/1.1 {status} "),
        Fault::OtherScheme => "answered \"HTTP/1.1 407 Proxy Authentication Required\"".to_owned(),
        Fault::OversizedHead => "the head of its answer is longer than 4095 bytes".to_owned(),
        Fault::NoMethod => "accepts none of the ways to authenticate that were offered".to_owned(),
        Fault::UnofferedMethod => "chose a way to authenticate that was not offered: 1 (GSSAPI)".to_owned(),
        Fault::BadVersion => "does not answer as a SOCKS5 proxy does, but with version 4".to_owned(),
        Fault::AuthRefused if url.contains('@') => "refused user name or password (code 1)".to_owned(),
        Fault::BadAuthVersion if url.contains('@') => {
            "does not answer to user name and password as it should, but with version 5".to_owned()
        }
        Fault::AuthRefused | Fault::BadAuthVersion => cause(Fault::NoMethod, url),
        Fault::Reply(5) => "refused the connection: connection refused by the target (SOCKS reply 5)".to_owned(),
        Fault::Reply(code) => format!("(SOCKS reply {code})"),
        Fault::BadAddressType => "its SOCKS reply has an address of the unknown kind 2".to_owned(),
        Fault::ByteAtATime | Fault::Http10 | Fault::Interim => unreachable!("{fault} does no harm"),
    }
}

/// Whether only a person can mend it.
fn is_about_credentials(fault: Fault, url: &str) -> bool {
    match fault {
        Fault::Status(407) | Fault::OtherScheme | Fault::NoMethod | Fault::UnofferedMethod | Fault::AuthRefused => true,
        Fault::BadAuthVersion => !url.contains('@'),
        _ => false,
    }
}

#[test]
fn every_fault_has_a_name_and_the_link_comes_back_once_it_is_over() {
    for (url, fault) in cases() {
        let mut pair = Pair::new(behind(url, Some(fault)));
        if fault.is_harmless() {
            assert!(pair.run_until(Pair::is_online, MINUTE), "{url} {fault}: {:?}", pair.failures());
            println!("{url:50} {fault:18} does no harm");
            continue;
        }
        // A device claims for ever: nobody sits in front of it.
        assert!(pair.run_until(|pair| pair.failures().len() == 3, HOUR), "{url} {fault}");
        for failure in pair.failures() {
            assert_eq!(failure.stage, Stage::Proxy, "{url} {fault}: {failure}");
            let text = failure.cause.as_str();
            assert!(text.starts_with("proxy.example:") && text.contains(&cause(fault, url)), "{url} {fault}: {text}");
            assert!(matches!(failure.next, Next::Retry(_)), "{url} {fault}: {failure}");
            assert!(!failure.hint.is_empty() || fault == Fault::Hang, "{url} {fault}: nothing to do about it");
        }
        pair.set_proxy_fault(None);
        assert!(pair.run_until(Pair::is_online, HOUR), "{url} {fault}: {:?}", pair.failures());
        let told = format!("{:?}", pair.happened);
        assert!(!told.contains("hunter2") && !told.contains("YWxpY2U6"), "{told}");
        println!("{url:50} {fault:18} {}", pair.failures()[0]);
    }
}

#[test]
fn a_link_that_loses_its_proxy_takes_it_up_again_with_the_usual_back_off() {
    for (url, fault) in cases().filter(|(_, fault)| !fault.is_harmless()) {
        let mut pair = Pair::new(behind(url, None));
        assert!(pair.run_until(Pair::is_online, MINUTE), "{url}");
        pair.set_proxy_fault(Some(fault));
        pair.cloud_down();
        pair.cloud_up();
        pair.run_for(Duration::from_secs(600));
        let mut due = Duration::ZERO;
        for happened in &pair.happened {
            let Done::Offline(failure) = &happened.what else { continue };
            assert!(happened.at >= due, "{url} {fault}: at {:?}, due {due:?}", happened.at);
            let Next::Retry(delay) = failure.next else { panic!("{url} {fault}: {failure}") };
            due = happened.at + delay;
        }
        assert!((3..40).contains(&pair.failures().len()), "{url} {fault}: {:?}", pair.failures());
        pair.set_proxy_fault(None);
        assert!(pair.run_until(Pair::is_online, HOUR), "{url} {fault}");
    }
}

#[test]
fn a_claim_that_is_watched_ends_at_once_where_only_a_person_can_help() {
    for (url, fault) in cases().filter(|(_, fault)| !fault.is_harmless()) {
        let setup = Setup { goal: Goal::Claim, claim_attempts: Some(3), ..behind(url, Some(fault)) };
        let mut pair = Pair::new(setup);
        assert!(pair.run_to_end(HOUR), "{url} {fault}");
        let attempts = if is_about_credentials(fault, url) { 1 } else { 3 };
        assert_eq!(pair.failures().len(), attempts, "{url} {fault}: {:?}", pair.failures());
        let last = pair.failures().last().copied().cloned().unwrap();
        assert_eq!((last.stage, last.next), (Stage::Proxy, Next::Stop), "{url} {fault}");
        assert!(!is_about_credentials(fault, url) || !last.hint.is_empty(), "{url} {fault}: nothing to do about it");
        assert!(!pair.is_claimed());
    }
}

#[test]
fn wrong_credentials_and_missing_ones_are_told_apart() {
    for (url, hint) in [
        ("http://proxy.example", "the proxy wants a user name and a password"),
        ("http://alice:wrong@proxy.example", "check user name and password"),
        ("socks5h://proxy.example", "the proxy wants a user name and a password"),
        ("socks5h://alice:wrong@proxy.example", "check user name and password"),
    ] {
        let mut setup = Setup { goal: Goal::Claim, claim_attempts: Some(3), ..behind(url, None) };
        setup.proxy.as_mut().unwrap().config.credentials = Some(("alice".to_owned(), "hunter2".to_owned()));
        let mut pair = Pair::new(setup);
        assert!(pair.run_to_end(HOUR));
        let failures = pair.failures();
        assert!(failures.len() == 1 && failures[0].hint.starts_with(hint), "{url}: {failures:?}");
    }
}

#[test]
fn an_answer_may_be_cut_at_every_byte() {
    for (url, longest) in [(URLS[0], 60), (URLS[3], 20), (URLS[4], 20)] {
        for at in 1..=longest {
            let mut pair = Pair::new(Setup { pieces: Pieces::SplitAt(at), ..behind(url, None) });
            assert!(pair.run_until(Pair::is_online, MINUTE), "{url} at {at}: {:?}", pair.failures());
            assert!(pair.failures().is_empty(), "{url} at {at}: {:?}", pair.failures());
        }
        for pieces in [Pieces::Of(1), Pieces::Random] {
            let mut pair = Pair::new(Setup { pieces, ..behind(url, None) });
            assert!(pair.run_until(Pair::is_online, MINUTE), "{url} {pieces:?}: {:?}", pair.failures());
        }
    }
}
