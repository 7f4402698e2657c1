//! What people order, in words.

use super::line::LINE_MAX;
use crate::flash::ClaimOrder;
use aclk_core::claim::request;
use aclk_core::secret::Secret;
use aclk_core::settings::{ROOMS_MAX, TOKEN_MAX};
use aclk_core::wire::url::{Url, UrlError};
use core::fmt;

/// The answer to `help`.
pub(super) const HELP: &[&str] = &[
    "claim TOKEN [ROOMS] [URL]  claim this device into a Space of Netdata Cloud; ROOMS are ids with commas between them",
    "status                     say how the device and its link are",
    "unclaim                    forget claim, key and token: the next claim makes it another node",
    "reboot                     start anew",
    "help                       this list",
];

/// What a line orders.
#[derive(Debug)]
pub(super) enum Order {
    /// Nothing.
    Nothing,
    Claim(ClaimOrder),
    Status,
    Unclaim,
    Reboot,
    Help,
}

/// Why a line orders nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misspelt {
    NotText,
    TooLong,
    Unknown,
    NoToken,
    TooMany,
    Token,
    Rooms,
    Url(UrlError),
}

impl fmt::Display for Misspelt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("the line is not text in UTF-8"),
            Self::TooLong => write!(f, "the line is longer than {LINE_MAX} bytes: nothing was done"),
            Self::Unknown => f.write_str("unknown command: try \"help\""),
            Self::NoToken => f.write_str("a token is missing, as in: claim TOKEN"),
            Self::TooMany => f.write_str("there is more on the line than the command takes: try \"help\""),
            Self::Token => write!(f, "the token is longer than {TOKEN_MAX} bytes"),
            Self::Rooms => write!(f, "the rooms are longer than {ROOMS_MAX} bytes"),
            Self::Url(error) => write!(f, "the URL: {error}"),
        }
    }
}

impl Order {
    /// Reads a line.
    pub(super) fn parse(line: &str) -> Result<Self, Misspelt> {
        let mut words = line.split_ascii_whitespace();
        let order = match words.next() {
            None => Self::Nothing,
            Some("claim") => Self::Claim(claim(&mut words)?),
            Some("status") => Self::Status,
            Some("unclaim") => Self::Unclaim,
            Some("reboot") => Self::Reboot,
            Some("help" | "?") => Self::Help,
            Some(_) => return Err(Misspelt::Unknown),
        };
        if words.next().is_some() { Err(Misspelt::TooMany) } else { Ok(order) }
    }
}

fn claim<'l>(words: &mut impl Iterator<Item = &'l str>) -> Result<ClaimOrder, Misspelt> {
    let token = words.next().ok_or(Misspelt::NoToken)?;
    let token = Secret::copy_of(token.as_bytes()).map_err(|_| Misspelt::Token)?;
    // No id of a room has a colon or a dot in it.
    let is_url = |word: &&str| word.contains([':', '.']);
    let (rooms, url) = match words.next() {
        Some(word) if is_url(&word) => ("", Some(word)),
        Some(word) => (word, words.next()),
        None => ("", None),
    };
    let mut list = heapless::String::new();
    for room in request::rooms(rooms) {
        let comma = if list.is_empty() { "" } else { "," };
        list.push_str(comma).and_then(|()| list.push_str(room)).map_err(|_| Misspelt::Rooms)?;
    }
    let url = url.map(Url::parse).transpose().map_err(Misspelt::Url)?;
    Ok(ClaimOrder { token, rooms: list, url })
}
