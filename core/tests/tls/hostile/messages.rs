//! Servers whose encrypted handshake messages are wrong.

use super::refusal;
use crate::support::pki::{Authority, Identity, key, server_params};
use crate::support::script::*;
use crate::support::{Client, Memory, tolerated};
use rcgen::PKCS_ECDSA_P256_SHA256;

#[test]
fn messages_that_are_split_over_records() {
    let reason = refusal("EncryptedExtensions in two records", |server| {
        server.hello(|_| {});
        let body = message(ENCRYPTED_EXTENSIONS, &[0, 0]);
        server.encrypted(HANDSHAKE, &body[..5]);
        server.encrypted(HANDSHAKE, &body[5..]);
    });
    assert_eq!(reason, "EncryptedExtensions of the server is split over several records, which we cannot join");
    let reason = refusal("EncryptedExtensions whose header is cut off", |server| {
        server.hello(|_| {});
        server.encrypted(HANDSHAKE, &[ENCRYPTED_EXTENSIONS, 0]);
    });
    assert_eq!(reason, "EncryptedExtensions of the server is split over several records, which we cannot join");
}

#[test]
fn messages_out_of_order() {
    for (case, script, reason) in [
        (
            "Certificate instead of EncryptedExtensions",
            (|server| server.certificate()) as fn(&mut Server<'_>),
            "server sent Certificate out of order",
        ),
        (
            "CertificateVerify instead of EncryptedExtensions",
            |server| server.certificate_verify(),
            "server sent CertificateVerify out of order",
        ),
        (
            "Finished instead of EncryptedExtensions",
            |server| server.finished(),
            "server finished the handshake without proving who it is",
        ),
        (
            "Finished instead of EncryptedExtensions, and data behind it",
            |server| {
                server.finished();
                server.application_keys();
                server.encrypted(APPLICATION_DATA, b"trust me");
            },
            "server finished the handshake without proving who it is",
        ),
        (
            "NewSessionTicket instead of EncryptedExtensions",
            |server| server.say(NEW_SESSION_TICKET, &ticket()),
            "server sent NewSessionTicket out of order",
        ),
        (
            "KeyUpdate instead of EncryptedExtensions",
            |server| server.say(KEY_UPDATE, &[0]),
            "server sent KeyUpdate out of order",
        ),
        ("encrypted ServerHello", |server| server.say(SERVER_HELLO, &[]), "server sent ServerHello out of order"),
        (
            "a message of type 77",
            |server| server.say(77, &[]),
            "server sent handshake message type 0x004d out of order",
        ),
        (
            "EncryptedExtensions twice",
            |server| {
                server.encrypted_extensions(&[]);
                server.encrypted_extensions(&[]);
            },
            "server sent EncryptedExtensions out of order",
        ),
        (
            "NewSessionTicket in one record with Finished",
            |server| {
                server.encrypted_extensions(&[]);
                server.certificate();
                server.certificate_verify();
                server.finished();
                server.say(NEW_SESSION_TICKET, &ticket());
            },
            "server sent NewSessionTicket out of order",
        ),
    ] {
        let refused = refusal(case, |server| {
            server.hello(|_| {});
            script(server);
        });
        assert_eq!(refused, reason);
    }
}

#[test]
fn a_message_hidden_behind_the_end_of_another() {
    let hidden = message(CERTIFICATE_REQUEST, &[vector(1, &[]), vector(2, &[])].concat());
    let reason = refusal("CertificateRequest hidden behind EncryptedExtensions", |server| {
        server.hello(|_| {});
        server.say(ENCRYPTED_EXTENSIONS, &[vector(2, &[]), hidden.clone()].concat());
    });
    assert_eq!(reason, "malformed EncryptedExtensions of the server");
    let reason = refusal("Finished hidden behind CertificateVerify", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.certificate();
        let verify = [[4, 3].as_slice(), &vector(2, &[0; 8]), &message(FINISHED, &[0; 32])].concat();
        server.say(CERTIFICATE_VERIFY, &verify);
    });
    assert_eq!(reason, "malformed CertificateVerify of the server");
}

#[test]
fn extensions_that_were_not_offered() {
    let not_offered = |kind| format!("server sent extension {kind}, which was not offered or does not belong there");
    for kind in [16, 42, 13, 51, 28, 0xfafa] {
        let reason = refusal(format_args!("extension {kind} in EncryptedExtensions"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[(kind, &[])]);
        });
        assert_eq!(reason, not_offered(kind));
    }
    for kind in [5, 18] {
        let reason = refusal(format_args!("extension {kind} in Certificate"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.certificate_with(&[], &extension(kind, &[]));
        });
        assert_eq!(reason, not_offered(kind));
    }
    let reason = refusal("extension 0 twice in EncryptedExtensions", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[(0, &[]), (0, &[])]);
    });
    assert_eq!(reason, "server sent extension 0 twice");
}

#[test]
fn a_host_name_is_acknowledged_only_if_it_was_sent() {
    let root = Authority::new();
    let identity = root.server(&server_params(&["127.0.0.1", "localhost"]), key(&PKCS_ECDSA_P256_SHA256));
    let acknowledge = |server: &mut Server<'_>| {
        server.hello(|_| {});
        server.encrypted_extensions(&[(0, &[])]);
        server.certificate();
        server.certificate_verify();
        server.finished();
        server.application_keys();
    };
    let client = Client::trusting(&root.der);
    assert!(client.open(&mut Memory::default(), &mut Scripted::new(&identity, acknowledge)).is_ok());
    tolerated("an acknowledged name that was sent", "RFC 6066 3 asks servers for it");
    let client = Client::trusting(&root.der).expecting("127.0.0.1");
    let reason = client.refuses("an acknowledged name that was not sent", &mut Scripted::new(&identity, acknowledge));
    assert_eq!(reason, "tls: server sent extension 0, which was not offered or does not belong there");
}

#[test]
fn lists_of_groups_are_read_as_far_as_embedded_tls_can() {
    let open = |groups: &[u16]| {
        let list: Vec<u8> = groups.iter().flat_map(|group| group.to_be_bytes()).collect();
        let root = Authority::new();
        let identity = root.localhost();
        let mut server = Scripted::new(&identity, |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[(10, &vector(2, &list))]);
            server.certificate();
            server.certificate_verify();
            server.finished();
            server.application_keys();
        });
        Client::trusting(&root.der)
            .open(&mut Memory::default(), &mut server)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    // The defaults of OpenSSL 3.5, which sends them.
    assert_eq!(open(&[0x11ec, 0x1d, 0x17, 0x1e, 0x18, 0x19, 0x100, 0x101]), Ok(()));
    assert_eq!(open(&[0x1d, 0x1f]), Err("tls: server lists key exchange group 0x001f, which we cannot read".into()));
    assert_eq!(open(&[0x1d; 13]), Ok(()));
    tolerated("supported_groups in EncryptedExtensions", "RFC 8446 4.2.7 allows it, and OpenSSL does it");
    let many = "tls: server lists more than 13 key exchange groups, which we cannot read";
    assert_eq!(open(&[0x1d; 14]), Err(many.into()));
}

#[test]
fn malformed_messages() {
    for (kind, body) in [
        (ENCRYPTED_EXTENSIONS, vec![]),
        (ENCRYPTED_EXTENSIONS, vec![0]),
        (ENCRYPTED_EXTENSIONS, vec![0, 1, 0]),
        (ENCRYPTED_EXTENSIONS, vec![0, 4, 0, 10, 0, 1]),
        (ENCRYPTED_EXTENSIONS, vector(2, &extension(0, &[0]))),
        (ENCRYPTED_EXTENSIONS, vector(2, &extension(10, &[0, 3, 0, 0x17, 0]))),
    ] {
        let reason = refusal(format_args!("EncryptedExtensions of {body:?}"), |server| {
            server.hello(|_| {});
            server.say(kind, &body);
        });
        assert_eq!(reason, "malformed EncryptedExtensions of the server");
    }
    for body in
        [vec![], vec![0], vec![0, 0, 0, 1], vec![1, 7, 0, 0, 0], vec![0, 0, 0, 5, 0, 0, 0, 0, 0], vec![0, 0, 0, 0, 0]]
    {
        let reason = refusal(format_args!("Certificate of {body:?}"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.say(CERTIFICATE, &body);
        });
        assert_eq!(reason, "malformed Certificate of the server");
    }
    let reason = refusal("Certificate with an empty list", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.say(CERTIFICATE, &[0, 0, 0, 0]);
    });
    assert_eq!(reason, "server sent no certificate");
    for body in [vec![], vec![4], vec![4, 3, 0], vec![4, 3, 0, 1], vec![4, 3, 0, 0, 0]] {
        let reason = refusal(format_args!("CertificateVerify of {body:?}"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.certificate();
            server.say(CERTIFICATE_VERIFY, &body);
        });
        assert_eq!(reason, "malformed CertificateVerify of the server");
    }
    for body in [vec![], vec![0], vec![1, 1, 0, 0], vec![0, 0, 1, 0], vec![0, 0, 0, 0]] {
        let reason = refusal(format_args!("CertificateRequest of {body:?}"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.say(CERTIFICATE_REQUEST, &body);
        });
        assert_eq!(reason, "malformed CertificateRequest of the server");
    }
}

#[test]
fn certificates_that_are_no_certificates() {
    for der in [&b"\x30\x00"[..], b"\x30\x80\x00\x00", b"not DER at all", &[0x30, 0x82, 0xff, 0xff, 1]] {
        let identity = Identity { chain: vec![der.to_vec().into()], key: key(&PKCS_ECDSA_P256_SHA256) };
        let client = Client::trusting(&Authority::new().der);
        let reason = client.refuses(
            format_args!("a certificate of {der:02x?}"),
            &mut Scripted::new(&identity, |server| server.handshake()),
        );
        assert!(reason.starts_with("tls: server's certificate is not acceptable"), "{reason}");
    }
}
