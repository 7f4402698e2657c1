//! What a client lets in that checks no certificates ([`Anchors::insecure_anybody`](aclk_core::tls::Anchors)), and what it
//! does not. That servers which cannot prove that they have their key, or break TLS, are refused all the same is shown by
//! `hostile`, which runs every case with both kinds of client.

use crate::support::peer::Rustls;
use crate::support::pki::{Authority, Identity, key, server_params};
use crate::support::wire::{Peer, drive};
use crate::support::{Client, Memory, tolerated};
use aclk_core::clock::{Trust, WallTime};
use rcgen::{CertificateParams, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, date_time_ymd};

/// A server whose certificate was changed, below a root that nobody knows.
fn server(change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = server_params(&["localhost"]);
    change(&mut params);
    Authority::new().server(&params, key(&PKCS_ECDSA_P256_SHA256))
}

/// Talks to the server, without a byte of memory of its own.
fn talk(client: &Client, identity: &Identity) {
    let (mut memory, mut server) = (Memory::default(), Rustls::new(identity));
    let mut secure = client.open_without_heap(&mut memory, &mut server).unwrap();
    drive(&client.wire, &mut server, secure.write_all(b"hello")).unwrap();
    drive(&client.wire, &mut server, secure.flush()).unwrap();
    drive(&client.wire, &mut server, secure.close());
    server.step(&client.wire);
    assert_eq!(server.heard, b"hello");
}

#[test]
fn neither_chain_nor_name_nor_dates_are_checked() {
    let because = "certificates are not checked (-insecure)";
    for (case, identity) in [
        ("an unknown root", server(|_| {})),
        ("another host", server(|params| *params = server_params(&["evil.example"]))),
        ("no host", server(|params| *params = server_params(&[]))),
        ("expired", server(|params| params.not_after = date_time_ymd(2025, 3, 1))),
        ("not valid yet", server(|params| params.not_before = date_time_ymd(2050, 1, 1))),
    ] {
        talk(&Client::insecure(), &identity);
        tolerated(case, because);
    }
    let unset = WallTime { unix_us: 0, trust: Trust::Floor };
    talk(&Client::insecure().at(unset), &server(|_| {}));
    talk(&Client::insecure().expecting("127.0.0.1"), &server(|_| {}));
}

#[test]
fn a_certificate_whose_key_cannot_sign_a_handshake_is_refused() {
    let identity = server(|params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    let reason = Client::insecure().refuses("key usage without signatures", &mut Rustls::new(&identity));
    assert_eq!(reason, "tls: key usage of the server's certificate does not allow signatures");
    let root = Authority::new();
    let identity = root.server(&server_params(&["localhost"]), key(&PKCS_ED25519));
    let reason = Client::insecure().refuses("a kind of key that we cannot check", &mut Rustls::new(&identity));
    assert!(reason.starts_with("tls: "), "{reason}");
}
