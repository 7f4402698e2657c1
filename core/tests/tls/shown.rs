//! What a server shows of itself, whether it is let in or not.

use crate::support::peer::Rustls;
use crate::support::pki::{Authority, Identity, authority_params, key, server_params};
use crate::support::wire::{Wire, drive};
use crate::support::{Memory, rng, today};
use aclk_core::tls::{Anchors, Policy, Secure, ServerCertificate};
use rcgen::PKCS_ECDSA_P256_SHA256;
use rustls::pki_types::CertificateDer;

/// What `localhost` shows to a client that trusts `root`, and whether it is let in.
fn shown(identity: &Identity, root: &CertificateDer<'static>) -> (String, bool) {
    let (wire, mut memory, mut seen) = (Wire::default(), Memory::default(), String::new());
    let anchors = [aclk_core::tls::anchor(root).unwrap()];
    let policy = Policy { anchors: Anchors::new(&anchors), wall: today(), build_unix_seconds: 0 };
    let mut show = |of: &ServerCertificate<'_>| {
        let (from, to) = of.validity().expect("it has one");
        seen = format!(
            "{} by {} below {} for {}, {} days, {} sent, self-signed: {}",
            of.subject(),
            of.issuer(),
            of.root(),
            of.hosts(),
            (to - from) / 86_400,
            of.sent(),
            of.is_self_signed()
        );
    };
    let mut rng = rng();
    let opening = Secure::open_showing(wire.socket(), "localhost", &policy, memory.buffers(), &mut rng, &mut show);
    let is_let_in = drive(&wire, &mut Rustls::new(identity), opening).is_ok();
    (seen, is_let_in)
}

#[test]
fn a_certificate_is_shown_with_who_issued_it_and_where_its_chain_leads() {
    let root = Authority::root("Root", key(&PKCS_ECDSA_P256_SHA256));
    let lower = root.subordinate(authority_params("Lower"), key(&PKCS_ECDSA_P256_SHA256));
    let mut identity = lower.server(&server_params(&["localhost", "127.0.0.1"]), key(&PKCS_ECDSA_P256_SHA256));
    identity.chain.push(lower.der.clone());
    let expected =
        "server by Lower below Root for \"localhost\", \"127.0.0.1\", 365 days, 2 sent, self-signed: false".to_owned();
    assert_eq!(shown(&identity, &root.der), (expected.clone(), true));
    // Nobody is trusted for that: who looks for the fault has to see the certificate that is to blame.
    assert_eq!(shown(&identity, &Authority::new().der), (expected, false));
}

#[test]
fn a_certificate_that_issued_itself_says_so() {
    let key = key(&PKCS_ECDSA_P256_SHA256);
    let der = server_params(&["other.example"]).self_signed(&key).unwrap().der().clone();
    let (seen, is_let_in) = shown(&Identity { chain: vec![der], key }, &Authority::new().der);
    assert_eq!(seen, "server by server below server for \"other.example\", 365 days, 1 sent, self-signed: true");
    assert!(!is_let_in);
}
