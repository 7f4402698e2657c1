//! The addresses of the Cloud: the base URL a person configures, and the endpoints the Cloud hands out.
//!
//! Stricter than the original on purpose (protocol.md 2.2): quotes kept from a YAML file, credentials, a query or plain
//! `http://` are refused with a phrase that says what to change, instead of failing later as a name that does not
//! resolve.

mod error;
#[cfg(test)]
mod tests;

pub use error::UrlError;

use crate::text::{is_blank, split_once};
use core::fmt::{self, Write};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::Range;
use core::str::FromStr;

/// The most a URL may have, in bytes of its normal form.
pub const URL_MAX: usize = 256;

/// The port of `https` and `wss`.
const PORT_DEFAULT: u16 = 443;
/// The most one label of a host name may have, in bytes (RFC 1035 2.3.4).
const LABEL_MAX: usize = 63;

/// A checked URL in normal form: scheme present, host in lower case, port only where it is not 443, no `/` at the end.
///
/// Two URLs are equal when their normal forms are.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    text: heapless::String<URL_MAX>,
    host: Range<u16>,
    port: u16,
    path: u16,
}

impl Url {
    /// Reads a base URL or an HTTPS endpoint: `[https://]host[:port][/path]`.
    ///
    /// # Errors
    /// [`UrlError`] for every other scheme and for everything that has no place in such a URL.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        Self::parse_with(text, &["https"])
    }

    /// Reads the endpoint of a transport: like [`parse`](Self::parse), and `wss://` is fine too.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_transport(text: &str) -> Result<Self, UrlError> {
        Self::parse_with(text, &["https", "wss"])
    }

    fn parse_with(text: &str, schemes: &[&'static str]) -> Result<Self, UrlError> {
        check_characters(text)?;
        let (scheme, rest) = split_scheme(text, schemes)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlError::Userinfo);
        }
        let (host, port) = split_authority(authority, PORT_DEFAULT)?;
        Self::assemble(scheme, host, port, path.trim_end_matches('/'))
    }

    fn assemble(scheme: &str, host: Host<'_>, port: u16, path: &str) -> Result<Self, UrlError> {
        let too_long = |_| UrlError::TooLong;
        let mut text = heapless::String::new();
        text.push_str(scheme).map_err(too_long)?;
        text.push_str("://").map_err(too_long)?;
        // An IPv6 literal keeps its brackets in the text; `host` is what is between them.
        let bracket = usize::from(matches!(host, Host::V6(_)));
        let start = offset(text.len() + bracket)?;
        write!(text, "{host}").map_err(|_| UrlError::TooLong)?;
        let end = offset(text.len() - bracket)?;
        if port != PORT_DEFAULT {
            write!(text, ":{port}").map_err(|_| UrlError::TooLong)?;
        }
        let path_start = offset(text.len())?;
        text.push_str(path).map_err(too_long)?;
        Ok(Self { text, host: start..end, port, path: path_start })
    }

    /// The whole URL in normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host in lower case, for name resolution and the certificate; an IPv6 literal without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.text.get(usize::from(self.host.start)..usize::from(self.host.end)).unwrap_or_default()
    }

    /// The port; 443 where none was given.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path without any `/` at its end, ready to be a prefix; empty where there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        self.text.get(usize::from(self.path)..).unwrap_or_default()
    }

    /// The host if it is an address rather than a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        IpAddr::from_str(self.host()).ok()
    }

    /// What belongs into the `Host` header (RFC 9110 7.2): the host, with brackets if it is an IPv6 literal, and the
    /// port if it is not 443.
    #[must_use]
    pub const fn host_header(&self) -> HostHeader<'_> {
        HostHeader { url: self, port: self.port != PORT_DEFAULT }
    }

    /// The same, never with a port: what the original agents send on every connection but that of the claim
    /// (protocol.md 2.3 and 2.8). All connections go to the port that was named, so nothing is lost.
    #[must_use]
    pub const fn host_without_port(&self) -> HostHeader<'_> {
        HostHeader { url: self, port: false }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The value of the `Host` header for a [`Url`].
#[derive(Debug, Clone, Copy)]
pub struct HostHeader<'u> {
    url: &'u Url,
    port: bool,
}

impl fmt::Display for HostHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host();
        if host.contains(':') {
            write!(f, "[{host}]")?;
        } else {
            f.write_str(host)?;
        }
        if self.port { write!(f, ":{}", self.url.port) } else { Ok(()) }
    }
}

/// A host that passed the checks. It displays in lower case, an IPv6 address in brackets.
pub(super) enum Host<'t> {
    Name(&'t str),
    V6(Ipv6Addr),
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.chars().try_for_each(|c| f.write_char(c.to_ascii_lowercase())),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Positions fit 16 bits because the text fits [`URL_MAX`].
fn offset(position: usize) -> Result<u16, UrlError> {
    u16::try_from(position).map_err(|_| UrlError::TooLong)
}

/// Refuses what has no place anywhere in such a URL, the most specific reason first.
fn check_characters(text: &str) -> Result<(), UrlError> {
    for c in text.chars() {
        match c {
            '"' | '\'' | '`' => return Err(UrlError::Quote),
            '?' => return Err(UrlError::Query),
            '#' => return Err(UrlError::Fragment),
            c if is_blank(c) => return Err(UrlError::Blank),
            c if !c.is_ascii_graphic() => return Err(UrlError::Character),
            '\\' | '<' | '>' | '^' | '{' | '|' | '}' => return Err(UrlError::Character),
            _ => {}
        }
    }
    Ok(())
}

/// The scheme in lower case (the first of `schemes` where the text has none) and what follows it.
fn split_scheme<'t>(text: &'t str, schemes: &[&'static str]) -> Result<(&'static str, &'t str), UrlError> {
    let Some((given, rest)) = split_once(text, "://") else {
        return Ok((schemes.first().copied().unwrap_or("https"), text));
    };
    // "host/a://b" has no scheme: the first part would have to be one word.
    if given.contains(['/', ':', '@']) {
        return Ok((schemes.first().copied().unwrap_or("https"), text));
    }
    if let Some(scheme) = schemes.iter().find(|scheme| scheme.eq_ignore_ascii_case(given)) {
        return Ok((scheme, rest));
    }
    let plain = ["http", "ws"].iter().any(|scheme| scheme.eq_ignore_ascii_case(given));
    Err(if plain { UrlError::Plaintext } else { UrlError::Scheme })
}

/// Reads `host[:port]`.
pub(super) fn split_authority(authority: &str, port_default: u16) -> Result<(Host<'_>, u16), UrlError> {
    if let Some(literal) = authority.strip_prefix('[') {
        let (address, rest) = literal.split_once(']').ok_or(UrlError::Address)?;
        let host = Ipv6Addr::from_str(address).map_err(|_| UrlError::Address)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => parse_port(port)?,
            None if rest.is_empty() => port_default,
            None => return Err(UrlError::Address),
        };
        return Ok((Host::V6(host), port));
    }
    let (name, port) = match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => return Err(UrlError::Brackets),
        Some((name, port)) => (name, parse_port(port)?),
        None => (authority, port_default),
    };
    check_name(name)?;
    Ok((Host::Name(name), port))
}

fn parse_port(text: &str) -> Result<u16, UrlError> {
    // `u16::from_str` would also take a sign.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UrlError::Port);
    }
    text.parse().ok().filter(|port| *port != 0).ok_or(UrlError::Port)
}

/// Names as they are looked up (RFC 1123 2.1), plus the underscore that container networks use.
fn check_name(name: &str) -> Result<(), UrlError> {
    if name.is_empty() {
        return Err(UrlError::EmptyHost);
    }
    let labels_fit = name.split('.').all(|label| !label.is_empty() && label.len() <= LABEL_MAX);
    let letters_fit = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if !labels_fit || !letters_fit {
        return Err(UrlError::Host);
    }
    // A name whose last label is a number is meant as an address; resolvers disagree about what half an address means.
    let last_is_number = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if last_is_number && Ipv4Addr::from_str(name).is_err() {
        return Err(UrlError::Address);
    }
    Ok(())
}
