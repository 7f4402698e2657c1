//! What proxies answer, and the URLs that they are called by. Not one byte behind the answer is read, and the password is in
//! nothing that a person sees.

use crate::input::Steps;
use aclk_core::wire::proxy::{Negotiation, Proxy, ProxyError, REQUEST_MAX, Step, Target};
use std::net::{IpAddr, Ipv4Addr};

const PROXIES: [&str; 5] = [
    "http://proxy.test:3128",
    "http://alice:hunter2-abcd@proxy.test",
    "socks5://proxy.test",
    "socks5h://alice:hunter2-abcd@proxy.test",
    "socks5h://proxy.test",
];
const PASSWORD: &str = "hunter2-abcd";
/// Longest answer of SOCKS5: methods, authentication, and a reply with the longest name.
const SOCKS_MAX: usize = 2 + 2 + 5 + 255 + 2;

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let kind = usize::from(steps.next(PROXIES.len() as u8 + 1).unwrap_or_default());
    let Some(url) = PROXIES.get(kind) else { return parse(&String::from_utf8_lossy(steps.rest())) };
    let proxy = Proxy::parse(url).expect("it is a URL of a proxy");
    let (at_most, address) = (usize::from(steps.byte()).max(1), IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)));
    let target = Target { host: "cloud.test", address: Some(address).filter(|_| kind == 2), port: 443 };
    let answers = steps.rest();
    let (whole, unread) = talk(&proxy, target, answers, usize::MAX);
    assert_eq!((&whole, unread), (&talk(&proxy, target, answers, at_most).0, unread), "however it is cut");
    if kind >= 2 && whole.is_ok() {
        assert!(answers.len() - unread <= SOCKS_MAX, "more than the answers was read");
    }
    if let Err(error) = whole {
        let failure = proxy.failure(&error);
        let said = format!("{failure} {failure:?} {}", failure.hint);
        let is_ours = !answers.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
        assert!(!is_ours || !said.contains(PASSWORD), "{said}");
        assert!(!failure.to_string().contains(char::is_control), "{said:?}");
    }
}

/// How it ended, and how many bytes were not read.
fn talk(proxy: &Proxy, target: Target<'_>, answers: &[u8], at_most: usize) -> (Result<(), ProxyError>, usize) {
    let mut negotiation = Negotiation::new(proxy, target);
    let (mut buffer, mut rest) = ([0; REQUEST_MAX], answers);
    let end = loop {
        match negotiation.poll(&mut buffer) {
            Ok(Step::Send(bytes)) => assert!(!bytes.is_empty()),
            Ok(Step::Receive(most)) => {
                assert!(most > 0, "to wait for nothing is to wait for ever");
                let (piece, behind) = rest.split_at(most.min(at_most).min(rest.len()));
                if piece.is_empty() {
                    break Err(negotiation.on_end());
                }
                rest = behind;
                if let Err(error) = negotiation.receive(piece) {
                    break Err(error);
                }
            }
            Ok(Step::Done) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    // After a refusal nobody reads on: how much was read by then depends on the pieces.
    let unread = if end.is_ok() { rest.len() } else { 0 };
    (end, unread)
}

fn parse(text: &str) {
    match Proxy::parse(text) {
        Ok(proxy) => {
            assert!(!proxy.host().is_empty() && proxy.port() > 0, "{text:?}");
            let shown = proxy.to_string();
            assert!(!shown.contains(char::is_control), "{shown:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
