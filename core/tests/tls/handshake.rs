//! Servers that deserve trust get it.

use crate::support::peer::{ClientAuth, Options, Rustls};
use crate::support::pki::{Authority, authority_params, key, server_params};
use crate::support::wire::{Drip, drive};
use crate::support::{Client, Memory};
use aclk_core::tls::{Received, Secure};
use rcgen::PKCS_ECDSA_P256_SHA256;

/// Sends a line to a server that answers in capitals.
fn talk<S: embedded_io_async::Read + embedded_io_async::Write>(
    client: &Client,
    server: &mut Rustls,
    secure: &mut Secure<'_, S>,
) {
    let answer = drive(&client.wire, server, async {
        secure.write_all(b"hello").await?;
        secure.flush().await?;
        let mut answer: Vec<u8> = Vec::new();
        while answer.len() < 5 {
            let mut buf = [0; 16];
            match secure.read(&mut buf).await? {
                Received::Data(count) => answer.extend(&buf[..count]),
                Received::Nothing => {}
                end => panic!("{end:?}"),
            }
        }
        Ok::<_, aclk_core::stage::Failure>(answer)
    });
    assert_eq!(answer.unwrap(), b"HELLO");
}

/// Connects to `server` and exchanges a line.
fn connects(client: &Client, mut server: Rustls) -> Rustls {
    let mut memory = Memory::default();
    let mut secure = client.open(&mut memory, &mut server).unwrap();
    talk(client, &mut server, &mut secure);
    assert_eq!(server.heard, b"hello");
    server
}

#[test]
fn a_p256_server_is_accepted() {
    let root = Authority::new();
    let server = connects(&Client::trusting(&root.der), Rustls::new(&root.localhost()));
    assert_eq!(server.name(), Some("localhost"));
    assert_eq!(server.version(), Some(rustls::ProtocolVersion::TLSv1_3));
}

#[test]
fn a_chain_of_intermediates_is_accepted_in_any_order() {
    let root = Authority::new();
    let upper = root.subordinate(authority_params("Upper"), key(&PKCS_ECDSA_P256_SHA256));
    let lower = upper.subordinate(authority_params("Lower"), key(&PKCS_ECDSA_P256_SHA256));
    let mut identity = lower.localhost();
    identity.chain.extend([upper.der.clone(), lower.der.clone()]);
    connects(&Client::trusting(&root.der), Rustls::new(&identity));
}

#[test]
fn an_intermediate_may_be_the_trust_anchor() {
    let root = Authority::new();
    let lower = root.subordinate(authority_params("Lower"), key(&PKCS_ECDSA_P256_SHA256));
    connects(&Client::trusting(&lower.der), Rustls::new(&lower.localhost()));
}

#[cfg(feature = "p384")]
#[test]
fn p384_is_accepted_in_chain_and_handshake() {
    use rcgen::PKCS_ECDSA_P384_SHA384;
    let root = Authority::root("P-384 Root", key(&PKCS_ECDSA_P384_SHA384));
    let lower = root.subordinate(authority_params("P-384 CA"), key(&PKCS_ECDSA_P384_SHA384));
    let mut identity = lower.server(&server_params(&["localhost"]), key(&PKCS_ECDSA_P384_SHA384));
    identity.chain.push(lower.der.clone());
    connects(&Client::trusting(&root.der), Rustls::new(&identity));
}

#[cfg(feature = "compact-rsa")]
#[test]
fn rsa_is_accepted_in_chain_and_handshake() {
    use crate::support::pki::rsa_key;
    let root = Authority::root("RSA Root", rsa_key());
    let lower = root.subordinate(authority_params("RSA CA"), rsa_key());
    let mut identity = lower.server(&server_params(&["localhost"]), rsa_key());
    identity.chain.push(lower.der.clone());
    connects(&Client::trusting(&root.der), Rustls::new(&identity));
}

#[cfg(feature = "compact-rsa")]
#[test]
fn rsa_chains_may_be_signed_with_every_hash() {
    use crate::support::pki::rsa_key;
    for algorithm in [&rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_RSA_SHA384, &rcgen::PKCS_RSA_SHA512] {
        let der = rustls::pki_types::PrivatePkcs8KeyDer::from(rsa_key().serialize_der());
        let root = Authority::root("RSA Root", rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, algorithm).unwrap());
        connects(&Client::trusting(&root.der), Rustls::new(&root.localhost()));
    }
}

#[test]
fn a_wildcard_and_a_name_with_a_final_dot_match() {
    let root = Authority::new();
    let identity = root.server(&server_params(&["*.netdata.example"]), key(&PKCS_ECDSA_P256_SHA256));
    let client = Client::trusting(&root.der).expecting("api.netdata.example.");
    let server = connects(&client, Rustls::new(&identity));
    assert_eq!(server.name(), Some("api.netdata.example"), "SNI has no dot at its end");
}

#[test]
fn addresses_match_address_names_and_are_never_sent_as_sni() {
    let root = Authority::new();
    let identity = root.server(&server_params(&["127.0.0.1", "::1"]), key(&PKCS_ECDSA_P256_SHA256));
    for address in ["127.0.0.1", "::1", "[::1]"] {
        let client = Client::trusting(&root.der).expecting(address);
        let server = connects(&client, Rustls::new(&identity));
        assert_eq!(server.name(), None);
        let hello = &client.wire.records()[0].1;
        assert!(!hello.windows(address.len()).any(|window| window == address.as_bytes()));
    }
}

#[test]
fn a_self_signed_server_is_accepted_if_it_is_its_own_anchor() {
    let key = key(&PKCS_ECDSA_P256_SHA256);
    let der = server_params(&["localhost"]).self_signed(&key).unwrap().der().clone();
    let client = Client::trusting(&der);
    connects(&client, Rustls::new(&crate::support::pki::Identity { chain: vec![der], key }));
}

#[test]
fn a_server_that_would_like_a_client_certificate_gets_none_and_is_content() {
    let root = Authority::new();
    let options = Options { client_auth: ClientAuth::Optional, ..Options::default() };
    connects(&Client::trusting(&root.der), Rustls::with(&root.localhost(), options));
}

#[test]
fn the_handshake_survives_one_byte_at_a_time() {
    let root = Authority::new();
    let client = Client::trusting(&root.der).over(Drip { read: 1, write: 1 });
    connects(&client, Rustls::new(&root.localhost()));
}

#[test]
fn the_hello_is_made_from_the_callers_random_numbers() {
    use rand_core::Rng;
    let root = Authority::new();
    let client = Client::trusting(&root.der);
    connects(&client, Rustls::new(&root.localhost()));
    let mut random = [0; 32];
    crate::support::rng().fill_bytes(&mut random);
    assert_eq!(client.wire.records()[0].1[6..38], random);
}

#[cfg(feature = "compact-rsa")]
#[test]
fn schemes_are_offered_with_pkcs1_for_chains_only_after_what_the_handshake_takes() {
    let root = Authority::new();
    let client = Client::trusting(&root.der);
    connects(&client, Rustls::new(&root.localhost()));
    let hello = &client.wire.records()[0].1;
    let schemes =
        [0x04, 0x03, 0x05, 0x03, 0x08, 0x07, 0x04, 0x01, 0x05, 0x01, 0x06, 0x01, 0x08, 0x04, 0x08, 0x05, 8, 6];
    assert!(hello.windows(schemes.len()).any(|window| window == schemes));
}

#[test]
fn nothing_allocates_but_the_rsa_crate() {
    use crate::support::heap::{allocations, counted};
    use crate::support::pki::Identity;

    fn connects_and_allocates(root: &Authority, identity: &Identity) -> usize {
        let before = allocations();
        let client = Client::trusting(&root.der);
        let mut server = Rustls::new(identity);
        let mut memory = Memory::default();
        let mut secure = client.open(&mut memory, &mut server).unwrap();
        drive(&client.wire, &mut server, secure.write_all(b"hello")).unwrap();
        drive(&client.wire, &mut server, secure.flush()).unwrap();
        let mut buf = [0; 16];
        while !matches!(drive(&client.wire, &mut server, secure.read(&mut buf)).unwrap(), Received::Data(5)) {}
        drive(&client.wire, &mut server, secure.close());
        allocations() - before
    }

    let root = Authority::new();
    let lower = root.subordinate(authority_params("Lower"), key(&PKCS_ECDSA_P256_SHA256));
    let mut identity = lower.localhost();
    identity.chain.push(lower.der.clone());
    assert_eq!(connects_and_allocates(&root, &identity), 0);
    #[cfg(feature = "p384")]
    {
        let root = Authority::root("P-384 Root", key(&rcgen::PKCS_ECDSA_P384_SHA384));
        let identity = root.server(&server_params(&["localhost"]), key(&rcgen::PKCS_ECDSA_P384_SHA384));
        assert_eq!(connects_and_allocates(&root, &identity), 0);
    }
    #[cfg(feature = "compact-rsa")]
    {
        let root = Authority::root("RSA Root", crate::support::pki::rsa_key());
        assert_eq!(connects_and_allocates(&root, &root.localhost()) > 0, cfg!(feature = "rsa"));
    }
    let before = allocations();
    counted(|| drop(std::hint::black_box(Box::new(1))));
    assert_ne!(allocations(), before, "the counter does not count");
}
