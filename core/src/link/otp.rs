//! The one-time password: a challenge only our key can read, and the credentials it buys (protocol.md 2.5).

use crate::identity::guid::Guid;
use crate::identity::key::{CIPHERTEXT_LEN, PLAINTEXT_MAX};
use crate::link::topics::{TopicError, Topics};
use crate::secret::Secret;
use crate::settings::AGENT_VERSION;
use crate::wire::buffer::Writer;
use crate::wire::json::{self, JsonError, Shape};
use base64ct::{Base64, Encoding};
use core::fmt;

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
    const MEMBERS: Shape = Shape { what: "a reply to the challenge request", members: &["challenge"], required: 0 };

    let mut bytes = [0; CIPHERTEXT_LEN];
    let mut outcome = Err(OtpError::Missing("challenge"));
    let read = json::read(body, scratch, &mut |reader| {
        reader.object(&MEMBERS, &mut |reader, _| {
            if reader.is_null() {
                return Ok(());
            }
            reader.string("a challenge", &mut |text| {
                let complete = Base64::decode(text, &mut bytes).is_ok_and(|decoded| decoded.len() == CIPHERTEXT_LEN);
                outcome = if complete { Ok(()) } else { Err(OtpError::Challenge(text.len())) };
                true
            })
        })
    });
    read.map_err(OtpError::Json)?;
    outcome.map(|()| bytes)
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
        let mut found = [false; MEMBERS.members.len()];
        json::read(body, scratch, &mut |reader| {
            reader.object(&MEMBERS, &mut |reader, member| {
                if reader.is_null() {
                    return Ok(());
                }
                if let Some(found) = found.get_mut(member) {
                    *found = true;
                }
                match member {
                    0 => self.topics.read(reader),
                    1 => reader.string_into(NAME, &mut self.client_id),
                    2 => reader.string_into(NAME, &mut self.username),
                    _ => reader.string(PASSWORD, &mut |text| self.password.replace(text.as_bytes()).is_ok()),
                }
            })
        })
        .map_err(OtpError::Json)?;
        let missing = |(found, name): (bool, &'static str)| if found { Ok(()) } else { Err(OtpError::Missing(name)) };
        let [topics, others @ ..] = found;
        let [first, names @ ..] = MEMBERS.members else { return Ok(()) };
        missing((topics, first))?;
        self.topics.fill_in(id).map_err(OtpError::Topic)?;
        others.into_iter().zip(names.iter().copied()).try_for_each(missing)
    }
}

/// The members of the reply, in the order in which they are missed.
const MEMBERS: Shape = Shape {
    what: "a reply to the password request",
    members: &["topics", "clientID", "username", "password"],
    required: 0,
};
const NAME: &str = "a text of at most 128 bytes";
const PASSWORD: &str = "a password of at most 1024 bytes";
const _: () = assert!(NAME_MAX == 128 && PASSWORD_MAX == 1024);

#[cfg(test)]
mod tests {
    use super::{CHALLENGE_LEN, Credentials, OtpError, encode_answer, parse_challenge, write_password_request};
    use crate::identity::guid::Guid;
    use crate::identity::key::PLAINTEXT_MAX;
    use crate::link::topics::Name;
    use crate::secret::Secret;
    use crate::wire::buffer::Writer;
    use base64ct::{Base64, Encoding};
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
    fn the_longest_answer_is_sent_whole() {
        let answer = [0x5a; PLAINTEXT_MAX];
        let sent = encode_answer(&Secret::copy_of(&answer).unwrap());
        assert_eq!(Base64::decode(sent.expose(), &mut [0; PLAINTEXT_MAX]), Ok(&answer[..]));
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
