//! Deadlines, in virtual time: the driver, and peers that stop.

use super::support::peer::Rustls;
use super::support::pki::Authority;
use super::support::stall::{FOREVER, Net, Virtual, claim, net};
use super::support::wire::{Peer, Silent};
use super::{Attack, table};
use crate::tls::guarantees::Guarantee::Deadlines;
use std::prelude::v1::*;

const PENDING: &str = "still waiting an hour later";

/// What becomes of a claim over this network.
fn claimed(net: &Net, root: &Authority, server: &mut dyn Peer) -> String {
    match claim(net, root, server, &Virtual::default(), FOREVER) {
        Some((took, failure)) => format!("given up after {} s: {failure}", took.as_secs()),
        None => PENDING.into(),
    }
}

/// The same with a server of which only so many bytes arrive.
fn cut_off(bytes: usize) -> String {
    let (root, net) = (Authority::new(), net());
    net.wire.set_quota(bytes);
    claimed(&net, &root, &mut Rustls::new(&root.localhost()))
}

#[test]
fn every_wait_has_a_deadline() {
    table(
        "Every single wait has a deadline, and the handshake has one too",
        &[
            Attack {
                what: "a resolver that does not answer",
                run: || claimed(&Net { names_resolve: false, ..net() }, &Authority::new(), &mut Silent),
                with: "given up after 10 s: dns: no answer about \"localhost\" within 10 s",
                without: &[(&[Deadlines], PENDING)],
            },
            Attack {
                what: "an address where nobody is",
                run: || claimed(&Net { connects: false, ..net() }, &Authority::new(), &mut Silent),
                with: "given up after 10 s: tcp: 127.0.0.1:443: no answer within 10 s",
                without: &[(&[Deadlines], PENDING)],
            },
            Attack {
                what: "a server that says nothing",
                run: || claimed(&net(), &Authority::new(), &mut Silent),
                with: "given up after 20 s: tls: no complete handshake within 20 s",
                without: &[(&[Deadlines], PENDING)],
            },
            Attack {
                what: "a server that stops within its ServerHello",
                run: || cut_off(50),
                with: "given up after 20 s: tls: no complete handshake within 20 s",
                without: &[(&[Deadlines], PENDING)],
            },
        ],
    );
}
