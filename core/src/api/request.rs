//! A request, taken apart.

use crate::encoding::Encoding;
use crate::identity::guid::Guid;
use crate::node::Status;
use crate::text::Text;

/// Longest value of a parameter, decoded, in bytes.
pub const PARAMETER_MAX: usize = 128;

/// What is to be done (protocol.md 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Not done here.
    Post,
    /// Not done here.
    Put,
    /// Not done here.
    Delete,
    /// Not done here.
    Other,
}

impl Method {
    /// The method with this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }

    /// The method whose number is `number as u8`.
    pub(crate) const fn of_number(number: u8) -> Self {
        match number {
            0 => Self::Get,
            1 => Self::Post,
            2 => Self::Put,
            3 => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// A request. It borrows the target and copies nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// What is to be done.
    pub method: Method,
    /// Everything before the `?`.
    path: &'a str,
    /// Everything behind it.
    query: &'a str,
    /// How the body of the answer may be encoded.
    pub(super) encoding: Encoding,
}

impl<'a> Request<'a> {
    /// Takes a request target apart, as in `/api/v1/data?chart=system.uptime&after=-60`.
    #[must_use]
    pub fn parse(method: Method, target: &'a str) -> Self {
        let target = target.split_once('#').map_or(target, |(target, _)| target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { method, path, query, encoding: Encoding::Identity }
    }

    /// The same request by somebody who accepts bodies that are encoded like this: see
    /// [`Accepted`](crate::encoding::Accepted).
    #[must_use]
    pub const fn accepting(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// The path without the prefix that names this node, or why it is about no node here.
    pub(super) fn path_on(&self, status: &Status) -> Result<&'a str, Text<160>> {
        let path = self.path;
        let (rest, ours, kind) = if let Some(rest) = path.strip_prefix("/host/") {
            (rest, Some(status.machine_guid), "host")
        } else if let Some(rest) = path.strip_prefix("/node/") {
            (rest, status.link.node, "node")
        } else {
            return Ok(path);
        };
        let (id, behind) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        match Guid::parse(id) {
            Ok(id) if Some(id) == ours => Ok(behind),
            // The original takes a host name too.
            Err(_) if kind == "host" && id == status.hostname.as_str() => Ok(behind),
            _ => Err(Text::of(format_args!("this is not the {kind} {id}"))),
        }
    }

    /// The value of the first parameter with this name, percent-decoded (RFC 3986 2.1; `+` is a blank). `None` if it is
    /// not there or empty.
    pub(super) fn parameter(&self, name: &str) -> Result<Option<heapless::String<PARAMETER_MAX>>, Text<160>> {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let Some((_, value)) = pairs.filter(|(key, _)| *key == name).find(|(_, value)| !value.is_empty()) else {
            return Ok(None);
        };
        match decode(value) {
            Some(value) => Ok(Some(value)),
            None => Err(Text::of(format_args!(
                "the parameter {name} is not percent-encoded text of at most {PARAMETER_MAX} bytes"
            ))),
        }
    }

    /// The value of a parameter that is an integer.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Text<160>> {
        let Some(text) = self.parameter(name)? else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Text::of(format_args!("the parameter {name} is not an integer"))),
        }
    }
}

fn decode(text: &str) -> Option<heapless::String<PARAMETER_MAX>> {
    let mut decoded = heapless::Vec::<u8, PARAMETER_MAX>::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let high = digit()?;
                high << 4 | digit()?
            }
            byte => byte,
        };
        decoded.push(byte).ok()?;
    }
    heapless::String::from_utf8(decoded).ok()
}
