//! Proxies: how one is written down, and what is said to it until it hands on everything unchanged.
//!
//! [`Proxy`] is the address with the credentials, [`Exceptions`] are the hosts that it is not used for, and a
//! [`Negotiation`] asks the proxy for a tunnel to a target (protocol.md section 4).

mod connect;
mod error;
mod exceptions;
mod negotiation;
mod socks;
#[cfg(test)]
mod tests;
mod url_error;

pub use connect::HEAD_MAX;
pub use error::ProxyError;
pub use exceptions::Exceptions;
pub use negotiation::{Negotiation, REQUEST_MAX, Step, Target};
pub use url_error::ProxyUrlError;

use super::url::{UrlError, split_authority};
use crate::secret::Secret;
use crate::stage::{Failure, Stage};
use base64ct::{Base64, Encoding};
use core::fmt::{self, Write};
use core::net::Ipv6Addr;
use zeroize::Zeroize;

/// The most a user name or a password may have, in bytes (RFC 1929). Without the feature `proxy` there are none.
pub const CREDENTIAL_MAX: usize = if cfg!(feature = "proxy") { 255 } else { 0 };
/// The most a host name may have, in bytes (RFC 1035 2.3.4).
const HOST_MAX: usize = if cfg!(feature = "proxy") { 253 } else { 0 };
/// Base64 of a user name, a colon and a password.
const BASIC_MAX: usize = (2 * CREDENTIAL_MAX + 1).div_ceil(3) * 4;

/// What is spoken with a proxy, and who looks up the name of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP CONNECT (RFC 9110 9.3.6); the proxy looks the name up.
    Http,
    /// SOCKS5 (RFC 1928); the name is looked up here.
    Socks5,
    /// SOCKS5; the proxy looks the name up.
    Socks5h,
}

impl Scheme {
    const ALL: [Self; 3] = [Self::Http, Self::Socks5, Self::Socks5h];

    /// The word in front of `://`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    /// The port where none is given (protocol.md 4.3).
    const fn port_default(self) -> u16 {
        match self {
            Self::Http => 8080,
            Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

/// A proxy: `http://`, `socks5://` or `socks5h://`, `[user[:password]@]host[:port]`, and perhaps a `/`.
///
/// It is never printed with its credentials, neither by `Display` nor by `Debug`.
#[derive(Clone)]
pub struct Proxy {
    scheme: Scheme,
    host: heapless::String<HOST_MAX>,
    port: u16,
    credentials: Option<Credentials>,
}

/// A user name and a password, decoded.
#[derive(Clone)]
struct Credentials {
    user: Secret<CREDENTIAL_MAX>,
    password: Secret<CREDENTIAL_MAX>,
}

impl Proxy {
    /// Reads the URL of a proxy. Credentials are percent-decoded; they end at the last `@`, as curl has it.
    ///
    /// # Errors
    /// [`ProxyUrlError`] for other schemes, none included, and for everything that has no place in such a URL. It never
    /// holds any of the text.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        if !cfg!(feature = "proxy") {
            return Err(ProxyUrlError::NotBuiltIn);
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(ProxyUrlError::Empty);
        }
        if text.starts_with(['"', '\'', '`']) {
            return Err(ProxyUrlError::Quote);
        }
        // They would not come back from a file as they went in. Percent-encoding is there for them.
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(ProxyUrlError::Blank);
        }
        let (given, rest) = text.split_once("://").ok_or(ProxyUrlError::NoScheme)?;
        let scheme = Scheme::ALL.into_iter().find(|scheme| scheme.name().eq_ignore_ascii_case(given));
        let scheme = scheme.ok_or_else(|| ProxyUrlError::of_scheme(given))?;
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((credentials, authority)) => (Some(credentials), authority),
            None => (None, rest),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        check_authority(authority)?;
        let (found, port) = split_authority(authority, scheme.port_default()).map_err(ProxyUrlError::of_host)?;
        let mut host = heapless::String::new();
        write!(host, "{found}").map_err(|_| ProxyUrlError::of_host(UrlError::TooLong))?;
        if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            host = address.try_into().map_err(|_| ProxyUrlError::of_host(UrlError::TooLong))?;
        }
        let credentials = credentials.map(|text| Credentials::parse(text, scheme)).transpose()?.flatten();
        Ok(Self { scheme, host, port, credentials })
    }

    /// What it speaks.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case, for name resolution; an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; 8080 for HTTP and 1080 for SOCKS where none was given.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether there are a user name and a password.
    #[must_use]
    pub const fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Host and port, as a person reads them.
    #[must_use]
    pub fn endpoint(&self) -> impl fmt::Display {
        Endpoint { host: &self.host, port: self.port }
    }

    /// The failure that `error` is, with what can be done about it. What the proxy repeats of the credentials is hidden.
    #[must_use]
    pub fn failure(&self, error: &ProxyError) -> Failure {
        let mut error = error.clone();
        if let (ProxyError::Status { line, .. }, Some(Credentials { user, password })) = (&mut error, &self.credentials)
        {
            let mut basic = [0; BASIC_MAX];
            line.hide(self.basic(&mut basic).unwrap_or_default());
            basic.zeroize();
            line.hide(password.expose_str());
            line.hide(user.expose_str());
        }
        Failure::new(Stage::Proxy, format_args!("{}: {error}", self.endpoint())).hint(error.hint(self))
    }

    /// The credentials as HTTP has them (RFC 7617), if there are any.
    fn basic<'b>(&self, buffer: &'b mut [u8; BASIC_MAX]) -> Option<&'b str> {
        let Credentials { user, password } = self.credentials.as_ref()?;
        let both = Secret::<{ 2 * CREDENTIAL_MAX + 1 }>::fill_with(|both| {
            let bytes = user.expose().iter().chain(b":").chain(password.expose());
            both.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
            Ok::<_, core::convert::Infallible>(user.expose().len() + 1 + password.expose().len())
        });
        let Ok(both) = both;
        Base64::encode(both.expose(), buffer).ok()
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let note = if self.credentials.is_some() { " (with credentials)" } else { "" };
        write!(f, "{}://{}{note}", self.scheme.name(), self.endpoint())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// `host:port`, an IPv6 address in brackets.
#[derive(Clone, Copy)]
pub(super) struct Endpoint<'h> {
    host: &'h str,
    port: u16,
}

impl fmt::Display for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.parse::<Ipv6Addr>().is_ok() { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Credentials {
    /// Reads `user[:password]`; `None` if there is nothing in it.
    fn parse(text: &str, scheme: Scheme) -> Result<Option<Self>, ProxyUrlError> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        if user.is_empty() && password.is_empty() {
            return Ok(None);
        }
        let (user, password) = (decode(user)?, decode(password)?);
        match scheme {
            Scheme::Http => {
                // RFC 7617 2: the first colon ends the user name, and control characters are not allowed.
                if user.expose().contains(&b':') {
                    return Err(ProxyUrlError::Colon);
                }
                if user.expose().iter().chain(password.expose()).any(u8::is_ascii_control) {
                    return Err(ProxyUrlError::Control);
                }
            }
            // RFC 1929 2: each of them has 1 to 255 bytes.
            Scheme::Socks5 | Scheme::Socks5h if user.is_empty() || password.is_empty() => {
                return Err(ProxyUrlError::HalfCredentials);
            }
            Scheme::Socks5 | Scheme::Socks5h => {}
        }
        Ok(Some(Self { user, password }))
    }
}

/// Undoes percent-encoding (RFC 3986 2.1). Other characters stand for themselves, whatever they are.
fn decode(text: &str) -> Result<Secret<CREDENTIAL_MAX>, ProxyUrlError> {
    Secret::fill_with(|buffer: &mut [u8; CREDENTIAL_MAX]| {
        let mut bytes = text.bytes();
        let mut len = 0;
        while let Some(byte) = bytes.next() {
            let byte = if byte == b'%' {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit().ok_or(ProxyUrlError::Percent)?, digit().ok_or(ProxyUrlError::Percent)?);
                u8::try_from(high << 4 | low).map_err(|_| ProxyUrlError::Percent)?
            } else {
                byte
            };
            *buffer.get_mut(len).ok_or(ProxyUrlError::CredentialsTooLong)? = byte;
            len += 1;
        }
        Ok(len)
    })
}

/// Refuses what cannot be part of host and port, the most specific reason first.
fn check_authority(authority: &str) -> Result<(), ProxyUrlError> {
    for c in authority.chars() {
        match c {
            '"' | '\'' | '`' => return Err(ProxyUrlError::Quote),
            '/' | '?' | '#' => return Err(ProxyUrlError::Path),
            c if c.is_whitespace() => return Err(ProxyUrlError::Blank),
            _ => {}
        }
    }
    Ok(())
}
