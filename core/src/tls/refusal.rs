//! Why a connection cannot go on, in a form that fits into three bytes.
//!
//! Neither the errors of embedded-tls nor those of an AEAD can carry a cause, so the guard and the suite pass a reason
//! with one number of detail around them.

use super::names;
use core::fmt;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// The reason; what the detail of a [`Refusal`] means is said for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Why {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Why {
            /// All of them in the order of their numbers.
            const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

reasons! {
    /// The first byte of the answer (detail) is not a TLS record type.
    NotTls,
    /// An unencrypted record of this type after the ServerHello.
    RecordType,
    /// A record of this length.
    RecordLength,
    /// An encrypted record with this version in its header.
    RecordVersion,
    /// A change_cipher_spec record outside the handshake, or with the wrong content.
    ChangeCipherSpec,
    /// The handshake needs more records than allowed (detail).
    TooManyRecords,
    /// The connection has carried as many records as one AES-GCM key may protect.
    Exhausted,
    /// The TCP connection ended before the ServerHello.
    EndedBeforeHello,
    /// The TCP connection ended between ServerHello and Finished.
    EndedInHandshake,
    /// The server sent the alert with this number.
    Alert,
    /// A record is not authentic.
    Authentication,
    /// An encrypted record instead of the ServerHello.
    HelloEncrypted,
    /// An unencrypted handshake message of this type instead of the ServerHello.
    HelloMessage,
    /// The ServerHello does not end within its record.
    HelloSplit,
    /// There is more than the ServerHello in its record.
    HelloNotAlone,
    /// The ServerHello does not follow its own lengths.
    HelloMalformed,
    /// The ServerHello is one of TLS 1.2 or older.
    OldVersion,
    /// The ServerHello carries the mark of a server that was made to believe that the client wants TLS 1.2 or older.
    Downgrade,
    /// The version field of the ServerHello, which TLS 1.3 keeps at 0x0303, has this value.
    LegacyVersion,
    /// The server chose this version.
    Version,
    /// A HelloRetryRequest for this key exchange group.
    RetryGroup,
    /// A HelloRetryRequest for the group of the key share that we sent.
    RetrySame,
    /// A HelloRetryRequest that asks for no group.
    RetryCookie,
    /// The ServerHello echoes another session id than ours.
    SessionId,
    /// The server chose this cipher suite.
    CipherSuite,
    /// The server chose this compression method.
    Compression,
    /// The server sent this extension, which was not offered or does not belong there.
    Extension,
    /// The server sent this extension twice.
    DuplicateExtension,
    /// The ServerHello has no key share.
    NoKeyShare,
    /// The key share of the server is for this group.
    KeyShareGroup,
    /// The key share of the server is not an uncompressed point on the curve.
    KeyShare,
    /// An encrypted record without a content type: empty or nothing but padding.
    NoContent,
    /// An encrypted record of this content type.
    ContentType,
    /// An encrypted record with more content than RFC 8446 5.4 allows.
    ContentLength,
    /// A handshake record without content.
    EmptyHandshake,
    /// The message of this type does not end within its record.
    Split,
    /// The message of this type does not follow its own lengths.
    Malformed,
    /// The message of this type comes out of order.
    Unexpected,
    /// The server sent Finished without having proved who it is.
    Unproven,
    /// The server changes its key.
    KeyUpdate,
    /// A list of no certificates.
    NoCertificate,
    /// A list of more certificates than allowed (detail).
    TooManyCertificates,
    /// The server signed with this scheme.
    Scheme,
    /// The server lists this key exchange group, which embedded-tls does not know and cannot skip.
    Group,
    /// The server lists more key exchange groups than embedded-tls can hold (detail).
    TooManyGroups,
    /// The Finished of the server does not fit the handshake.
    BadFinished,
    /// embedded-tls refused a message for a reason that it does not tell.
    Unreadable,
}

/// A reason and one number that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) why: Why,
    pub(crate) detail: u16,
}

impl Why {
    pub(crate) const fn with(self, detail: u16) -> Refusal {
        Refusal { why: self, detail }
    }
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        why.with(0)
    }
}

impl Refusal {
    /// The three bytes of a note from the suite.
    pub(crate) const fn to_bytes(self) -> [u8; 3] {
        let [high, low] = self.detail.to_be_bytes();
        [self.why as u8, high, low]
    }

    pub(crate) fn from_bytes([why, high, low]: [u8; 3]) -> Option<Self> {
        let why = *Why::ALL.get(usize::from(why))?;
        Some(why.with(u16::from_be_bytes([high, low])))
    }

    /// The alert that RFC 8446 6.2 asks us to send; none if the peer has given up or gone away itself.
    pub(crate) const fn alert(self) -> Option<u8> {
        Some(match self.why {
            Why::Alert | Why::EndedBeforeHello | Why::EndedInHandshake | Why::NotTls | Why::Exhausted => return None,
            Why::Authentication => 20,
            Why::RecordLength | Why::ContentLength => 22,
            Why::RetryGroup | Why::RetryCookie => 40,
            Why::HelloMalformed | Why::Malformed | Why::NoCertificate => 50,
            Why::Version | Why::OldVersion => 70,
            Why::Extension => 110,
            Why::NoKeyShare => 109,
            Why::BadFinished => 51,
            Why::Split | Why::HelloSplit | Why::TooManyCertificates | Why::TooManyRecords => 80,
            Why::Group | Why::TooManyGroups | Why::Unreadable => 80,
            Why::LegacyVersion
            | Why::Downgrade
            | Why::SessionId
            | Why::CipherSuite
            | Why::Compression
            | Why::DuplicateExtension
            | Why::KeyShareGroup
            | Why::KeyShare
            | Why::RetrySame
            | Why::Scheme => 47,
            Why::RecordType
            | Why::RecordVersion
            | Why::ChangeCipherSpec
            | Why::HelloEncrypted
            | Why::HelloMessage
            | Why::HelloNotAlone
            | Why::NoContent
            | Why::ContentType
            | Why::EmptyHandshake
            | Why::Unexpected
            | Why::Unproven
            | Why::KeyUpdate => 10,
        })
    }

    /// What a person can do about it; empty if there is nothing to say.
    pub(crate) const fn hint(self) -> &'static str {
        match (self.why, self.detail) {
            (Why::NotTls, _) => "check scheme and port of the URL: this port does not speak TLS",
            (Why::OldVersion, _) | (Why::Alert, 70) => "TLS 1.3 has to be enabled on the server",
            (Why::RetryGroup | Why::RetryCookie, _) => "enable the key exchange group secp256r1 (P-256) on the server",
            (Why::Alert, 40 | 71) if cfg!(feature = "compact-rsa") => {
                "the server has to allow TLS_AES_128_GCM_SHA256 with the key exchange group secp256r1 (P-256)"
            }
            (Why::Alert, 40 | 71) => {
                "this build has no RSA: the server needs an ECDSA certificate, TLS_AES_128_GCM_SHA256 and secp256r1"
            }
            (Why::Alert, 112) => "the server does not know this host name: check the URL",
            (Why::Alert, 116) => "the server asks for a client certificate, which nodes do not have",
            (Why::Split | Why::HelloSplit | Why::TooManyCertificates, _) => {
                "a shorter certificate chain, or larger TLS records on the server, would help"
            }
            (Why::Exhausted, _) => "connect again: a new connection has new keys",
            _ => "",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.detail;
        match self.why {
            Why::NotTls => write!(f, "the answer is not TLS (it starts with byte 0x{n:02x})"),
            Why::RecordType => write!(f, "unencrypted record of type {n} where only encrypted ones are allowed"),
            Why::RecordLength => write!(f, "record of {n} bytes, which TLS does not allow here"),
            Why::RecordVersion => write!(f, "encrypted record of version 0x{n:04x}"),
            Why::ChangeCipherSpec => f.write_str("misplaced or malformed change_cipher_spec record"),
            Why::TooManyRecords => write!(f, "server needs more than {n} records for its handshake"),
            Why::Exhausted => f.write_str("connection carried 2^24 records, the limit for one key"),
            Why::EndedBeforeHello => f.write_str("server closed the connection instead of answering the TLS handshake"),
            Why::EndedInHandshake => f.write_str("server closed the connection in the middle of the TLS handshake"),
            Why::Alert => write!(f, "server sent alert {}", names::alert(n)),
            Why::Authentication => f.write_str("record failed its authentication: it was altered on the way"),
            Why::HelloEncrypted => f.write_str("server sent encrypted data instead of a ServerHello"),
            Why::HelloMessage => write!(f, "server answered with {} instead of a ServerHello", names::message(n)),
            Why::HelloSplit => f.write_str("server splits its ServerHello over several records, which we cannot join"),
            Why::HelloNotAlone => f.write_str("server sent more than its ServerHello unencrypted"),
            Why::HelloMalformed => f.write_str("malformed ServerHello"),
            Why::OldVersion => f.write_str("server only speaks TLS 1.2 or older"),
            Why::Downgrade => f.write_str("someone on the way makes the server believe that we only speak old TLS"),
            Why::LegacyVersion => write!(f, "ServerHello has version field 0x{n:04x} instead of 0x0303"),
            Why::Version => write!(f, "server chose TLS version 0x{n:04x} instead of 0x0304 (TLS 1.3)"),
            Why::RetryGroup => {
                write!(f, "server requires another key exchange group, {}, than our secp256r1", names::group(n))?;
                f.write_str(" (HelloRetryRequest)")
            }
            Why::RetrySame => f.write_str("server asks again for the key share that it has (HelloRetryRequest)"),
            Why::RetryCookie => {
                f.write_str("server requires a TLS 1.3 feature we do not have: HelloRetryRequest with a cookie")
            }
            Why::SessionId => f.write_str("server echoes a session id that we did not send"),
            Why::CipherSuite => write!(f, "server chose cipher suite 0x{n:04x}, which was not offered"),
            Why::Compression => write!(f, "server chose compression method {n}, which was not offered"),
            Why::Extension => write!(f, "server sent extension {n}, which was not offered or does not belong there"),
            Why::DuplicateExtension => write!(f, "server sent extension {n} twice"),
            Why::NoKeyShare => f.write_str("ServerHello has no key share"),
            Why::KeyShareGroup => write!(f, "key share of the server is for {}, not secp256r1", names::group(n)),
            Why::KeyShare => f.write_str("key share of the server is not an uncompressed point of secp256r1"),
            Why::NoContent => f.write_str("encrypted record without content: empty or nothing but padding"),
            Why::ContentType => write!(f, "encrypted record of content type {n}, which does not belong here"),
            Why::ContentLength => f.write_str("encrypted record with more than 16384 bytes of content"),
            Why::EmptyHandshake => f.write_str("handshake record without content"),
            Why::Split => {
                write!(f, "{} of the server is split over several records, which we cannot join", names::message(n))
            }
            Why::Malformed => write!(f, "malformed {} of the server", names::message(n)),
            Why::Unexpected => write!(f, "server sent {} out of order", names::message(n)),
            Why::Unproven => f.write_str("server finished the handshake without proving who it is"),
            Why::KeyUpdate => f.write_str("server requires a TLS 1.3 feature we do not have: KeyUpdate"),
            Why::NoCertificate => f.write_str("server sent no certificate"),
            Why::TooManyCertificates => write!(f, "server sent more than {n} certificates"),
            Why::Scheme => write!(f, "server signed the handshake with {}, which we cannot check", names::scheme(n)),
            Why::Group => write!(f, "server lists key exchange {}, which we cannot read", names::group(n)),
            Why::TooManyGroups => write!(f, "server lists more than {n} key exchange groups, which we cannot read"),
            Why::BadFinished => f.write_str("Finished of the server does not fit the handshake"),
            Why::Unreadable => f.write_str("handshake message of the server that we cannot read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, Why};
    use std::string::ToString;

    #[test]
    fn every_reason_survives_its_way_as_bytes() {
        for why in Why::ALL {
            let refusal = why.with(0xabcd);
            assert_eq!(Refusal::from_bytes(refusal.to_bytes()), Some(refusal));
        }
        assert_eq!(Refusal::from_bytes([0xff, 0, 0]), None);
    }

    #[test]
    fn reasons_fit_the_cause_of_a_failure() {
        for why in Why::ALL {
            let phrase = why.with(u16::MAX).to_string();
            assert!(phrase.len() < 150, "{phrase}");
            assert!(!phrase.ends_with('.'), "{phrase}");
        }
    }

    #[test]
    fn code_points_are_named() {
        assert_eq!(Why::Alert.with(40).to_string(), "server sent alert handshake_failure");
        assert_eq!(Why::Alert.with(200).to_string(), "server sent alert number 0x00c8");
        assert_eq!(
            Why::RetryGroup.with(0x1d).to_string(),
            "server requires another key exchange group, x25519, than our secp256r1 (HelloRetryRequest)"
        );
    }
}
