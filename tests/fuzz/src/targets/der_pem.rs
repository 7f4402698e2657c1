//! Keys and certificates that somebody brings along.

use crate::input::Steps;
use aclk_core::identity::key::Key;
use aclk_core::identity::pem::{Form, PrivateDer};
use aclk_core::identity::software::SoftwareKey;
use aclk_core::secret::Secret;
use aclk_core::tls::anchor;
use rustls_pki_types::CertificateDer;

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let kind = steps.next(4).unwrap_or_default();
    let bytes = steps.rest();
    match kind {
        0 => import(bytes),
        // Through the PEM around it.
        1 | 2 => {
            let form = if kind == 1 { Form::Pkcs8 } else { Form::Pkcs1 };
            let Ok(der) = Secret::copy_of(bytes) else { return };
            let Ok(pem) = (PrivateDer { form, der }).to_pem() else { return };
            let again = PrivateDer::read(pem.expose()).expect("it is read as it is written");
            assert!(again.form == form && again.der.expose() == bytes);
            import(pem.expose());
        }
        _ => {
            if let Err(error) = anchor(&CertificateDer::from(bytes)) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

fn import(pem: &[u8]) {
    let mut key = SoftwareKey::new();
    match key.import_pem(pem) {
        Ok(()) => {
            let written = key.private_pem().expect("it is there");
            let mut again = SoftwareKey::new();
            again.import_pem(written.expose()).expect("it is read as it is written");
            assert_eq!(again.public_pem(), key.public_pem());
        }
        Err(error) => assert!(!error.to_string().is_empty() && !key.is_present(), "half a key"),
    }
}
