//! The answers to a claim: the `errorMsgKey` table (protocol.md 1.7).

use crate::link::error::ErrorBody;
use crate::stage::{Failure, Purpose, Stage};
use core::fmt;

/// Why the Cloud did not claim the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `ErrInvalidNodeID`.
    InvalidNodeId,
    /// `ErrInvalidNodeName`.
    InvalidNodeName,
    /// `ErrInvalidRoomID`.
    InvalidRoomId,
    /// `ErrInvalidPublicKey`.
    InvalidPublicKey,
    /// `ErrForbidden`.
    Forbidden,
    /// `ErrAlreadyClaimed`.
    AlreadyClaimed,
    /// `ErrProcessingClaim`.
    ProcessingClaim,
    /// `ErrInternalServerError`.
    InternalServerError,
    /// `ErrGatewayTimeout`.
    GatewayTimeout,
    /// `ErrServiceUnavailable`.
    ServiceUnavailable,
    /// Any other answer.
    Unknown,
}

impl Refusal {
    /// Every entry of the table, in the order of its exit codes.
    pub const ALL: [Self; 11] = [
        Self::InvalidNodeId,
        Self::InvalidNodeName,
        Self::InvalidRoomId,
        Self::InvalidPublicKey,
        Self::Forbidden,
        Self::AlreadyClaimed,
        Self::ProcessingClaim,
        Self::InternalServerError,
        Self::GatewayTimeout,
        Self::ServiceUnavailable,
        Self::Unknown,
    ];

    /// What an answer with this status and error body means. The key decides; without a known key it is
    /// [`Unknown`](Self::Unknown), whatever the status.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self::ALL.into_iter().find(|refusal| refusal.key() == key && !key.is_empty()).unwrap_or(Self::Unknown)
    }

    /// The `errorMsgKey`; empty for [`Unknown`](Self::Unknown).
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::InvalidNodeId => "ErrInvalidNodeID",
            Self::InvalidNodeName => "ErrInvalidNodeName",
            Self::InvalidRoomId => "ErrInvalidRoomID",
            Self::InvalidPublicKey => "ErrInvalidPublicKey",
            Self::Forbidden => "ErrForbidden",
            Self::AlreadyClaimed => "ErrAlreadyClaimed",
            Self::ProcessingClaim => "ErrProcessingClaim",
            Self::InternalServerError => "ErrInternalServerError",
            Self::GatewayTimeout => "ErrGatewayTimeout",
            Self::ServiceUnavailable => "ErrServiceUnavailable",
            Self::Unknown => "",
        }
    }

    /// The message of the documented script, v1.22 and later.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::InvalidNodeId => "invalid node id",
            Self::InvalidNodeName => "invalid node name",
            Self::InvalidRoomId => "invalid room id",
            Self::InvalidPublicKey => "invalid public key",
            Self::Forbidden => "token expired/token not found/invalid token",
            Self::AlreadyClaimed => "already claimed",
            Self::ProcessingClaim => "processing claiming",
            Self::InternalServerError => "Internal Server Error",
            Self::GatewayTimeout => "Gateway Timeout",
            Self::ServiceUnavailable => "Service Unavailable",
            Self::Unknown => "Unknown HTTP error message",
        }
    }

    /// The exit code of the documented script, v1.22 and later.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Unknown => 7,
            Self::InvalidNodeId => 8,
            Self::InvalidNodeName => 9,
            Self::InvalidRoomId => 10,
            Self::InvalidPublicKey => 11,
            Self::Forbidden => 12,
            Self::AlreadyClaimed => 13,
            Self::ProcessingClaim => 14,
            Self::InternalServerError => 15,
            Self::GatewayTimeout => 16,
            Self::ServiceUnavailable => 17,
        }
    }

    /// Whether the same request may succeed later without anyone changing anything. `status` is the HTTP status.
    #[must_use]
    pub const fn may_pass(self, status: u16) -> bool {
        match self {
            Self::ProcessingClaim | Self::InternalServerError | Self::GatewayTimeout | Self::ServiceUnavailable => true,
            Self::Unknown => status == 408 || status == 429 || status >= 500,
            _ => false,
        }
    }

    /// Whether this is about the Cloud and not about the claim.
    #[must_use]
    pub const fn is_trouble_of_the_cloud(self) -> bool {
        matches!(self, Self::InternalServerError | Self::GatewayTimeout | Self::ServiceUnavailable)
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::InvalidNodeId => "give a UUID with -id=",
            Self::InvalidNodeName => "give another name with -hostname=",
            Self::InvalidRoomId => "copy the War Room ids again, or leave -rooms= out",
            Self::InvalidPublicKey => {
                "remove private.pem and public.pem from the claim directory to make a new key pair"
            }
            Self::Forbidden => "copy the claiming token from your Space again: it may have expired or been revoked",
            Self::AlreadyClaimed => {
                "this id is claimed with another key; remove the node in Netdata Cloud, or claim under a new id with \
                 -id=$(uuidgen)"
            }
            Self::ProcessingClaim => {
                "the Cloud is still working on an earlier claim of this node: try again in a minute"
            }
            Self::InternalServerError | Self::GatewayTimeout | Self::ServiceUnavailable => {
                "the Cloud has a problem: try again later"
            }
            Self::Unknown => "",
        }
    }

    /// The failure that people read.
    #[must_use]
    pub fn failure(self, status: u16, body: &ErrorBody) -> Failure {
        let failure = match self {
            Self::Unknown if body.key.is_empty() => Failure::new(Stage::Http, Status(status)),
            Self::Unknown => Failure::new(Stage::Http, format_args!("{}: {}", Status(status), body.words())),
            _ => Failure::new(Stage::Http, self.message()),
        };
        failure.on(Purpose::Claim).said(body.said(status)).hint(self.hint())
    }
}

/// An HTTP status in words: `HTTP status 503 (Service Unavailable)`.
#[derive(Debug, Clone, Copy)]
pub struct Status(pub u16);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP status {}", self.0)?;
        let words = match self.0 {
            200..=299 => " (not the answer that is expected here: is this the URL of a Netdata Cloud?)",
            301 | 302 | 303 | 307 | 308 => " (a redirect, which is not followed: check the URL)",
            400 => " (Bad Request)",
            401 => " (Unauthorized)",
            403 => " (Forbidden)",
            404 => " (Not Found: is this the URL of a Netdata Cloud?)",
            409 => " (Conflict)",
            422 => " (Unprocessable Content)",
            429 => " (Too Many Requests)",
            500 => " (Internal Server Error)",
            502 => " (Bad Gateway)",
            503 => " (Service Unavailable)",
            504 => " (Gateway Timeout)",
            _ => "",
        };
        f.write_str(words)
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, Status};
    use std::format;
    use std::string::ToString;

    #[test]
    fn every_key_of_the_table_is_found_again() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::of(refusal.key()), refusal);
        }
        assert_eq!(Refusal::of("ErrSomethingNew"), Refusal::Unknown);
        assert_eq!(Refusal::of(""), Refusal::Unknown);
    }

    #[test]
    fn exit_codes_are_those_of_the_documented_script() {
        let codes = Refusal::ALL.map(Refusal::exit_code);
        assert_eq!(codes, [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 7]);
    }

    #[test]
    fn a_status_has_the_words_of_its_specification_or_says_what_it_means_here() {
        for (status, words) in [
            (400, "Bad Request"),
            (401, "Unauthorized"),
            (403, "Forbidden"),
            (404, "Not Found: is this the URL of a Netdata Cloud?"),
            (409, "Conflict"),
            (422, "Unprocessable Content"),
            (429, "Too Many Requests"),
            (500, "Internal Server Error"),
            (502, "Bad Gateway"),
            (503, "Service Unavailable"),
            (504, "Gateway Timeout"),
        ] {
            assert_eq!(Status(status).to_string(), format!("HTTP status {status} ({words})"));
        }
        assert!(Status(200).to_string().ends_with("is this the URL of a Netdata Cloud?)"));
        assert!(Status(302).to_string().contains("a redirect, which is not followed"));
        assert_eq!(Status(418).to_string(), "HTTP status 418");
    }

    #[test]
    fn only_trouble_of_the_server_and_work_in_progress_may_pass() {
        assert!(Refusal::ProcessingClaim.may_pass(409));
        assert!(Refusal::ServiceUnavailable.may_pass(200));
        assert!(Refusal::Unknown.may_pass(429));
        assert!(!Refusal::Unknown.may_pass(404));
        assert!(!Refusal::Forbidden.may_pass(503));
        assert!(!Refusal::AlreadyClaimed.may_pass(500));
    }
}
