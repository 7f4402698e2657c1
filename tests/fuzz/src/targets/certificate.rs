//! The certificate chain of a server that proves to have the key of its certificate. Only one that the authority has signed
//! is let in, under its name, in its time.

use crate::bench::device;
use crate::bench::tls::script::Scripted;
use crate::bench::tls::wire::Wire;
use crate::bench::tls::{HOST, LEAF, LEAF_BELOW, connect, identity};
use crate::input::Steps;
use aclk_core::clock::{Trust, WallTime};

const HOSTS: [&str; 4] = [HOST, "other.test", "127.0.0.1", "::1"];
/// Certificates in a chain.
const CHAIN_MAX: usize = 8;

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let host = HOSTS[usize::from(steps.next(4).unwrap_or_default())];
    let day = 86_400;
    let (seconds, trust) = match steps.byte() % 4 {
        0 => (device::START, Trust::Trusted),
        1 => (device::START + 400 * day, Trust::Trusted),
        2 => (device::START - 400 * day, Trust::Trusted),
        _ => (0, Trust::Floor),
    };
    let mut chain = Vec::new();
    while chain.len() < CHAIN_MAX {
        let certificate = steps.bytes();
        if certificate.is_empty() {
            break;
        }
        chain.push(certificate.to_vec());
    }
    let leaf = chain.first().cloned();
    let identity = identity(chain);
    let mut server = Scripted::new(&identity, |server| {
        server.handshake();
        server.close();
    });
    let wall = WallTime { unix_us: seconds * 1_000_000, trust };
    let outcome = connect(&Wire::default(), &mut server, host, wall);
    match outcome.handshake {
        Some(Ok(())) => {
            let is_known = leaf.is_some_and(|leaf| leaf == LEAF || leaf == LEAF_BELOW);
            assert!(
                is_known && host == HOST && seconds == device::START,
                "a stranger was let in as {host} at {seconds}"
            );
        }
        Some(Err(failure)) => {
            let shown = failure.to_string();
            assert!(!shown.is_empty() && !shown.contains(char::is_control), "{shown:?}");
        }
        None => panic!("client and server wait for each other"),
    }
}
