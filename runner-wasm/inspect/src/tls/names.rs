//! Names of numbers (IANA's registries of TLS parameters).

pub(super) const fn content_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        20 => "change of cipher",
        21 => "alert",
        22 => "handshake",
        23 => "application data",
        _ => return None,
    })
}

pub(super) const fn message_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "ClientHello",
        2 => "ServerHello",
        4 => "NewSessionTicket",
        5 => "EndOfEarlyData",
        8 => "EncryptedExtensions",
        11 => "Certificate",
        13 => "CertificateRequest",
        15 => "CertificateVerify",
        20 => "Finished",
        24 => "KeyUpdate",
        _ => return None,
    })
}

pub(super) const fn suite_name(suite: u16) -> Option<&'static str> {
    Some(match suite {
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0x00ff => "empty renegotiation info",
        0xc02b => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        0xc02c => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        0xc02f => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        0xc030 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        _ => return None,
    })
}

pub(super) const fn group_name(group: u16) -> Option<&'static str> {
    Some(match group {
        23 => "P-256",
        24 => "P-384",
        25 => "P-521",
        29 => "X25519",
        30 => "X448",
        4588 => "X25519 with ML-KEM-768",
        _ => return None,
    })
}

pub(super) const fn scheme_name(scheme: u16) -> Option<&'static str> {
    Some(match scheme {
        0x0201 => "RSA PKCS#1 with SHA-1",
        0x0203 => "ECDSA with SHA-1",
        0x0401 => "RSA PKCS#1 with SHA-256",
        0x0403 => "ECDSA on P-256 with SHA-256",
        0x0501 => "RSA PKCS#1 with SHA-384",
        0x0503 => "ECDSA on P-384 with SHA-384",
        0x0601 => "RSA PKCS#1 with SHA-512",
        0x0603 => "ECDSA on P-521 with SHA-512",
        0x0804 => "RSA PSS with SHA-256",
        0x0805 => "RSA PSS with SHA-384",
        0x0806 => "RSA PSS with SHA-512",
        0x0807 => "Ed25519",
        _ => return None,
    })
}

pub(super) const fn extension_name(extension: u16) -> Option<&'static str> {
    Some(match extension {
        0 => "server name",
        1 => "maximum fragment length",
        5 => "status request",
        10 => "groups",
        11 => "point formats",
        13 => "signature schemes",
        16 => "application protocols (ALPN)",
        18 => "certificate timestamps",
        21 => "padding",
        23 => "extended master secret",
        28 => "record size limit",
        35 => "session ticket",
        41 => "pre-shared key",
        42 => "early data",
        43 => "versions",
        44 => "cookie",
        45 => "kinds of pre-shared key",
        50 => "signature schemes of certificates",
        51 => "key share",
        0xff01 => "renegotiation info",
        _ => return None,
    })
}

pub(super) const fn alert_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => return None,
    })
}

pub(super) const fn alert_help(code: u8) -> &'static str {
    match code {
        0 => "All is said: the connection ends in order.",
        10 | 22 | 47 | 50 | 109 | 110 => "What the other side said is not as TLS has it here.",
        20 => "A record was changed on the way, or encrypted with another key.",
        40 | 71 => "The two have no cipher in common that both trust.",
        42 | 43 | 46 => "The certificate is of no use: damaged, for another host, or of an unknown kind.",
        44 => "Whoever gave out the certificate has taken it back.",
        45 => "The certificate is no longer valid, or not yet: its time may be over, or the clock here may be wrong.",
        48 => "The certificate is signed by somebody who is not trusted here.",
        51 => "A signature or a check over the handshake is wrong.",
        70 => "The other side does not speak TLS 1.3.",
        80 => "Something failed that has nothing to do with the other side.",
        90 => "The connection is not wanted any more.",
        112 => "There is no such host here.",
        116 => "A certificate of the client is wanted, and there is none.",
        120 => "The two have nothing in common to speak inside.",
        _ => "",
    }
}
