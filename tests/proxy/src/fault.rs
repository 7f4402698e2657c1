//! What a proxy can do wrong, each with a name.

use crate::Kind;
use std::fmt;
use std::str::FromStr;

/// Something that a proxy does in place of what it should. Not all of it is wrong: some is only unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It takes the connection and never says anything.
    Hang,
    /// It ends the connection once it is spoken to.
    Close,
    /// It ends the connection in the middle of its consent.
    CloseEarly,
    /// It ends the connection right behind its consent.
    CloseBehind,
    /// It sends its consent byte by byte. That is allowed.
    ByteAtATime,
    /// It sends more behind its consent.
    BytesBehind,
    /// It speaks another protocol.
    Garbage,
    /// HTTP: this status in place of 200.
    Status(u16),
    /// HTTP: 407, and Basic is not among what it offers.
    OtherScheme,
    /// HTTP: `HTTP/1.0 200`. That is allowed.
    Http10,
    /// HTTP: `100 Continue` before its answer. That is allowed.
    Interim,
    /// HTTP: a head without end.
    OversizedHead,
    /// SOCKS: none of the ways to authenticate will do.
    NoMethod,
    /// SOCKS: a way to authenticate that was not offered.
    UnofferedMethod,
    /// SOCKS: version 4.
    BadVersion,
    /// SOCKS: user name or password are wrong, whatever they are.
    AuthRefused,
    /// SOCKS: the answer to user name and password has the version of SOCKS.
    BadAuthVersion,
    /// SOCKS: this reply in place of 0.
    Reply(u8),
    /// SOCKS: an address of a kind that is none.
    BadAddressType,
}

/// The faults that need no number.
const NAMES: [(&str, Fault); 17] = [
    ("hang", Fault::Hang),
    ("close", Fault::Close),
    ("close-early", Fault::CloseEarly),
    ("close-behind", Fault::CloseBehind),
    ("byte-at-a-time", Fault::ByteAtATime),
    ("bytes-behind", Fault::BytesBehind),
    ("garbage", Fault::Garbage),
    ("other-scheme", Fault::OtherScheme),
    ("http-1.0", Fault::Http10),
    ("interim", Fault::Interim),
    ("oversized-head", Fault::OversizedHead),
    ("method-ff", Fault::NoMethod),
    ("unoffered-method", Fault::UnofferedMethod),
    ("bad-version", Fault::BadVersion),
    ("auth-refused", Fault::AuthRefused),
    ("bad-auth-version", Fault::BadAuthVersion),
    ("bad-address-type", Fault::BadAddressType),
];

impl Fault {
    /// Every fault that a proxy of this kind can commit; of those with a number the usual ones.
    pub fn list(kind: Kind) -> impl Iterator<Item = Self> {
        let statuses = [204, 302, 400, 403, 405, 407, 429, 500, 502, 503, 504].map(Self::Status);
        let replies = [1, 2, 3, 4, 5, 6, 7, 8, 0xff].map(Self::Reply);
        let all = NAMES.into_iter().map(|(_, fault)| fault).chain(statuses).chain(replies);
        all.filter(move |fault| fault.kind().is_none_or(|only| only == kind))
    }

    /// Whether the tunnel comes about all the same.
    #[must_use]
    pub const fn is_harmless(self) -> bool {
        matches!(self, Self::ByteAtATime | Self::Http10 | Self::Interim)
    }

    /// The only kind of proxy that can commit it.
    const fn kind(self) -> Option<Kind> {
        match self {
            Self::Hang
            | Self::Close
            | Self::CloseEarly
            | Self::CloseBehind
            | Self::ByteAtATime
            | Self::BytesBehind
            | Self::Garbage => None,
            Self::Status(_) | Self::OtherScheme | Self::Http10 | Self::Interim | Self::OversizedHead => {
                Some(Kind::Http)
            }
            Self::NoMethod
            | Self::UnofferedMethod
            | Self::BadVersion
            | Self::AuthRefused
            | Self::BadAuthVersion
            | Self::Reply(_)
            | Self::BadAddressType => Some(Kind::Socks),
        }
    }
}

/// The name: `status-407`, `reply-05`, `hang`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => f.pad(&format!("status-{status}")),
            Self::Reply(code) => f.pad(&format!("reply-{code:02x}")),
            fault => f.pad(NAMES.iter().find(|(_, named)| named == fault).map_or("", |(name, _)| name)),
        }
    }
}

/// There is no such fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFault;

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        let named = NAMES.iter().find(|(known, _)| *known == name).map(|(_, fault)| *fault);
        let status = || name.strip_prefix("status-")?.parse().ok().map(Self::Status);
        let reply = || u8::from_str_radix(name.strip_prefix("reply-")?, 16).ok().map(Self::Reply);
        named.or_else(status).or_else(reply).ok_or(UnknownFault)
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use crate::Kind;

    #[test]
    fn every_fault_has_a_name_of_its_own() {
        let mut names = Vec::new();
        for fault in Fault::list(Kind::Http).chain(Fault::list(Kind::Socks)) {
            assert_eq!(fault.to_string().parse(), Ok(fault));
            names.push(fault.to_string());
        }
        names.sort();
        names.dedup();
        assert!(names.len() > 30 && "no-such-fault".parse::<Fault>().is_err());
    }
}
