//! Servers that do not prove who they are.

use super::{refusal, refused};
use crate::support::Client;
use crate::support::pki::{Authority, Identity, key};
use crate::support::script::*;
use rcgen::PKCS_ECDSA_P256_SHA256;

const UNEXPECTED_MESSAGE: u8 = 10;
const DECRYPT_ERROR: u8 = 51;

#[test]
fn a_server_that_proves_nothing() {
    let (reason, alerts) = refused("neither Certificate nor CertificateVerify", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.finished();
        server.application_keys();
        server.encrypted(APPLICATION_DATA, b"trust me");
    });
    assert_eq!(reason, "tls: server finished the handshake without proving who it is");
    assert_eq!(alerts, [UNEXPECTED_MESSAGE]);
}

#[test]
fn a_server_that_proves_nothing_in_records_of_its_own() {
    let reason = refusal("the same in records of their own", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.flush();
        server.finished();
    });
    assert_eq!(reason, "server finished the handshake without proving who it is");
}

#[test]
fn a_server_that_shows_a_certificate_but_does_not_sign() {
    for splits in [false, true] {
        let reason = refusal(
            format_args!(
                "Certificate and no CertificateVerify{}",
                if splits { ", in records of their own" } else { "" }
            ),
            |server| {
                server.hello(|_| {});
                server.encrypted_extensions(&[]);
                server.certificate();
                if splits {
                    server.flush();
                }
                server.finished();
            },
        );
        assert_eq!(reason, "server finished the handshake without proving who it is");
    }
}

#[test]
fn a_server_that_signs_without_a_certificate() {
    let reason = refusal("CertificateVerify and no Certificate", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.certificate_verify();
        server.finished();
    });
    assert_eq!(reason, "server sent CertificateVerify out of order");
}

#[test]
fn a_server_with_the_certificate_of_another() {
    // The certificate is good and public, only its key is missing.
    let root = Authority::new();
    let victim = root.localhost();
    let thief = Identity { chain: victim.chain, key: key(&PKCS_ECDSA_P256_SHA256) };
    for client in [Client::trusting(&root.der), Client::insecure()] {
        let reason = client.refuses(
            "the certificate of another, without its key",
            &mut Scripted::new(&thief, |server| {
                server.handshake();
                server.encrypted(APPLICATION_DATA, b"trust me");
            }),
        );
        assert_eq!(
            reason,
            "tls: server does not have the key of its certificate: its signature on the handshake is wrong"
        );
        assert_eq!(client.wire.encrypted_records(), 0);
        assert_eq!(client.wire.alerts(), [DECRYPT_ERROR]);
    }
}

#[test]
fn a_server_with_a_bad_certificate() {
    let root = Authority::new();
    let identity = Authority::new().localhost();
    for splits in [false, true] {
        let client = Client::trusting(&root.der);
        let reason = client.refuses(
            "a certificate that nobody vouches for",
            &mut Scripted::new(&identity, |server| {
                server.hello(|_| {});
                server.encrypted_extensions(&[]);
                server.certificate();
                if splits {
                    server.flush();
                }
                server.certificate_verify();
                server.finished();
                server.application_keys();
                server.encrypted(APPLICATION_DATA, b"trust me");
            }),
        );
        assert!(reason.contains("certificate chain is wrong"), "{reason}");
        assert_eq!(client.wire.encrypted_records(), 0);
    }
}

#[test]
fn a_second_certificate_after_the_first_was_verified() {
    let reason = refusal("Certificate twice", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.certificate();
        server.certificate();
        server.certificate_verify();
        server.finished();
    });
    assert_eq!(reason, "server sent Certificate out of order");
    let reason = refusal("Certificate again after its signature was verified", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.certificate();
        server.certificate_verify();
        server.flush();
        server.certificate();
        server.certificate_verify();
        server.finished();
    });
    assert_eq!(reason, "server sent Certificate out of order");
}

#[test]
fn a_second_signature_after_the_first_was_verified() {
    for splits in [false, true] {
        let refused = refusal(
            format_args!("CertificateVerify twice{}", if splits { ", in records of their own" } else { "" }),
            |server| {
                server.hello(|_| {});
                server.encrypted_extensions(&[]);
                server.certificate();
                server.certificate_verify();
                if splits {
                    server.flush();
                }
                server.certificate_verify();
                server.finished();
            },
        );
        assert_eq!(refused, "server sent CertificateVerify out of order");
    }
}

#[test]
fn a_signature_for_another_purpose() {
    for context in ["TLS 1.3, client CertificateVerify", "TLS 1.3, server CertificateVerif", ""] {
        let reason = refusal(format_args!("signature for {context:?}"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.certificate();
            server.certificate_verify_with(0x0403, context, |_| {});
            server.finished();
        });
        assert!(reason.starts_with("server does not have the key of its certificate"), "{reason}");
    }
}

#[test]
fn a_signature_over_another_handshake() {
    let reason = refusal("signature over something else", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.certificate();
        server.certificate_verify_with(0x0403, "TLS 1.3, server CertificateVerify", |signature| {
            let last = signature.len() - 1;
            signature[last] ^= 1;
        });
        server.finished();
    });
    assert!(reason.starts_with("server does not have the key of its certificate"), "{reason}");
}

#[test]
fn signature_schemes_that_were_not_offered_or_are_not_for_handshakes() {
    for (scheme, name) in [
        (0x0401, "rsa_pkcs1_sha256"),
        (0x0501, "rsa_pkcs1_sha384"),
        (0x0601, "rsa_pkcs1_sha512"),
        (0x0201, "rsa_pkcs1_sha1"),
        (0x0203, "ecdsa_sha1"),
        (0x0807, "ed25519"),
        (0x0302, "signature scheme 0x0302"),
        (0xfefe, "signature scheme 0xfefe"),
    ] {
        let reason = refusal(format_args!("signature with {name}"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.certificate();
            server.certificate_verify_with(scheme, "TLS 1.3, server CertificateVerify", |_| {});
        });
        assert_eq!(reason, format!("server signed the handshake with {name}, which we cannot check"));
    }
}

#[cfg(all(feature = "compact-rsa", feature = "p384"))]
#[test]
fn a_signature_scheme_that_is_not_for_the_key() {
    for (scheme, name) in [(0x0503, "ecdsa_secp384r1_sha384"), (0x0804, "rsa_pss_rsae_sha256")] {
        let reason = refusal(format_args!("signature with {name} by a P-256 key"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.certificate();
            server.certificate_verify_with(scheme, "TLS 1.3, server CertificateVerify", |_| {});
        });
        assert_eq!(reason, format!("server signed the handshake with {name}, not with its key"));
    }
}

#[test]
fn a_note_of_our_own_cipher_cannot_be_forged() {
    // What the cipher hands to the verifier for "alert close_notify", see tls::suite.
    let reason = refusal("a forged note of our own cipher", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.certificate();
        server.say(CERTIFICATE_VERIFY, &[0x03, 0x02, 0, 3, 9, 0, 0]);
    });
    assert_eq!(reason, "server signed the handshake with signature scheme 0x0302, which we cannot check");
}

#[test]
fn a_finished_that_does_not_fit() {
    for bit in [0, 31] {
        let reason = refusal(format_args!("Finished whose byte {bit} is changed"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.certificate();
            server.certificate_verify();
            server.finished_with(|content| content[bit] ^= 1);
        });
        assert_eq!(reason, "Finished of the server does not fit the handshake");
    }
    for len in [0, 31, 33] {
        let reason = refusal(format_args!("Finished of {len} bytes"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.certificate();
            server.certificate_verify();
            server.finished_with(|content| content.resize(len, 0));
        });
        assert_eq!(reason, "malformed Finished of the server");
    }
}
