//! The one-time password: a challenge only our key can read, and the credentials it buys (protocol.md 2.5).

use crate::identity::guid::Guid;
use crate::identity::key::{CIPHERTEXT_LEN, PLAINTEXT_MAX};
use crate::link::topics::{TopicError, Topics};
use crate::secret::Secret;
use crate::settings::AGENT_VERSION;
use crate::wire::buffer::Writer;
use crate::wire::json::{self, JsonError};
use base64ct::{Base64, Encoding};
use core::fmt;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// Length of a challenge in base64: 256 bytes with padding.
pub const CHALLENGE_LEN: usize = 344;
/// Longest MQTT client id or user name, in bytes.
pub const NAME_MAX: usize = 128;
/// Longest MQTT password, in bytes.
pub const PASSWORD_MAX: usize = 1024;
/// Length of the answer in base64, at most.
pub const ANSWER_MAX: usize = PLAINTEXT_MAX.div_ceil(3) * 4;

/// Why a reply to the challenge or password request is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtpError {
    /// Not JSON, or a value of the wrong type.
    Json(JsonError),
    /// A required key is absent or its value is too long.
    Missing(&'static str),
    /// The challenge is not 344 characters of base64.
    Challenge(usize),
    /// A topic is missing.
    Topic(TopicError),
}

impl fmt::Display for OtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "{error}"),
            Self::Missing(key) => write!(f, "the reply lacks \"{key}\""),
            Self::Challenge(CHALLENGE_LEN) => f.write_str("the challenge is not base64"),
            Self::Challenge(len) => write!(f, "the challenge has {len} characters, not {CHALLENGE_LEN}"),
            Self::Topic(error) => write!(f, "{error}"),
        }
    }
}

/// The challenge in the reply, as ciphertext.
///
/// # Errors
/// [`OtpError`].
pub fn parse_challenge(body: &[u8], scratch: &mut [u8]) -> Result<[u8; CIPHERTEXT_LEN], OtpError> {
    #[derive(Deserialize)]
    struct Reply {
        #[serde(default)]
        challenge: Option<Ciphertext>,
    }

    let reply: Reply = json::parse(body, scratch).map_err(OtpError::Json)?;
    match reply.challenge.ok_or(OtpError::Missing("challenge"))? {
        Ciphertext(Ok(bytes)) => Ok(bytes),
        Ciphertext(Err(len)) => Err(OtpError::Challenge(len)),
    }
}

/// The ciphertext, or the length of the text that is none.
struct Ciphertext(Result<[u8; CIPHERTEXT_LEN], usize>);

impl<'de> Deserialize<'de> for Ciphertext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Ciphertext;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a challenge")
            }

            fn visit_str<E>(self, text: &str) -> Result<Ciphertext, E> {
                let mut bytes = [0; CIPHERTEXT_LEN];
                let complete = Base64::decode(text, &mut bytes).is_ok_and(|decoded| decoded.len() == CIPHERTEXT_LEN);
                Ok(Ciphertext(if complete { Ok(bytes) } else { Err(text.len()) }))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Writes the body of the password request: `{"agent_version":"v…", "response":"…"}`.
///
/// Standard base64 with padding. The blank after the comma is what the original sends.
pub fn write_password_request(answer: &Secret<PLAINTEXT_MAX>, w: &mut Writer<'_>) {
    let text = encode_answer(answer);
    w.put_fmt(format_args!("{{\"agent_version\":\"v{AGENT_VERSION}\", \"response\":\""));
    w.put(text.expose());
    w.put(b"\"}");
}

/// The answer as it is sent.
#[must_use]
pub fn encode_answer(answer: &Secret<PLAINTEXT_MAX>) -> Secret<ANSWER_MAX> {
    // There is room for the longest answer.
    Secret::fill_with(|buffer| Base64::encode(answer.expose(), buffer).map(str::len)).unwrap_or_default()
}

/// What the link logs in with.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// MQTT client id.
    pub client_id: heapless::String<NAME_MAX>,
    /// MQTT user name.
    pub username: heapless::String<NAME_MAX>,
    /// MQTT password.
    pub password: Secret<PASSWORD_MAX>,
    /// Where to publish and what to subscribe to, with the claimed id filled in.
    pub topics: Topics,
}

impl Credentials {
    /// Reads the body of the reply to the password request.
    ///
    /// # Errors
    /// [`OtpError`].
    pub fn parse(body: &[u8], id: Guid, scratch: &mut [u8]) -> Result<Self, OtpError> {
        let mut credentials = Self::default();
        credentials.read(body, id, scratch)?;
        Ok(credentials)
    }

    /// The same, in the place of what was there before: they are too large to be moved. After an error they are of no use.
    ///
    /// # Errors
    /// [`OtpError`].
    #[inline(never)]
    pub fn read(&mut self, body: &[u8], id: Guid, scratch: &mut [u8]) -> Result<(), OtpError> {
        let mut found = Found::default();
        let wire = Wire { credentials: self, found: &mut found };
        json::parse_seed(wire, body, scratch).map_err(OtpError::Json)?;
        let missing = |is_there: bool, name| if is_there { Ok(()) } else { Err(OtpError::Missing(name)) };
        missing(found.topics, "topics")?;
        self.topics.fill_in(id).map_err(OtpError::Topic)?;
        missing(found.client_id, "clientID")?;
        missing(found.username, "username")?;
        missing(found.password, "password")
    }
}

/// What the reply says, put where it stays.
struct Wire<'c> {
    credentials: &'c mut Credentials,
    found: &'c mut Found,
}

/// Which members the reply has.
#[derive(Default)]
struct Found {
    client_id: bool,
    username: bool,
    password: bool,
    topics: bool,
}

/// The names of its members.
#[derive(Deserialize)]
enum Member {
    #[serde(rename = "clientID")]
    ClientId,
    #[serde(rename = "username")]
    Username,
    #[serde(rename = "password")]
    Password,
    #[serde(rename = "topics")]
    Topics,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for Wire<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wire<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reply to the password request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { credentials, found } = self;
        let [mut client_id, mut username, mut password, mut topics] = [false; 4];
        while let Some(member) = members.next_key::<Member>()? {
            let (seen, name) = match &member {
                Member::ClientId => (&mut client_id, "clientID"),
                Member::Username => (&mut username, "username"),
                Member::Password => (&mut password, "password"),
                Member::Topics => (&mut topics, "topics"),
                Member::Other => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if core::mem::replace(seen, true) {
                return Err(A::Error::duplicate_field(name));
            }
            match member {
                Member::ClientId => found.client_id = read(&mut members, Slot(&mut credentials.client_id))?,
                Member::Username => found.username = read(&mut members, Slot(&mut credentials.username))?,
                Member::Password => found.password = read(&mut members, Slot(&mut credentials.password))?,
                Member::Topics => found.topics = read(&mut members, &mut credentials.topics)?,
                Member::Other => {}
            }
        }
        Ok(())
    }
}

/// Reads the value of a member into `place`; says whether there is one, and not `null`. Each kind has a frame of its own on the
/// stack, so that they do not add up.
#[inline(never)]
fn read<'de, A, P>(members: &mut A, place: P) -> Result<bool, A::Error>
where
    A: MapAccess<'de>,
    P: DeserializeSeed<'de>,
{
    members.next_value_seed(Present(place)).map(|value| value.is_some())
}

/// What is read unless there is `null`.
struct Present<P>(P);

impl<'de, P: DeserializeSeed<'de>> DeserializeSeed<'de> for Present<P> {
    type Value = Option<P::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, P: DeserializeSeed<'de>> Visitor<'de> for Present<P> {
    type Value = Option<P::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

/// Text that is put where it stays.
struct Slot<'p, T>(&'p mut T);

/// Takes text up to a length.
trait Place {
    /// What it takes.
    const WHAT: &'static str;
    /// How much of it, in bytes.
    const MAX: usize;

    /// Puts `text` in the place of what was there before; says whether it fits.
    fn put(&mut self, text: &str) -> bool;
}

impl Place for heapless::String<NAME_MAX> {
    const WHAT: &'static str = "a text of at most";
    const MAX: usize = NAME_MAX;

    fn put(&mut self, text: &str) -> bool {
        self.clear();
        self.push_str(text).is_ok()
    }
}

impl Place for Secret<PASSWORD_MAX> {
    const WHAT: &'static str = "a password of at most";
    const MAX: usize = PASSWORD_MAX;

    fn put(&mut self, text: &str) -> bool {
        self.replace(text.as_bytes()).is_ok()
    }
}

impl<'de, T: Place> DeserializeSeed<'de> for Slot<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T: Place> Visitor<'_> for Slot<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} bytes", T::WHAT, T::MAX)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.0.put(text) { Ok(()) } else { Err(E::invalid_length(text.len(), &self)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHALLENGE_LEN, Credentials, OtpError, parse_challenge, write_password_request};
    use crate::identity::guid::Guid;
    use crate::link::topics::Name;
    use crate::secret::Secret;
    use crate::wire::buffer::Writer;
    use std::format;
    use std::string::{String, ToString};

    const ID: &str = "11111111-2222-4333-8444-555555555555";

    fn id() -> Guid {
        Guid::parse(ID).unwrap()
    }

    fn password_reply(topics: &str) -> String {
        format!(r#"{{"clientID":"c-1","username":"u-1","password":"otp-secret","topics":[{topics}]}}"#)
    }

    const TOPICS: &str = r##"{"name":"chart","topic":"x"},
        {"name":"inbox-cmd","topic":"/agent/#{claim_id}/inbound/cmd"},
        {"name":"inbox-cmd-v1","topic":"/agent/#{claim_id}/inbound/v1/cmd/+"},
        {"topic":"\/agent\/#{claim_id}\/outbound\/v1\/agent-connection","name":"agent-connection"}"##;

    #[test]
    fn a_challenge_must_have_344_characters_of_base64() {
        let good = format!(r#"{{"challenge":"{}=="}}"#, "A".repeat(CHALLENGE_LEN - 2));
        assert_eq!(parse_challenge(good.as_bytes(), &mut [0; 512]), Ok([0; 256]));
        let short = format!(r#"{{"challenge":"{}"}}"#, "A".repeat(340));
        assert_eq!(parse_challenge(short.as_bytes(), &mut [0; 512]), Err(OtpError::Challenge(340)));
        let bad = format!(r#"{{"challenge":"{}"}}"#, "!".repeat(CHALLENGE_LEN));
        assert_eq!(
            parse_challenge(bad.as_bytes(), &mut [0; 512]).unwrap_err().to_string(),
            "the challenge is not base64"
        );
        assert_eq!(parse_challenge(b"{}", &mut [0; 512]), Err(OtpError::Missing("challenge")));
    }

    #[test]
    fn the_password_request_is_that_of_the_original() {
        let mut buffer = [0; 512];
        let mut w = Writer::new(&mut buffer);
        write_password_request(&Secret::copy_of(&[9; 32]).unwrap(), &mut w);
        assert_eq!(
            core::str::from_utf8(w.written()).unwrap(),
            r#"{"agent_version":"v2.10.4", "response":"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk="}"#
        );
    }

    #[test]
    fn credentials_come_with_topics_filled_in() {
        let body = password_reply(TOPICS);
        let credentials = Credentials::parse(body.as_bytes(), id(), &mut [0; 512]).unwrap();
        assert_eq!(credentials.password.expose(), b"otp-secret");
        assert_eq!(credentials.topics.topic(Name::InboxCmd), format!("/agent/{ID}/inbound/cmd"));
        assert_eq!(
            credentials.topics.topic(Name::AgentConnection),
            format!("/agent/{ID}/outbound/v1/agent-connection")
        );
    }

    #[test]
    fn a_topic_that_is_missing_or_has_no_tag_is_named() {
        for (from, to) in [
            ("\"inbox-cmd-v1\"", "\"other\""),
            ("/agent/#{claim_id}/inbound/v1/cmd/+", "/agent/inbound/v1/cmd/+"),
            ("/agent/#{claim_id}/inbound/v1/cmd/+", &format!("/agent/#{{claim_id}}/{}", "x".repeat(120))),
        ] {
            let body = password_reply(&TOPICS.replacen(from, to, 1));
            let error = Credentials::parse(body.as_bytes(), id(), &mut [0; 512]).unwrap_err();
            assert_eq!(error.to_string(), "the Cloud handed out no usable topic \"inbox-cmd-v1\"");
        }
    }

    #[test]
    fn credentials_never_print_the_password() {
        let body = password_reply(TOPICS);
        let credentials = Credentials::parse(body.as_bytes(), id(), &mut [0; 512]).unwrap();
        assert!(!format!("{credentials:?}").contains("otp-secret"));
    }
}
