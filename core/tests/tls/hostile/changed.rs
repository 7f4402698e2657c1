//! Every byte that a server sends in the handshake, changed: some harm may hide where nobody thought of it.

use super::{connected, refusal};
use crate::support::script::*;
use crate::support::wire::drive;
use proptest::prelude::*;

/// What the bits of a byte are changed by.
const MASKS: [u8; 3] = [0x01, 0x80, 0xff];

#[test]
fn any_byte_of_the_server_hello() {
    let mut len = 0;
    refusal("nothing but a closed connection", |server| {
        len = server.make_hello(|_| {}).len();
        server.close();
    });
    for at in 0..len {
        for mask in MASKS {
            refusal(format_args!("byte {at} of ServerHello changed by 0x{mask:02x}"), |server| {
                let mut hello = server.make_hello(|_| {});
                hello[at] ^= mask;
                server.plain(HANDSHAKE, &hello);
                server.encrypted_extensions(&[]);
                server.certificate();
                server.certificate_verify();
                server.finished();
                server.close();
            });
        }
    }
}

#[test]
fn any_byte_of_the_encrypted_messages() {
    let flight = |server: &mut Server<'_>| {
        server.hello(|_| {});
        server.encrypted_extensions(&[(10, &[0, 2, 0, 0x17])]);
        server.say(CERTIFICATE_REQUEST, &[vector(1, &[]), vector(2, &extension(13, &[0, 2, 4, 3]))].concat());
        server.certificate();
        server.certificate_verify();
        server.finished();
    };
    let mut len = 0;
    refusal("no encrypted message", |server| {
        flight(server);
        server.tamper(|messages| len = std::mem::take(messages).len());
        server.close();
    });
    for at in 0..len {
        // One mask each: there are many bytes, and a signature is checked for most.
        refusal(format_args!("byte {at} of the encrypted messages changed"), |server| {
            flight(server);
            server.tamper(|messages| {
                // An ECDSA signature is now and then a byte shorter than the one before.
                let at = at % messages.len();
                messages[at] ^= MASKS[at % MASKS.len()];
            });
            server.close();
        });
    }
}

#[test]
fn the_encrypted_messages_cut_off_anywhere() {
    let mut len = usize::MAX;
    let mut end = 0;
    while end < len {
        refusal(format_args!("the encrypted messages end after {end} bytes"), |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.certificate();
            server.certificate_verify();
            server.finished();
            server.tamper(|messages| {
                len = messages.len();
                messages.truncate(end);
            });
            server.close();
        });
        end += 7;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_plaintext_after_the_handshake(plaintext in prop::collection::vec(any::<u8>(), 1..80), kind in 20_u8..25) {
        connected(
            |server| {
                server.encrypted(kind, &plaintext);
                server.plaintext(&plaintext);
                server.close();
            },
            |client, server, mut secure| {
                for _ in 0..3 {
                    let _ = drive(&client.wire, server, secure.read(&mut [0; 64]));
                }
            },
        );
    }

    #[test]
    fn any_plaintext_in_the_handshake(plaintext in prop::collection::vec(any::<u8>(), 1..80)) {
        refusal(format_args!("plaintext {plaintext:02x?} in the handshake"), |server| {
            server.hello(|_| {});
            server.plaintext(&plaintext);
            server.close();
        });
    }

    #[test]
    fn any_bytes_instead_of_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        refusal(format_args!("{bytes:02x?} instead of an answer"), |server| {
            server.raw(&bytes);
            server.close();
        });
    }
}
