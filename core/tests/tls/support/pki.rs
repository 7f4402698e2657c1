//! Certificates for the tests.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::string::{String, ToString};
use std::vec::Vec;

/// A certificate authority.
pub struct Authority {
    pub der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// What a server has: its chain, its own certificate first, and the key of that.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: KeyPair,
}

impl Identity {
    /// The signature of its key.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(message).unwrap()
    }

    pub fn rustls_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }
}

/// A new key.
pub fn key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).unwrap()
}

fn named(mut params: CertificateParams, name: &str) -> CertificateParams {
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Parameters of a certificate authority.
pub fn authority_params(name: &str) -> CertificateParams {
    let mut params = named(CertificateParams::new(Vec::new()).unwrap(), name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Parameters of a server for these names and addresses.
pub fn server_params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = named(CertificateParams::new(names).unwrap(), "server");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2026, 1, 1);
    params
}

impl Authority {
    /// A root.
    pub fn root(name: &str, key: KeyPair) -> Self {
        let params = authority_params(name);
        let der = params.self_signed(&key).unwrap().der().clone();
        Self { der, issuer: Issuer::new(params, key) }
    }

    /// A P-256 root.
    pub fn new() -> Self {
        Self::root("Test Root", key(&PKCS_ECDSA_P256_SHA256))
    }

    /// An authority below this one.
    pub fn subordinate(&self, params: CertificateParams, key: KeyPair) -> Self {
        let der = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Self { der, issuer: Issuer::new(params, key) }
    }

    /// A certificate.
    pub fn issue(&self, params: &CertificateParams, key: &impl PublicKeyData) -> CertificateDer<'static> {
        params.signed_by(key, &self.issuer).unwrap().der().clone()
    }

    /// A server with a certificate right below this authority.
    pub fn server(&self, params: &CertificateParams, key: KeyPair) -> Identity {
        Identity { chain: vec![self.issue(params, &key)], key }
    }

    /// A P-256 server for "localhost".
    pub fn localhost(&self) -> Identity {
        self.server(&server_params(&["localhost"]), key(&PKCS_ECDSA_P256_SHA256))
    }
}

/// The same RSA key in every run: making one takes a while, so it is made once.
#[cfg(feature = "compact-rsa")]
pub fn rsa_key() -> KeyPair {
    use rsa::pkcs8::EncodePrivateKey;
    use std::sync::OnceLock;
    static DER: OnceLock<Vec<u8>> = OnceLock::new();
    let der = DER.get_or_init(|| {
        let key = rsa::RsaPrivateKey::new(&mut super::rng(), 2_048).unwrap();
        key.to_pkcs8_der().unwrap().as_bytes().to_vec()
    });
    KeyPair::try_from(der.as_slice()).unwrap()
}

/// An RSA key of another size, out of a file: making one takes seconds.
#[cfg(feature = "compact-rsa")]
pub fn rsa_key_of(bits: u32) -> KeyPair {
    KeyPair::from_pem(match bits {
        2_048 => return rsa_key(),
        3_072 => include_str!("../fixtures/rsa-3072.pem"),
        4_096 => include_str!("../fixtures/rsa-4096.pem"),
        _ => panic!("there is no key of {bits} bits"),
    })
    .unwrap()
}
