//! The certificates of the Cloud: an authority that the device trusts, and what the server shows.

use super::tls;
use aclk_cloud::{Certificate, KeyLogLines};
use aclk_host::Servers;
use chacha20::ChaCha20Rng;
use core::time::Duration;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use rustls::KeyLog;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use std::collections::HashMap;
use std::sync::Arc;

/// How long a certificate of the Cloud is still valid, as usual on the web.
const GOOD_FOR: Duration = DAY.saturating_mul(397);
/// From when on one is valid that is not valid yet.
const NOT_YET: Duration = DAY.saturating_mul(365);
const AUTHORITY_FOR: Duration = DAY.saturating_mul(3_650);
const DAY: Duration = Duration::from_secs(86_400);

/// Before the firmware was built: a device that knows no time checks certificates at that.
const FROM: (i32, u8, u8) = (2025, 1, 1);
/// As well: then a certificate has expired whatever the device knows of the time.
const EXPIRED: (i32, u8, u8) = (2025, 6, 1);

/// A moment, as rcgen has it.
type Moment = time::OffsetDateTime;

/// The authority, and the server that it vouches for.
pub(super) struct Pki {
    /// Its certificate, as DER.
    pub(super) authority: Vec<u8>,
    name: &'static str,
    authority_key: EcKey,
    stranger: EcKey,
    server: EcKey,
    key_log: Arc<dyn KeyLog>,
    /// When it was made, since 1970.
    now: Duration,
    made: HashMap<Certificate, Arc<ServerConfig>>,
}

impl Pki {
    /// A server for `name`, whose secrets `key_log` is told, with new keys and certificates of `now` (since 1970).
    pub(super) fn new(name: &'static str, key_log: KeyLogLines, now: Duration, random: &mut ChaCha20Rng) -> Self {
        let [authority_key, stranger, server] = [(); 3].map(|()| EcKey::new(random));
        let certificate = authority(now).self_signed(&authority_key).expect("the key signs");
        Self {
            authority: certificate.der().to_vec(),
            name,
            authority_key,
            stranger,
            server,
            key_log: Arc::new(key_log),
            now,
            made: HashMap::new(),
        }
    }

    fn leaf(&self, shown: Certificate) -> CertificateDer<'static> {
        let name = if shown == Certificate::OtherName { "wrong.example" } else { self.name };
        let mut leaf = params(name, vec![name.to_owned()], self.now + GOOD_FOR, 2);
        match shown {
            Certificate::Expired => leaf.not_after = date(EXPIRED),
            Certificate::NotYetValid => leaf.not_before = since_1970(self.now + NOT_YET),
            _ => {}
        }
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let signed = match shown {
            Certificate::SelfSigned => leaf.self_signed(&self.server),
            // Its name is that of ours; only the signature tells.
            Certificate::UnknownAuthority => {
                leaf.signed_by(&self.server, &Issuer::new(authority(self.now), self.stranger.clone()))
            }
            _ => leaf.signed_by(&self.server, &Issuer::new(authority(self.now), self.authority_key.clone())),
        };
        signed.expect("the key signs").der().clone()
    }
}

impl Servers for Pki {
    fn server(&mut self, shown: Certificate) -> Arc<ServerConfig> {
        if let Some(server) = self.made.get(&shown) {
            return Arc::clone(server);
        }
        let mut server = tls::server(self.leaf(shown), self.server.signing.clone());
        server.key_log = Arc::clone(&self.key_log);
        let server = Arc::new(server);
        self.made.insert(shown, Arc::clone(&server));
        server
    }
}

/// A key on P-256, as rcgen wants it.
#[derive(Clone)]
struct EcKey {
    signing: SigningKey,
    /// The point, uncompressed.
    public: Vec<u8>,
}

impl EcKey {
    fn new(random: &mut ChaCha20Rng) -> Self {
        let signing = tls::signing_key(random);
        let public = signing.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        Self { signing, public }
    }
}

impl PublicKeyData for EcKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for EcKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: p256::ecdsa::DerSignature = self.signing.sign(message);
        Ok(signature.as_bytes().to_vec())
    }
}

fn authority(now: Duration) -> CertificateParams {
    let mut params = params("playground authority", Vec::new(), now + AUTHORITY_FOR, 1);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn params(name: &str, names: Vec<String>, until: Duration, serial: u64) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("a DNS name");
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date(FROM), since_1970(until));
    params.serial_number = Some(SerialNumber::from(serial));
    params
}

fn date((year, month, day): (i32, u8, u8)) -> Moment {
    date_time_ymd(year, month, day)
}

fn since_1970(span: Duration) -> Moment {
    date_time_ymd(1970, 1, 1) + span
}
