//! The one vocabulary for "where are we" and "what went wrong".
//!
//! The command line, `status`, the logs and the tests all print these words and no others, so that a failure always
//! names its stage, its cause, what the server said and what happens next.

use crate::clock::seconds_up;
use crate::text::Text;
use core::fmt;
use core::time::Duration;

/// A step on the way of a byte, from reading the configuration to the application messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Arguments, configuration files, settings.
    Config,
    /// Rights on files.
    Permission,
    /// Reading or writing the identity.
    Storage,
    /// Time of day.
    Clock,
    /// Making or reading the RSA key.
    Key,
    /// Name resolution.
    Dns,
    /// The TCP connection.
    Tcp,
    /// The proxy.
    Proxy,
    /// The TLS handshake and records, certificates included.
    Tls,
    /// An HTTP request and its status.
    Http,
    /// The meaning of a JSON body.
    Json,
    /// Decrypting the challenge.
    Decrypt,
    /// The WebSocket upgrade and its frames.
    Websocket,
    /// The MQTT session.
    Mqtt,
    /// The messages of the Agent-Cloud Link itself.
    App,
}

impl Stage {
    /// The word that is printed, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Permission => "permission",
            Self::Storage => "storage",
            Self::Clock => "clock",
            Self::Key => "key",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Json => "json",
            Self::Decrypt => "decrypt",
            Self::Websocket => "websocket",
            Self::Mqtt => "mqtt",
            Self::App => "app",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a connection is for. Every purpose has a TCP and TLS connection of its own (protocol.md 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `PUT /api/v1/spaces/nodes/{id}`.
    Claim,
    /// `GET /api/v1/env`.
    Env,
    /// `GET …/challenge`.
    Challenge,
    /// `POST …/password`.
    Password,
    /// The WebSocket and MQTT session.
    Link,
}

impl Purpose {
    /// The word that is printed, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Env => "env",
            Self::Challenge => "challenge",
            Self::Password => "password",
            Self::Link => "link",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the server itself said about a failure (protocol.md 1.6 and 2.6).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerSaid {
    /// HTTP status, 0 if there was none.
    pub status: u16,
    /// `errorMsgKey`.
    pub key: Text<48>,
    /// `errorMessage`.
    pub message: Text<128>,
    /// `errorCode`, a trace id that Netdata support can look up.
    pub code: Text<48>,
}

impl fmt::Display for ServerSaid {
    /// A phrase with everything that helps.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, key, message, code } = self;
        write!(f, "HTTP status {status}")?;
        for (name, text) in
            [("errorMsgKey", key.as_str()), ("errorMessage", message.as_str()), ("errorCode", code.as_str())]
        {
            if !text.is_empty() {
                write!(f, ", {name} \"{text}\"")?;
            }
        }
        Ok(())
    }
}

/// What happens after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Next {
    /// Nothing more: the caller has to act.
    #[default]
    Stop,
    /// The same again after this time.
    Retry(Duration),
    /// The Cloud asked not to be called again; only reload or restart lifts that.
    Banned,
}

/// Why a step did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub stage: Stage,
    /// On which connection, if on one.
    pub purpose: Option<Purpose>,
    /// Why: a phrase without the stage, without a full stop.
    pub cause: Text<192>,
    /// What the server said, if it said something.
    pub server: Option<ServerSaid>,
    /// What a person can do about it; empty if there is nothing to say.
    pub hint: &'static str,
    /// What happens next.
    pub next: Next,
}

impl Failure {
    /// A failure at `stage` because of `cause`.
    #[must_use]
    pub fn new(stage: Stage, cause: impl fmt::Display) -> Self {
        Self::because(stage, &cause)
    }

    // One for all kinds of causes.
    #[inline(never)]
    fn because(stage: Stage, cause: &dyn fmt::Display) -> Self {
        Self { stage, purpose: None, cause: Text::of(cause), server: None, hint: "", next: Next::Stop }
    }

    /// The same, on the connection for `purpose`.
    #[must_use]
    pub fn on(mut self, purpose: Purpose) -> Self {
        self.purpose = Some(purpose);
        self
    }

    /// The same, with the words of the server.
    #[must_use]
    pub fn said(mut self, server: ServerSaid) -> Self {
        self.server = Some(server);
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// Hides `secret` in every text of it: a server may repeat what it was sent.
    pub fn hide(&mut self, secret: &str) {
        self.cause.hide(secret);
        if let Some(server) = &mut self.server {
            server.key.hide(secret);
            server.message.hide(secret);
            server.code.hide(secret);
        }
    }

    /// The same, with what happens next.
    #[must_use]
    pub fn then(mut self, next: Next) -> Self {
        self.next = next;
        self
    }
}

impl fmt::Display for Failure {
    /// `stage: cause (what happens next)`, as in `tls: certificate has expired (retry in 4 s)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.cause)?;
        match self.next {
            Next::Stop => Ok(()),
            Next::Retry(delay) => write!(f, " (retry in {} s)", seconds_up(delay)),
            Next::Banned => f.write_str(" (the Cloud asked not to retry: reload or restart to try again)"),
        }
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::{Failure, Next, Stage};
    use core::time::Duration;
    use std::string::ToString;

    #[test]
    fn a_failure_reads_as_stage_cause_and_next() {
        let failure = Failure::new(Stage::Tls, "certificate is for \"example.org\", not \"localhost\"");
        assert_eq!(
            failure.then(Next::Retry(Duration::from_millis(3_200))).to_string(),
            "tls: certificate is for \"example.org\", not \"localhost\" (retry in 4 s)"
        );
    }
}
