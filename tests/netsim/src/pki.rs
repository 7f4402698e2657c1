//! The certificates of the Cloud.
//!
//! All signatures here are RSA: others differ in length from run to run, and with them the number of bytes on the wire.

use aclk_cloud::{Certificate, KeyLogLines};
use aclk_host::Servers;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A key pair that is there already: to generate one takes seconds.
const KEY_PEM: &str = include_str!("../../pair/fixtures/other-private.pem");
/// The key pair of an authority that nobody trusts.
const STRANGER_PEM: &str = include_str!("../../pair/fixtures/private.pem");

/// The first and the last moment of a certificate, as year, month and day.
type Validity = [(i32, u8, u8); 2];

/// That of a certificate that is all right: from before the firmware was built until long after.
const GOOD: Validity = [(2025, 1, 1), (2034, 1, 1)];
/// Over before the firmware was built, so that it has expired whatever the device knows of the time.
const EXPIRED: Validity = [(2025, 1, 1), (2025, 6, 1)];
/// Far in the future.
const NOT_YET: Validity = [(2033, 1, 1), (2034, 1, 1)];
/// Begun after the firmware was built and before the time that the router tells: only who has asked for the time knows
/// that it is valid.
const RENEWED: Validity = [(2025, 11, 1), (2034, 1, 1)];

/// How certificates are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatures {
    /// With RSA: as long in every run, so that runs are alike.
    Rsa,
    /// With P-256.
    Ecdsa,
}

/// The authority that the device trusts, and the server that it vouches for.
pub(crate) struct Pki {
    /// The key of both.
    key_pem: Cow<'static, str>,
    pub(crate) authority: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    name: &'static str,
    good: Validity,
    made: HashMap<Certificate, Arc<ServerConfig>>,
    /// The secrets of all connections so far.
    secrets: Arc<Mutex<String>>,
}

impl Pki {
    /// A server for `name`, whose good certificate was `renewed` after the firmware was built, or not.
    pub(crate) fn new(name: &'static str, renewed: bool, signatures: Signatures) -> Self {
        let key_pem = match signatures {
            Signatures::Rsa => Cow::Borrowed(KEY_PEM),
            Signatures::Ecdsa => Cow::Owned(KeyPair::generate().expect("ring makes keys").serialize_pem()),
        };
        let authority = authority().self_signed(&key(&key_pem)).expect("the key signs").der().clone();
        let issuer = Issuer::new(self::authority(), key(&key_pem));
        let good = if renewed { RENEWED } else { GOOD };
        Self { key_pem, authority, issuer, name, good, made: HashMap::new(), secrets: Arc::default() }
    }

    /// The secrets of all connections so far, in the format of `SSLKEYLOGFILE`.
    pub(crate) fn key_log(&self) -> String {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn leaf(&self, shown: Certificate) -> CertificateDer<'static> {
        let (name, valid) = match shown {
            Certificate::OtherName => ("wrong.example", self.good),
            Certificate::Expired => (self.name, EXPIRED),
            Certificate::NotYetValid => (self.name, NOT_YET),
            Certificate::Good | Certificate::UnknownAuthority | Certificate::SelfSigned => (self.name, self.good),
        };
        let mut leaf = params("server", vec![name.to_owned()], valid);
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let signed = match shown {
            Certificate::SelfSigned => leaf.self_signed(&key(&self.key_pem)),
            // Its name is that of ours; only the signature tells.
            Certificate::UnknownAuthority => {
                leaf.signed_by(&key(&self.key_pem), &Issuer::new(authority(), key(STRANGER_PEM)))
            }
            _ => leaf.signed_by(&key(&self.key_pem), &self.issuer),
        };
        signed.expect("the key signs").der().clone()
    }
}

impl Servers for Pki {
    fn server(&mut self, shown: Certificate) -> Arc<ServerConfig> {
        if let Some(server) = self.made.get(&shown) {
            return Arc::clone(server);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has them all")
            .with_no_client_auth()
            .with_single_cert(
                vec![self.leaf(shown)],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key(&self.key_pem).serialize_der())),
            )
            .expect("key and certificate belong together");
        let secrets = Arc::clone(&self.secrets);
        server.key_log = Arc::new(KeyLogLines::new(move |line| {
            secrets.lock().unwrap_or_else(PoisonError::into_inner).push_str(line);
        }));
        let server = Arc::new(server);
        self.made.insert(shown, Arc::clone(&server));
        server
    }
}

fn key(pem: &str) -> KeyPair {
    KeyPair::from_pem(pem).expect("the fixtures are keys")
}

fn authority() -> CertificateParams {
    let mut params = params("authority", Vec::new(), GOOD);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn params(name: &str, names: Vec<String>, valid: Validity) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("a DNS name");
    params.distinguished_name.push(DnType::CommonName, name);
    let [from, to] = valid.map(|(year, month, day)| date_time_ymd(year, month, day));
    (params.not_before, params.not_after) = (from, to);
    params
}
