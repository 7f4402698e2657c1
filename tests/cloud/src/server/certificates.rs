//! A certification authority, intermediates and a server certificate.

use super::store::Store;
use crate::fault::Certificate;
use crate::ident::Rng;
use rand_core::SeedableRng;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, SignatureAlgorithm,
};
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Names that every certificate has: loopback, and the host as a guest of QEMU's user network sees it.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "10.0.2.2"];
const DAY: Duration = Duration::from_secs(86_400);
/// How old a certificate is when it is made: a device may only know the day on which its firmware was built.
const BEFORE: Duration = DAY.saturating_mul(90);
const CA_AFTER: Duration = DAY.saturating_mul(3_650);
const LEAF_AFTER: Duration = DAY.saturating_mul(397);
const RSA_BITS: usize = 2048;
const ROOT: &str = "aclk emulated Cloud root";
const INTERMEDIATE: &str = "aclk emulated Cloud intermediate";

/// The kind of all keys of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA with 2048 bits.
    Rsa2048,
}

impl KeyKind {
    /// The word on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Rsa2048 => "rsa",
        }
    }

    fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::P256 => &PKCS_ECDSA_P256_SHA256,
            Self::P384 => &PKCS_ECDSA_P384_SHA384,
            Self::Rsa2048 => &PKCS_RSA_SHA256,
        }
    }

    fn generate(self) -> io::Result<KeyPair> {
        if self != Self::Rsa2048 {
            return KeyPair::generate_for(self.algorithm()).map_err(io::Error::other);
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let key = RsaPrivateKey::new(&mut Rng::from_seed(seed), RSA_BITS).map_err(io::Error::other)?;
        let der = key.to_pkcs8_der().map_err(io::Error::other)?;
        let der = PrivatePkcs8KeyDer::from(der.as_bytes());
        KeyPair::from_pkcs8_der_and_sign_algo(&der, self.algorithm()).map_err(io::Error::other)
    }
}

/// Who the server is.
pub(super) struct Identity {
    pub(super) ca_pem: String,
    /// From that which signs the server's up to that which the authority has signed.
    intermediates: Vec<CertificateDer<'static>>,
    issuer: Issuer<'static, KeyPair>,
    key: KeyPair,
    names: Vec<String>,
}

impl Identity {
    /// The authority of the store, or a new one; and a certificate for `names` by it, with as many intermediates between as
    /// `count` says.
    pub(super) fn load_or_make(
        store: &Store,
        kind: Option<KeyKind>,
        count: NonZeroU8,
        names: &[String],
    ) -> io::Result<Self> {
        let ca_key = key(store, "ca-key.pem", kind)?;
        let kind = [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048];
        let kind = kind.into_iter().find(|kind| ca_key.is_compatible(kind.algorithm()));
        let intermediate_key = key(store, "intermediate-key.pem", kind)?;
        let leaf_key = key(store, "server-key.pem", kind)?;

        let ca = authority(ROOT)?;
        let ca_pem = match store.read("ca.pem")? {
            Some(pem) => pem,
            None => ca.self_signed(&ca_key).map_err(io::Error::other)?.pem(),
        };
        store.write_ca(&ca_pem)?;
        let ca = Issuer::new(ca, ca_key);
        // They all have one key: to make them of RSA takes long.
        let mut above = ca;
        let mut intermediates = Vec::new();
        for number in (1..=count.get()).rev() {
            let params = authority(&intermediate(number))?;
            let certificate = params.signed_by(&intermediate_key, &above).map_err(io::Error::other)?;
            intermediates.insert(0, certificate.der().clone());
            let key = KeyPair::try_from(intermediate_key.serialize_der()).map_err(io::Error::other)?;
            above = Issuer::new(params, key);
        }
        let mut all: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        all.extend(names.iter().filter(|name| !NAMES.contains(&name.as_str())).cloned());
        Ok(Self { ca_pem, intermediates, issuer: above, key: leaf_key, names: all })
    }

    /// TLS 1.2 and 1.3 without ALPN (protocol.md section 6).
    pub(super) fn tls_config(&self, shown: Certificate) -> io::Result<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(self.chain(shown)?, key)
            .map_err(io::Error::other)
    }

    fn chain(&self, shown: Certificate) -> io::Result<Vec<CertificateDer<'static>>> {
        let now = SystemTime::now();
        let (names, valid) = match shown {
            Certificate::OtherName => (vec!["wrong.example".to_owned()], (now - BEFORE, now + LEAF_AFTER)),
            Certificate::Expired => (self.names.clone(), (now - BEFORE, now - DAY)),
            Certificate::NotYetValid => (self.names.clone(), (now + LEAF_AFTER, now + 2 * LEAF_AFTER)),
            Certificate::Good | Certificate::UnknownAuthority | Certificate::SelfSigned => {
                (self.names.clone(), (now - BEFORE, now + LEAF_AFTER))
            }
        };
        let leaf = leaf(names, valid)?;
        match shown {
            Certificate::SelfSigned => Ok(vec![leaf.self_signed(&self.key).map_err(io::Error::other)?.der().clone()]),
            Certificate::UnknownAuthority => {
                // The names are those of our authority; only the signatures tell.
                let stranger = Issuer::new(authority(&intermediate(1))?, KeyKind::P256.generate()?);
                self.signed_by(&leaf, &stranger)
            }
            _ => self.signed_by(&leaf, &self.issuer),
        }
    }

    fn signed_by(
        &self,
        leaf: &CertificateParams,
        issuer: &Issuer<'_, KeyPair>,
    ) -> io::Result<Vec<CertificateDer<'static>>> {
        let certificate = leaf.signed_by(&self.key, issuer).map_err(io::Error::other)?;
        let mut chain = vec![certificate.der().clone()];
        chain.extend_from_slice(&self.intermediates);
        Ok(chain)
    }
}

/// A key of the store, or a new one. One that is there must be of the wanted kind.
fn key(store: &Store, name: &str, kind: Option<KeyKind>) -> io::Result<KeyPair> {
    let Some(pem) = store.read(name)? else {
        let key = kind.unwrap_or(KeyKind::P256).generate()?;
        store.write_secret(name, &key.serialize_pem())?;
        return Ok(key);
    };
    let key = KeyPair::from_pem(&pem).map_err(|error| io::Error::other(format!("{name}: {error}")))?;
    match kind {
        Some(kind) if !key.is_compatible(kind.algorithm()) => {
            Err(io::Error::other(format!("{name} of the state directory is not of kind {}", kind.name())))
        }
        _ => Ok(key),
    }
}

/// The name of an intermediate: the first is that which signs the certificate of the server.
fn intermediate(number: u8) -> String {
    if number == 1 { INTERMEDIATE.to_owned() } else { format!("{INTERMEDIATE} {number}") }
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "aclk");
    name.push(DnType::CommonName, common_name);
    name
}

fn authority(common_name: &str) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.distinguished_name = name(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params.not_before = (SystemTime::now() - BEFORE).into();
    params.not_after = (SystemTime::now() + CA_AFTER).into();
    Ok(params)
}

fn leaf(names: Vec<String>, valid: (SystemTime, SystemTime)) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name = name("aclk emulated Cloud");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = valid.0.into();
    params.not_after = valid.1.into();
    Ok(params)
}
