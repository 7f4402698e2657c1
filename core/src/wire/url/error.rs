//! Why a URL was refused.

use super::URL_MAX;
use core::fmt;

/// What is wrong with a URL, and so what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlError {
    /// Longer than [`URL_MAX`](super::URL_MAX).
    TooLong,
    /// `http://` or `ws://`.
    Plaintext,
    /// A scheme that is neither.
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
    /// `user@` or `user:password@`.
    Userinfo,
    /// `?…`.
    Query,
    /// `#…`.
    Fragment,
    /// A quotation mark of any kind.
    Quote,
    /// White space.
    Blank,
    /// Control characters, letters outside ASCII and the like.
    Character,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => return write!(f, "the URL is longer than {URL_MAX} bytes"),
            Self::Plaintext => {
                "the URL starts with http://, but only encrypted connections are supported: use https://"
            }
            Self::Scheme => "the URL does not start with https://",
            Self::EmptyHost => "the URL names no host",
            Self::Host => "the host in the URL is not a host name",
            Self::Address => "the IP address in the URL is malformed",
            Self::Brackets => "an IPv6 address in a URL needs brackets, as in https://[2001:db8::1]:443",
            Self::Port => "the port in the URL is not a number from 1 to 65535",
            Self::Userinfo => "the URL must not carry a user name or password",
            Self::Query => "the URL must not have a query (the part from '?')",
            Self::Fragment => "the URL must not have a fragment (the part from '#')",
            Self::Quote => "the URL contains a quotation mark: remove the quotes around the value",
            Self::Blank => "the URL contains a blank",
            Self::Character => "the URL contains a character that is not allowed there",
        })
    }
}

impl core::error::Error for UrlError {}
