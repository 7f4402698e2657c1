//! Servers that break the record layer.

use super::{connected, read_refusal, refusal, refused};
use crate::support::pki::Authority;
use crate::support::script::*;
use crate::support::wire::drive;
use crate::support::{Client, Memory, tolerated};
use aclk_core::tls::Received;

const RECORD_OVERFLOW: u8 = 22;

#[test]
fn encrypted_records_that_hold_nothing_usable() {
    for (case, plaintext, reason) in [
        ("an empty plaintext", &b""[..], "encrypted record without content: empty or nothing but padding"),
        ("one zero", &[0; 1], "encrypted record without content: empty or nothing but padding"),
        ("a thousand zeros", &[0; 1000], "encrypted record without content: empty or nothing but padding"),
        ("an empty handshake record", &[HANDSHAKE], "handshake record without content"),
        ("an empty handshake record with padding", &[HANDSHAKE, 0, 0], "handshake record without content"),
        ("encrypted change_cipher_spec", &[1, 20], "encrypted record of content type 20, which does not belong here"),
        ("encrypted content type 24", &[1, 24], "encrypted record of content type 24, which does not belong here"),
        ("encrypted content type 255", &[1, 255], "encrypted record of content type 255, which does not belong here"),
        ("encrypted data", &[1, 23], "encrypted record of content type 23, which does not belong here"),
        ("half an alert", &[2, 21], "encrypted record of content type 21, which does not belong here"),
    ] {
        let reason = if plaintext.is_empty() { "record of 16 bytes, which TLS does not allow here" } else { reason };
        let refused = refusal(format_args!("{case} in the handshake"), |server| {
            server.hello(|_| {});
            server.plaintext(plaintext);
        });
        assert_eq!(refused, reason);
        if plaintext != [1, 23] {
            assert_eq!(
                read_refusal(format_args!("{case} after the handshake"), |server| server.plaintext(plaintext)),
                reason
            );
        }
    }
}

#[test]
fn lengths_of_encrypted_records() {
    for len in [0_u16, 1, 16, 16_641, 65_535] {
        let header = [&[APPLICATION_DATA, 3, 3], len.to_be_bytes().as_slice()].concat();
        let reason = format!("record of {len} bytes, which TLS does not allow here");
        let refused = refusal(format_args!("encrypted record of {len} bytes in the handshake"), |server| {
            server.hello(|_| {});
            server.raw(&header);
        });
        assert_eq!(refused, reason);
        assert_eq!(
            read_refusal(format_args!("encrypted record of {len} bytes after the handshake"), |server| server
                .raw(&header)),
            reason
        );
    }
    let (_, alerts) = refused("encrypted record of 65535 bytes, which is answered", |server| {
        server.hello(|_| {});
        server.raw(&[APPLICATION_DATA, 3, 3, 0xff, 0xff]);
    });
    assert_eq!(alerts, [RECORD_OVERFLOW]);
}

#[test]
fn the_largest_records_are_read_and_larger_contents_are_not() {
    // 16640 bytes on the wire: 16384 of content, its type, 239 of padding, 16 of tag.
    let mut plaintext = vec![b'x'; 16_384];
    plaintext.push(APPLICATION_DATA);
    plaintext.resize(16_624, 0);
    connected(
        |server| {
            for _ in 0..3 {
                server.plaintext(&plaintext);
            }
        },
        |client, server, mut secure| {
            let mut buf = vec![0; 20_000];
            for _ in 0..3 {
                assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Data(16_384)));
            }
            tolerated("records of 16640 bytes", "RFC 8446 5.2 allows no more and no less");
        },
    );
    plaintext[16_384] = b'x';
    plaintext[16_385] = APPLICATION_DATA;
    let reason = read_refusal("encrypted record with 16385 bytes of content", |server| server.plaintext(&plaintext));
    assert_eq!(reason, "encrypted record with more than 16384 bytes of content");
}

#[test]
fn records_that_were_altered_on_the_way() {
    let altered = "record failed its authentication: it was altered on the way";
    for at in [5, 20] {
        let reason = refusal(format_args!("byte {at} of an encrypted record altered in the handshake"), |server| {
            server.hello(|_| {});
            let body = message(ENCRYPTED_EXTENSIONS, &[0, 0]);
            server.altered(HANDSHAKE, &body, |record| record[at] ^= 1);
        });
        assert_eq!(reason, altered);
        let reason =
            read_refusal(format_args!("byte {at} of an encrypted record altered after the handshake"), |server| {
                server.altered(APPLICATION_DATA, b"hello", |record| record[at] ^= 1)
            });
        assert_eq!(reason, altered);
    }
    let reason = read_refusal("encrypted record with another version", |server| {
        server.altered(APPLICATION_DATA, b"hello", |record| record[2] = 4)
    });
    assert_eq!(reason, "encrypted record of version 0x0304");
    // A record that does not come, and one that comes twice.
    let reason = read_refusal("encrypted record that is lost on the way", |server| {
        server.altered(APPLICATION_DATA, b"lost", Vec::clear);
        server.encrypted(APPLICATION_DATA, b"hello");
    });
    assert_eq!(reason, altered);
    connected(
        |server| {
            let mut copy = Vec::new();
            server.altered(APPLICATION_DATA, b"hello", |record| copy.clone_from(record));
            server.raw(&copy);
        },
        |client, server, mut secure| {
            assert_eq!(drive(&client.wire, server, secure.read(&mut [0; 64])), Ok(Received::Data(5)));
            let failure = drive(&client.wire, server, secure.read(&mut [0; 64])).unwrap_err();
            assert_eq!(failure.to_string(), format!("tls: {altered}"));
        },
    );
}

#[test]
fn unencrypted_records_after_the_server_hello() {
    let reason = refusal("Certificate without encryption", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.flush();
        server.certificate();
        server.flush_plain();
        server.certificate_verify();
        server.finished();
    });
    assert_eq!(reason, "unencrypted record of type 22 where only encrypted ones are allowed");
    let reason = refusal("EncryptedExtensions without encryption", |server| {
        server.hello(|_| {});
        server.plain(HANDSHAKE, &message(ENCRYPTED_EXTENSIONS, &[0, 0]));
    });
    assert_eq!(reason, "unencrypted record of type 22 where only encrypted ones are allowed");
    for kind in [0, ALERT, HANDSHAKE, 24, 255] {
        let reason = read_refusal(format_args!("unencrypted record of type {kind} after the handshake"), |server| {
            server.plain(kind, &message(FINISHED, &[0; 32]))
        });
        assert_eq!(reason, format!("unencrypted record of type {kind} where only encrypted ones are allowed"));
    }
}

#[test]
fn what_is_labelled_encrypted_and_is_not() {
    let altered = "record failed its authentication: it was altered on the way";
    for (case, content, reason) in [
        ("short data in the clear", b"hello".to_vec(), "record of 5 bytes, which TLS does not allow here"),
        ("data in the clear", b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), altered),
        ("data in the clear, with its type and padding", b"HTTP/1.1 200 OK\r\n\r\n\x17\0\0\0".to_vec(), altered),
        ("data in the clear, with a tag of zeros", [&b"hello\x17"[..], &[0; 16]].concat(), altered),
        ("Finished in the clear, with its type", [&message(FINISHED, &[0; 32])[..], &[HANDSHAKE]].concat(), altered),
        (
            "a ticket in the clear, with its type",
            [&message(NEW_SESSION_TICKET, &ticket())[..], &[HANDSHAKE]].concat(),
            altered,
        ),
    ] {
        for messages in 1..=BEFORE_FINISHED.len() {
            let (last, _) = BEFORE_FINISHED[messages - 1];
            let refused = refusal(format_args!("{case}, labelled encrypted, after {last}"), |server| {
                server.say_first(messages);
                server.plain(APPLICATION_DATA, &content);
                server.close();
            });
            assert_eq!(refused, reason);
        }
        let refused = read_refusal(format_args!("{case}, labelled encrypted, after the handshake"), |server| {
            server.plain(APPLICATION_DATA, &content)
        });
        assert_eq!(refused, reason);
        connected(
            |server| {
                server.encrypted(APPLICATION_DATA, b"hello");
                server.plain(APPLICATION_DATA, &content);
            },
            |client, server, mut secure| {
                assert_eq!(drive(&client.wire, server, secure.read(&mut [0; 64])), Ok(Received::Data(5)));
                let failure = drive(&client.wire, server, secure.read(&mut [0; 64])).unwrap_err();
                println!("refused: {case}, labelled encrypted, after good data: {failure}");
                assert_eq!(failure.to_string(), format!("tls: {reason}"));
            },
        );
    }
}

#[test]
fn change_cipher_spec_is_skipped_where_it_may_come() {
    let root = Authority::new();
    let identity = root.localhost();
    let mut server = Scripted::new(&identity, |server| {
        server.hello(|_| {});
        server.plain(CHANGE_CIPHER_SPEC, &[1]);
        server.encrypted_extensions(&[]);
        server.flush();
        server.plain(CHANGE_CIPHER_SPEC, &[1]);
        server.certificate();
        server.certificate_verify();
        server.finished();
        server.application_keys();
    });
    assert!(Client::trusting(&root.der).open(&mut Memory::default(), &mut server).is_ok());
    tolerated(
        "change_cipher_spec during the handshake",
        "RFC 8446 5 has it dropped: servers send it for old middleboxes",
    );

    let misplaced = "misplaced or malformed change_cipher_spec record";
    for content in [&[][..], &[0], &[2], &[1, 1]] {
        let reason = refusal(format_args!("change_cipher_spec of {content:?}"), |server| {
            server.hello(|_| {});
            server.plain(CHANGE_CIPHER_SPEC, content);
        });
        assert_eq!(reason, misplaced);
    }
    assert_eq!(
        read_refusal("change_cipher_spec after the handshake", |server| server.plain(CHANGE_CIPHER_SPEC, &[1])),
        misplaced
    );
}

#[test]
fn a_handshake_that_never_ends() {
    let reason = refusal("a flood of change_cipher_spec", |server| {
        server.hello(|_| {});
        for _ in 0..17 {
            server.plain(CHANGE_CIPHER_SPEC, &[1]);
        }
    });
    assert_eq!(reason, "server needs more than 16 records for its handshake");
    let reason = refusal("a flood of CertificateRequest", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        for _ in 0..17 {
            server.flush();
            server.say(CERTIFICATE_REQUEST, &[vector(1, &[]), vector(2, &[])].concat());
        }
    });
    assert_eq!(reason, "server needs more than 16 records for its handshake");
}

#[test]
fn every_message_may_have_a_record_of_its_own() {
    let root = Authority::new();
    let identity = root.localhost();
    let mut server = Scripted::new(&identity, |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.flush();
        server.certificate();
        server.flush();
        server.certificate_verify();
        server.flush();
        server.finished();
        server.application_keys();
        server.encrypted(APPLICATION_DATA, b"hello");
    });
    let client = Client::trusting(&root.der);
    let mut memory = Memory::default();
    let mut secure = client.open(&mut memory, &mut server).unwrap();
    assert_eq!(drive(&client.wire, &mut server, secure.read(&mut [0; 64])), Ok(Received::Data(5)));
    tolerated("every message in a record of its own", "RFC 8446 5.1 leaves it to the server");
}
