//! Peers that stop in the middle, whatever they are in the middle of: the driver, in virtual time. Every wait ends by
//! itself, with a name for what was waited for.

use crate::support::peer::Rustls;
use crate::support::pki::Authority;
use crate::support::script::{APPLICATION_DATA, BEFORE_FINISHED, Scripted};
use crate::support::stall::{self, FOREVER, Net, Virtual, net};
use crate::support::wire::{Peer, Silent, Wire};
use aclk_core::stage::{Failure, Stage};
use std::collections::VecDeque;
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

/// A server that is as quick as it should be at first, and then lets something arrive once a second.
struct Slow<'c, P> {
    server: P,
    /// Records that still arrive at once.
    quick_records: usize,
    /// What arrives in a second.
    portion: Portion,
    clock: &'c Virtual,
    behind: Wire,
    queue: VecDeque<u8>,
    last: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Portion {
    Byte,
    Record,
}

impl<'c, P: Peer> Slow<'c, P> {
    fn new(server: P, quick_records: usize, portion: Portion, clock: &'c Virtual) -> Self {
        let (behind, queue) = (Wire::default(), VecDeque::new());
        Self { server, quick_records, portion, clock, behind, queue, last: Duration::ZERO }
    }

    /// The next record; empty if there is none.
    fn take_record(&mut self) -> Vec<u8> {
        let len = match (self.queue.get(3), self.queue.get(4)) {
            (Some(&high), Some(&low)) => 5 + usize::from(u16::from_be_bytes([high, low])),
            _ => 0,
        };
        self.queue.drain(..len).collect()
    }
}

impl<P: Peer> Peer for Slow<'_, P> {
    fn step(&mut self, wire: &Wire) {
        self.behind.put_to_server(&wire.receive());
        self.server.step(&self.behind);
        self.queue.extend(self.behind.take_for_client());
        while self.quick_records > 0 && !self.queue.is_empty() {
            self.quick_records -= 1;
            wire.send(&self.take_record());
        }
        if self.clock.now.get() >= self.last + Duration::from_secs(1) && !self.queue.is_empty() {
            self.last = self.clock.now.get();
            wire.send(&match self.portion {
                Portion::Byte => self.queue.pop_front().into_iter().collect(),
                Portion::Record => self.take_record(),
            });
        }
    }
}

/// How long a claim takes whose server is slow after so many records, and how it fails. The server says every message in
/// a record of its own, and then its answer, by the byte or as a whole.
fn claim_slowly(quick_records: usize, portion: Portion) -> (Duration, Failure) {
    let root = Authority::new();
    let identity = root.localhost();
    let (net, clock) = (net(), Virtual::default());
    let server = Scripted::new(&identity, |server| {
        server.say_first(BEFORE_FINISHED.len());
        server.finished();
        server.application_keys();
        let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        match portion {
            Portion::Byte => server.encrypted(APPLICATION_DATA, answer),
            Portion::Record => answer.iter().for_each(|&byte| server.encrypted(APPLICATION_DATA, &[byte])),
        }
    });
    let mut server = Slow::new(server, quick_records, portion, &clock);
    claim(&net, &root, &mut server, &clock, Duration::from_millis(500))
}

#[test]
fn a_server_that_sends_a_byte_a_second_does_not_keep_us_waiting() {
    for records in 0..=BEFORE_FINISHED.len() {
        let last = records.checked_sub(1).map_or("ClientHello", |last| BEFORE_FINISHED[last].0);
        let (took, failure) = claim_slowly(records, Portion::Byte);
        println!("refused: a byte a second after {last}: given up after {took:?}: {failure}");
        assert_eq!((failure.stage, failure.cause.as_str()), (Stage::Tls, "no complete handshake within 20 s"));
        assert_eq!(took, Duration::from_secs(20));
    }
}

#[test]
fn an_answer_that_comes_a_byte_a_second_does_not_keep_us_waiting() {
    const HANDSHAKE_RECORDS: usize = BEFORE_FINISHED.len() + 1;
    for (portion, stage, cause, seconds) in [
        // The header of the record takes 5 s, and a record may take as long as an answer once it has begun.
        (Portion::Byte, Stage::Tls, "a TLS record did not come to its end", 35),
        (Portion::Record, Stage::Http, "no complete reply within 30 s", 30),
    ] {
        let (took, failure) = claim_slowly(HANDSHAKE_RECORDS, portion);
        println!("refused: one {portion:?} of the answer a second: given up after {took:?}: {failure}");
        assert_eq!((failure.stage, failure.cause.as_str()), (stage, cause));
        assert_eq!(took, Duration::from_secs(seconds));
    }
}

#[test]
fn a_peer_that_does_not_let_go_is_left() {
    let root = Authority::new();
    let net = Net { closes: false, ..net() };
    let (took, failure) = claim(&net, &root, &mut Rustls::new(&root.localhost()), &Virtual::default(), FOREVER);
    assert!(failure.cause.as_str().starts_with("the answer is not HTTP"), "{failure}");
    assert!(took <= Duration::from_secs(1), "{took:?}");
}
