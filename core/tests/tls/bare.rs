//! What embedded-tls and webpki do on their own with servers that `hostile` and `forged` show to be harmless: attacks work
//! when what encloses them is left out. (The enclosure itself has no switches.)
//!
//! If one of these tests fails after an update of embedded-tls, that is good news, and no reason to drop an enclosure.
//! The numbers are those of the guarantees in design.md 3.4.

use crate::support::TODAY;
use crate::support::pki::{Authority, Identity, authority_params, key, server_params};
use crate::support::script::*;
use crate::support::wire::{Peer, Socket, Wire, drive, drive_while};
use embedded_tls::{
    Aes128GcmSha256, CertificateRef, CertificateVerifyRef, CryptoProvider, Sha256, TlsConfig, TlsConnection,
    TlsContext, TlsError, TlsVerifier,
};
use rand_core::Rng;
use rcgen::{KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd};

/// A verifier that trusts nobody, and counts how often it is asked.
#[derive(Default)]
struct Nobody(usize);

impl TlsVerifier<Aes128GcmSha256> for Nobody {
    fn set_hostname_verification(&mut self, _: &str) -> Result<(), TlsError> {
        Ok(())
    }

    fn verify_certificate(&mut self, _: &Sha256, _: CertificateRef<'_>) -> Result<(), TlsError> {
        self.0 += 1;
        Err(TlsError::InvalidCertificate)
    }

    fn verify_signature(&mut self, _: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        self.0 += 1;
        Err(TlsError::InvalidSignature)
    }
}

/// A verifier that trusts everybody.
struct Everybody;

impl TlsVerifier<Aes128GcmSha256> for Everybody {
    fn set_hostname_verification(&mut self, _: &str) -> Result<(), TlsError> {
        Ok(())
    }

    fn verify_certificate(&mut self, _: &Sha256, _: CertificateRef<'_>) -> Result<(), TlsError> {
        Ok(())
    }

    fn verify_signature(&mut self, _: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        Ok(())
    }
}

struct Random(chacha20::ChaCha20Rng);

impl rand_core_06::RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for Random {}

struct Provider<V>(V, Random);

impl<V: TlsVerifier<Aes128GcmSha256>> CryptoProvider for Provider<V> {
    type CipherSuite = Aes128GcmSha256;
    type Signature = &'static [u8];

    fn rng(&mut self) -> impl embedded_tls::CryptoRngCore {
        &mut self.1
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.0)
    }
}

type Bare<'b> = TlsConnection<'b, Socket, Aes128GcmSha256>;

/// Connects embedded-tls to a server that follows `script`, then runs `then` on the connection.
fn bare<V: TlsVerifier<Aes128GcmSha256>, T>(
    mut verifier: V,
    script: impl FnOnce(&mut Server<'_>),
    then: impl FnOnce(Result<(), TlsError>, &mut Bare<'_>, &mut dyn Peer, &Wire) -> T,
) -> (T, V) {
    let (wire, identity) = (Wire::default(), Authority::new().localhost());
    let mut server = Scripted::new(&identity, script);
    let (mut read, mut write) = (vec![0; 16_640], vec![0; 2_048]);
    let mut connection = TlsConnection::new(wire.socket(), &mut read, &mut write);
    let config = TlsConfig::new().with_server_name("localhost");
    let mut provider = Provider(verifier, Random(crate::support::rng()));
    let outcome = drive(&wire, &mut server, connection.open(TlsContext::new(&config, &mut provider)));
    verifier = provider.0;
    (then(outcome, &mut connection, &mut server, &wire), verifier)
}

/// The same, with one read after a handshake that has to succeed.
fn bare_read(script: impl FnOnce(&mut Server<'_>)) -> Result<usize, TlsError> {
    let read = |outcome: Result<(), TlsError>, connection: &mut Bare<'_>, server: &mut dyn Peer, wire: &Wire| {
        outcome.expect("the handshake failed");
        drive(wire, server, connection.read(&mut [0; 64]))
    };
    bare(Everybody, script, read).0
}

/// 1: `hostile::identity`.
#[test]
fn a_server_that_proves_nothing_gets_data_without_the_verifier_being_asked() {
    let (heard, Nobody(asked)) = bare(
        Nobody::default(),
        |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[]);
            server.finished();
            server.application_keys();
        },
        |outcome, connection, server, wire| {
            outcome.expect("embedded-tls has learned to refuse this");
            drive(wire, server, async {
                connection.write(b"secret").await?;
                connection.flush().await
            })
            .unwrap();
            wire.application_records()
        },
    );
    assert_eq!((heard, asked), (1, 0));
}

/// 2: `hostile::records::unencrypted_records_after_the_server_hello`.
#[test]
#[should_panic(expected = "not implemented")]
fn an_unencrypted_handshake_record_after_the_handshake_is_a_panic() {
    let _ = bare_read(|server| {
        server.handshake();
        server.plain(HANDSHAKE, &message(FINISHED, &[0; 32]));
    });
}

/// 2: `hostile::records::encrypted_records_that_hold_nothing_usable`.
#[test]
#[should_panic(expected = "called `Option::unwrap()` on a `None` value")]
fn an_encrypted_record_without_anything_in_it_is_a_panic() {
    let _ = bare_read(|server| {
        server.hello(|_| {});
        server.plaintext(&[]);
    });
}

/// 6: `hostile::data`.
#[test]
#[should_panic(expected = "not implemented")]
fn a_message_of_the_handshake_after_the_handshake_is_a_panic() {
    let _ = bare_read(|server| {
        server.handshake();
        server.encrypted(HANDSHAKE, &message(FINISHED, &[0; 32]));
    });
}

/// 6: `hostile::hello::a_server_hello_that_does_not_answer_ours`.
#[test]
fn a_server_hello_that_answers_something_else_is_accepted() {
    let read = bare_read(|server| {
        server.hello(|hello| {
            hello.version = 0x0301;
            hello.session = b"not what was sent".to_vec();
            hello.suite = 0x1302;
            hello.compression = 1;
            hello.random[24..].copy_from_slice(b"DOWNGRD\x01");
            hello.extensions.remove(0); // supported_versions
        });
        server.encrypted_extensions(&[]);
        server.finished();
        server.application_keys();
        server.encrypted(APPLICATION_DATA, b"data");
    });
    assert_eq!(read.unwrap(), 4);
}

/// 6: `hostile::messages::a_message_hidden_behind_the_end_of_another`.
#[test]
fn lengths_of_messages_are_not_read() {
    let (sent, _) = bare(
        Everybody,
        |server| {
            server.hello(|_| {});
            // Two messages that say they are one.
            let hidden = message(CERTIFICATE_REQUEST, &[vector(1, &[]), vector(2, &[])].concat());
            server.say(ENCRYPTED_EXTENSIONS, &[vector(2, &[]), hidden].concat());
            server.finished();
        },
        |outcome, _, _, wire| {
            outcome.unwrap();
            wire.encrypted_records()
        },
    );
    assert_eq!(sent, 2, "it sent a Certificate, because it saw the hidden request for one, and its Finished");
}

/// 3: `connection::a_read_that_was_abandoned_ends_the_connection`.
#[test]
fn a_cancelled_read_loses_what_it_has_read() {
    let read = |outcome: Result<(), TlsError>, connection: &mut Bare<'_>, server: &mut dyn Peer, wire: &Wire| {
        outcome.unwrap();
        wire.send(&[APPLICATION_DATA, 3, 3]);
        assert!(drive_while(wire, server, connection.read(&mut [0; 64])).is_none());
        wire.send(&[0, 17]);
        wire.send(&[0; 17]);
        // Were the three bytes not lost, this would be a record of 17 bytes that is not authentic.
        drive_while(wire, server, connection.read(&mut [0; 64]))
    };
    let (read, _) = bare(Everybody, |server| server.handshake(), read);
    assert!(!matches!(read, Some(Err(TlsError::CryptoError))));
}

#[test]
fn a_ticket_makes_a_read_wait_for_more() {
    let read = |outcome: Result<(), TlsError>, connection: &mut Bare<'_>, server: &mut dyn Peer, wire: &Wire| {
        outcome.unwrap();
        drive_while(wire, server, connection.read(&mut [0; 64])).is_none()
    };
    let (waits, _) = bare(
        Everybody,
        |server| {
            server.handshake();
            server.encrypted(HANDSHAKE, &message(NEW_SESSION_TICKET, &ticket()));
        },
        read,
    );
    assert!(waits);
}

#[test]
fn an_unencrypted_alert_is_labelled_change_cipher_spec() {
    let (kind, _) = bare(
        Everybody,
        |server| {
            server.hello(|_| {});
            server.encrypted_extensions(&[(13, &[])]);
        },
        |outcome, _, _, wire| {
            assert!(matches!(outcome, Err(TlsError::AbortHandshake(..))));
            wire.records().pop()
        },
    );
    assert_eq!(kind, Some((CHANGE_CIPHER_SPEC, vec![2, 47])));
}

/// What webpki alone says of a chain at `unix_seconds`: the server's certificate first, then one authority.
fn webpki_alone(root: &Authority, identity: &Identity, unix_seconds: u64) -> Result<(), webpki::Error> {
    let anchors = [webpki::anchor_from_trusted_cert(&root.der).unwrap()];
    let (server, authorities) = identity.chain.split_first().unwrap();
    let time = rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(unix_seconds));
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms.all;
    let usage = webpki::KeyUsage::server_auth();
    let server = webpki::EndEntityCert::try_from(server).unwrap();
    server.verify_for_usage(algorithms, &anchors, authorities, time, usage, None, None).map(drop)
}

/// 7: `rejected::an_issuer_that_must_not_sign_certificates`.
#[test]
fn an_authority_that_must_not_sign_certificates_is_accepted() {
    let root = Authority::new();
    let mut params = authority_params("Lower");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let lower = root.subordinate(params, key(&PKCS_ECDSA_P256_SHA256));
    let mut identity = lower.localhost();
    identity.chain.push(lower.der.clone());
    assert_eq!(webpki_alone(&root, &identity, TODAY), Ok(()));
}

/// 5: `rejected::without_a_clock_a_certificate_newer_than_the_build_asks_for_the_clock`. Whoever may choose the time (an
/// unset clock, a forged time server) makes a certificate valid that expired long ago.
#[test]
fn a_time_that_nobody_vouches_for_makes_an_expired_certificate_valid() {
    let root = Authority::new();
    let mut params = server_params(&["localhost"]);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let identity = root.server(&params, key(&PKCS_ECDSA_P256_SHA256));
    assert!(webpki_alone(&root, &identity, TODAY).is_err());
    assert_eq!(webpki_alone(&root, &identity, 1_600_000_000), Ok(()), "in September 2020 it was");
}

/// 4: `hostile::hello::a_hello_retry_request`. embedded-tls takes one for a malformed ServerHello and cannot say more.
#[test]
fn a_hello_retry_request_is_an_error_without_a_name() {
    let (outcome, _) = bare(
        Everybody,
        |server| {
            server.hello(|hello| {
                hello.random = embedded_tls_retry();
                *hello.extension(51) = vec![0, 0x1d];
            });
            server.close();
        },
        |outcome, _, _, _| outcome,
    );
    let error = outcome.expect_err("embedded-tls has learned to answer this");
    assert!(!format!("{error:?}").contains("Retry"), "{error:?}");
}

/// The random of a HelloRetryRequest (RFC 8446 4.1.3).
fn embedded_tls_retry() -> [u8; 32] {
    use digest_010::Digest;
    Sha256::digest(b"HelloRetryRequest").into()
}
