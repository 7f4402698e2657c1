//! Servers whose first answer is wrong.

use super::{hello_refusal, refusal, refused};
use crate::support::script::*;
use digest_010::Digest;
use embedded_tls::Sha256;

const ILLEGAL_PARAMETER: u8 = 47;
const HANDSHAKE_FAILURE: u8 = 40;
const DECODE_ERROR: u8 = 50;
const PROTOCOL_VERSION: u8 = 70;
const UNSUPPORTED_EXTENSION: u8 = 110;

/// What is done to a ServerHello, and the reason why it is refused.
type Change = (&'static str, fn(&mut Hello), &'static str);

const POINT: &str = "key share of the server is not an uncompressed point of secp256r1";
const OLD: &str = "server only speaks TLS 1.2 or older";
const DOWNGRADE: &str = "someone on the way makes the server believe that we only speak old TLS";

const CHANGES: &[Change] = &[
    ("version field", |hello| hello.version = 0x0304, "ServerHello has version field 0x0304 instead of 0x0303"),
    ("session id of another", |hello| hello.session = vec![7; 32], "server echoes a session id that we did not send"),
    ("another suite", |hello| hello.suite = 0x1302, "server chose cipher suite 0x1302, which was not offered"),
    ("compression", |hello| hello.compression = 1, "server chose compression method 1, which was not offered"),
    (
        "a version that does not exist",
        |hello| hello.extensions[0].1 = vec![3, 5],
        "server chose TLS version 0x0305 instead of 0x0304 (TLS 1.3)",
    ),
    (
        "TLS 1.2 as its version",
        |hello| hello.extensions[0].1 = vec![3, 3],
        "server chose TLS version 0x0303 instead of 0x0304 (TLS 1.3)",
    ),
    ("no supported_versions", |hello| drop(hello.extensions.remove(0)), OLD),
    ("no extensions", |hello| hello.extensions.clear(), OLD),
    ("no key share", |hello| drop(hello.extensions.remove(1)), "ServerHello has no key share"),
    (
        "two key shares",
        |hello| hello.extensions.push((51, hello.extensions[1].1.clone())),
        "server sent extension 51 twice",
    ),
    ("supported_versions twice", |hello| hello.extensions.push((43, vec![3, 4])), "server sent extension 43 twice"),
    (
        "a cookie",
        |hello| hello.extensions.push((44, vec![0, 1, 0])),
        "server sent extension 44, which was not offered or does not belong there",
    ),
    (
        "a chosen PSK",
        |hello| hello.extensions.push((41, vec![0, 0])),
        "server sent extension 41, which was not offered or does not belong there",
    ),
    (
        "server_name",
        |hello| hello.extensions.push((0, vec![])),
        "server sent extension 0, which was not offered or does not belong there",
    ),
    (
        "key share for secp384r1",
        |hello| hello.extension(51)[1] = 0x18,
        "key share of the server is for secp384r1, not secp256r1",
    ),
    (
        "key share for x25519",
        |hello| hello.extension(51)[1] = 0x1d,
        "key share of the server is for x25519, not secp256r1",
    ),
    ("a compressed point", |hello| hello.extension(51)[4] = 0x02, POINT),
    (
        "a point without coordinates",
        |hello| *hello.extension(51) = [&[0, 0x17], vector(2, &[4]).as_slice()].concat(),
        POINT,
    ),
    ("the point at infinity", |hello| *hello.extension(51) = [&[0, 0x17], vector(2, &[0]).as_slice()].concat(), POINT),
    ("a point that is not on the curve", |hello| hello.extension(51)[10] ^= 1, POINT),
    ("a byte behind the key share", |hello| hello.extension(51).push(0), "malformed ServerHello"),
    ("a byte behind the version", |hello| hello.extension(43).push(0), "malformed ServerHello"),
    ("half a version", |hello| hello.extension(43).truncate(1), "malformed ServerHello"),
    ("a byte behind the extensions", |hello| hello.trailer.push(0), "malformed ServerHello"),
    ("mark of a downgrade to TLS 1.2", |hello| hello.random[24..].copy_from_slice(b"DOWNGRD\x01"), DOWNGRADE),
    ("mark of a downgrade to TLS 1.1", |hello| hello.random[24..].copy_from_slice(b"DOWNGRD\x00"), DOWNGRADE),
];

#[test]
fn a_server_hello_that_does_not_answer_ours() {
    for &(case, change, reason) in CHANGES {
        assert_eq!(hello_refusal(format_args!("ServerHello: {case}"), change), reason);
    }
}

#[test]
fn alerts_tell_the_server_what_is_wrong_with_its_hello() {
    for (case, change, alert) in [
        ("compression", (|hello| hello.compression = 1) as fn(&mut Hello), ILLEGAL_PARAMETER),
        ("no supported_versions", |hello| drop(hello.extensions.remove(0)), PROTOCOL_VERSION),
        ("an extension that was not offered", |hello| hello.extensions.push((16, vec![])), UNSUPPORTED_EXTENSION),
        ("a byte behind the extensions", |hello| hello.trailer.push(0), DECODE_ERROR),
    ] {
        let case = format_args!("ServerHello: {case}, answered with alert {alert}").to_string();
        let (_, alerts) = refused(case, |server| server.hello(change));
        assert_eq!(alerts, [alert]);
    }
}

/// A HelloRetryRequest, which is a ServerHello with this random (RFC 8446 4.1.3), for x25519.
fn retry(hello: &mut Hello) {
    hello.random = Sha256::digest(b"HelloRetryRequest").into();
    *hello.extension(51) = vec![0, 0x1d];
}

#[test]
fn a_hello_retry_request() {
    for (group, name) in
        [(0x001d_u16, "x25519"), (0x0018, "secp384r1"), (0x11ec, "X25519MLKEM768"), (0x4242, "group 0x4242")]
    {
        let reason = hello_refusal(format_args!("HelloRetryRequest for {name}"), |hello| {
            retry(hello);
            *hello.extension(51) = group.to_be_bytes().to_vec();
        });
        assert_eq!(
            reason,
            format!("server requires another key exchange group, {name}, than our secp256r1 (HelloRetryRequest)")
        );
    }
    let (reason, alerts) = refused("HelloRetryRequest for what was sent", |server| {
        server.hello(|hello| {
            retry(hello);
            *hello.extension(51) = vec![0, 0x17];
        });
    });
    assert_eq!(reason, "tls: server asks again for the key share that it has (HelloRetryRequest)");
    assert_eq!(alerts, [ILLEGAL_PARAMETER]);
    let reason = hello_refusal("HelloRetryRequest with a cookie", |hello| {
        retry(hello);
        hello.extensions = vec![(43, vec![3, 4]), (44, vector(2, b"cookie"))];
    });
    assert_eq!(reason, "server requires a TLS 1.3 feature we do not have: HelloRetryRequest with a cookie");
}

/// We never ask again, so the first HelloRetryRequest is the end, whatever follows it.
#[test]
fn a_hello_retry_request_that_is_followed_by_something() {
    let reason = "server requires another key exchange group, x25519, than our secp256r1 (HelloRetryRequest)";
    for (case, rest) in [
        ("HelloRetryRequest twice", (|server| server.hello(retry)) as fn(&mut Server<'_>)),
        ("HelloRetryRequest, change_cipher_spec, HelloRetryRequest", |server| {
            server.plain(CHANGE_CIPHER_SPEC, &[1]);
            server.hello(retry);
        }),
        ("HelloRetryRequest and a good ServerHello", |server| server.hello(|_| {})),
        ("HelloRetryRequest and a good handshake", |server| {
            server.handshake();
            server.encrypted(APPLICATION_DATA, b"hello");
        }),
        ("HelloRetryRequest a thousand times", |server| (0..1_000).for_each(|_| server.hello(retry))),
    ] {
        let (refused, alerts) = refused(case, |server| {
            server.hello(retry);
            rest(server);
        });
        assert_eq!(refused, format!("tls: {reason}"));
        assert_eq!(alerts, [HANDSHAKE_FAILURE]);
    }
    let twice = refusal("two HelloRetryRequests in one record", |server| {
        let twice = [server.make_hello(retry), server.make_hello(retry)].concat();
        server.plain(HANDSHAKE, &twice);
    });
    assert_eq!(twice, reason);
}

#[test]
fn a_server_hello_in_other_records_than_its_own() {
    let reason = refusal("ServerHello in two records", |server| {
        let hello = server.make_hello(|_| {});
        server.plain(HANDSHAKE, &hello[..50]);
        server.plain(HANDSHAKE, &hello[50..]);
    });
    assert_eq!(reason, "server splits its ServerHello over several records, which we cannot join");
    let reason = refusal("ServerHello whose header is in two records", |server| {
        let hello = server.make_hello(|_| {});
        server.plain(HANDSHAKE, &hello[..3]);
        server.plain(HANDSHAKE, &hello[3..]);
    });
    assert_eq!(reason, "server splits its ServerHello over several records, which we cannot join");
    let reason = refusal("ServerHello and another message in one record", |server| {
        let hello = server.make_hello(|_| {});
        server.plain(HANDSHAKE, &[hello.as_slice(), &message(ENCRYPTED_EXTENSIONS, &[0, 0])].concat());
    });
    assert_eq!(reason, "server sent more than its ServerHello unencrypted");
}

#[test]
fn a_server_hello_of_old_tls_together_with_its_certificate() {
    let reason = refusal("ServerHello of TLS 1.2 with a certificate behind it", |server| {
        let hello = server.make_hello(|hello| {
            hello.suite = 0xc02f;
            hello.extensions = vec![(0xff01, vec![0])];
        });
        server.plain(HANDSHAKE, &[hello.as_slice(), &message(CERTIFICATE, &[0, 0, 0])].concat());
    });
    assert_eq!(reason, "server only speaks TLS 1.2 or older");
}

#[test]
fn something_else_instead_of_the_server_hello() {
    for (kind, name) in
        [(0, "HelloRequest"), (1, "ClientHello"), (20, "Finished"), (99, "handshake message type 0x0063")]
    {
        let reason = refusal(format_args!("{name} instead of ServerHello"), |server| {
            server.plain(HANDSHAKE, &message(kind, &[]))
        });
        assert_eq!(reason, format!("server answered with {name} instead of a ServerHello"));
    }
    let reason = refusal("encrypted data instead of ServerHello", |server| server.plain(APPLICATION_DATA, b"hello"));
    assert_eq!(reason, "server sent encrypted data instead of a ServerHello");
    let reason = refusal("change_cipher_spec instead of ServerHello", |server| server.plain(CHANGE_CIPHER_SPEC, &[1]));
    assert_eq!(reason, "misplaced or malformed change_cipher_spec record");
    let reason = refusal("a record of type 24 instead of ServerHello", |server| server.plain(24, &[1]));
    assert_eq!(reason, "the answer is not TLS (it starts with byte 0x18)");
    let reason = refusal("a record of 0 bytes instead of ServerHello", |server| server.plain(HANDSHAKE, &[]));
    assert_eq!(reason, "record of 0 bytes, which TLS does not allow here");
    let reason =
        refusal("a record of 16385 bytes instead of ServerHello", |server| server.plain(HANDSHAKE, &[2; 16_385]));
    assert_eq!(reason, "record of 16385 bytes, which TLS does not allow here");
}

#[test]
fn a_server_that_gives_up() {
    for (alert, name) in
        [(40, "handshake_failure"), (70, "protocol_version"), (112, "unrecognized_name"), (0, "close_notify")]
    {
        let (reason, alerts) =
            refused(format_args!("alert {alert} instead of ServerHello"), |server| server.plain(ALERT, &[2, alert]));
        assert_eq!(reason, format!("tls: server sent alert {name}"));
        assert!(alerts.is_empty(), "an alert is not answered");
    }
    assert_eq!(
        refusal("alert of one byte", |server| server.plain(ALERT, &[2])),
        "record of 1 bytes, which TLS does not allow here"
    );
    assert_eq!(
        refusal("alert of three bytes", |server| server.plain(ALERT, &[2, 40, 0])),
        "record of 3 bytes, which TLS does not allow here"
    );
    // Later, unencrypted (it could not read our Finished) and encrypted.
    let reason = refusal("unencrypted alert after ServerHello", |server| {
        server.hello(|_| {});
        server.plain(ALERT, &[2, 51]);
    });
    assert_eq!(reason, "server sent alert decrypt_error");
    let reason = refusal("encrypted alert after EncryptedExtensions", |server| {
        server.hello(|_| {});
        server.encrypted_extensions(&[]);
        server.encrypted(ALERT, &[1, 80]);
    });
    assert_eq!(reason, "server sent alert internal_error");
}

#[test]
fn a_server_that_goes_away() {
    let away = "server closed the connection in the middle of the TLS handshake";
    assert_eq!(
        refusal("the end after ServerHello", |server| {
            server.hello(|_| {});
            server.close();
        }),
        away
    );
    assert_eq!(
        refusal("the end within an encrypted record", |server| {
            server.hello(|_| {});
            server.raw(&[APPLICATION_DATA, 3, 3, 1, 0, 1, 2, 3]);
            server.close();
        }),
        away
    );
    let before = "server closed the connection instead of answering the TLS handshake";
    assert_eq!(
        refusal("the end within ServerHello", |server| {
            let hello = record(HANDSHAKE, &server.make_hello(|_| {}));
            server.raw(&hello[..60]);
            server.close();
        }),
        before
    );
}
