//! `GET /api/v1/env`: where to log in, where the link is, how to back off (protocol.md 2.4).

use crate::wire::json::{self, JsonError, Reader, Shape, Unfit};
use crate::wire::url::{URL_MAX, Url, UrlError};
use core::fmt;

/// The transport that is spoken.
const TRANSPORT: &str = "MQTTv5";
/// The encoding that is spoken, and the capability that goes with it.
const ENCODING: &str = "proto";

/// What `/env` told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Where challenge and password are; its path is their prefix.
    pub auth: Url,
    /// Where the WebSocket is. Its path is not used: that is always `/mqtt`.
    pub transport: Url,
    /// How long to wait between attempts.
    pub backoff: BackoffPolicy,
}

/// The Cloud's wish about the time between attempts. The engine turns it into delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackoffPolicy {
    /// Factor from one attempt to the next, 1 to 10.
    pub base: u32,
    /// Shortest delay.
    pub min_seconds: u32,
    /// Longest delay, before jitter.
    pub max_seconds: u32,
}

impl BackoffPolicy {
    /// What holds before any `/env` was read (protocol.md 2.12).
    pub const DEFAULT: Self = Self { base: 2, min_seconds: 0, max_seconds: 1024 };
}

/// Why a reply to `/env` is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvError {
    /// Not JSON, or a value of the wrong type.
    Json(JsonError),
    /// A required key is absent.
    Missing(&'static str),
    /// A URL cannot be used.
    Url(&'static str, UrlError),
    /// The Cloud wants an encoding other than protobuf.
    Encoding,
    /// The Cloud offers no MQTT 5.
    Transport,
    /// The Cloud does not list the capability `proto`.
    Capability,
    /// A back-off value is out of its range.
    Backoff(&'static str),
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the reply to /env: {error}"),
            Self::Missing(key) => write!(f, "the reply to /env lacks \"{key}\""),
            Self::Url(key, error) => write!(f, "the reply to /env: \"{key}\": {error}"),
            Self::Encoding => f.write_str("the Cloud wants an encoding other than \"proto\""),
            Self::Transport => f.write_str("the Cloud offers no transport of type \"MQTTv5\""),
            Self::Capability => f.write_str("the Cloud does not list the capability \"proto\""),
            Self::Backoff(key) => write!(f, "the reply to /env: \"backoff\": \"{key}\" is out of range"),
        }
    }
}

impl Environment {
    /// Reads the body of the reply; `scratch` must hold its longest string that has escapes.
    ///
    /// # Errors
    /// [`EnvError`], for everything that the original refuses too.
    pub fn parse(body: &[u8], scratch: &mut [u8]) -> Result<Self, EnvError> {
        let mut wire = Wire::default();
        json::read(body, scratch, &mut |reader| wire.read(reader)).map_err(EnvError::Json)?;
        let missing = MEMBERS.members.iter().zip(wire.found).find(|(_, found)| !found);
        if let Some((key, _)) = missing {
            return Err(EnvError::Missing(key));
        }
        if !wire.is_encoding_spoken {
            return Err(EnvError::Encoding);
        }
        if !wire.is_capable {
            return Err(EnvError::Capability);
        }
        let endpoint = wire.endpoint.ok_or(EnvError::Transport)?;
        Ok(Self {
            auth: Url::parse(&wire.auth).map_err(|error| EnvError::Url("authEndpoint", error))?,
            transport: Url::parse_transport(&endpoint).map_err(|error| EnvError::Url("endpoint", error))?,
            backoff: policy(wire.backoff)?,
        })
    }
}

/// The members of the reply, in the order in which they are missed.
const MEMBERS: Shape = Shape {
    what: "the reply to /env",
    members: &["authEndpoint", "encoding", "transports", "backoff", "capabilities"],
    required: 0,
};
const BACKOFF: Shape = Shape { what: "a back-off", members: &["base", "minSeconds", "maxSeconds"], required: 0 };
const TRANSPORTS: Shape = Shape { what: "a transport", members: &["type", "endpoint"], required: 0 };
const URL: &str = "a string no more than 256 bytes long";
const _: () = assert!(URL_MAX == 256);

/// What the reply says.
#[derive(Default)]
struct Wire {
    /// Which of its [`MEMBERS`] it has, and not as `null`.
    found: [bool; 5],
    auth: heapless::String<URL_MAX>,
    is_encoding_spoken: bool,
    /// That of the first transport of a type we speak. Unknown types may stand before it.
    endpoint: Option<heapless::String<URL_MAX>>,
    /// In the order of [`BACKOFF`].
    backoff: [u32; 3],
    is_capable: bool,
}

impl Wire {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Unfit> {
        reader.object(&MEMBERS, &mut |reader, member| {
            let is_there = !reader.is_null();
            if let Some(found) = self.found.get_mut(member) {
                *found = is_there;
            }
            match member {
                _ if !is_there => Ok(()),
                0 => reader.string_into(URL, &mut self.auth),
                1 => reader.string("text", &mut |text| {
                    self.is_encoding_spoken = text == ENCODING;
                    true
                }),
                2 => self.read_transports(reader),
                3 => reader.object(&BACKOFF, &mut |reader, member| {
                    // No larger than its type.
                    let value = u32::try_from(reader.unsigned("u32", u32::MAX.into())?).unwrap_or(u32::MAX);
                    if let Some(place) = self.backoff.get_mut(member) {
                        *place = value;
                    }
                    Ok(())
                }),
                _ => reader.array("a list of capabilities", &mut |reader, _| {
                    reader.string("text", &mut |name| {
                        self.is_capable |= name == ENCODING;
                        true
                    })
                }),
            }
        })
    }

    fn read_transports(&mut self, reader: &mut Reader<'_>) -> Result<(), Unfit> {
        reader.array("a list of transports", &mut |reader, _| {
            let mut is_spoken = false;
            let mut endpoint = heapless::String::new();
            reader.object(&TRANSPORTS, &mut |reader, member| match member {
                0 => reader.string("text", &mut |kind| {
                    is_spoken = kind == TRANSPORT;
                    true
                }),
                _ => reader.string_into(URL, &mut endpoint),
            })?;
            if is_spoken {
                self.endpoint.get_or_insert(endpoint);
            }
            Ok(())
        })
    }
}

fn policy([base, min_seconds, max_seconds]: [u32; 3]) -> Result<BackoffPolicy, EnvError> {
    if !(1..=10).contains(&base) {
        return Err(EnvError::Backoff("base"));
    }
    if !(500..=i32::MAX as u32).contains(&max_seconds) {
        return Err(EnvError::Backoff("maxSeconds"));
    }
    if min_seconds > max_seconds {
        return Err(EnvError::Backoff("minSeconds"));
    }
    Ok(BackoffPolicy { base, min_seconds, max_seconds })
}

#[cfg(test)]
mod tests {
    use super::{EnvError, Environment};
    use std::string::{String, ToString};

    const GOOD: &str = r#"{"authEndpoint":"https://app.example/api/v1/auth","encoding":"proto",
        "transports":[{"type":"MQTTv3","endpoint":"https://old.example/mqtt"},{"endpoint":"https:\/\/app.example:8443\/mqtt","type":"MQTTv5","x":{}}],
        "backoff":{"base":2,"minSeconds":0,"maxSeconds":1024},"capabilities":["ctx","proto"],"later":[[1.5e3]]}"#;

    fn parse(body: &str) -> Result<Environment, EnvError> {
        Environment::parse(body.as_bytes(), &mut [0; 512])
    }

    fn with(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replacen(from, to, 1)
    }

    #[test]
    fn a_good_reply_gives_both_endpoints() {
        let env = parse(GOOD).unwrap();
        assert_eq!((env.auth.host(), env.auth.port(), env.auth.path()), ("app.example", 443, "/api/v1/auth"));
        assert_eq!((env.transport.host(), env.transport.port()), ("app.example", 8443));
        assert_eq!((env.backoff.base, env.backoff.min_seconds, env.backoff.max_seconds), (2, 0, 1024));
    }

    #[test]
    fn what_the_original_refuses_is_refused_with_its_name() {
        for (body, words) in [
            (with("authEndpoint", "auth"), "lacks \"authEndpoint\""),
            (with("\"encoding\"", "\"e\""), "lacks \"encoding\""),
            (with("\"backoff\"", "\"b\""), "lacks \"backoff\""),
            (with("\"transports\"", "\"t\""), "lacks \"transports\""),
            (with("\"encoding\":\"proto\"", "\"encoding\":\"json\""), "encoding other than"),
            (with("MQTTv5", "MQTTv6"), "no transport of type"),
            (with("\"ctx\",\"proto\"", "\"ctx\""), "capability"),
            (with("\"base\":2", "\"base\":0"), "\"base\" is out of range"),
            (with("\"base\":2", "\"base\":11"), "\"base\" is out of range"),
            (with("1024", "499"), "\"maxSeconds\" is out of range"),
            (with("\"minSeconds\":0", "\"minSeconds\":2000"), "\"minSeconds\" is out of range"),
            (with("https://app.example/api", "http://app.example/api"), "\"authEndpoint\""),
        ] {
            let error = parse(&body).unwrap_err().to_string();
            assert!(error.contains(words), "{error} should contain {words}");
        }
    }
}
