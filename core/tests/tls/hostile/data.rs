//! Servers that misbehave after the handshake.

use super::{connected, read_refusal};
use crate::support::script::*;
use crate::support::tolerated;
use crate::support::wire::{Silent, drive, drive_while};
use aclk_core::tls::Received;

#[test]
fn messages_that_we_cannot_handle_after_the_handshake() {
    let key_update = "server requires a TLS 1.3 feature we do not have: KeyUpdate";
    for request in [0, 1] {
        let reason = read_refusal(format_args!("KeyUpdate with {request}"), |server| {
            server.encrypted(HANDSHAKE, &message(KEY_UPDATE, &[request]))
        });
        assert_eq!(reason, key_update);
    }
    for (kind, name) in [
        (SERVER_HELLO, "ServerHello"),
        (ENCRYPTED_EXTENSIONS, "EncryptedExtensions"),
        (CERTIFICATE, "Certificate"),
        (CERTIFICATE_REQUEST, "CertificateRequest"),
        (CERTIFICATE_VERIFY, "CertificateVerify"),
        (FINISHED, "Finished"),
        (0, "HelloRequest"),
        (199, "handshake message type 0x00c7"),
    ] {
        let reason = read_refusal(format_args!("{name} after the handshake"), |server| {
            server.encrypted(HANDSHAKE, &message(kind, &[0; 40]))
        });
        assert_eq!(reason, format!("server sent {name} out of order"));
        let behind_a_ticket = [message(NEW_SESSION_TICKET, &ticket()), message(kind, &[0; 40])].concat();
        let reason = read_refusal(format_args!("{name} behind a ticket"), |server| {
            server.encrypted(HANDSHAKE, &behind_a_ticket)
        });
        assert_eq!(reason, format!("server sent {name} out of order"));
    }
}

#[test]
fn tickets_are_taken_note_of_one_record_at_a_time() {
    connected(
        |server| {
            server.encrypted(HANDSHAKE, &message(NEW_SESSION_TICKET, &ticket()));
            let two = [message(NEW_SESSION_TICKET, &ticket()), message(NEW_SESSION_TICKET, &ticket())].concat();
            server.encrypted(HANDSHAKE, &two);
            server.encrypted(APPLICATION_DATA, b"");
            server.plaintext(b"\x17\0\0\0\0");
            server.encrypted(APPLICATION_DATA, b"data");
        },
        |client, server, mut secure| {
            let mut buf = [0; 64];
            for _ in 0..4 {
                assert_eq!(drive(&client.wire, server, secure.ready()), Ok(()));
                assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Nothing));
            }
            assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Data(4)));
            tolerated("NewSessionTicket, one or two in a record", "every server sends them; we do not resume");
            tolerated("data of no bytes, padded or not", "RFC 8446 5.4 allows it, against traffic analysis");
            assert!(drive_while(&client.wire, &mut Silent, secure.ready()).is_none());
        },
    );
    for cut in 0..ticket().len() {
        let reason = read_refusal(format_args!("NewSessionTicket cut after {cut} bytes"), |server| {
            server.encrypted(HANDSHAKE, &message(NEW_SESSION_TICKET, &ticket()[..cut]))
        });
        assert_eq!(reason, "malformed NewSessionTicket of the server");
    }
    let reason = read_refusal("NewSessionTicket in two records", |server| {
        let ticket = message(NEW_SESSION_TICKET, &ticket());
        server.encrypted(HANDSHAKE, &ticket[..ticket.len() - 1]);
    });
    assert_eq!(reason, "NewSessionTicket of the server is split over several records, which we cannot join");
}

#[test]
fn alerts_after_the_handshake() {
    for (content, reason) in [
        ([2, 20], "server sent alert bad_record_mac"),
        ([1, 80], "server sent alert internal_error"),
        ([2, 116], "server sent alert certificate_required"),
        ([9, 250], "server sent alert number 0x00fa"),
    ] {
        assert_eq!(
            read_refusal(format_args!("alert {content:?} after the handshake"), |server| server
                .encrypted(ALERT, &content)),
            reason
        );
    }
    for content in [&[][..], &[1], &[1, 0, 0]] {
        let reason =
            read_refusal(format_args!("alert of the bytes {content:?}"), |server| server.encrypted(ALERT, content));
        assert_eq!(reason, "encrypted record of content type 21, which does not belong here");
    }
    // "I am going to close", which servers written in Java say before close_notify.
    connected(
        |server| server.encrypted(ALERT, &[1, 90]),
        |client, server, mut secure| {
            assert_eq!(drive(&client.wire, server, secure.read(&mut [0; 64])), Ok(Received::Nothing));
            tolerated("alert user_canceled", "RFC 8446 6.1: close_notify follows, and is what counts");
        },
    );
    connected(
        |server| {
            server.encrypted(ALERT, &[1, 0]);
            server.encrypted(APPLICATION_DATA, b"after the end");
        },
        |client, server, mut secure| {
            for _ in 0..3 {
                assert_eq!(drive(&client.wire, server, secure.read(&mut [0; 64])), Ok(Received::Closed));
            }
            tolerated("data behind close_notify", "RFC 8446 6.1 has it ignored");
        },
    );
}

#[test]
fn data_that_looks_like_what_our_cipher_says_is_data() {
    for text in [&[0][..], &[1], &[2], &[3], &[9, 0, 40, 3], &[0, 0]] {
        connected(
            |server| server.encrypted(APPLICATION_DATA, text),
            |client, server, mut secure| {
                let mut buf = [0; 64];
                assert_eq!(drive(&client.wire, server, secure.read(&mut buf)), Ok(Received::Data(text.len())));
                assert_eq!(&buf[..text.len()], text);
            },
        );
    }
}

#[test]
fn headers_that_are_refused_while_waiting() {
    connected(
        |server| server.plain(HANDSHAKE, &[1]),
        |client, server, mut secure| {
            let reason = "tls: unencrypted record of type 22 where only encrypted ones are allowed";
            assert_eq!(drive(&client.wire, server, secure.ready()).unwrap_err().to_string(), reason);
            assert_eq!(drive(&client.wire, server, secure.read(&mut [0; 64])).unwrap_err().to_string(), reason);
        },
    );
}
