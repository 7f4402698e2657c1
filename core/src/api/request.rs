//! A request, taken apart.

use super::Refusal;
use crate::encoding::Encoding;
use crate::identity::guid::Guid;
use crate::node::Status;

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
    pub(super) fn path_on(&self, status: &Status) -> Result<&'a str, Refusal<'a>> {
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
            _ => Err(Refusal::OtherNode { kind, id }),
        }
    }

    /// The value of the first parameter with this name, percent-decoded (RFC 3986 2.1; `+` is a blank). `None` if it is
    /// not there or empty. It is decoded into `room`.
    #[inline(never)]
    pub(super) fn parameter<'r>(&self, name: &'static str, room: &'r mut Room) -> Result<Option<&'r str>, Refusal<'a>> {
        let pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let Some((_, value)) = pairs.filter(|(key, _)| *key == name).find(|(_, value)| !value.is_empty()) else {
            return Ok(None);
        };
        decode(value, room).map(Some).ok_or(Refusal::NotText(name))
    }

    /// The value of a parameter that is an integer.
    #[inline(never)]
    pub(super) fn integer(&self, name: &'static str) -> Result<Option<i64>, Refusal<'a>> {
        let mut room = ROOM;
        let Some(text) = self.parameter(name, &mut room)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Refusal::NotInteger(name))
    }
}

/// Where a parameter is decoded.
pub(super) type Room = [u8; PARAMETER_MAX];
pub(super) const ROOM: Room = [0; PARAMETER_MAX];

fn decode<'r>(text: &str, room: &'r mut Room) -> Option<&'r str> {
    let mut len = 0;
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
        *room.get_mut(len)? = byte;
        len += 1;
    }
    core::str::from_utf8(room.get(..len)?).ok()
}
