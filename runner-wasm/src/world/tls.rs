//! TLS 1.3 of a server, for rustls, on the pure Rust cryptography that is in this program anyway: the device's own.
//!
//! One cipher suite, one group, one kind of signature: those that every TLS 1.3 implementation has to have (RFC 8446, 9.1).
//! It is for an emulated Cloud, and has nobody to be compatible with but the device.

mod aead;
mod exchange;
mod hash;
mod signer;

use crate::{clock, random};
use chacha20::ChaCha20Rng;
use core::time::Duration;
use p256::ecdsa::SigningKey;
use rand_core::Rng;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{CipherSuite, CipherSuiteCommon, Error, ServerConfig, SupportedCipherSuite, Tls13CipherSuite};
use std::sync::Arc;

/// AES-128-GCM with SHA-256.
static AES_128_GCM: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
        hash_provider: &hash::Sha256,
        // RFC 8446, 5.5, with a margin.
        confidentiality_limit: 1 << 24,
    },
    hkdf_provider: &HkdfUsingHmac(&hash::HmacSha256),
    aead_alg: &aead::Aes128Gcm,
    quic: None,
};

/// A server that shows `certificate`, whose key is `key`.
pub(super) fn server(certificate: CertificateDer<'static>, key: SigningKey) -> ServerConfig {
    let provider = CryptoProvider {
        cipher_suites: vec![SupportedCipherSuite::Tls13(&AES_128_GCM)],
        kx_groups: vec![&exchange::P256],
        // No client has a certificate here.
        signature_verification_algorithms: WebPkiSupportedAlgorithms { all: &[], mapping: &[] },
        secure_random: &Browser,
        key_provider: &Browser,
    };
    let key = CertifiedKey::new(vec![certificate], Arc::new(signer::EcdsaKey::new(key)));
    ServerConfig::builder_with_details(Arc::new(provider), Arc::new(Clock))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the suite is one of TLS 1.3")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
}

/// A new key.
pub(super) fn signing_key(random: &mut ChaCha20Rng) -> SigningKey {
    loop {
        let mut bytes = [0; 32];
        random.fill_bytes(&mut bytes);
        // All but one of 2^32 will do.
        if let Ok(key) = SigningKey::from_slice(&bytes) {
            return key;
        }
    }
}

/// Randomness of the browser, and keys that are never loaded.
#[derive(Debug)]
struct Browser;

impl SecureRandom for Browser {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        random::generator().map_err(|_| GetRandomFailed)?.fill_bytes(bytes);
        Ok(())
    }
}

impl KeyProvider for Browser {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn rustls::sign::SigningKey>, Error> {
        Err(Error::General("keys are made here, and not loaded".to_owned()))
    }
}

/// The time of the worker.
#[derive(Debug)]
struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let unix_us = clock::epoch_us().saturating_add(clock::now_us());
        Some(UnixTime::since_unix_epoch(Duration::from_micros(unix_us)))
    }
}
