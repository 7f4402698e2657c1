//! Certificates that no authority would issue: a table, one line per case. What is tolerated says why.

use crate::support::forge::*;
use crate::support::pki::key;
use crate::support::script::Scripted;
use crate::support::wire::{Peer, Socket};
use crate::support::{self, Client, Memory};
use aclk_core::stage::Failure;
use aclk_core::tls::Secure;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use rustls::pki_types::CertificateDer;

/// Keys of a root, of an authority below it and of a server below that.
struct Keys {
    root: KeyPair,
    lower: KeyPair,
    server: KeyPair,
}

impl Keys {
    fn new() -> Self {
        let key = || key(&PKCS_ECDSA_P256_SHA256);
        Self { root: key(), lower: key(), server: key() }
    }

    fn root(&self) -> CertificateDer<'static> {
        Forged::authority("Root", "Root", &self.root).signed(&by(&self.root))
    }

    fn lower(&self) -> Forged {
        Forged::authority("Lower", "Root", &self.lower)
    }

    fn server(&self) -> Forged {
        Forged::server("Lower", &self.server)
    }
}

/// What becomes of a server with this chain: the reason why it is refused, or nothing.
fn outcome(keys: Keys, chain: Vec<CertificateDer<'static>>) -> Option<String> {
    outcome_by(Client::open_without_heap, keys, chain)
}

/// The same for a chain with RSA in it, which allocates if it is the `rsa` crate that checks it.
#[cfg(feature = "compact-rsa")]
fn outcome_of_rsa(keys: Keys, chain: Vec<CertificateDer<'static>>) -> Option<String> {
    outcome_by(if cfg!(feature = "rsa") { Client::open } else { Client::open_without_heap }, keys, chain)
}

/// A way to shake hands.
type Open = for<'m> fn(&Client, &'m mut Memory, &mut dyn Peer) -> Result<Secure<'m, Socket>, Failure>;

fn outcome_by(open: Open, keys: Keys, chain: Vec<CertificateDer<'static>>) -> Option<String> {
    let client = Client::trusting(&keys.root());
    let identity = identity(chain, keys.server);
    let mut server = Scripted::new(&identity, |server| server.handshake());
    let mut memory = Memory::default();
    let refused = open(&client, &mut memory, &mut server).err();
    if refused.is_some() {
        assert_eq!(client.wire.application_records(), 0);
        assert_eq!(client.wire.encrypted_records(), 0, "the handshake was finished");
    }
    refused.map(|failure| failure.to_string())
}

/// What becomes of a chain in which authority and server were changed.
fn changed(lower: impl FnOnce(Forged) -> Forged, server: impl FnOnce(Forged) -> Forged) -> Option<String> {
    let keys = Keys::new();
    let server = server(keys.server()).signed(&by(&keys.lower));
    let lower = lower(keys.lower()).signed(&by(&keys.root));
    outcome(keys, vec![server, lower])
}

#[track_caller]
fn refused(case: &str, outcome: Option<String>, reason: &str) {
    let outcome = outcome.unwrap_or_else(|| panic!("{case}: accepted"));
    println!("refused: {case}: {outcome}");
    assert!(outcome.contains(reason), "{case}: {outcome}");
}

#[track_caller]
fn tolerated(case: &str, outcome: Option<String>, because: &str) {
    assert_eq!(outcome, None, "{case}");
    support::tolerated(case, because);
}

#[test]
fn what_the_forge_makes_is_accepted_as_long_as_nothing_is_wrong_with_it() {
    tolerated("a chain as it should be", changed(|lower| lower, |server| server), "nothing is wrong with it");
}

#[test]
fn issuers_that_may_not_issue() {
    let same = |forged: Forged| forged;
    let no_extensions = |lower: Forged| Forged { version: None, extensions: Vec::new(), ..lower };
    refused("version 1 certificate as issuer", changed(no_extensions, same), "UnsupportedCertVersion");
    let version_1_with_extensions = |lower: Forged| Forged { version: None, ..lower };
    refused(
        "version 1 certificate with extensions as issuer",
        changed(version_1_with_extensions, same),
        "UnsupportedCertVersion",
    );
    refused(
        "issuer without basicConstraints",
        changed(|lower| lower.without(BASIC_CONSTRAINTS), same),
        "issued by one that is not a certificate authority",
    );
    refused(
        "issuer with CA:FALSE",
        changed(|lower| lower.instead(BASIC_CONSTRAINTS, true, der(0x30, &[])), same),
        "issued by one that is not a certificate authority",
    );
    refused(
        "issuer without keyCertSign",
        changed(|lower| lower.instead(KEY_USAGE, true, der(0x03, &[1, 0x02])), same),
        "key usage does not allow that",
    );
    refused(
        "issuer with an empty key usage",
        changed(|lower| lower.instead(KEY_USAGE, true, der(0x03, &[0])), same),
        "key usage does not allow that",
    );
    refused(
        "issuer with a key usage that cannot be read",
        changed(|lower| lower.instead(KEY_USAGE, true, vec![0x03, 0x05, 0x00]), same),
        "",
    );
    refused(
        "issuer that excludes the host (nameConstraints)",
        changed(|lower| lower.with(NAME_CONSTRAINTS, true, excluded("localhost")), same),
        "a host that its issuer must not name",
    );
    refused(
        "issuer that allows no authority below it, with one below it",
        {
            let keys = Keys::new();
            let none_below = [der(0x01, &[0xff]), der(0x02, &[0])].concat();
            let upper_key = key(&PKCS_ECDSA_P256_SHA256);
            let upper = Forged::authority("Upper", "Root", &upper_key)
                .instead(BASIC_CONSTRAINTS, true, der(0x30, &none_below))
                .signed(&by(&keys.root));
            let lower = Forged { issuer: "Upper".to_owned(), ..keys.lower() }.signed(&by(&upper_key));
            let server = keys.server().signed(&by(&keys.lower));
            outcome(keys, vec![server, lower, upper])
        },
        "longer than its issuer allows",
    );
    refused(
        "issuer that expired",
        changed(|lower| Forged { not_before: "200101000000Z", not_after: "210101000000Z", ..lower }, same),
        "expired on 2021-01-01",
    );
    refused(
        "server certificate as issuer",
        {
            // A key that was stolen from a server, used to issue certificates.
            let keys = Keys::new();
            let stolen = Forged { subject: "Lower".to_owned(), ..Forged::server("Root", &keys.lower) };
            let (stolen, server) = (stolen.signed(&by(&keys.root)), keys.server().signed(&by(&keys.lower)));
            outcome(keys, vec![server, stolen])
        },
        "issued by one that is not a certificate authority",
    );
}

#[test]
fn servers_that_are_not_certified_for_this_host() {
    let same = |forged: Forged| forged;
    refused(
        "the host in the common name alone",
        changed(same, |server| Forged { subject: "localhost".to_owned(), ..server.without(SUBJECT_ALT_NAME) }),
        "names no host (subjectAltName)",
    );
    refused(
        "the host with a NUL and another name behind it",
        changed(same, |server| server.instead(SUBJECT_ALT_NAME, false, names(&["localhost\0.evil.example"]))),
        "",
    );
    refused(
        "the host as an e-mail address",
        changed(same, |server| server.instead(SUBJECT_ALT_NAME, false, der(0x30, &der(0x81, b"localhost")))),
        "localhost",
    );
    refused(
        "subjectAltName without a name",
        changed(same, |server| server.instead(SUBJECT_ALT_NAME, false, der(0x30, &[]))),
        "names no host",
    );
    refused(
        "subjectAltName twice",
        changed(same, |server| server.with(SUBJECT_ALT_NAME, false, names(&["other.example"]))),
        "",
    );
    refused(
        "expired",
        changed(same, |server| Forged { not_after: "250531235959Z", ..server }),
        "certificate expired on 2025-05-31",
    );
    refused(
        "not valid yet",
        changed(same, |server| Forged { not_before: "250602000000Z", ..server }),
        "not valid before 2025-06-02",
    );
    refused(
        "valid from later than to",
        changed(same, |server| Forged { not_before: "251231000000Z", not_after: "250101000000Z", ..server }),
        "",
    );
}

#[test]
fn extensions_that_nobody_knows() {
    let same = |forged: Forged| forged;
    refused(
        "unknown critical extension in the server's certificate",
        changed(same, |server| server.with(UNKNOWN, true, vec![5, 0])),
        "UnsupportedCriticalExtension",
    );
    refused(
        "unknown critical extension in the issuer's certificate",
        changed(|lower| lower.with(UNKNOWN, true, vec![5, 0]), same),
        "UnsupportedCriticalExtension",
    );
    tolerated(
        "unknown extension that is not critical",
        changed(|lower| lower.with(UNKNOWN, false, vec![5, 0]), |server| server.with(UNKNOWN, false, vec![5, 0])),
        "RFC 5280 4.2 has it ignored",
    );
}

#[test]
fn signatures_that_prove_nothing() {
    let same = |forged: Forged| forged;
    refused(
        "ECDSA with SHA-1",
        changed(same, |server| Forged { algorithm: [ECDSA_SHA1; 2], ..server }),
        "signed with an algorithm that we cannot check",
    );
    refused(
        "one algorithm inside and another outside",
        changed(same, |server| Forged { algorithm: [ECDSA_SHA256, ECDSA_SHA1], ..server }),
        "",
    );
    let forged = |change: fn(&mut Vec<u8>)| {
        let keys = Keys::new();
        let server = keys.server().signed(
            &(Box::new(|body: &[u8]| {
                let mut signature = by(&keys.lower)(body);
                change(&mut signature);
                signature
            }) as Signer<'_>),
        );
        let lower = keys.lower().signed(&by(&keys.root));
        outcome(keys, vec![server, lower])
    };
    refused("one bit of the signature changed", forged(|signature| signature[20] ^= 1), "signature");
    refused("an empty signature", forged(Vec::clear), "signature");
    refused("a signature of zeros", forged(|signature| *signature = der(0x30, &[2, 1, 0, 2, 1, 0])), "signature");
    refused("bytes behind the signature", forged(|signature| signature.push(0)), "signature");
    refused(
        "signed by the server itself in the name of the authority",
        {
            let keys = Keys::new();
            let (server, lower) = (keys.server().signed(&by(&keys.server)), keys.lower().signed(&by(&keys.root)));
            outcome(keys, vec![server, lower])
        },
        "signature",
    );
}

#[cfg(feature = "compact-rsa")]
#[test]
fn rsa_that_is_too_weak() {
    use rsa::pkcs1v15::Pkcs1v15Sign;
    use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
    use sha1::{Digest, Sha1};

    // An authority with RSA-2048 that signs with SHA-1, and one with RSA-1024 that signs with SHA-256.
    let sha1_key = crate::support::pki::rsa_key();
    let secret = rsa::RsaPrivateKey::from_pkcs8_der(&sha1_key.serialize_der()).unwrap();
    let keys = Keys { lower: sha1_key, ..Keys::new() };
    let server = Forged { algorithm: [RSA_SHA1; 2], ..keys.server() }.signed(
        &(Box::new(|body: &[u8]| {
            let info = der(0x30, &[0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00]);
            let digest = der(0x30, &[info, der(0x04, &Sha1::digest(body))].concat());
            secret.sign(Pkcs1v15Sign::new_unprefixed(), &digest).unwrap()
        }) as Signer<'_>),
    );
    let lower = keys.lower().signed(&by(&keys.root));
    refused(
        "RSA with SHA-1",
        outcome_of_rsa(keys, vec![server, lower]),
        "signed with an algorithm that we cannot check",
    );

    let secret = rsa::RsaPrivateKey::from_pkcs8_pem(include_str!("fixtures/rsa-1024.pem")).unwrap();
    let keys = Keys::new();
    let public_key = secret.to_public_key().to_public_key_der().unwrap().into_vec();
    let lower = Forged { public_key, ..keys.lower() }.signed(&by(&keys.root));
    let server = Forged { algorithm: [RSA_SHA256; 2], ..keys.server() }.signed(
        &(Box::new(|body: &[u8]| {
            use sha2::Sha256;
            let info = der(0x30, &[0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0]);
            let digest = der(0x30, &[info, der(0x04, &Sha256::digest(body))].concat());
            secret.sign(Pkcs1v15Sign::new_unprefixed(), &digest).unwrap()
        }) as Signer<'_>),
    );
    refused("RSA-1024", outcome_of_rsa(keys, vec![server, lower]), "its key too short");
}

#[test]
fn chains_that_are_no_chains() {
    let cut = |len: usize| {
        let keys = Keys::new();
        let server = keys.server().signed(&by(&keys.lower));
        let lower = keys.lower().signed(&by(&keys.root));
        outcome(keys, vec![server[..len.min(server.len() - 1)].to_vec().into(), lower])
    };
    refused("a certificate of one byte", cut(1), "");
    refused("half a certificate", cut(200), "");
    refused("a certificate without its last byte", cut(usize::MAX), "");
    refused(
        "an issuer that is no DER",
        {
            let keys = Keys::new();
            let server = keys.server().signed(&by(&keys.lower));
            outcome(keys, vec![server, vec![0x30, 0x82, 0xff, 0xff, 1, 2, 3].into()])
        },
        "",
    );
    refused(
        "bytes behind the certificate",
        {
            let keys = Keys::new();
            let mut server = keys.server().signed(&by(&keys.lower)).to_vec();
            server.push(0);
            let lower = keys.lower().signed(&by(&keys.root));
            outcome(keys, vec![server.into(), lower])
        },
        "",
    );
    refused(
        "an issuer that is missing",
        {
            let keys = Keys::new();
            let server = keys.server().signed(&by(&keys.lower));
            outcome(keys, vec![server])
        },
        "no trusted root",
    );
    refused(
        "authorities that certify each other",
        {
            let keys = Keys::new();
            let other = key(&PKCS_ECDSA_P256_SHA256);
            let lower = Forged::authority("Lower", "Other", &keys.lower).signed(&by(&other));
            let upper = Forged::authority("Other", "Lower", &other).signed(&by(&keys.lower));
            let server = keys.server().signed(&by(&keys.lower));
            outcome(keys, vec![server, lower, upper])
        },
        "no trusted root",
    );
}

#[test]
fn a_chain_that_is_longer_than_a_record() {
    let keys = Keys::new();
    let padding = |forged: Forged| forged.with(UNKNOWN, false, vec![4; 9_000]);
    let server = padding(keys.server()).signed(&by(&keys.lower));
    let lower = padding(keys.lower()).signed(&by(&keys.root));
    let chain = vec![server, lower];
    assert!(length_on_the_wire(&chain) > 16_384);
    // A server has to split such a message, and we do not join it.
    let client = Client::trusting(&keys.root());
    let identity = identity(chain, keys.server);
    let reason = client.refuses("a chain of 18 KB", &mut crate::support::peer::Rustls::new(&identity));
    assert!(reason.contains("Certificate of the server is split over several records"), "{reason}");
}

#[test]
fn keys_that_are_none() {
    let with_key = |public_key: Vec<u8>| changed(|lower| lower, |server| Forged { public_key, ..server });
    let good = key(&PKCS_ECDSA_P256_SHA256).subject_public_key_info();
    let mut off_curve = good.clone();
    *off_curve.last_mut().unwrap() ^= 1;
    refused("a point that is not on its curve", with_key(off_curve), "");
    let mut infinity = good[..good.len() - 68].to_vec();
    infinity.extend(der(0x03, &[0, 0]));
    infinity[1] = u8::try_from(infinity.len() - 2).unwrap();
    refused("the point at infinity", with_key(infinity), "");
    refused("no key at all", with_key(der(0x30, &[])), "");
}
