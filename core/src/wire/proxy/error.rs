//! Why a proxy made no tunnel.

use super::{HEAD_MAX, Proxy, Scheme};
use crate::text::Text;
use crate::wire::buffer::Full;
use core::fmt;

/// What a proxy said or did in place of a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyError {
    /// It ended the connection before it had said anything.
    ClosedAtOnce,
    /// It ended the connection in the middle of its answer.
    ClosedEarly,
    /// It ended the connection right behind its consent.
    ClosedBehind,
    /// It said something behind its answer, before anything was asked through the tunnel.
    TooTalkative,
    /// Something else than an HTTP/1.1 or HTTP/1.0 answer.
    NotHttp,
    /// The head of the answer, interim answers included, is longer than [`HEAD_MAX`](super::HEAD_MAX).
    HeadTooLong,
    /// A status other than 200.
    Status {
        /// The status code.
        status: u16,
        /// The status line.
        line: Text<96>,
        /// Whether ways to authenticate were offered, and Basic is not among them.
        wants_other_scheme: bool,
    },
    /// It does not speak SOCKS5: this is the version it gave.
    NotSocks(u8),
    /// It accepts none of the ways to authenticate that were offered (RFC 1928 3).
    NoMethod,
    /// It chose a way to authenticate that was not offered.
    UnofferedMethod(u8),
    /// It does not know the negotiation of user name and password: this is the version it gave (RFC 1929).
    NotAuthentication(u8),
    /// It refused user name or password with this code.
    CredentialsRefused(u8),
    /// It refused the connection with this code (RFC 1928 6).
    Reply(u8),
    /// Its reply has an address of a kind that is none.
    AddressType(u8),
    /// What is to be said does not fit.
    Full(Full),
}

impl ProxyError {
    /// Whether only a person can change that: other credentials than those of `proxy` are needed.
    #[must_use]
    pub const fn is_about_credentials(&self, proxy: &Proxy) -> bool {
        match self {
            // tinyproxy answers wrong credentials with 401, which is for servers (RFC 9110 15.5.2).
            Self::Status { status, .. } => *status == 407 || (*status == 401 && proxy.has_credentials()),
            Self::NoMethod | Self::UnofferedMethod(_) | Self::CredentialsRefused(_) => true,
            _ => false,
        }
    }

    /// Whether another address of the target may be reached where this one was not.
    #[must_use]
    pub const fn is_about_address(&self) -> bool {
        matches!(self, Self::Reply(1 | 3 | 4 | 5 | 6 | 8))
    }

    /// What a person can do.
    pub(super) fn hint(&self, proxy: &Proxy) -> &'static str {
        match self {
            Self::ClosedAtOnce => "is this the right port? the proxy may also allow only certain clients",
            Self::NotHttp => {
                "is this the right port, and does the proxy speak HTTP without TLS? for SOCKS write socks5h://"
            }
            Self::NotSocks(b'H') => "an HTTP server answers there: write http:// in place of socks5://",
            Self::NotSocks(_) | Self::NotAuthentication(_) => {
                "is this the right port, and does the proxy speak SOCKS5?"
            }
            Self::TooTalkative => "something between answers in the place of the proxy, or it does not make tunnels",
            Self::Status { status, wants_other_scheme, .. } => of_status(*status, *wants_other_scheme, proxy),
            Self::NoMethod | Self::UnofferedMethod(_) => {
                if proxy.has_credentials() {
                    "the proxy accepts no user name and password: does it want none, or another way such as GSSAPI, which \
                     is not supported?"
                } else {
                    GIVE_CREDENTIALS
                }
            }
            Self::CredentialsRefused(_) => CHECK_CREDENTIALS,
            Self::Reply(2) => NOT_ALLOWED,
            Self::Reply(1 | 3 | 4 | 5 | 6) => match proxy.scheme() {
                Scheme::Socks5 => "can the proxy reach the Cloud? with socks5h:// it looks up the name itself",
                _ => "can the proxy look up the name of the Cloud, and reach it?",
            },
            Self::Reply(8) => "the proxy knows no addresses of this kind: with socks5h:// it looks up the name itself",
            Self::ClosedEarly
            | Self::ClosedBehind
            | Self::HeadTooLong
            | Self::Reply(_)
            | Self::AddressType(_)
            | Self::Full(_) => ASK,
        }
    }
}

const GIVE_CREDENTIALS: &str =
    "the proxy wants a user name and a password: write them into its URL, as in SCHEME://USER:PASSWORD@HOST:PORT";
const CHECK_CREDENTIALS: &str = "check user name and password of the proxy; in its URL special characters are written in \
                                 percent-encoding, as %40 for @";
const ASK: &str = "is this a proxy that makes tunnels, and to the Cloud? ask who runs it";
const NOT_ALLOWED: &str = "the proxy's rules do not allow a connection to this host and port: ask who runs it";

fn of_status(status: u16, wants_other_scheme: bool, proxy: &Proxy) -> &'static str {
    match status {
        407 if wants_other_scheme => {
            "the proxy offers other ways to authenticate only (as NTLM, Negotiate or Digest); supported is Basic"
        }
        401 | 407 if proxy.has_credentials() => CHECK_CREDENTIALS,
        407 => GIVE_CREDENTIALS,
        401 => "a web server answers there, not a proxy: is this the right port?",
        403 => NOT_ALLOWED,
        400 | 404 | 405 | 501 => "is this a proxy, and may it make tunnels with CONNECT?",
        429 => "the proxy is asked too often",
        500 | 502..=504 => "can the proxy look up the name of the Cloud, and reach it?",
        _ => ASK,
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedAtOnce => f.write_str("closed the connection without an answer"),
            Self::ClosedEarly => f.write_str("closed the connection in the middle of its answer"),
            Self::ClosedBehind => f.write_str("made a tunnel and closed it at once"),
            Self::TooTalkative => f.write_str("sent data behind its answer, where only the Cloud may speak"),
            Self::NotHttp => f.write_str("does not answer as an HTTP proxy does"),
            Self::HeadTooLong => write!(f, "the head of its answer is longer than {HEAD_MAX} bytes"),
            Self::Status { line, .. } => write!(f, "answered \"{line}\""),
            Self::NotSocks(version) => write!(f, "does not answer as a SOCKS5 proxy does, but with version {version}"),
            Self::NoMethod => f.write_str("accepts none of the ways to authenticate that were offered"),
            Self::UnofferedMethod(method) => {
                write!(f, "chose a way to authenticate that was not offered: {method}{}", method_name(*method))
            }
            Self::NotAuthentication(version) => {
                write!(f, "does not answer to user name and password as it should, but with version {version}")
            }
            Self::CredentialsRefused(code) => write!(f, "refused user name or password (code {code})"),
            Self::Reply(code) => write!(f, "refused the connection: {} (SOCKS reply {code})", reply(*code)),
            Self::AddressType(kind) => write!(f, "its SOCKS reply has an address of the unknown kind {kind}"),
            Self::Full(full) => write!(f, "the request to it {full}"),
        }
    }
}

impl core::error::Error for ProxyError {}

const fn method_name(method: u8) -> &'static str {
    match method {
        0 => " (none)",
        1 => " (GSSAPI)",
        2 => " (user name and password)",
        _ => "",
    }
}

/// The words of RFC 1928 6.
const fn reply(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused by the target",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "for a reason that has no name",
    }
}
