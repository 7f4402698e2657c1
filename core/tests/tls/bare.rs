//! What embedded-tls does on its own that is not dangerous, but has shaped what encloses it. What is dangerous is shown by
//! the unit tests of `tls::guarantees`, which take away one guarantee of the enclosure at a time.
//!
//! If one of these tests fails after an update of embedded-tls, that is good news, and something here can be simpler.

use crate::support::pki::Authority;
use crate::support::script::*;
use crate::support::wire::{Peer, Socket, Wire, drive, drive_while};
use embedded_tls::{
    Aes128GcmSha256, CertificateRef, CertificateVerifyRef, CryptoProvider, Sha256, TlsConfig, TlsConnection,
    TlsContext, TlsError, TlsVerifier,
};
use rand_core::Rng;

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

struct Provider(Everybody, Random);

impl CryptoProvider for Provider {
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
fn bare<T>(
    script: impl FnOnce(&mut Server<'_>),
    then: impl FnOnce(Result<(), TlsError>, &mut Bare<'_>, &mut dyn Peer, &Wire) -> T,
) -> T {
    let (wire, identity) = (Wire::default(), Authority::new().localhost());
    let mut server = Scripted::new(&identity, script);
    let (mut read, mut write) = (vec![0; 16_640], vec![0; 2_048]);
    let mut connection = TlsConnection::new(wire.socket(), &mut read, &mut write);
    let config = TlsConfig::new().with_server_name("localhost");
    let mut provider = Provider(Everybody, Random(crate::support::rng()));
    let outcome = drive(&wire, &mut server, connection.open(TlsContext::new(&config, &mut provider)));
    then(outcome, &mut connection, &mut server, &wire)
}

/// Why `Secure::read` brings one record and says `Received::Nothing`.
#[test]
fn a_ticket_makes_a_read_wait_for_more() {
    let read = |outcome: Result<(), TlsError>, connection: &mut Bare<'_>, server: &mut dyn Peer, wire: &Wire| {
        outcome.unwrap();
        drive_while(wire, server, connection.read(&mut [0; 64])).is_none()
    };
    let waits = bare(
        |server| {
            server.handshake();
            server.encrypted(HANDSHAKE, &message(NEW_SESSION_TICKET, &ticket()));
        },
        read,
    );
    assert!(waits);
}

/// Why the guard labels our alerts anew.
#[test]
fn an_unencrypted_alert_is_labelled_change_cipher_spec() {
    let kind = bare(
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
