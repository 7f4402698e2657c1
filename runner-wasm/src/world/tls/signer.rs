//! The signature of the server: ECDSA on P-256 with SHA-256.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use rustls::sign::{Signer, SigningKey as RustlsKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

/// The key of the server.
#[derive(Debug, Clone)]
pub(super) struct EcdsaKey(SigningKey);

impl EcdsaKey {
    pub(super) const fn new(key: SigningKey) -> Self {
        Self(key)
    }
}

impl RustlsKey for EcdsaKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::ECDSA_NISTP256_SHA256).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for EcdsaKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: DerSignature = self.0.sign(message);
        Ok(signature.as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}
