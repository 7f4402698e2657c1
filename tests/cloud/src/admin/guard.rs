//! Who is an administrator, and which requests cannot come from one.
//!
//! A page of somebody else in the administrator's browser can send requests here. `Host` shows DNS rebinding, `Origin`
//! and the content type show forged requests, and the cookie is not sent along from other sites.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use subtle::ConstantTimeEq;

/// How many are logged in at once; whoever comes next takes the place of the first.
const SESSIONS: usize = 32;

/// What counts of the head of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head<'h> {
    /// The method.
    pub method: &'h str,
    /// `Host`.
    pub host: Option<&'h str>,
    /// `Origin`.
    pub origin: Option<&'h str>,
    /// `Content-Type`.
    pub content_type: Option<&'h str>,
    /// `Authorization`.
    pub authorization: Option<&'h str>,
    /// `Cookie`.
    pub cookie: Option<&'h str>,
}

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The name in `Host` is not ours.
    Host,
    /// The request comes from a page of somebody else.
    Origin,
    /// The body is not called JSON.
    ContentType,
    /// No credential, or a wrong one.
    Credential,
}

impl Refused {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Host => 421,
            Self::Origin => 403,
            Self::ContentType => 415,
            Self::Credential => 401,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => {
                "this is not the host that the request names; use an IP address, localhost, or a name given with --name"
            }
            Self::Origin => "the request comes from a page of somebody else",
            Self::ContentType => "the content type has to be application/json",
            Self::Credential => "the administrator's credential is missing or wrong",
        })
    }
}

/// Knows the credential, and who has shown it.
pub struct Guard {
    credential: String,
    cookie: String,
    names: Vec<String>,
    sessions: Vec<String>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Guard {
    /// `names` are those under which this machine is known beside `localhost` and its addresses. The port becomes part of
    /// the cookie's name, as cookies do not know ports.
    #[must_use]
    pub fn new(credential: String, port: u16, names: Vec<String>) -> Self {
        Self { credential, cookie: format!("aclk_admin_{port}"), names, sessions: Vec::new() }
    }

    /// Whether the request can come from an administrator at all.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(&self, head: &Head<'_>) -> Result<(), Refused> {
        let host = head.host.filter(|host| self.is_ours(name_of(host))).ok_or(Refused::Host)?;
        if head.origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
            return Err(Refused::Origin);
        }
        let is_json = head.content_type.is_some_and(|text| {
            text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
        });
        if ["POST", "PUT", "PATCH"].contains(&head.method) && !is_json {
            return Err(Refused::ContentType);
        }
        Ok(())
    }

    /// Whether it does come from an administrator: by `Authorization: Bearer`, or by the cookie of a login.
    ///
    /// # Errors
    /// [`Refused::Credential`]; [`Refused::Origin`] for a change by cookie without an `Origin`, which browsers send.
    pub fn knows(&self, head: &Head<'_>) -> Result<(), Refused> {
        let bearer = head.authorization.and_then(|text| text.split_once(' '));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        if let Some((_, credential)) = bearer {
            return if self.is_credential(credential.trim()) { Ok(()) } else { Err(Refused::Credential) };
        }
        if !self.session_of(head).is_some_and(|session| self.sessions.iter().any(|one| same(one, session))) {
            return Err(Refused::Credential);
        }
        if head.method != "GET" && head.origin.is_none() {
            return Err(Refused::Origin);
        }
        Ok(())
    }

    /// Lets somebody in who shows the credential, under a new random name of a session. Returns the cookie to set.
    ///
    /// # Errors
    /// [`Refused::Credential`].
    pub fn log_in(&mut self, credential: &str, session: String) -> Result<String, Refused> {
        if !self.is_credential(credential.trim()) {
            return Err(Refused::Credential);
        }
        if self.sessions.len() == SESSIONS {
            self.sessions.remove(0);
        }
        let cookie = format!("{}={session}; Path=/; HttpOnly; SameSite=Strict", self.cookie);
        self.sessions.push(session);
        Ok(cookie)
    }

    /// Ends a session. Returns the cookie to set.
    pub fn log_out(&mut self, head: &Head<'_>) -> String {
        if let Some(session) = self.session_of(head).map(str::to_owned) {
            self.sessions.retain(|one| !same(one, &session));
        }
        format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", self.cookie)
    }

    fn session_of<'h>(&self, head: &Head<'h>) -> Option<&'h str> {
        let pairs = head.cookie?.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(name, _)| *name == self.cookie).map(|(_, value)| value).next()
    }

    fn is_credential(&self, text: &str) -> bool {
        same(&self.credential, text)
    }

    /// A name can be made to resolve to us by its owner, an address cannot.
    fn is_ours(&self, name: &str) -> bool {
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_address = match bare {
            Some(bare) => bare.parse::<Ipv6Addr>().is_ok(),
            None => name.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()),
        };
        is_address
            || name.eq_ignore_ascii_case("localhost")
            || self.names.iter().any(|one| one.eq_ignore_ascii_case(name))
    }
}

/// Takes as long for what is nearly right as for what is all wrong.
fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// `Host` without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, Head, Refused};

    fn guard() -> Guard {
        Guard::new("secret".to_owned(), 8000, vec!["cloud.test".to_owned()])
    }

    const OURS: Head<'static> = Head {
        method: "GET",
        host: Some("127.0.0.1:8000"),
        origin: None,
        content_type: None,
        authorization: None,
        cookie: None,
    };

    #[test]
    fn only_our_own_names_and_addresses_are_answered() {
        for host in ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000", "192.0.2.7:1", "cloud.test:8000"] {
            assert_eq!(guard().admits(&Head { host: Some(host), ..OURS }), Ok(()), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example:8000", "localhost.evil.example", "", ":8000", "::1", "[evil]"]
        {
            assert_eq!(guard().admits(&Head { host: Some(host), ..OURS }), Err(Refused::Host), "{host}");
        }
        assert_eq!(guard().admits(&Head { host: None, ..OURS }), Err(Refused::Host));
    }

    #[test]
    fn a_page_of_somebody_else_gets_nothing_done() {
        let post = Head { method: "POST", content_type: Some("application/json"), ..OURS };
        let ours = Head { origin: Some("http://127.0.0.1:8000"), ..post };
        assert_eq!(guard().admits(&ours), Ok(()));
        for origin in
            ["http://evil.example", "http://127.0.0.1:8001", "http://127.0.0.1", "null", "https://127.0.0.1:8000"]
        {
            assert_eq!(guard().admits(&Head { origin: Some(origin), ..post }), Err(Refused::Origin), "{origin}");
        }
        for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
            assert_eq!(guard().admits(&Head { content_type, ..ours }), Err(Refused::ContentType));
        }
    }

    #[test]
    fn the_credential_or_a_login_opens_and_a_logout_closes() {
        let mut guard = guard();
        assert_eq!(guard.knows(&OURS), Err(Refused::Credential));
        for (authorization, known) in [
            ("Bearer secret", true),
            ("bearer  secret", true),
            ("Bearer secre", false),
            ("Basic secret", false),
            ("Bearer", false),
        ] {
            let head = Head { authorization: Some(authorization), ..OURS };
            assert_eq!(guard.knows(&head).is_ok(), known, "{authorization}");
        }
        assert_eq!(guard.log_in("wrong", "s".to_owned()), Err(Refused::Credential));
        let cookie = guard.log_in("secret", "s1".to_owned()).unwrap();
        assert_eq!(cookie, "aclk_admin_8000=s1; Path=/; HttpOnly; SameSite=Strict");
        let head = Head { cookie: Some("other=1; aclk_admin_8000=s1"), ..OURS };
        assert_eq!(guard.knows(&head), Ok(()));
        assert_eq!(guard.knows(&Head { method: "DELETE", ..head }), Err(Refused::Origin));
        assert_eq!(guard.knows(&Head { method: "DELETE", origin: Some("http://127.0.0.1:8000"), ..head }), Ok(()));
        assert_eq!(guard.knows(&Head { cookie: Some("aclk_admin_8001=s1"), ..OURS }), Err(Refused::Credential));
        guard.log_out(&head);
        assert_eq!(guard.knows(&head), Err(Refused::Credential));
        assert!(!format!("{guard:?}").contains("secret"));
    }
}
