//! Whom TLS trusts: the system's certificate authorities, and what the user put into `cloud_fullchain.pem`.
//!
//! One rule for claim and link alike; the original used the file for the claim only, which made claims succeed that no
//! link could follow (protocol.md section 6).
//!
//! `cloud_fullchain.pem` is what its name says: the chain of the Cloud's certificate, in any order, with or without its
//! root. Each certificate in it that may issue others is a trust anchor, so an intermediate one suffices. So is a
//! self-signed certificate of a server, as itself. Any other certificate of a server is left out: who has its key must
//! not be able to speak for other names.
//!
//! Where the claim directory has no such file, those of a real Agent count: `trusted.pem`, else `cloud_fullchain.pem` in
//! `cloud.d`.

use crate::fault::Fault;
use crate::store::FileStore;
use crate::store::error::Problem;
use aclk_core::stage::Stage;
use aclk_core::tls::{AnchorError, Anchors, anchor};
use rustls_native_certs::{CertificateResult, load_native_certs};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use std::path::Path;

/// The trust anchors, and what is worth knowing about where they came from.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    /// Whether nobody is asked who he is.
    insecure: bool,
    /// One line each: certificates that could not be used, files that could not be read.
    pub(crate) notes: Vec<String>,
}

/// What is said wherever certificates are not checked.
pub(crate) const INSECURE: &str = "INSECURE: certificates are not checked, so whoever is on the way can be the Cloud: read all \
                                   that is sent, and ask this machine for its data";

/// Reads the system's trust store (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured) and the file of the user; neither
/// if everybody is let in (`insecure`).
///
/// # Errors
/// If there is nothing to trust, or if the user's file does not add anything: it is there because it is needed.
pub(crate) fn load(store: &FileStore, insecure: bool) -> Result<Trust, Fault> {
    if insecure {
        return Ok(Trust { insecure, notes: vec![INSECURE.to_owned()], ..Trust::default() });
    }
    let (chain, path) = match store.chain()? {
        Some((chain, path)) => (Some(chain), path),
        None => (None, store.place_for_chain()),
    };
    combine(load_native_certs(), chain.as_ref().map(|chain| chain.as_slice()), &path)
}

/// Whom a file in PEM form names, and nobody else; the system's trust store without one.
///
/// # Errors
/// If there is nothing to trust.
#[cfg(feature = "lab")]
pub(crate) fn only(chain: Option<&[u8]>, path: &Path) -> Result<Trust, Fault> {
    match chain {
        Some(chain) => combine(CertificateResult::default(), Some(chain), path),
        None => combine(load_native_certs(), None, path),
    }
}

fn combine(system: CertificateResult, chain: Option<&[u8]>, path: &Path) -> Result<Trust, Fault> {
    let mut trust = Trust::default();
    trust.add_system(system);
    if let Some(chain) = chain {
        trust.add_chain(chain, path)?;
    }
    if trust.anchors.is_empty() {
        let cause = "there are no trusted certificate authorities: no server can prove who it is";
        let found = trust.notes.first().map(|note| format!(" ({note})")).unwrap_or_default();
        return Err(Fault::new(Stage::Tls, format_args!("{cause}{found}")).hint(format_args!(
            "install the package ca-certificates, or name a file in SSL_CERT_FILE, or put the Cloud's chain into {}",
            path.display()
        )));
    }
    Ok(trust)
}

impl Trust {
    /// Whom TLS lets in.
    pub(crate) fn anchors(&self) -> Anchors<'_> {
        if self.insecure { Anchors::insecure_anybody() } else { Anchors::new(&self.anchors) }
    }

    /// How many are trusted.
    pub(crate) fn len(&self) -> usize {
        self.anchors.len()
    }

    fn add_system(&mut self, system: CertificateResult) {
        self.notes.extend(system.errors.iter().map(ToString::to_string));
        let mut unusable = 0_u32;
        for certificate in &system.certs {
            match anchor(certificate) {
                Ok(anchor) => self.anchors.push(anchor.to_owned()),
                Err(_) => unusable += 1,
            }
        }
        if unusable > 0 {
            self.notes.push(format!("{unusable} certificates of the system's trust store cannot be used"));
        }
    }

    fn add_chain(&mut self, chain: &[u8], path: &Path) -> Result<(), Fault> {
        let malformed = |expected: String| Fault::from(Problem::Malformed { expected }.at(path));
        let mut anchors = 0_u32;
        let mut servers = 0_u32;
        for (index, certificate) in CertificateDer::pem_slice_iter(chain).enumerate() {
            let number = index + 1;
            let certificate =
                certificate.map_err(|error| malformed(format!("certificate {number} is damaged: {error:?}")))?;
            match anchor(&certificate) {
                Ok(anchor) => {
                    self.anchors.push(anchor.to_owned());
                    anchors += 1;
                }
                Err(AnchorError::NotAnIssuer) => servers += 1,
                Err(error) => return Err(malformed(format!("certificate {number}: {error}"))),
            }
        }
        match (anchors, servers) {
            (0, 0) => Err(malformed("contains no certificate in PEM form (BEGIN CERTIFICATE)".to_owned())),
            (0, _) => Err(malformed(
                "contains only the certificate of a server: add the one of the authority that issued it".to_owned(),
            )),
            (anchors, 0) => {
                self.notes.push(format!("{}: {anchors} trusted", path.display()));
                Ok(())
            }
            (anchors, servers) => {
                self.notes.push(format!(
                    "{}: {anchors} trusted, {servers} of a server left out, which is checked by the others",
                    path.display()
                ));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Trust, combine};
    use crate::fault::{Fault, exit};
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls_native_certs::CertificateResult;
    use rustls_pki_types::CertificateDer;
    use std::path::Path;

    struct Pki {
        root: String,
        intermediate: String,
        leaf: String,
        self_signed: String,
    }

    fn authority(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn pki() -> Pki {
        let key = || KeyPair::generate().unwrap();
        let root = CertifiedIssuer::self_signed(authority("root"), key()).unwrap();
        let intermediate = CertifiedIssuer::signed_by(authority("intermediate"), key(), &root).unwrap();
        let server = || CertificateParams::new(vec!["cloud.example".to_owned()]).unwrap();
        Pki {
            root: root.pem(),
            intermediate: intermediate.pem(),
            leaf: server().signed_by(&key(), &intermediate).unwrap().pem(),
            self_signed: server().self_signed(&key()).unwrap().pem(),
        }
    }

    fn system(pem: &str) -> CertificateResult {
        use rustls_pki_types::pem::PemObject;
        let mut result = CertificateResult::default();
        result.certs = CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect();
        result
    }

    fn only(chain: &str) -> Result<Trust, Fault> {
        combine(CertificateResult::default(), Some(chain.as_bytes()), Path::new("/c/cloud_fullchain.pem"))
    }

    #[test]
    fn every_issuer_in_the_file_is_trusted_and_the_server_is_not() {
        let pki = pki();
        let trust = only(&format!("{}{}{}", pki.leaf, pki.intermediate, pki.root)).unwrap();
        assert_eq!(trust.anchors.len(), 2);
        assert_eq!(
            trust.notes,
            ["/c/cloud_fullchain.pem: 2 trusted, 1 of a server left out, which is checked by the others"]
        );
        assert_eq!(only(&format!("{}{}", pki.leaf, pki.intermediate)).unwrap().anchors.len(), 1);
    }

    #[test]
    fn a_self_signed_server_is_trusted_as_itself() {
        assert_eq!(only(&pki().self_signed).unwrap().anchors.len(), 1);
    }

    #[test]
    fn a_file_that_adds_nothing_is_an_error_even_if_the_system_trusts_somebody() {
        let pki = pki();
        let damaged = pki.root.replace("MII", "!!!");
        let truncated = pki.root.replace("-----END", "-----");
        let not_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        for (chain, expected) in [
            ("", "contains no certificate in PEM form"),
            ("some words\n", "contains no certificate in PEM form"),
            (pki.leaf.as_str(), "contains only the certificate of a server"),
            (damaged.as_str(), "certificate 1 is damaged"),
            (truncated.as_str(), "certificate 1 is damaged"),
            (not_der, "certificate 1: not an X.509 certificate"),
        ] {
            let path = Path::new("/c/cloud_fullchain.pem");
            let fault = combine(system(&pki.root), Some(chain.as_bytes()), path).unwrap_err();
            assert!(fault.to_string().starts_with(&format!("storage: /c/cloud_fullchain.pem: {expected}")), "{fault}");
        }
    }

    #[test]
    fn the_file_adds_to_what_the_system_trusts() {
        let (ours, theirs) = (pki(), pki());
        let path = Path::new("cloud_fullchain.pem");
        let trust = combine(system(&theirs.root), Some(ours.root.as_bytes()), path).unwrap();
        assert_eq!(trust.anchors.len(), 2);
        let trust = combine(system(&format!("{}{}", theirs.root, theirs.leaf)), None, path).unwrap();
        assert_eq!(trust.anchors.len(), 1);
        assert_eq!(trust.notes, ["1 certificates of the system's trust store cannot be used"]);
    }

    #[test]
    fn nobody_to_trust_is_an_error_with_advice() {
        let fault = combine(CertificateResult::default(), None, Path::new("/c/cloud_fullchain.pem")).unwrap_err();
        assert!(fault.to_string().starts_with("tls: there are no trusted certificate authorities"), "{fault}");
        assert_eq!(fault.code, exit::CONNECT);
        assert!(fault.hint.contains("ca-certificates") && fault.hint.contains("/c/cloud_fullchain.pem"));
    }
}
