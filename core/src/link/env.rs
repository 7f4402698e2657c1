//! `GET /api/v1/env`: where to log in, where the link is, how to back off (protocol.md 2.4).

use crate::text::Text;
use crate::wire::json::{self, JsonError};
use crate::wire::url::{URL_MAX, Url, UrlError};
use core::fmt;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

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
        let wire: Wire = json::parse(body, scratch).map_err(EnvError::Json)?;
        let auth = wire.auth_endpoint.ok_or(EnvError::Missing("authEndpoint"))?;
        let encoding = wire.encoding.ok_or(EnvError::Missing("encoding"))?;
        let transports = wire.transports.ok_or(EnvError::Missing("transports"))?;
        let backoff = wire.backoff.ok_or(EnvError::Missing("backoff"))?;
        let capabilities = wire.capabilities.ok_or(EnvError::Missing("capabilities"))?;
        if encoding.as_str() != ENCODING {
            return Err(EnvError::Encoding);
        }
        if !capabilities.proto {
            return Err(EnvError::Capability);
        }
        let endpoint = transports.endpoint.ok_or(EnvError::Transport)?;
        Ok(Self {
            auth: Url::parse(&auth).map_err(|error| EnvError::Url("authEndpoint", error))?,
            transport: Url::parse_transport(&endpoint).map_err(|error| EnvError::Url("endpoint", error))?,
            backoff: backoff.policy()?,
        })
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "authEndpoint", default)]
    auth_endpoint: Option<heapless::String<URL_MAX>>,
    #[serde(default)]
    encoding: Option<Text<16>>,
    #[serde(default)]
    transports: Option<Transports>,
    #[serde(default)]
    backoff: Option<WireBackoff>,
    #[serde(default)]
    capabilities: Option<Capabilities>,
}

#[derive(Deserialize)]
struct WireBackoff {
    #[serde(default)]
    base: u32,
    #[serde(rename = "minSeconds", default)]
    min_seconds: u32,
    #[serde(rename = "maxSeconds", default)]
    max_seconds: u32,
}

impl WireBackoff {
    fn policy(&self) -> Result<BackoffPolicy, EnvError> {
        if !(1..=10).contains(&self.base) {
            return Err(EnvError::Backoff("base"));
        }
        if !(500..=i32::MAX as u32).contains(&self.max_seconds) {
            return Err(EnvError::Backoff("maxSeconds"));
        }
        if self.min_seconds > self.max_seconds {
            return Err(EnvError::Backoff("minSeconds"));
        }
        Ok(BackoffPolicy { base: self.base, min_seconds: self.min_seconds, max_seconds: self.max_seconds })
    }
}

/// The first entry of a type we speak. Unknown types may stand before it.
struct Transports {
    endpoint: Option<heapless::String<URL_MAX>>,
}

#[derive(Deserialize)]
struct WireTransport {
    #[serde(rename = "type", default)]
    kind: Text<16>,
    #[serde(default)]
    endpoint: heapless::String<URL_MAX>,
}

impl<'de> Deserialize<'de> for Transports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First;

        impl<'de> Visitor<'de> for First {
            type Value = Transports;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of transports")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Transports, A::Error> {
                let mut endpoint = None;
                while let Some(entry) = entries.next_element::<WireTransport>()? {
                    if endpoint.is_none() && entry.kind.as_str() == TRANSPORT {
                        endpoint = Some(entry.endpoint);
                    }
                }
                Ok(Transports { endpoint })
            }
        }

        deserializer.deserialize_seq(First)
    }
}

/// Whether the one capability that matters is in the list.
struct Capabilities {
    proto: bool,
}

impl<'de> Deserialize<'de> for Capabilities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Capabilities;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of capabilities")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Capabilities, A::Error> {
                let mut proto = false;
                while let Some(name) = names.next_element::<Text<16>>()? {
                    proto |= name.as_str() == ENCODING;
                }
                Ok(Capabilities { proto })
            }

            fn visit_unit<E>(self) -> Result<Capabilities, E> {
                Ok(Capabilities { proto: false })
            }
        }

        deserializer.deserialize_seq(Any)
    }
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
