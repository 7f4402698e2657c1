//! 1, 2, 4 and 6 during the handshake: servers that prove nothing, break the record layer, or say what was not asked.

use super::support::pki::{Authority, Identity, key};
use super::support::script::*;
use super::support::wire::{Wire, drive_while};
use super::support::{Client, Memory};
use super::{Attack, table};
use crate::tls::guarantees::Guarantee::{Messages, Proof, Records, Said};
use digest_010::Digest;
use embedded_tls::Sha256;
use rcgen::PKCS_ECDSA_P256_SHA256;
use std::prelude::v1::*;

/// How an attack on the handshake ends if it works.
pub(super) const GETS_DATA: &str = "accepted, and the server reads our data";

/// What becomes of a handshake with a server that follows `script`. The client sends data as soon as it believes.
pub(super) fn shake(client: &Client, identity: &Identity, script: impl FnOnce(&mut Server<'_>)) -> String {
    let mut server = Scripted::new(identity, script);
    let mut memory = Memory::default();
    let mut secure = match client.open_while(&mut memory, &mut server) {
        Some(Ok(secure)) => secure,
        Some(Err(failure)) => return format!("refused: {failure}"),
        None => return "waits for ever".into(),
    };
    let sent = drive_while(&client.wire, &mut server, async {
        secure.write_all(b"secret").await?;
        secure.flush().await
    });
    drop(secure);
    match sent {
        Some(Ok(())) if reads(server, &client.wire) => GETS_DATA.into(),
        Some(Ok(())) => "accepted".into(),
        Some(Err(failure)) => format!("refused later: {failure}"),
        None => "waits for ever".into(),
    }
}

/// Whether the server can read what the client has sent.
fn reads(server: Scripted<'_>, wire: &Wire) -> bool {
    server.heard(wire).contains(&(APPLICATION_DATA, b"secret".to_vec()))
}

/// The same with a certificate that nothing is wrong with.
fn certified(script: impl FnOnce(&mut Server<'_>)) -> String {
    let root = Authority::new();
    shake(&Client::trusting(&root.der), &root.localhost(), script)
}

/// What comes after EncryptedExtensions if the server is an honest one.
fn honest_rest(server: &mut Server<'_>) {
    server.certificate();
    server.certificate_verify();
    server.finished();
    server.application_keys();
}

#[test]
fn guarantee_1_a_server_that_proves_nothing_is_not_accepted() {
    table(
        "1. A server that proves nothing is not accepted",
        &[
            Attack {
                what: "neither Certificate nor CertificateVerify",
                run: || {
                    certified(|server| {
                        server.hello(|_| {});
                        server.encrypted_extensions(&[]);
                        server.finished();
                        server.application_keys();
                    })
                },
                with: "refused: tls: server finished the handshake without proving who it is",
                without: &[(&[Proof], GETS_DATA)],
            },
            Attack {
                what: "a Certificate and no CertificateVerify",
                run: || {
                    certified(|server| {
                        server.hello(|_| {});
                        server.encrypted_extensions(&[]);
                        server.certificate();
                        server.finished();
                        server.application_keys();
                    })
                },
                with: "refused: tls: server finished the handshake without proving who it is",
                without: &[(&[Proof], GETS_DATA)],
            },
            Attack {
                what: "the certificate of another, without its key",
                run: || {
                    let root = Authority::new();
                    let thief = Identity { chain: root.localhost().chain, key: key(&PKCS_ECDSA_P256_SHA256) };
                    shake(&Client::trusting(&root.der), &thief, |server| server.handshake())
                },
                with: "refused: tls: server does not have the key of its certificate: \
                       its signature on the handshake is wrong",
                without: &[(&[Proof], GETS_DATA)],
            },
            Attack {
                what: "the same, where certificates are not checked (-insecure)",
                run: || {
                    let chain = Authority::new().localhost().chain;
                    let thief = Identity { chain, key: key(&PKCS_ECDSA_P256_SHA256) };
                    shake(&Client::insecure(), &thief, |server| server.handshake())
                },
                with: "refused: tls: server does not have the key of its certificate: \
                       its signature on the handshake is wrong",
                without: &[(&[Proof], GETS_DATA)],
            },
            Attack {
                what: "a signature with a scheme that is not for handshakes",
                run: || {
                    certified(|server| {
                        server.hello(|_| {});
                        server.encrypted_extensions(&[]);
                        server.certificate();
                        server.certificate_verify_with(0x0401, "TLS 1.3, server CertificateVerify", |_| {});
                        server.finished();
                        server.application_keys();
                    })
                },
                with: "refused: tls: server signed the handshake with rsa_pkcs1_sha256, which we cannot check",
                without: &[(&[Proof], GETS_DATA)],
            },
        ],
    );
}

#[test]
fn guarantee_2_a_record_that_cannot_be_is_stopped_before_the_parser() {
    table(
        "2. A record that cannot be is stopped before the parser: in the handshake",
        &[
            Attack {
                what: "a certificate that is not encrypted",
                run: || {
                    certified(|server| {
                        server.hello(|_| {});
                        server.encrypted_extensions(&[]);
                        server.flush();
                        server.certificate();
                        server.flush_plain();
                        server.certificate_verify();
                        server.finished();
                        server.application_keys();
                    })
                },
                with: "refused: tls: unencrypted record of type 22 where only encrypted ones are allowed",
                without: &[(&[Records], GETS_DATA)],
            },
            Attack {
                what: "an encrypted record with nothing in it",
                run: || {
                    certified(|server| {
                        server.hello(|_| {});
                        server.plaintext(&[]);
                    })
                },
                with: "refused: tls: record of 16 bytes, which TLS does not allow here",
                without: &[
                    (&[Records], "refused: tls: encrypted record without content: empty or nothing but padding"),
                    (&[Records, Messages], "panic: called `Option::unwrap()` on a `None` value"),
                ],
            },
        ],
    );
}

/// A HelloRetryRequest (RFC 8446 4.1.3) for x25519.
fn retry(hello: &mut Hello) {
    hello.random = Sha256::digest(b"HelloRetryRequest").into();
    *hello.extension(51) = vec![0, 0x1d];
}

#[test]
fn guarantee_4_what_cannot_be_done_is_said() {
    table(
        "4. What embedded-tls cannot do is said: in the handshake",
        &[
            Attack {
                what: "HelloRetryRequest",
                run: || certified(|server| server.hello(retry)),
                with: "refused: tls: server requires another key exchange group, x25519, than our secp256r1 \
                       (HelloRetryRequest)",
                without: &[
                    (&[Said], "refused: tls: key share of the server is for x25519, not secp256r1"),
                    (&[Said, Messages], "refused: tls: handshake message of the server that we cannot read"),
                ],
            },
            Attack {
                what: "a message in two records",
                run: || {
                    certified(|server| {
                        server.hello(|_| {});
                        let body = message(ENCRYPTED_EXTENSIONS, &[0, 0]);
                        server.encrypted(HANDSHAKE, &body[..5]);
                        server.encrypted(HANDSHAKE, &body[5..]);
                    })
                },
                with: "refused: tls: EncryptedExtensions of the server is split over several records, \
                       which we cannot join",
                without: &[(&[Said], "refused: tls: handshake message of the server that we cannot read")],
            },
        ],
    );
}

/// What becomes of a handshake in which the ServerHello was changed.
fn hello(change: fn(&mut Hello)) -> String {
    certified(|server| {
        server.hello(change);
        server.encrypted_extensions(&[]);
        honest_rest(server);
    })
}

/// A request for a certificate, hidden behind the end of EncryptedExtensions.
fn hidden() -> String {
    let (root, mut memory) = (Authority::new(), Memory::default());
    let (client, identity) = (Client::trusting(&root.der), root.localhost());
    let mut server = Scripted::new(&identity, |server| {
        server.hello(|_| {});
        let hidden = message(CERTIFICATE_REQUEST, &[vector(1, &[]), vector(2, &[])].concat());
        server.say(ENCRYPTED_EXTENSIONS, &[vector(2, &[]), hidden].concat());
        honest_rest(server);
    });
    match client.open(&mut memory, &mut server) {
        Err(failure) => format!("refused: {failure}"),
        // A Certificate besides Finished.
        Ok(_) if client.wire.encrypted_records() == 2 => "accepted, and the hidden message is answered".into(),
        Ok(_) => "accepted".into(),
    }
}

#[test]
fn guarantee_6_messages_that_it_cannot_stand_do_not_reach_it() {
    table(
        "6. Messages that embedded-tls cannot stand do not reach it: in the handshake",
        &[
            Attack {
                what: "ServerHello with the mark of a downgrade",
                run: || hello(|hello| hello.random[24..].copy_from_slice(b"DOWNGRD\x01")),
                with: "refused: tls: someone on the way makes the server believe that we only speak old TLS",
                without: &[(&[Messages], GETS_DATA)],
            },
            Attack {
                what: "ServerHello of TLS 1.2",
                run: || hello(|hello| drop(hello.extensions.remove(0))),
                with: "refused: tls: server only speaks TLS 1.2 or older",
                without: &[(&[Messages], GETS_DATA)],
            },
            Attack {
                what: "ServerHello that says version 0x0301",
                run: || hello(|hello| hello.version = 0x0301),
                with: "refused: tls: ServerHello has version field 0x0301 instead of 0x0303",
                without: &[(&[Messages], GETS_DATA)],
            },
            Attack {
                what: "ServerHello with the session id of another",
                run: || hello(|hello| hello.session = vec![7; 32]),
                with: "refused: tls: server echoes a session id that we did not send",
                without: &[(&[Messages], GETS_DATA)],
            },
            Attack {
                what: "ServerHello with a suite that was not offered",
                run: || hello(|hello| hello.suite = 0x1302),
                with: "refused: tls: server chose cipher suite 0x1302, which was not offered",
                without: &[(&[Messages], GETS_DATA)],
            },
            Attack {
                what: "ServerHello with compression",
                run: || hello(|hello| hello.compression = 1),
                with: "refused: tls: server chose compression method 1, which was not offered",
                without: &[(&[Messages], GETS_DATA)],
            },
            Attack {
                what: "ServerHello with an extension twice",
                run: || hello(|hello| hello.extensions.push((43, vec![3, 4]))),
                with: "refused: tls: server sent extension 43 twice",
                without: &[(&[Messages], GETS_DATA)],
            },
            Attack {
                what: "ServerHello for another group",
                run: || hello(|hello| hello.extension(51)[1] = 0x18),
                with: "refused: tls: key share of the server is for secp384r1, not secp256r1",
                without: &[(&[Messages], GETS_DATA)],
            },
            Attack {
                what: "a message hidden behind the end of another",
                run: hidden,
                with: "refused: tls: malformed EncryptedExtensions of the server",
                without: &[(&[Messages], "accepted, and the hidden message is answered")],
            },
        ],
    );
}
