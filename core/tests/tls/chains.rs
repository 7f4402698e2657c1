//! Chains that deserve trust, and wildcards: a table, one line per case.

use crate::support::peer::Rustls;
use crate::support::pki::{Authority, Identity, authority_params, key, server_params};
use crate::support::wire::{Peer, drive};
use crate::support::{Client, Memory, tolerated};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};

/// A kind of key, and how to get one.
type Kind = (&'static str, fn() -> KeyPair);

/// The kinds of keys a certificate can have.
fn kinds() -> Vec<Kind> {
    let mut kinds: Vec<Kind> = vec![("P-256", || key(&PKCS_ECDSA_P256_SHA256))];
    #[cfg(feature = "p384")]
    kinds.push(("P-384", || key(&rcgen::PKCS_ECDSA_P384_SHA384)));
    #[cfg(feature = "compact-rsa")]
    {
        use crate::support::pki::rsa_key_of;
        kinds.push(("RSA-2048", || rsa_key_of(2_048)));
        kinds.push(("RSA-3072", || rsa_key_of(3_072)));
        kinds.push(("RSA-4096", || rsa_key_of(4_096)));
    }
    kinds
}

fn accept(client: &Client, identity: &Identity) {
    let (mut memory, mut server) = (Memory::default(), Rustls::new(identity));
    let mut secure = client.open(&mut memory, &mut server).unwrap();
    drive(&client.wire, &mut server, secure.write_all(b"hello")).unwrap();
    drive(&client.wire, &mut server, secure.flush()).unwrap();
    drive(&client.wire, &mut server, secure.close());
    server.step(&client.wire);
    assert_eq!(server.heard, b"hello");
}

#[test]
fn every_mix_of_keys_in_a_chain_is_accepted() {
    for (root_kind, root_key) in kinds() {
        let root = Authority::root("Root", root_key());
        for (middle_kind, middle_key) in kinds() {
            let middle = root.subordinate(authority_params("Intermediate"), middle_key());
            for (leaf_kind, leaf_key) in kinds() {
                let mut identity = middle.server(&server_params(&["localhost"]), leaf_key());
                identity.chain.push(middle.der.clone());
                accept(&Client::trusting(&root.der), &identity);
                println!("accepted: {leaf_kind} server below {middle_kind} below {root_kind} root");
            }
        }
    }
}

#[test]
fn a_cross_signed_authority_is_accepted_by_those_who_know_either_root() {
    let (old, new) = (Authority::root("Old Root", key(&PKCS_ECDSA_P256_SHA256)), Authority::new());
    // The same authority, certified by both.
    let shared = || KeyPair::try_from(SHARED.with(Clone::clone).as_slice()).unwrap();
    thread_local!(static SHARED: Vec<u8> = key(&PKCS_ECDSA_P256_SHA256).serialize_der());
    let by_old = old.subordinate(authority_params("Issuing CA"), shared());
    let by_new = new.subordinate(authority_params("Issuing CA"), shared());
    let mut identity = by_old.localhost();
    for order in [[&by_old, &by_new], [&by_new, &by_old]] {
        identity.chain.truncate(1);
        identity.chain.extend(order.map(|authority| authority.der.clone()));
        for root in [&old, &new] {
            accept(&Client::trusting(&root.der), &identity);
            println!("accepted: an authority that two roots have signed, by one who knows either");
        }
    }
}

#[test]
fn certificates_that_nobody_needs_do_no_harm() {
    let root = Authority::new();
    let lower = root.subordinate(authority_params("Lower"), key(&PKCS_ECDSA_P256_SHA256));
    let mut identity = lower.localhost();
    let stranger = Authority::root("Stranger", key(&PKCS_ECDSA_P256_SHA256));
    identity.chain.extend([stranger.der.clone(), root.der.clone(), lower.der.clone(), lower.der.clone()]);
    accept(&Client::trusting(&root.der), &identity);
    tolerated("certificates that nobody needs, and the root, and one twice", "RFC 8446 4.4.2 asks clients for that");
}

#[test]
fn wildcards_stand_for_one_whole_label() {
    let root = Authority::new();
    for (certified, wanted, accepted) in [
        ("*.netdata.example", "api.netdata.example", true),
        ("*.NETDATA.example", "API.netdata.example", true),
        ("*.netdata.example", "netdata.example", false),
        ("*.netdata.example", "a.b.netdata.example", false),
        ("api.*.example", "api.netdata.example", false),
        ("a*.netdata.example", "api.netdata.example", false),
        ("*pi.netdata.example", "api.netdata.example", false),
        ("*", "localhost", false),
        ("*.1", "127.0.0.1", false),
        ("netdata.example", "netdata.example", true),
        ("netdata.example.evil.example", "netdata.example", false),
        ("xnetdata.example", "netdata.example", false),
    ] {
        let identity = root.server(&server_params(&[certified]), key(&PKCS_ECDSA_P256_SHA256));
        let client = Client::trusting(&root.der).expecting(wanted);
        let opened = client.open(&mut Memory::default(), &mut Rustls::new(&identity)).map(drop);
        let outcome = opened.as_ref().err().map_or_else(|| "accepted".to_owned(), ToString::to_string);
        let word = if accepted { "accepted" } else { "refused" };
        println!("{word}: certificate for {certified}, host {wanted}: {outcome}");
        assert_eq!(opened.is_ok(), accepted, "{certified} for {wanted}: {outcome}");
    }
}
