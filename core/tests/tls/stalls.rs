//! Peers that stop in the middle, whatever they are in the middle of: the driver, in virtual time. Every wait ends by
//! itself, with a name for what was waited for.

use crate::support::peer::Rustls;
use crate::support::pki::Authority;
use crate::support::stall::{self, FOREVER, Net, Virtual, net};
use crate::support::wire::{Peer, Silent, Wire};
use aclk_core::stage::{Failure, Stage};
use std::time::Duration;

/// How long the one attempt at a claim took, and how it failed.
fn claim(net: &Net, root: &Authority, server: &mut dyn Peer, clock: &Virtual, step: Duration) -> (Duration, Failure) {
    stall::claim(net, root, server, clock, step).expect("a wait without a deadline")
}

#[test]
fn a_network_that_does_not_answer_is_given_up_on() {
    let root = Authority::new();
    for (net, stage, seconds, cause) in [
        (Net { names_resolve: false, ..net() }, Stage::Dns, 10, "no answer about \"localhost\" within 10 s"),
        (Net { connects: false, ..net() }, Stage::Tcp, 10, "127.0.0.1:443: no answer within 10 s"),
        (net(), Stage::Tls, 20, "no complete handshake within 20 s"),
    ] {
        let (took, failure) = claim(&net, &root, &mut Silent, &Virtual::default(), FOREVER);
        println!("refused: a network that does not answer, after {took:?}: {failure}");
        assert_eq!((failure.stage, failure.cause.as_str()), (stage, cause));
        assert_eq!(took, Duration::from_secs(seconds));
    }
}

#[test]
fn a_server_that_stops_after_any_number_of_bytes_is_given_up_on() {
    let root = Authority::new();
    let identity = root.localhost();
    let (mut in_handshake, mut in_answer) = (0, 0);
    for quota in (0..).step_by(3) {
        let net = net();
        net.wire.set_quota(quota);
        let (took, failure) = claim(&net, &root, &mut Rustls::new(&identity), &Virtual::default(), FOREVER);
        match failure.cause.as_str() {
            "no complete handshake within 20 s" => in_handshake += 1,
            "no complete reply within 30 s" | "a TLS record did not come to its end" => in_answer += 1,
            // The whole answer came, and was an echo.
            cause if cause.starts_with("the answer is not HTTP") => break,
            cause => panic!("{quota} bytes: {cause}"),
        }
        assert!(took <= Duration::from_secs(31), "{quota} bytes: {took:?}");
    }
    println!("given up on at {in_handshake} points of the handshake and {in_answer} of the answer");
    assert!(in_handshake > 200 && in_answer > 100);
}

/// A server whose bytes arrive one by one, a second apart.
struct Slow<'c> {
    server: Rustls,
    behind: Wire,
    clock: &'c Virtual,
    queue: std::collections::VecDeque<u8>,
    last: Duration,
}

impl Peer for Slow<'_> {
    fn step(&mut self, wire: &Wire) {
        self.behind.put_to_server(&wire.receive());
        self.server.step(&self.behind);
        self.queue.extend(self.behind.take_for_client());
        if self.clock.now.get() >= self.last + Duration::from_secs(1)
            && let Some(byte) = self.queue.pop_front()
        {
            self.last = self.clock.now.get();
            wire.send(&[byte]);
        }
    }
}

#[test]
fn a_server_that_sends_a_byte_a_second_does_not_keep_us_waiting() {
    let root = Authority::new();
    let (net, clock) = (net(), Virtual::default());
    let mut server = Slow {
        server: Rustls::new(&root.localhost()),
        behind: Wire::default(),
        clock: &clock,
        queue: std::collections::VecDeque::new(),
        last: Duration::ZERO,
    };
    let (took, failure) = claim(&net, &root, &mut server, &clock, Duration::from_millis(500));
    assert_eq!(failure.cause.as_str(), "no complete handshake within 20 s");
    assert!(took <= Duration::from_secs(21), "{took:?}");
}

#[test]
fn a_peer_that_does_not_let_go_is_left() {
    let root = Authority::new();
    let net = Net { closes: false, ..net() };
    let (took, failure) = claim(&net, &root, &mut Rustls::new(&root.localhost()), &Virtual::default(), FOREVER);
    assert!(failure.cause.as_str().starts_with("the answer is not HTTP"), "{failure}");
    assert!(took <= Duration::from_secs(1), "{took:?}");
}
