//! Why a command ends without having done its work, before or beside the engine.

use crate::store::error::StoreError;
use aclk_core::stage::{Failure, Stage};
use std::fmt;

/// Exit codes, as far as they do not come from the Cloud's answer (protocol.md 1.7, v1.22 and later).
pub(crate) mod exit {
    /// An argument is unknown or makes no sense, or something that is needed was not given.
    pub(crate) const USAGE: u8 = 1;
    /// The claim directory or the key.
    pub(crate) const STORAGE: u8 = 2;
    /// This build does not have what was asked for.
    pub(crate) const UNAVAILABLE: u8 = 3;
    /// `aclk unclaim` has removed the identity, and something else still claims this machine.
    pub(crate) const STILL_CLAIMED: u8 = 3;
    /// The Cloud cannot be reached: name, connection, proxy or TLS.
    pub(crate) const CONNECT: u8 = 4;
    /// The claim succeeded, and a daemon could not be told of it.
    pub(crate) const NOT_NOTIFIED: u8 = 5;
    /// Neither root nor the user that Netdata runs as, or there is no such user.
    pub(crate) const USER: u8 = 6;
    /// The Cloud answered something that is not in the table.
    pub(crate) const ANSWER: u8 = 7;
    /// There is no machine GUID and none can be made.
    pub(crate) const MACHINE_GUID: u8 = 18;
}

/// A stage, a cause and what to do about it, like a [`Failure`], but with room for paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) stage: Stage,
    pub(crate) cause: String,
    pub(crate) hint: String,
    pub(crate) code: u8,
}

impl Fault {
    pub(crate) fn new(stage: Stage, cause: impl fmt::Display) -> Self {
        Self { stage, cause: cause.to_string(), hint: String::new(), code: exit_code(stage) }
    }

    /// Something is wrong with the arguments of a command.
    pub(crate) fn usage(cause: impl fmt::Display) -> Self {
        Self::new(Stage::Config, cause)
    }

    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = hint.to_string();
        self
    }

    pub(crate) const fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.cause)
    }
}

impl std::error::Error for Fault {}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::new(if error.is_permission() { Stage::Permission } else { Stage::Storage }, error)
    }
}

impl From<&Failure> for Fault {
    fn from(failure: &Failure) -> Self {
        Self::new(failure.stage, &failure.cause).hint(failure.hint)
    }
}

/// The exit code of a failure at `stage` that is not an answer of the Cloud.
pub(crate) const fn exit_code(stage: Stage) -> u8 {
    match stage {
        Stage::Config => exit::USAGE,
        Stage::Permission | Stage::Storage | Stage::Key => exit::STORAGE,
        Stage::Clock | Stage::Dns | Stage::Tcp | Stage::Proxy | Stage::Tls => exit::CONNECT,
        Stage::Http | Stage::Json | Stage::Decrypt | Stage::Websocket | Stage::Mqtt | Stage::App => exit::ANSWER,
    }
}
