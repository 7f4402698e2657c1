//! Who the server is: chain, host name, time, and the signature on the handshake.
//!
//! embedded-tls calls the verifier when a Certificate or a CertificateVerify comes, and finishes the handshake without
//! complaint when neither does. The verifier therefore keeps a record of what it has verified, each part once and in this
//! order, and [`Secure::open`](super::Secure::open) asks for it before anything else happens.

use super::Policy;
use super::algorithms::{self, CHAIN, Metered, SIGNATURES};
use super::certificate::{Algorithm, Certificate};
use super::guarantees::{Guarantee, holds};
use super::inspect::CHAIN_CERTIFICATES;
use super::refusal::Refusal;
use super::shared::{Shared, Step};
use super::shown::ServerCertificate;
use super::suite::{NOTE, Suite};
use super::time::{Date, Validation};
use crate::text::Text;
use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};
use digest_010::Digest;
use embedded_tls::alert::{AlertDescription, AlertLevel};
use embedded_tls::{CertificateEntryRef, CertificateRef, CertificateVerifyRef, Sha256, TlsError, TlsVerifier};
use heapless::Vec;
use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime, alg_id};

use webpki::{EndEntityCert, Error, KeyUsage};

/// What to do about a certificate of nobody who is trusted.
pub(crate) const ADD_ROOT: &str = "if this server is to be trusted, add its root certificate to the trust anchors (on \
                                   Linux: the file claim.d/cloud_fullchain.pem)";

/// Bytes of a server's own public key: RSA with 4096 bits, the largest that is in use.
const KEY: usize = 550;

/// What a CertificateVerify signs, in front of the hash of the handshake (RFC 8446 4.4.3).
const CONTEXT: &[u8; 34] = b"TLS 1.3, server CertificateVerify\0";
const PADDING: [u8; 64] = [0x20; 64];
const SIGNED: usize = PADDING.len() + CONTEXT.len() + 32;

/// Room for the algorithms of [`CHAIN`].
const ALGORITHMS: usize = 16;
const _: () = assert!(CHAIN.len() <= ALGORITHMS, "the algorithms do not fit their list");

/// Why the server is not who we want to talk to.
#[derive(Debug)]
pub(crate) struct Distrust {
    pub(crate) cause: Text<192>,
    pub(crate) hint: &'static str,
    alert: AlertDescription,
}

impl Distrust {
    fn new(alert: AlertDescription, cause: impl fmt::Display) -> Self {
        Self { cause: Text::of(cause), hint: "", alert }
    }

    const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }
}

/// A verified chain: the signature has to be made with this key, over this handshake.
#[derive(Debug)]
struct Chain {
    key: Vec<u8, KEY>,
    kind: Key,
    transcript: [u8; 32],
}

impl Chain {
    /// Keeps what is left to be proved by the server whose certificate is `view`, where it stays.
    #[inline(never)]
    fn keep(chain: &mut Option<Self>, view: Certificate<'_>, transcript: &Sha256) -> Result<(), Distrust> {
        let kind = Key::of(view)?;
        let key = Vec::from_slice(view.key).map_err(|_| {
            let bits = view.key.len().saturating_mul(8);
            Distrust::new(
                AlertDescription::UnsupportedCertificate,
                format_args!("server's key of about {bits} bits is larger than the 4096 that we can check"),
            )
        })?;
        *chain = Some(Self { key, kind, transcript: transcript.clone().finalize().into() });
        Ok(())
    }
}

/// The kind of a server's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    P256,
    #[cfg(feature = "p384")]
    P384,
    #[cfg(feature = "compact-rsa")]
    Rsa,
}

/// Checks one server once.
pub(crate) struct Verifier<'a> {
    host: &'a str,
    name: ServerName<'a>,
    policy: &'a Policy<'a>,
    shared: &'a Shared,
    chain: Option<Chain>,
    is_proven: bool,
    distrust: Option<Distrust>,
    /// Told of the certificate before it is checked.
    show: &'a mut dyn FnMut(&ServerCertificate<'_>),
}

impl<'a> Verifier<'a> {
    /// A verifier that wants `name`, which people call `host`.
    pub(crate) fn new(
        host: &'a str,
        name: ServerName<'a>,
        policy: &'a Policy<'a>,
        shared: &'a Shared,
        show: &'a mut dyn FnMut(&ServerCertificate<'_>),
    ) -> Self {
        Self { host, name, policy, shared, chain: None, is_proven: false, distrust: None, show }
    }

    /// Whether chain and signature have been verified.
    pub(crate) const fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// Why the server was refused, if the verifier did it.
    pub(crate) const fn take_distrust(&mut self) -> Option<Distrust> {
        self.distrust.take()
    }

    /// Keeps the cause, which `TlsError` cannot carry, and has embedded-tls send the alert.
    fn refuse(&mut self, distrust: Distrust) -> TlsError {
        let error = TlsError::AbortHandshake(AlertLevel::Fatal, distrust.alert);
        self.distrust = Some(distrust);
        error
    }

    // Neither this nor the others that say so are a part of the caller: a stack is at its deepest while a signature is checked.
    #[inline(never)]
    fn verify_chain(&mut self, transcript: &Sha256, list: &CertificateRef<'_>) -> Result<(), Distrust> {
        if self.chain.is_some() {
            return Err(Distrust::new(AlertDescription::UnexpectedMessage, "server sent its certificate twice"));
        }
        let mut certificates: Vec<CertificateDer<'_>, CHAIN_CERTIFICATES> = Vec::new();
        for entry in &list.entries {
            let CertificateEntryRef::X509(der) = entry else { return Err(unreadable(&Error::BadDer)) };
            certificates.push(CertificateDer::from(*der)).map_err(|_| unreadable(&Error::BadDer))?;
        }
        let (leaf_der, intermediates) = certificates.split_first().ok_or_else(|| unreadable(&Error::BadDer))?;
        let leaf = EndEntityCert::try_from(leaf_der).map_err(|error| unreadable(&error))?;
        let view = Certificate::read(leaf_der).ok_or_else(|| unreadable(&Error::BadDer))?;

        (self.show)(&ServerCertificate { leaf: view, top: top(view, intermediates), sent: certificates.len() });
        // Whoever is let in without being asked who he is still has to prove, below, that the key is his.
        let is_asked = holds(Guarantee::Trust) && !self.policy.anchors.is_insecure();
        if is_asked {
            self.verify_path(&leaf, view, intermediates)?;
        }
        if is_asked && leaf.verify_is_valid_for_subject_name(&self.name).is_err() {
            return Err(self.wrong_host(view));
        }
        if !view.key_usage().digital_signature() {
            // RFC 8446 4.4.2.2.
            return Err(Distrust::new(
                AlertDescription::UnsupportedCertificate,
                "key usage of the server's certificate does not allow signatures",
            ));
        }
        Chain::keep(&mut self.chain, view, transcript)
    }

    #[inline(never)]
    fn verify_path(
        &self,
        leaf: &EndEntityCert<'_>,
        view: Certificate<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<(), Distrust> {
        let time = Validation::of(self.policy);
        let left = AtomicU8::new(SIGNATURES);
        let metered: Vec<Metered<'_>, ALGORITHMS> =
            CHAIN.iter().map(|algorithm| Metered::new(*algorithm, &left)).collect();
        let algorithms: Vec<&dyn SignatureVerificationAlgorithm, ALGORITHMS> =
            metered.iter().map(|algorithm| algorithm as &dyn SignatureVerificationAlgorithm).collect();
        let is_without_right = AtomicU8::new(0);
        // webpki looks at no keyUsage. It takes a refusal as a reason to look for another path, and reports it unless it
        // finds a better reason; this one it never has itself, because we use no revocation lists.
        let may_sign = |path: &webpki::VerifiedPath<'_>| {
            let may_sign = !holds(Guarantee::Issuers)
                || path.intermediate_certificates().all(|issuer| {
                    Certificate::read(&issuer.der()).is_some_and(|issuer| issuer.key_usage().key_cert_sign())
                });
            if may_sign {
                return Ok(());
            }
            is_without_right.store(1, Relaxed);
            Err(Error::IssuerNotCrlSigner)
        };

        let verify = |time| {
            let (anchors, usage) = (self.policy.anchors.list(), KeyUsage::server_auth());
            leaf.verify_for_usage(&algorithms, anchors, intermediates, time, usage, None, Some(&may_sign)).map(drop)
        };
        let path = match verify(time.unix_time()) {
            // Nobody has to know the time to know one at which a certificate is valid: it says that itself.
            Err(Error::CertExpired { not_after: valid, .. } | Error::CertNotValidYet { not_before: valid, .. })
                if !holds(Guarantee::Time) =>
            {
                verify(valid)
            }
            path => path,
        };
        match path {
            Ok(()) => Ok(()),
            Err(Error::IssuerNotCrlSigner) if is_without_right.load(Relaxed) != 0 => Err(Distrust::new(
                AlertDescription::BadCertificate,
                "a certificate in the server's chain was issued by one whose key usage does not allow that",
            )),
            Err(_) if left.load(Relaxed) == 0 => Err(Distrust::new(
                AlertDescription::BadCertificate,
                format_args!("server's certificate chain needs more than {SIGNATURES} signature checks"),
            )),
            Err(error) => Err(self.explain(&error, time, view, intermediates)),
        }
    }

    #[inline(never)]
    fn wrong_host(&self, view: Certificate<'_>) -> Distrust {
        let (hosts, host) = (view.hosts(), self.host);
        if hosts.is_empty() {
            return Distrust::new(
                AlertDescription::BadCertificate,
                format_args!("certificate names no host (subjectAltName), so it is not for \"{host}\""),
            );
        }
        Distrust::new(AlertDescription::BadCertificate, format_args!("certificate is for {hosts}, not \"{host}\""))
    }

    /// The words for what webpki found.
    #[inline(never)]
    fn explain(
        &self,
        error: &Error,
        time: Validation,
        view: Certificate<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Distrust {
        use AlertDescription as Alert;
        const SET_CLOCK: &str = "set the clock, or let the device reach a time server (SNTP)";
        match error {
            Error::CertExpired { not_after, .. } => {
                let cause = format_args!("certificate expired on {}", Date(not_after.as_secs()));
                Distrust::new(Alert::CertificateExpired, cause)
            }
            Error::CertNotValidYet { not_before, .. } => {
                Distrust::new(Alert::CertificateExpired, NotYet { not_before: *not_before, time }).hint(SET_CLOCK)
            }
            Error::UnknownIssuer if view.issuer == view.subject => {
                Distrust::new(Alert::UnknownCa, "server's certificate is self-signed and not trusted").hint(ADD_ROOT)
            }
            Error::UnknownIssuer => {
                let issuer = top(view, intermediates).issuer;
                let cause = format_args!("no trusted root signed the server's certificate (issuer \"{issuer}\")");
                Distrust::new(Alert::UnknownCa, cause).hint(ADD_ROOT)
            }
            Error::InvalidSignatureForPublicKey => Distrust::new(
                Alert::BadCertificate,
                format_args!(
                    "a signature in the server's certificate chain is wrong, or its key too short (issuer \"{}\")",
                    top(view, intermediates).issuer
                ),
            ),
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Distrust::new(
                Alert::UnsupportedCertificate,
                format_args!(
                    "server's certificate chain is signed with an algorithm that we cannot check ({})",
                    Algorithm(unsupported(view, intermediates))
                ),
            ),
            Error::CaUsedAsEndEntity => {
                Distrust::new(Alert::BadCertificate, "server uses the certificate of a certificate authority")
            }
            Error::EndEntityUsedAsCa => Distrust::new(
                Alert::BadCertificate,
                "a certificate in the server's chain was issued by one that is not a certificate authority",
            ),
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
                Distrust::new(Alert::UnsupportedCertificate, "certificate is not one for servers (extended key usage)")
            }
            Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => Distrust::new(
                Alert::BadCertificate,
                "server's certificate chain is longer than its issuer allows, or than six intermediates",
            ),
            Error::NameConstraintViolation => {
                Distrust::new(Alert::BadCertificate, "certificate is for a host that its issuer must not name")
            }
            Error::MaximumPathBuildCallsExceeded | Error::MaximumNameConstraintComparisonsExceeded => {
                Distrust::new(Alert::BadCertificate, "server's certificate chain is too complicated")
            }
            error => unreadable(error),
        }
    }

    #[inline(never)]
    fn check_signature(&self, verify: &CertificateVerifyRef<'_>) -> Result<(), Distrust> {
        let Some(Chain { key, kind, transcript }) = self.chain.as_ref().filter(|_| !self.is_proven) else {
            return Err(Distrust::new(
                AlertDescription::UnexpectedMessage,
                "server signed the handshake twice, or before its certificate",
            ));
        };
        let scheme = verify.signature_scheme.as_u16();
        let algorithm = kind.algorithm(scheme).ok_or_else(|| {
            Distrust::new(
                AlertDescription::IllegalParameter,
                format_args!("server signed the handshake with {}, not with its key", super::names::scheme(scheme)),
            )
        })?;
        let mut signed: Vec<u8, SIGNED> = Vec::new();
        let is_whole =
            [PADDING.as_slice(), CONTEXT, transcript].iter().all(|part| signed.extend_from_slice(part).is_ok());
        if !is_whole || algorithm.verify_signature(key, &signed, verify.signature).is_err() {
            return Err(Distrust::new(
                AlertDescription::DecryptError,
                "server does not have the key of its certificate: its signature on the handshake is wrong",
            ));
        }
        Ok(())
    }
}

impl TlsVerifier<Suite> for Verifier<'_> {
    /// embedded-tls calls this only if a name is sent (SNI), so the name came at construction.
    fn set_hostname_verification(&mut self, _host: &str) -> Result<(), TlsError> {
        Ok(())
    }

    fn verify_certificate(&mut self, transcript: &Sha256, list: CertificateRef<'_>) -> Result<(), TlsError> {
        self.verify_chain(transcript, &list).map_err(|distrust| self.refuse(distrust))?;
        self.shared.step.set(Step::Signature);
        Ok(())
    }

    fn verify_signature(&mut self, verify: CertificateVerifyRef<'_>) -> Result<(), TlsError> {
        if verify.signature_scheme.as_u16() == NOTE {
            return Err(self.take_note(verify.signature));
        }
        if holds(Guarantee::Proof) {
            self.check_signature(&verify).map_err(|distrust| self.refuse(distrust))?;
        }
        self.is_proven = true;
        self.shared.step.set(Step::Finished);
        Ok(())
    }
}

impl Verifier<'_> {
    /// What the suite has to say about the record that this message stands for.
    fn take_note(&self, note: &[u8]) -> TlsError {
        let Some(refusal) = note.try_into().ok().and_then(Refusal::from_bytes) else {
            return TlsError::InternalError;
        };
        self.shared.refuse(refusal);
        match refusal.alert().and_then(AlertDescription::of) {
            Some(alert) => TlsError::AbortHandshake(AlertLevel::Fatal, alert),
            None => TlsError::InvalidHandshake,
        }
    }
}

impl Key {
    fn of(certificate: Certificate<'_>) -> Result<Self, Distrust> {
        let algorithm = certificate.key_algorithm;
        if algorithm == alg_id::ECDSA_P256.as_ref() {
            return Ok(Self::P256);
        }
        #[cfg(feature = "p384")]
        if algorithm == alg_id::ECDSA_P384.as_ref() {
            return Ok(Self::P384);
        }
        #[cfg(feature = "compact-rsa")]
        if algorithm == alg_id::RSA_ENCRYPTION.as_ref() {
            return Ok(Self::Rsa);
        }
        Err(Distrust::new(
            AlertDescription::UnsupportedCertificate,
            format_args!("server's certificate has a kind of key that we cannot check ({})", Algorithm(algorithm)),
        ))
    }

    /// How a key of this kind signs with `scheme`, if it does. PKCS #1 v1.5 is for chains only (RFC 8446 4.2.3).
    fn algorithm(self, scheme: u16) -> Option<&'static dyn SignatureVerificationAlgorithm> {
        match (self, scheme) {
            (Self::P256, 0x0403) => Some(algorithms::P256_SHA256),
            #[cfg(feature = "p384")]
            (Self::P384, 0x0503) => Some(algorithms::P384_SHA384),
            #[cfg(feature = "compact-rsa")]
            (Self::Rsa, 0x0804) => Some(algorithms::PSS_SHA256),
            #[cfg(feature = "compact-rsa")]
            (Self::Rsa, 0x0805) => Some(algorithms::PSS_SHA384),
            #[cfg(feature = "compact-rsa")]
            (Self::Rsa, 0x0806) => Some(algorithms::PSS_SHA512),
            _ => None,
        }
    }
}

/// The words for a certificate of the future.
struct NotYet {
    not_before: UnixTime,
    time: Validation,
}

impl fmt::Display for NotYet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate is not valid before {}: ", Date(self.not_before.as_secs()))?;
        if self.time.is_clock {
            write!(f, "is the clock right, which says {}?", Date(self.time.now))
        } else {
            write!(f, "the clock is not set, it counts as {}", Date(self.time.now))
        }
    }
}

fn unreadable(error: &Error) -> Distrust {
    let why = name_of(error);
    Distrust::new(AlertDescription::BadCertificate, format_args!("server's certificate is not acceptable: {why}"))
}

/// The name of what webpki finds wrong, as far as there are no words of ours for it. Those of revocation lists, which are not
/// used here, would be two kilobytes.
fn name_of(error: &Error) -> &'static str {
    match error {
        Error::BadDerTime => "BadDerTime",
        Error::CertNotValidForName(_) => "CertNotValidForName",
        Error::ExtensionValueInvalid => "ExtensionValueInvalid",
        Error::InvalidCertValidity => "InvalidCertValidity",
        Error::InvalidNetworkMaskConstraint => "InvalidNetworkMaskConstraint",
        Error::InvalidSerialNumber => "InvalidSerialNumber",
        Error::IssuerNotCrlSigner => "IssuerNotCrlSigner",
        Error::MalformedDnsIdentifier => "MalformedDnsIdentifier",
        Error::MalformedExtensions => "MalformedExtensions",
        Error::MalformedNameConstraint => "MalformedNameConstraint",
        Error::MaximumSignatureChecksExceeded => "MaximumSignatureChecksExceeded",
        Error::SignatureAlgorithmMismatch => "SignatureAlgorithmMismatch",
        Error::TrailingData(_) => "TrailingData",
        Error::UnsupportedCertVersion => "UnsupportedCertVersion",
        Error::UnsupportedCriticalExtension => "UnsupportedCriticalExtension",
        Error::UnsupportedNameType => "UnsupportedNameType",
        _ => "BadDer",
    }
}

/// The certificate at the end of the chain that the server sent, as far as it hangs together.
fn top<'a>(leaf: Certificate<'a>, intermediates: &'a [CertificateDer<'_>]) -> Certificate<'a> {
    let mut top = leaf;
    for _ in intermediates {
        if top.issuer == top.subject {
            break;
        }
        let mut views = intermediates.iter().filter_map(|der| Certificate::read(der));
        match views.find(|view| view.subject == top.issuer) {
            Some(issuer) => top = issuer,
            None => break,
        }
    }
    top
}

/// The first algorithm in the chain that is not one of ours.
fn unsupported<'a>(leaf: Certificate<'a>, intermediates: &'a [CertificateDer<'_>]) -> &'a [u8] {
    let is_ours = |id: &[u8]| CHAIN.iter().any(|algorithm| algorithm.signature_alg_id().as_ref() == id);
    core::iter::once(leaf)
        .chain(intermediates.iter().filter_map(|der| Certificate::read(der)))
        .map(|certificate| certificate.signed_with)
        .find(|id| !is_ours(id))
        .unwrap_or(leaf.signed_with)
}
