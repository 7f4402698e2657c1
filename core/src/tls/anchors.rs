//! Whom a connection trusts: trust anchors, and how they are made from certificates.

use super::certificate::Certificate;
use core::fmt;
use rustls_pki_types::{CertificateDer, TrustAnchor};

/// Whom a connection lets in.
///
/// ```
/// use aclk_core::tls::Anchors;
/// assert!(!Anchors::new(&[]).is_insecure());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Anchors<'a> {
    list: &'a [TrustAnchor<'a>],
    insecure: bool,
}

impl<'a> Anchors<'a> {
    /// Servers whose chain ends in one of these, for the name and at the time that their certificate is for; see
    /// [`anchor`].
    #[must_use]
    pub const fn new(list: &'a [TrustAnchor<'a>]) -> Self {
        Self { list, insecure: false }
    }

    /// **Insecure.** Every server that has the key of the certificate it shows: chain, name and dates are not looked at, so
    /// whoever is on the way can be the server, read everything and ask for everything. All else that
    /// [`Secure`](super::Secure) guarantees holds (design.md 3.4): the server proves that it has the key.
    ///
    /// It is there because the original has `-insecure`. Nothing chooses it by itself.
    #[must_use]
    pub const fn insecure_anybody() -> Self {
        Self { list: &[], insecure: true }
    }

    /// Whether everybody is let in.
    #[must_use]
    pub const fn is_insecure(self) -> bool {
        self.insecure
    }

    /// The trust anchors.
    pub(crate) const fn list(self) -> &'a [TrustAnchor<'a>] {
        self.list
    }

    /// Whether nobody is let in.
    pub(crate) const fn are_none(self) -> bool {
        self.list.is_empty() && !self.insecure
    }
}

/// Why a certificate cannot be a trust anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnchorError {
    /// These bytes are not an X.509 certificate.
    Unreadable,
    /// It was issued by somebody else and may not issue certificates itself: the certificate of a server, most likely.
    /// Whoever has its key must not be able to speak for other names.
    NotAnIssuer,
}

impl fmt::Display for AnchorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "not an X.509 certificate",
            Self::NotAnIssuer => "certificate of a server, not of a certificate authority",
        })
    }
}

impl core::error::Error for AnchorError {}

/// Name and key of a certificate that is trusted to issue others, borrowed from its DER.
///
/// For roots and for intermediate certificates; a chain ends at the first anchor it meets. A self-signed certificate is
/// accepted even if it is not one of a certificate authority: trusting it is how a server with such a certificate is
/// reached. The dates of an anchor are not looked at (RFC 5280 6.1.1).
///
/// # Errors
/// [`AnchorError`], which tells a caller that reads a bundle which certificates to leave out.
pub fn anchor<'a>(certificate: &'a CertificateDer<'a>) -> Result<TrustAnchor<'a>, AnchorError> {
    let anchor = webpki::anchor_from_trusted_cert(certificate).map_err(|_| AnchorError::Unreadable)?;
    // Certificates of version 1 have no extensions; only roots are that old.
    let view = Certificate::read(certificate).ok_or(AnchorError::Unreadable)?;
    let issues = view.is_ca() && view.key_usage().key_cert_sign();
    if !issues && view.issuer != view.subject {
        return Err(AnchorError::NotAnIssuer);
    }
    Ok(anchor)
}
