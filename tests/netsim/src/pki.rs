//! The certificate of the Cloud.
//!
//! All signatures here are RSA: others differ in length from run to run, and with them the number of bytes on the wire.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

/// A key pair that is there already: to generate one takes seconds.
const KEY_PEM: &str = include_str!("../../pair/fixtures/other-private.pem");

/// The authority that the device trusts, and the server that it vouches for.
pub(crate) struct Pki {
    pub(crate) authority: CertificateDer<'static>,
    pub(crate) server: Arc<ServerConfig>,
}

impl Pki {
    /// A server for `name`, from 2025 to 2034.
    pub(crate) fn new(name: &str) -> Self {
        let key = || KeyPair::from_pem_and_sign_algo(KEY_PEM, &PKCS_RSA_SHA256).expect("the fixture is an RSA key");
        let mut params = params("authority", Vec::new());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = params.self_signed(&key()).expect("an RSA key signs").der().clone();
        let issuer = Issuer::new(params, key());

        let mut leaf = self::params("server", vec![name.to_owned()]);
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = leaf.signed_by(&key(), &issuer).expect("an RSA key signs").der().clone();

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has them all")
            .with_no_client_auth()
            .with_single_cert(vec![leaf], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key().serialize_der())))
            .expect("key and certificate belong together");
        Self { authority, server: Arc::new(server) }
    }
}

fn params(name: &str, names: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("a DNS name");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2034, 1, 1);
    params
}
