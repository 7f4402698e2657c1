//! Answers, with every way in which a fault can bend them.

use serde_json::Value;
use std::time::Duration;

/// What `Content-Length` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Length {
    /// The truth.
    Exact,
    /// These header lines instead, without the line end.
    Lines(Vec<String>),
    /// Nothing.
    Absent,
}

/// What happens to the connection after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It stays until the client closes (protocol.md 2.3).
    KeepOpen,
    /// close_notify and FIN.
    Close,
    /// FIN alone.
    Cut,
    /// RST.
    Abort,
    /// It stays, and nothing is ever said on it again.
    Silence,
}

/// An answer before it is bytes.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) version: &'static str,
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) length: Length,
    pub(crate) body: Vec<u8>,
    /// Sent in front of the answer: interim answers.
    pub(crate) before: Vec<u8>,
    /// Sent instead of what the other fields say.
    pub(crate) wire: Option<Vec<u8>>,
    /// How many bytes are sent at most.
    pub(crate) cut: Option<usize>,
    /// The pause between single bytes; all at once if `None`.
    pub(crate) drip: Option<Duration>,
    pub(crate) then: Then,
    /// The public key that a challenge was made with, for faults that make another one.
    pub(crate) key: Option<String>,
}

impl Answer {
    fn new(status: u16, reason: &str, body: Vec<u8>) -> Self {
        Self {
            version: "HTTP/1.1",
            status,
            reason: reason.to_owned(),
            headers: Vec::new(),
            length: Length::Exact,
            body,
            before: Vec::new(),
            wire: None,
            cut: None,
            drip: None,
            then: Then::KeepOpen,
            key: None,
        }
    }

    /// An answer without body and without `Content-Length`: 204 and 101.
    pub(crate) fn bare(status: u16, reason: &str) -> Self {
        Self { length: Length::Absent, ..Self::new(status, reason, Vec::new()) }
    }

    /// An answer that is text for people.
    pub(crate) fn text(status: u16, reason: &str, body: &str) -> Self {
        Self::new(status, reason, body.as_bytes().to_vec()).header("Content-Type", "text/plain")
    }

    /// An answer that is JSON.
    pub(crate) fn json(status: u16, reason: &str, body: String) -> Self {
        Self::new(status, reason, body.into_bytes()).header("Content-Type", "application/json")
    }

    /// The same, with one more header line.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the whole message by another one; how it is sent stays.
    pub(crate) fn replace(&mut self, other: Self) {
        let (drip, cut, then) = (self.drip, self.cut, self.then);
        *self = Self { drip, cut, then, ..other };
    }

    /// Whether a body belongs to this status; a fault that needs one makes an error of a 204 or 101.
    pub(crate) fn has_body(&self) -> bool {
        self.status >= 200 && self.status != 204
    }

    /// Changes the JSON body. What is not JSON stays as it is.
    pub(crate) fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        if let Ok(mut value) = serde_json::from_slice::<Value>(&self.body) {
            change(&mut value);
            self.body = value.to_string().into_bytes();
        }
    }

    /// The bytes on the wire.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.before.clone();
        match &self.wire {
            Some(wire) => bytes.extend_from_slice(wire),
            None => self.encode_message(&mut bytes),
        }
        if let Some(cut) = self.cut {
            bytes.truncate(cut);
        }
        bytes
    }

    fn encode_message(&self, bytes: &mut Vec<u8>) {
        // A reason phrase may be empty, the blank before it may not (protocol.md 2.3).
        let mut head = format!("{} {} {}\r\n", self.version, self.status, self.reason);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match &self.length {
            Length::Exact => head.push_str(&format!("Content-Length: {}\r\n", self.body.len())),
            Length::Lines(lines) => lines.iter().for_each(|line| head.push_str(&format!("{line}\r\n"))),
            Length::Absent => {}
        }
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
    }
}

/// The body of an error (protocol.md 1.6 and 2.6).
#[derive(Debug, Clone)]
pub(crate) struct ErrorBody {
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) key: String,
    pub(crate) message: String,
    pub(crate) non_retryable: Option<bool>,
    pub(crate) retry_delay: Option<u64>,
}

impl ErrorBody {
    pub(crate) fn new(status: u16, reason: &'static str, key: &str, message: &str) -> Self {
        let (key, message) = (key.to_owned(), message.to_owned());
        Self { status, reason, key, message, non_retryable: None, retry_delay: None }
    }

    /// Compact, because the claiming script finds the key by text (protocol.md 1.6).
    pub(crate) fn json(&self, trace_id: &str) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let mut body = format!(
            "{{\"errorCode\":{},\"errorMsgKey\":{},\"errorMessage\":{}",
            quoted(trace_id),
            quoted(&self.key),
            quoted(&self.message)
        );
        if let Some(flag) = self.non_retryable {
            body.push_str(&format!(",\"errorNonRetryable\":{flag}"));
        }
        if let Some(seconds) = self.retry_delay {
            body.push_str(&format!(",\"errorRetryDelaySeconds\":{seconds}"));
        }
        body.push('}');
        body
    }

    pub(crate) fn answer(&self, trace_id: &str) -> Answer {
        Answer::json(self.status, self.reason, self.json(trace_id))
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, ErrorBody, Length};

    #[test]
    fn a_204_is_a_status_line_with_reason_and_nothing_else() {
        assert_eq!(Answer::bare(204, "No Content").encode(), b"HTTP/1.1 204 No Content\r\n\r\n");
    }

    #[test]
    fn an_error_body_is_compact() {
        let body = ErrorBody::new(403, "Forbidden", "ErrForbidden", "invalid \"token\"").json("t-1");
        assert_eq!(body, r#"{"errorCode":"t-1","errorMsgKey":"ErrForbidden","errorMessage":"invalid \"token\""}"#);
    }

    #[test]
    fn the_length_can_lie_and_the_bytes_can_stop_early() {
        let mut answer = Answer::json(200, "OK", "{}".to_owned());
        answer.length = Length::Lines(vec!["Content-Length: 7".to_owned()]);
        assert!(answer.encode().ends_with(b"Content-Length: 7\r\n\r\n{}"));
        answer.cut = Some(10);
        assert_eq!(answer.encode(), b"HTTP/1.1 2");
    }
}
