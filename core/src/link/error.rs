//! The error body that every HTTPS endpoint of the Cloud may answer with (protocol.md 1.6 and 2.6).

use crate::stage::ServerSaid;
use crate::text::Text;
use crate::wire::json::{self, Reader, Shape, Unfit};
use core::fmt;
use core::time::Duration;

/// The longest delay a Cloud may ask for: a day. Longer ones count as that.
pub const RETRY_DELAY_MAX: Duration = Duration::from_secs(86_400);

/// `{"errorCode":…,"errorMsgKey":…,"errorMessage":…,"errorNonRetryable":…,"errorRetryDelaySeconds":…}`; every field may
/// be absent or null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// `errorMsgKey`.
    pub key: Text<48>,
    /// `errorMessage`.
    pub message: Text<128>,
    /// `errorCode`: a trace id.
    pub code: Text<48>,
    /// `errorNonRetryable`: the Cloud does not want to be asked again.
    non_retryable: Option<bool>,
    /// `errorRetryDelaySeconds`; zero and less mean nothing.
    retry_delay_seconds: Option<i64>,
}

const MEMBERS: Shape = Shape {
    what: "an error",
    members: &["errorMsgKey", "errorMessage", "errorCode", "errorNonRetryable", "errorRetryDelaySeconds"],
    required: 0,
};

impl ErrorBody {
    /// Reads `body`. One that is not such an object says nothing: an error page of a proxy is no reason to fail twice.
    #[must_use]
    pub fn parse(body: &[u8], scratch: &mut [u8]) -> Self {
        let mut error = Self::default();
        match json::read(body, scratch, &mut |reader| error.read(reader)) {
            Ok(()) => error,
            Err(_) => Self::default(),
        }
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Unfit> {
        reader.object(&MEMBERS, &mut |reader, member| {
            if reader.is_null() {
                return Ok(());
            }
            match member {
                0 => reader.string("text", &mut |text| self.key.replace(text)),
                1 => reader.string("text", &mut |text| self.message.replace(text)),
                2 => reader.string("text", &mut |text| self.code.replace(text)),
                3 => reader.boolean().map(|value| self.non_retryable = Some(value)),
                _ => reader.signed("i64").map(|value| self.retry_delay_seconds = Some(value)),
            }
        })
    }

    /// Whether the Cloud bans us until someone reloads or restarts.
    #[must_use]
    pub fn bans(&self) -> bool {
        self.non_retryable == Some(true)
    }

    /// How long the Cloud wants us to wait, at most [`RETRY_DELAY_MAX`].
    #[must_use]
    pub fn retry_delay(&self) -> Option<Duration> {
        let seconds = u64::try_from(self.retry_delay_seconds?).ok().filter(|seconds| *seconds > 0)?;
        Some(Duration::from_secs(seconds).min(RETRY_DELAY_MAX))
    }

    /// The words of the server as people see them.
    #[must_use]
    pub fn said(&self, status: u16) -> ServerSaid {
        ServerSaid { status, key: self.key.clone(), message: self.message.clone(), code: self.code.clone() }
    }

    /// Key and message in one phrase: `ErrIncorrectResponse (incorrect challenge response)`.
    #[must_use]
    pub fn words(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(|f| match (self.key.is_empty(), self.message.is_empty()) {
            (true, true) => f.write_str("no reason given"),
            (true, false) => write!(f, "{}", self.message),
            (false, true) => write!(f, "{}", self.key),
            (false, false) => write!(f, "{} ({})", self.key, self.message),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorBody, RETRY_DELAY_MAX};
    use core::time::Duration;
    use std::string::ToString;

    fn parse(body: &str) -> ErrorBody {
        ErrorBody::parse(body.as_bytes(), &mut [0; 512])
    }

    #[test]
    fn all_five_fields_are_read() {
        let body = parse(
            r#"{"errorCode":"t-1","errorMsgKey":"ErrIncorrectResponse","errorMessage":"incorrect challenge response",
                "errorNonRetryable":true,"errorRetryDelaySeconds":60,"more":[1,{"x":null}]}"#,
        );
        assert_eq!(body.words().to_string(), "ErrIncorrectResponse (incorrect challenge response)");
        assert_eq!(body.code.as_str(), "t-1");
        assert!(body.bans());
        assert_eq!(body.retry_delay(), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_body_that_is_no_error_object_says_nothing() {
        for body in ["", "<html>429</html>", "[]", "{\"errorMsgKey\":1}"] {
            assert_eq!(parse(body), ErrorBody::default(), "{body}");
        }
    }

    #[test]
    fn a_member_that_says_nothing_does_not_hide_the_others() {
        let body = parse(r#"{"errorMsgKey":"ErrForbidden","errorMessage":null,"errorCode":null}"#);
        assert_eq!(body.words().to_string(), "ErrForbidden");
        let body = parse(r#"{"errorNonRetryable":true,"errorRetryDelaySeconds":-1}"#);
        assert!(body.bans());
        assert_eq!(body.retry_delay(), None);
    }

    #[test]
    fn a_delay_is_bounded() {
        assert_eq!(parse(r#"{"errorRetryDelaySeconds":99999999999}"#).retry_delay(), Some(RETRY_DELAY_MAX));
        assert_eq!(parse(r#"{"errorRetryDelaySeconds":4294967295}"#).retry_delay(), Some(RETRY_DELAY_MAX));
        assert_eq!(parse(r#"{"errorRetryDelaySeconds":0}"#).retry_delay(), None);
        assert_eq!(parse(r#"{"errorRetryDelaySeconds":null}"#).retry_delay(), None);
    }
}
