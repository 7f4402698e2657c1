//! The talk with a SOCKS5 proxy (RFC 1928, RFC 1929).

use crate::field::{Fields, field, layer, named, text};
use crate::reader::Reader;
use crate::stream::Cut;
use crate::view::{Layer, Protocol};
use core::net::{Ipv4Addr, Ipv6Addr};
use core::ops::Range;

/// A message of the talk, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The client says which ways to log in it knows.
    Greeting,
    /// The proxy chooses one.
    Choice,
    /// User name and password.
    Credentials,
    /// Whether they are right.
    Verdict,
    /// Where to connect to.
    Request,
    /// What came of it.
    Reply,
}

impl Step {
    /// How long the message in front is.
    pub(crate) fn measure(self, bytes: &[u8]) -> Cut {
        let mut reader = Reader::new(bytes, 0..bytes.len());
        let len = match self {
            Self::Greeting => reader.take(1).and_then(|_| reader.u8()).map(|count| 2 + u64::from(count)),
            Self::Choice | Self::Verdict => Some(2),
            Self::Credentials => credentials_len(&mut reader),
            Self::Request | Self::Reply => address_len(&mut reader),
        };
        let version = if matches!(self, Self::Credentials | Self::Verdict) { 1 } else { 5 };
        match (bytes.first(), len) {
            (Some(first), _) if *first != version => Cut::Wrong,
            (_, Some(0)) => Cut::Wrong,
            (_, Some(len)) => Cut::Message(len),
            (_, None) => Cut::More,
        }
    }

    /// One line.
    pub(crate) fn headline(self, bytes: &[u8]) -> String {
        let mut reader = Reader::new(bytes, 0..bytes.len());
        let line = match self {
            Self::Greeting => Some("hello to the proxy".to_owned()),
            Self::Choice => {
                reader.take(1).and_then(|_| reader.u8()).map(|method| format!("log in by: {}", method_words(method)))
            }
            Self::Credentials => Some("user name and password".to_owned()),
            Self::Verdict => reader.take(1).and_then(|_| reader.u8()).map(|status| verdict_words(status).to_owned()),
            Self::Request => {
                reader.take(3).and_then(|_| address(&mut reader)).map(|target| format!("connect me to {target}"))
            }
            Self::Reply => reader.take(1).and_then(|_| reader.u8()).map(|code| named(reply_name(code), code)),
        };
        line.unwrap_or_default()
    }

    pub(crate) fn layer(self, source: &[u8], range: Range<usize>) -> Layer {
        let (title, help) = match self {
            Self::Greeting => {
                ("SOCKS5 greeting", "A client asks a proxy to connect it to somebody. First it says how it can log in.")
            }
            Self::Choice => ("SOCKS5 choice", "The proxy says how to log in."),
            Self::Credentials => ("SOCKS5 login", "User name and password, for everybody to read who is on the way."),
            Self::Verdict => ("SOCKS5 verdict", "Whether the proxy knows user and password."),
            Self::Request => ("SOCKS5 request", "Where the proxy shall connect to."),
            Self::Reply => ("SOCKS5 reply", "What came of it. Behind a success the bytes are those of the target."),
        };
        layer(Protocol::Socks5, title, source, range, help, |fields, reader| self.explain(fields, reader))
    }

    fn explain(self, fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
        let at = reader.at();
        let version = reader.u8()?;
        fields.add(field("Version", version.to_string(), at..reader.at()));
        let at = reader.at();
        match self {
            Self::Greeting => {
                let methods = reader.block8()?.rest();
                let names: Vec<String> = methods.iter().map(|method| method_words(*method)).collect();
                fields.add(field("Ways to log in", names.join(", "), at..reader.at()));
            }
            Self::Choice => {
                let method = reader.u8()?;
                fields.add(field("Way to log in", method_words(method), at..reader.at()));
            }
            Self::Credentials => {
                for name in ["User name", "Password"] {
                    let block = reader.block8()?;
                    fields.add(field(name, text(block.rest()), block.at()..block.end()).secret());
                }
            }
            Self::Verdict => {
                let status = reader.u8()?;
                fields.add(field("Status", verdict_words(status), at..reader.at()));
            }
            Self::Request | Self::Reply => {
                let code = reader.u8()?;
                let (name, value) = if self == Self::Request {
                    ("Command", named((code == 1).then_some("connect"), code))
                } else {
                    ("Result", named(reply_name(code), code))
                };
                fields.add(field(name, value, at..reader.at()));
                reader.u8()?;
                let at = reader.at();
                let target = address(reader)?;
                fields.add(field("Address", target, at..reader.at()));
            }
        }
        Some(())
    }
}

fn credentials_len(reader: &mut Reader<'_>) -> Option<u64> {
    reader.u8()?;
    let user = reader.u8()?;
    reader.take(user.into())?;
    let password = reader.u8()?;
    Some(3 + u64::from(user) + u64::from(password))
}

/// 0 for an address of an unknown kind.
fn address_len(reader: &mut Reader<'_>) -> Option<u64> {
    reader.take(3)?;
    Some(match reader.u8()? {
        1 => 10,
        3 => 7 + u64::from(reader.u8()?),
        4 => 22,
        _ => 0,
    })
}

fn address(reader: &mut Reader<'_>) -> Option<String> {
    let host = match reader.u8()? {
        1 => Ipv4Addr::from(reader.u32()?).to_string(),
        3 => text(reader.block8()?.rest()),
        4 => format!("[{}]", Ipv6Addr::from(reader.array::<16>()?)),
        _ => return None,
    };
    Some(format!("{host}:{}", reader.u16()?))
}

/// The host that a request names.
pub(crate) fn target(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader::new(bytes, 0..bytes.len());
    reader.take(3)?;
    let target = address(&mut reader)?;
    target.rsplit_once(':').map(|(host, _)| host.to_owned())
}

fn method_words(method: u8) -> String {
    let name = match method {
        0 => Some("not at all"),
        1 => Some("GSSAPI"),
        2 => Some("user name and password"),
        0xff => Some("none of these"),
        _ => None,
    };
    named(name, method)
}

const fn verdict_words(status: u8) -> &'static str {
    if status == 0 { "user and password are right" } else { "refused" }
}

const fn reply_name(code: u8) -> Option<&'static str> {
    match code {
        0 => Some("connected"),
        1 => Some("the proxy failed"),
        2 => Some("not allowed"),
        3 => Some("network unreachable"),
        4 => Some("host unreachable"),
        5 => Some("connection refused"),
        6 => Some("on its way for too long"),
        7 => Some("command not supported"),
        8 => Some("kind of address not supported"),
        _ => None,
    }
}
