//! Well-behaved servers that must not be trusted, or that cannot be talked to. Each failure says why.

use crate::support::peer::{ClientAuth, Options, Rustls};
use crate::support::pki::{Authority, Identity, authority_params, key, server_params};
use crate::support::wire::{Peer, Silent, Wire, drive};
use crate::support::{Client, Memory, TODAY, today, tolerated};
use aclk_core::clock::{Trust, WallTime};
use aclk_core::stage::Failure;
use aclk_core::tls::{AnchorError, Anchors, Policy, Secure, anchor};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, date_time_ymd,
};
use rustls::crypto::ring::kx_group;
use std::fmt::Display;

/// The reason why a client that trusts `root` refuses a server with `identity`, and the alert it sends.
fn refusal(case: impl Display, root: &Authority, identity: &Identity) -> (String, Vec<u8>) {
    let client = Client::trusting(&root.der);
    let reason = client.refuses(case, &mut Rustls::new(identity));
    assert_eq!(client.wire.encrypted_records(), 0, "the handshake was finished with a server that was refused");
    (reason, client.wire.alerts())
}

/// A root, and a server below it whose parameters were changed.
fn refusal_of(case: impl Display, change: impl FnOnce(&mut CertificateParams)) -> (String, Vec<u8>) {
    let root = Authority::new();
    let mut params = server_params(&["localhost"]);
    change(&mut params);
    refusal(case, &root, &root.server(&params, key(&PKCS_ECDSA_P256_SHA256)))
}

/// A root, an intermediate authority whose parameters were changed, and a server below that.
fn refusal_below(case: impl Display, change: impl FnOnce(&mut CertificateParams)) -> (String, Vec<u8>) {
    let root = Authority::new();
    let mut params = authority_params("Lower");
    change(&mut params);
    let lower = root.subordinate(params, key(&PKCS_ECDSA_P256_SHA256));
    let mut identity = lower.localhost();
    identity.chain.push(lower.der.clone());
    refusal(case, &root, &identity)
}

const BAD_CERTIFICATE: u8 = 42;
const UNSUPPORTED_CERTIFICATE: u8 = 43;
const CERTIFICATE_EXPIRED: u8 = 45;
const UNKNOWN_CA: u8 = 48;

#[test]
fn a_certificate_for_another_host() {
    let (reason, alerts) = refusal_of("another host", |params| *params = server_params(&["example.org"]));
    assert_eq!(reason, "tls: certificate is for \"example.org\", not \"localhost\"");
    assert_eq!(alerts, [BAD_CERTIFICATE]);
    let (reason, _) = refusal_of("four other hosts", |params| {
        *params = server_params(&["a.example", "10.0.0.1", "b.example", "::1"])
    });
    assert_eq!(reason, "tls: certificate is for \"a.example\", \"10.0.0.1\" and 2 more, not \"localhost\"");
    let (reason, _) = refusal_of("no host", |params| *params = server_params(&[]));
    assert_eq!(reason, "tls: certificate names no host (subjectAltName), so it is not for \"localhost\"");
}

#[test]
fn an_address_is_not_a_name_and_a_name_is_not_an_address() {
    let root = Authority::new();
    for (certified, wanted) in [("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.2"), ("::1", "127.0.0.1")] {
        let identity = root.server(&server_params(&[certified]), key(&PKCS_ECDSA_P256_SHA256));
        let client = Client::trusting(&root.der).expecting(wanted);
        let reason = client.refuses(format_args!("{certified} for {wanted}"), &mut Rustls::new(&identity));
        assert_eq!(reason, format!("tls: certificate is for \"{certified}\", not \"{wanted}\""));
    }
}

#[test]
fn an_expired_certificate() {
    let (reason, alerts) = refusal_of("expired", |params| params.not_after = date_time_ymd(2025, 3, 1));
    assert_eq!(reason, "tls: certificate expired on 2025-03-01");
    assert_eq!(alerts, [CERTIFICATE_EXPIRED]);
    let (reason, _) = refusal_below("issuer expired", |params| params.not_after = date_time_ymd(2024, 2, 29));
    assert_eq!(reason, "tls: certificate expired on 2024-02-29");
}

#[test]
fn a_certificate_of_the_future() {
    let (reason, alerts) = refusal_of("not valid yet", |params| params.not_before = date_time_ymd(2025, 6, 2));
    assert_eq!(reason, "tls: certificate is not valid before 2025-06-02: is the clock right, which says 2025-06-01?");
    assert_eq!(alerts, [CERTIFICATE_EXPIRED]);
}

#[test]
fn without_a_clock_a_certificate_newer_than_the_build_asks_for_the_clock() {
    let root = Authority::new();
    let identity = root.localhost(); // from 2025-01-01 on
    let client = |wall, build| {
        let mut client = Client::trusting(&root.der).at(wall);
        client.build = build;
        client
    };
    let unset = WallTime { unix_us: 0, trust: Trust::Floor };
    let old_build = 1_700_000_000; // 2023-11-14
    for wall in [unset, WallTime { unix_us: 0, trust: Trust::Trusted }] {
        let failure = client(wall, old_build).open(&mut Memory::default(), &mut Rustls::new(&identity)).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "tls: certificate is not valid before 2025-01-01: the clock is not set, it counts as 2023-11-14"
        );
        assert_eq!(failure.hint, "set the clock, or let the device reach a time server (SNTP)");
    }
    // A build from within its validity is enough, and a certificate that had expired by then is still refused.
    assert!(client(unset, TODAY).open(&mut Memory::default(), &mut Rustls::new(&identity)).is_ok());
    tolerated("no clock, and valid when this was built", "a device without a clock must be able to get one");
    let reason =
        client(unset, 1_780_000_000).refuses("no clock, and expired when this was built", &mut Rustls::new(&identity));
    assert_eq!(reason, "tls: certificate expired on 2026-01-01");
}

#[test]
fn an_unknown_root() {
    let root = Authority::new();
    let other = Authority::root("Other Root", key(&PKCS_ECDSA_P256_SHA256));
    let lower = other.subordinate(authority_params("Other CA"), key(&PKCS_ECDSA_P256_SHA256));
    let mut identity = lower.localhost();
    let (reason, alerts) = refusal("unknown root, issuer missing", &root, &identity);
    assert_eq!(reason, "tls: no trusted root signed the server's certificate (issuer \"Other CA\")");
    assert_eq!(alerts, [UNKNOWN_CA]);
    identity.chain.push(lower.der.clone());
    let (reason, _) = refusal("unknown root", &root, &identity);
    assert_eq!(reason, "tls: no trusted root signed the server's certificate (issuer \"Other Root\")");
}

#[test]
fn a_self_signed_certificate() {
    let key = key(&PKCS_ECDSA_P256_SHA256);
    let chain = vec![server_params(&["localhost"]).self_signed(&key).unwrap().der().clone()];
    let (reason, _) = refusal("self-signed", &Authority::new(), &Identity { chain, key });
    assert_eq!(reason, "tls: server's certificate is self-signed and not trusted");
}

#[test]
fn another_root_of_the_same_name() {
    let (root, impostor) = (Authority::new(), Authority::new());
    let (reason, alerts) = refusal("another root of the same name", &root, &impostor.localhost());
    assert_eq!(
        reason,
        "tls: a signature in the server's certificate chain is wrong, or its key too short (issuer \"Test Root\")"
    );
    assert_eq!(alerts, [BAD_CERTIFICATE]);
}

#[test]
fn an_issuer_that_is_no_certificate_authority() {
    let (reason, _) = refusal_below("issuer with CA:FALSE", |params| params.is_ca = IsCa::ExplicitNoCa);
    let no_authority = "a certificate in the server's chain was issued by one that is not a certificate authority";
    assert_eq!(reason, format!("tls: {no_authority}"));
    let (reason, _) = refusal_below("issuer without basicConstraints", |params| params.is_ca = IsCa::NoCa);
    assert_eq!(reason, format!("tls: {no_authority}"));
}

#[test]
fn an_issuer_that_must_not_sign_certificates() {
    for usage in
        [vec![KeyUsagePurpose::CrlSign], vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement]]
    {
        let (reason, alerts) =
            refusal_below(format_args!("issuer with {usage:?}"), |params| params.key_usages = usage.clone());
        assert_eq!(
            reason,
            "tls: a certificate in the server's chain was issued by one whose key usage does not allow that"
        );
        assert_eq!(alerts, [BAD_CERTIFICATE]);
    }
}

#[test]
fn an_issuer_without_key_usage_is_not_limited() {
    let root = Authority::new();
    let mut params = authority_params("Lower");
    params.key_usages = Vec::new();
    let lower = root.subordinate(params, key(&PKCS_ECDSA_P256_SHA256));
    let mut identity = lower.localhost();
    identity.chain.push(lower.der.clone());
    assert!(Client::trusting(&root.der).open(&mut Memory::default(), &mut Rustls::new(&identity)).is_ok());
    tolerated("issuer without keyUsage", "RFC 5280 4.2.1.3: only the extension limits its key");
}

#[test]
fn another_path_is_taken_round_an_issuer_that_must_not_sign() {
    let root = Authority::new();
    let lower_key = || rcgen::KeyPair::try_from(SAME_KEY.with(Clone::clone).as_slice()).unwrap();
    thread_local!(static SAME_KEY: Vec<u8> = key(&PKCS_ECDSA_P256_SHA256).serialize_der());
    let mut limited = authority_params("Lower");
    limited.key_usages = vec![KeyUsagePurpose::CrlSign];
    let limited = root.subordinate(limited, lower_key());
    let free = root.subordinate(authority_params("Lower"), lower_key());
    let mut identity = free.localhost();
    identity.chain.extend([limited.der, free.der.clone()]);
    assert!(Client::trusting(&root.der).open(&mut Memory::default(), &mut Rustls::new(&identity)).is_ok());
    tolerated("issuer with keyCertSign beside one of the same name without", "there is a path of those that may");
}

#[test]
fn a_server_whose_key_must_not_sign() {
    let (reason, alerts) =
        refusal_of("a key for encryption only", |params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    assert_eq!(reason, "tls: key usage of the server's certificate does not allow signatures");
    assert_eq!(alerts, [UNSUPPORTED_CERTIFICATE]);
}

#[test]
fn a_certificate_for_clients() {
    let (reason, _) = refusal_of("a certificate for clients", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]
    });
    assert_eq!(reason, "tls: certificate is not one for servers (extended key usage)");
}

#[test]
fn a_certificate_authority_as_server() {
    let (reason, _) =
        refusal_of("an authority as server", |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert_eq!(reason, "tls: server uses the certificate of a certificate authority");
}

#[test]
fn a_chain_longer_than_allowed() {
    let root = Authority::new();
    let mut params = authority_params("Upper");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let upper = root.subordinate(params, key(&PKCS_ECDSA_P256_SHA256));
    let lower = upper.subordinate(authority_params("Lower"), key(&PKCS_ECDSA_P256_SHA256));
    let mut identity = lower.localhost();
    identity.chain.extend([lower.der.clone(), upper.der.clone()]);
    let (reason, _) = refusal("pathLenConstraint", &root, &identity);
    assert_eq!(reason, "tls: server's certificate chain is longer than its issuer allows, or than six intermediates");
}

#[test]
fn a_host_that_the_issuer_must_not_name() {
    let (reason, _) = refusal_below("nameConstraints", |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("example.org".into())],
            excluded_subtrees: Vec::new(),
        });
    });
    assert_eq!(reason, "tls: certificate is for a host that its issuer must not name");
}

#[test]
fn a_chain_signed_with_an_algorithm_we_cannot_check() {
    let root = Authority::root("Ed25519 Root", key(&PKCS_ED25519));
    let (reason, alerts) = refusal("a root with Ed25519", &root, &root.localhost());
    assert_eq!(
        reason,
        "tls: server's certificate chain is signed with an algorithm that we cannot check (1.3.101.112)"
    );
    assert_eq!(alerts, [UNSUPPORTED_CERTIFICATE]);
}

#[test]
fn a_server_with_a_key_we_cannot_check() {
    let root = Authority::new();
    let identity = root.server(&server_params(&["localhost"]), key(&PKCS_ED25519));
    // embedded-tls always offers Ed25519. In one record with the certificate, the signature is refused first.
    let (reason, _) = refusal("a server with Ed25519", &root, &identity);
    assert_eq!(reason, "tls: server signed the handshake with ed25519, which we cannot check");
}

#[cfg(feature = "compact-rsa")]
#[test]
fn a_server_with_an_enormous_key() {
    use crate::support::script::Scripted;

    /// A key that nobody has.
    struct Enormous(Vec<u8>);

    impl rcgen::PublicKeyData for Enormous {
        fn der_bytes(&self) -> &[u8] {
            &self.0
        }

        fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
            &rcgen::PKCS_RSA_SHA256
        }
    }

    let root = Authority::new();
    let modulus = [&[0x02, 0x82, 0x04, 0x01, 0x00][..], &[0xff; 1_024]].concat();
    let content = [modulus.as_slice(), &[0x02, 0x03, 0x01, 0x00, 0x01]].concat();
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    let public = Enormous([&[0x30, 0x82, len[0], len[1]], content.as_slice()].concat());
    let mut identity = root.localhost();
    identity.chain = vec![root.issue(&server_params(&["localhost"]), &public)];
    let client = Client::trusting(&root.der);
    let reason = client.refuses(
        "an RSA key of 8192 bits",
        &mut Scripted::new(&identity, |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.certificate();
        }),
    );
    assert_eq!(reason, "tls: server's key of about 8304 bits is larger than the 4096 that we can check");
}

#[test]
fn a_chain_of_certificates_that_are_not_there_to_be_followed() {
    let root = Authority::new();
    let mut identity = root.localhost();
    identity.chain.extend((0..7).map(|n| Authority::root(&format!("Unrelated {n}"), key(&PKCS_ECDSA_P256_SHA256)).der));
    let client = Client::trusting(&root.der);
    assert!(client.open(&mut Memory::default(), &mut Rustls::new(&identity)).is_ok(), "eight certificates are fine");
    tolerated("seven certificates that nobody needs", "RFC 8446 4.4.2 asks clients for that");
    identity.chain.push(root.der.clone());
    let (reason, _) = refusal("nine certificates", &root, &identity);
    assert_eq!(reason, "tls: server sent more than 8 certificates");
}

#[test]
fn a_chain_that_needs_too_many_signature_checks() {
    // Six authorities of one name with six keys: every order of them is a path that webpki would try.
    let root = Authority::new();
    let keys: Vec<_> = (0..6).map(|_| key(&PKCS_ECDSA_P256_SHA256)).collect();
    let impostor = Authority::new();
    let mut chain: Vec<_> = keys.iter().map(|key| impostor.issue(&authority_params("Test Root"), key)).collect();
    let server = Authority::root("Test Root", key(&PKCS_ECDSA_P256_SHA256)).localhost();
    chain.insert(0, server.chain[0].clone());
    let (reason, _) = refusal("a maze of authorities", &root, &Identity { chain, key: server.key });
    assert_eq!(reason, "tls: server's certificate chain needs more than 16 signature checks");
}

#[test]
fn a_server_of_tls_1_2() {
    let root = Authority::new();
    static OLD: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];
    let options = Options { versions: OLD, ..Options::default() };
    let client = Client::trusting(&root.der);
    let failure = client.open(&mut Memory::default(), &mut Rustls::with(&root.localhost(), options)).unwrap_err();
    assert_eq!(failure.to_string(), "tls: server sent alert protocol_version");
    assert_eq!(failure.hint, "TLS 1.3 has to be enabled on the server");
}

#[test]
fn a_server_that_wants_another_group() {
    let root = Authority::new();
    for (group, name) in [(kx_group::X25519, "x25519"), (kx_group::SECP384R1, "secp384r1")] {
        let options = Options { groups: vec![group], ..Options::default() };
        let client = Client::trusting(&root.der);
        let reason = client
            .refuses(format_args!("a server that only has {name}"), &mut Rustls::with(&root.localhost(), options));
        // Only secp256r1 is offered at all, so there is nothing that this server could ask for again.
        assert_eq!(reason, "tls: server sent alert handshake_failure", "{name}");
    }
}

#[test]
fn a_server_that_insists_on_a_client_certificate() {
    let root = Authority::new();
    let client = Client::trusting(&root.der);
    let options = Options { client_auth: ClientAuth::Required, ..Options::default() };
    let mut server = Rustls::with(&root.localhost(), options);
    let mut memory = Memory::default();
    // TLS 1.3 clients learn it only with the first answer.
    let mut secure = client.open(&mut memory, &mut server).unwrap();
    let failure = drive(&client.wire, &mut server, secure.read(&mut [0; 16])).unwrap_err();
    assert_eq!(failure.to_string(), "tls: server sent alert certificate_required");
    assert_eq!(Failure::from(failure).hint, "the server asks for a client certificate, which nodes do not have");
    let again = drive(&client.wire, &mut Silent, secure.write_all(b"data")).unwrap_err();
    assert_eq!(again.to_string(), "tls: server sent alert certificate_required");
}

#[test]
fn a_server_that_splits_its_messages() {
    let root = Authority::new();
    let options = Options { fragment: Some(256), ..Options::default() };
    let client = Client::trusting(&root.der);
    let failure = client.open(&mut Memory::default(), &mut Rustls::with(&root.localhost(), options)).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "tls: Certificate of the server is split over several records, which we cannot join"
    );
    assert_eq!(failure.hint, "a shorter certificate chain, or larger TLS records on the server, would help");
}

#[test]
fn a_server_that_does_not_speak_tls() {
    struct Http(bool);
    impl Peer for Http {
        fn step(&mut self, wire: &Wire) {
            if !wire.receive().is_empty() && !std::mem::replace(&mut self.0, true) {
                wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            }
        }
    }
    let root = Authority::new();
    let client = Client::trusting(&root.der);
    let failure = client.open(&mut Memory::default(), &mut Http(false)).unwrap_err();
    assert_eq!(failure.to_string(), "tls: the answer is not TLS (it starts with byte 0x48)");
    assert_eq!(failure.hint, "check scheme and port of the URL: this port does not speak TLS");
}

#[test]
fn a_server_that_closes() {
    let root = Authority::new();
    let client = Client::trusting(&root.der);
    client.wire.close();
    let reason = client.refuses("a connection that is closed", &mut Silent);
    assert_eq!(reason, "tls: server closed the connection instead of answering the TLS handshake");
}

#[test]
fn names_that_are_none() {
    let root = Authority::new();
    for name in ["", "local host", "a..b", "-", "http://localhost", "127.0.0.1:443", &"a.".repeat(200)] {
        let client = Client::trusting(&root.der).expecting(name);
        let reason = client.refuses(format_args!("{name:?} as name of the host"), &mut Silent);
        assert!(
            reason.starts_with("tls: \"") && (reason.ends_with("is not a host name") || name.len() > 100),
            "{reason}"
        );
        assert!(client.wire.sent().is_empty());
    }
}

#[test]
fn without_trust_anchors_nothing_is_even_sent() {
    let policy = Policy { anchors: Anchors::new(&[]), wall: today(), build_unix_seconds: 0 };
    let mut memory = Memory::default();
    let wire = Wire::default();
    let mut rng = crate::support::rng();
    let open = Secure::open(wire.socket(), "localhost", &policy, memory.buffers(), &mut rng);
    let failure = drive(&wire, &mut Silent, open).unwrap_err();
    assert_eq!(failure.to_string(), "tls: no trust anchors: no server can prove who it is");
    assert!(wire.sent().is_empty());
}

#[test]
fn a_certificate_of_a_server_is_no_trust_anchor() {
    let root = Authority::new();
    let server = root.localhost().chain.remove(0);
    assert_eq!(anchor(&server).err(), Some(AnchorError::NotAnIssuer));
    let mut params = authority_params("Lower");
    params.key_usages = vec![KeyUsagePurpose::CrlSign];
    let lower = root.subordinate(params, key(&PKCS_ECDSA_P256_SHA256));
    assert_eq!(anchor(&lower.der).err(), Some(AnchorError::NotAnIssuer));
    assert_eq!(anchor(&b"\x30\x03\x02\x01\x00"[..].into()).err(), Some(AnchorError::Unreadable));
    assert!(anchor(&root.der).is_ok());
}
