//! Why the URL of a proxy was refused.

use super::CREDENTIAL_MAX;
use crate::wire::url::UrlError;
use core::fmt;

/// What is wrong with the URL of a proxy, and so what to change. It never holds any of the text: there may be a password
/// in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyUrlError {
    /// Proxies are not in this build.
    NotBuiltIn,
    /// Nothing.
    Empty,
    /// No scheme.
    NoScheme,
    /// `https://`: TLS to the proxy itself.
    Tls,
    /// `socks://` or `socks4://`, which do not say what is meant or cannot do it.
    OldSocks,
    /// Another scheme.
    Scheme,
    /// No host.
    EmptyHost,
    /// Not a host name.
    Host,
    /// An address that is none, or has something behind it.
    Address,
    /// An IPv6 address without brackets.
    Brackets,
    /// Not a port.
    Port,
    /// Something behind host and port.
    Path,
    /// A quotation mark of any kind.
    Quote,
    /// White space or a control character.
    Blank,
    /// A `%` that is not followed by two hexadecimal digits.
    Percent,
    /// User name or password longer than [`CREDENTIAL_MAX`](super::CREDENTIAL_MAX).
    CredentialsTooLong,
    /// A user name without a password, or the reverse, for SOCKS.
    HalfCredentials,
    /// A colon in the user name, for HTTP.
    Colon,
    /// Control characters in the credentials, for HTTP.
    Control,
}

impl ProxyUrlError {
    /// Nobody supports the scheme `given`.
    pub(super) fn of_scheme(given: &str) -> Self {
        let is = |name: &str| name.eq_ignore_ascii_case(given);
        if is("https") {
            Self::Tls
        } else if ["socks", "socks4", "socks4a"].into_iter().any(is) {
            Self::OldSocks
        } else {
            Self::Scheme
        }
    }

    /// Host and port are not what they should be.
    pub(super) const fn of_host(error: UrlError) -> Self {
        match error {
            UrlError::EmptyHost => Self::EmptyHost,
            UrlError::Address => Self::Address,
            UrlError::Brackets => Self::Brackets,
            UrlError::Port => Self::Port,
            UrlError::Quote => Self::Quote,
            UrlError::Blank => Self::Blank,
            _ => Self::Host,
        }
    }
}

impl fmt::Display for ProxyUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NOT_BUILT_IN: &str = "this program is built without proxies";

        if !cfg!(feature = "proxy") {
            // There are no others, so that their texts need not be there.
            return f.write_str(NOT_BUILT_IN);
        }
        f.write_str(match self {
            Self::NotBuiltIn => NOT_BUILT_IN,
            Self::Empty => "there is no proxy in it",
            Self::NoScheme => "it does not start with http://, socks5:// or socks5h://",
            Self::Tls => {
                "it starts with https://, and TLS to the proxy itself is not supported: http://, socks5:// and socks5h:// \
                 are (what goes through the proxy is always encrypted)"
            }
            Self::OldSocks => "of SOCKS only version 5 is supported: write socks5:// or socks5h://",
            Self::Scheme => "it starts with something else than http://, socks5:// or socks5h://",
            Self::EmptyHost => "it names no host",
            Self::Host => "its host is not a host name",
            Self::Address => "its IP address is malformed",
            Self::Brackets => "an IPv6 address in it needs brackets, as in http://[2001:db8::1]:3128",
            Self::Port => "its port is not a number from 1 to 65535",
            Self::Path => "there is something behind its host and port",
            Self::Quote => "it contains a quotation mark: remove the quotes around the value",
            Self::Blank => "it contains a blank or a control character: write it as %20 or the like",
            Self::Percent => {
                "a percent sign in its user name or password is not followed by two hexadecimal digits: a percent sign \
                 itself is written as %25"
            }
            Self::CredentialsTooLong => {
                return write!(f, "its user name or password is longer than {CREDENTIAL_MAX} bytes");
            }
            Self::HalfCredentials => "SOCKS needs both a user name and a password: socks5h://USER:PASSWORD@HOST:PORT",
            Self::Colon => "a user name for an HTTP proxy must not contain a colon",
            Self::Control => "its user name or password contains a control character",
        })
    }
}

impl core::error::Error for ProxyUrlError {}
