//! Names of the code points of TLS that turn up in failures.

use core::fmt;

/// A code point that displays as its registered name, or as a number if it has none here.
pub(crate) struct Named {
    name: Option<&'static str>,
    kind: &'static str,
    code: u16,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "{} 0x{:04x}", self.kind, self.code),
        }
    }
}

/// The name of an alert (RFC 8446 6 and 6.2).
pub(crate) const fn alert(code: u16) -> Named {
    let name = match code {
        0 => Some("close_notify"),
        10 => Some("unexpected_message"),
        20 => Some("bad_record_mac"),
        22 => Some("record_overflow"),
        40 => Some("handshake_failure"),
        42 => Some("bad_certificate"),
        43 => Some("unsupported_certificate"),
        44 => Some("certificate_revoked"),
        45 => Some("certificate_expired"),
        46 => Some("certificate_unknown"),
        47 => Some("illegal_parameter"),
        48 => Some("unknown_ca"),
        49 => Some("access_denied"),
        50 => Some("decode_error"),
        51 => Some("decrypt_error"),
        70 => Some("protocol_version"),
        71 => Some("insufficient_security"),
        80 => Some("internal_error"),
        86 => Some("inappropriate_fallback"),
        90 => Some("user_canceled"),
        109 => Some("missing_extension"),
        110 => Some("unsupported_extension"),
        112 => Some("unrecognized_name"),
        113 => Some("bad_certificate_status_response"),
        115 => Some("unknown_psk_identity"),
        116 => Some("certificate_required"),
        120 => Some("no_application_protocol"),
        _ => None,
    };
    Named { name, kind: "number", code }
}

/// The name of a handshake message (RFC 8446 4).
pub(crate) const fn message(code: u16) -> Named {
    let name = match code {
        0 => Some("HelloRequest"),
        1 => Some("ClientHello"),
        2 => Some("ServerHello"),
        4 => Some("NewSessionTicket"),
        5 => Some("EndOfEarlyData"),
        8 => Some("EncryptedExtensions"),
        11 => Some("Certificate"),
        13 => Some("CertificateRequest"),
        15 => Some("CertificateVerify"),
        20 => Some("Finished"),
        24 => Some("KeyUpdate"),
        25 => Some("CompressedCertificate"),
        254 => Some("MessageHash"),
        _ => None,
    };
    Named { name, kind: "handshake message type", code }
}

/// The name of a key exchange group (RFC 8446 4.2.7 and the registry it started).
pub(crate) const fn group(code: u16) -> Named {
    let name = match code {
        0x0017 => Some("secp256r1"),
        0x0018 => Some("secp384r1"),
        0x0019 => Some("secp521r1"),
        0x001d => Some("x25519"),
        0x001e => Some("x448"),
        0x0100 => Some("ffdhe2048"),
        0x0101 => Some("ffdhe3072"),
        0x0102 => Some("ffdhe4096"),
        0x0103 => Some("ffdhe6144"),
        0x0104 => Some("ffdhe8192"),
        0x11eb => Some("SecP256r1MLKEM768"),
        0x11ec => Some("X25519MLKEM768"),
        0x11ed => Some("SecP384r1MLKEM1024"),
        _ => None,
    };
    Named { name, kind: "group", code }
}

/// The name of a signature scheme (RFC 8446 4.2.3).
pub(crate) const fn scheme(code: u16) -> Named {
    let name = match code {
        0x0201 => Some("rsa_pkcs1_sha1"),
        0x0203 => Some("ecdsa_sha1"),
        0x0401 => Some("rsa_pkcs1_sha256"),
        0x0403 => Some("ecdsa_secp256r1_sha256"),
        0x0501 => Some("rsa_pkcs1_sha384"),
        0x0503 => Some("ecdsa_secp384r1_sha384"),
        0x0601 => Some("rsa_pkcs1_sha512"),
        0x0603 => Some("ecdsa_secp521r1_sha512"),
        0x0804 => Some("rsa_pss_rsae_sha256"),
        0x0805 => Some("rsa_pss_rsae_sha384"),
        0x0806 => Some("rsa_pss_rsae_sha512"),
        0x0807 => Some("ed25519"),
        0x0808 => Some("ed448"),
        0x0809 => Some("rsa_pss_pss_sha256"),
        0x080a => Some("rsa_pss_pss_sha384"),
        0x080b => Some("rsa_pss_pss_sha512"),
        _ => None,
    };
    Named { name, kind: "signature scheme", code }
}
