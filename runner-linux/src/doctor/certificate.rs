//! The certificate that a server showed, and what it says about a handshake that failed.

use crate::clock::rfc3339;
#[cfg(feature = "link")]
use aclk_core::tls::ServerCertificate;

/// What is kept of it. None of it need be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// Who issued the last certificate that came with it.
    pub(crate) root: String,
    pub(crate) hosts: String,
    pub(crate) validity: Option<(u64, u64)>,
    pub(crate) self_signed: bool,
}

impl Shown {
    #[cfg(feature = "link")]
    pub(crate) fn of(certificate: &ServerCertificate<'_>) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            root: certificate.root().to_string(),
            hosts: certificate.hosts().to_string(),
            validity: certificate.validity(),
            self_signed: certificate.is_self_signed(),
        }
    }

    /// As in `certificate "x" for "y", issued by "z", valid from … to …`.
    pub(crate) fn describe(&self) -> String {
        let Self { subject, issuer, root, hosts, validity, self_signed } = self;
        let hosts = if hosts.is_empty() { "no host".to_owned() } else { hosts.clone() };
        let issuer = match (self_signed, issuer == root) {
            (true, _) => "itself".to_owned(),
            (false, true) => format!("\"{issuer}\""),
            (false, false) => format!("\"{issuer}\" of \"{root}\""),
        };
        let validity = validity.map(|(from, to)| format!(", valid from {} to {}", date(from), date(to)));
        format!("certificate \"{subject}\" for {hosts}, issued by {issuer}{}", validity.unwrap_or_default())
    }
}

/// The day, as in `2026-01-02`.
pub(crate) fn date(unix_seconds: u64) -> String {
    let text = rfc3339(unix_seconds);
    text.split('T').next().unwrap_or_default().to_owned()
}

/// A span of time in the unit that fits.
pub(crate) fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{Shown, span};

    #[test]
    fn spans_are_told_in_the_unit_that_fits() {
        let told = [0, 1, 119, 120, 7_199, 7_200, 172_799, 172_800, 86_400 * 400].map(span);
        let expected = [
            "0 seconds",
            "1 second",
            "119 seconds",
            "2 minutes",
            "119 minutes",
            "2 hours",
            "47 hours",
            "2 days",
            "400 days",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_certificate_is_one_line() {
        let text = |text: &str| text.to_owned();
        let shown = Shown {
            subject: text("a"),
            issuer: text("R3"),
            root: text("X1"),
            hosts: text("\"a\""),
            validity: Some((0, 86_400)),
            self_signed: false,
        };
        let expected = "certificate \"a\" for \"a\", issued by \"R3\" of \"X1\", valid from 1970-01-01 to 1970-01-02";
        assert_eq!(shown.describe(), expected);
        let shown = Shown { hosts: String::new(), self_signed: true, validity: None, ..shown };
        assert_eq!(shown.describe(), "certificate \"a\" for no host, issued by itself");
    }
}
