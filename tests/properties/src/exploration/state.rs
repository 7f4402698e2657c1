//! Where the engine can stand, and with what settings it does.

use super::cloud::GUID;
use aclk_core::identity::guid::Guid;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use std::sync::LazyLock;

/// The claiming token.
pub(super) const TOKEN: &str = "a-claiming-token-that-only-the-claim-may-have";

/// Where the engine stands, as seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// It waits for somebody to change something.
    Idle,
    /// It waits until the next attempt.
    Waiting,
    /// It has ended.
    Done,
    /// It wants a key.
    Key,
    /// It wants this record stored.
    Save(&'static str),
    /// It wants the challenge decrypted.
    Decrypt,
    /// It wants a connection, for this.
    Connect(&'static str),
    /// It has asked, and waits for the answer.
    Ask(&'static str),
    /// CONNECT is sent.
    Connack,
    /// So many SUBSCRIBEs are sent.
    Suback(usize),
    /// UpdateAgentConnection is sent.
    Announced,
    /// The link is up.
    Online,
    /// PINGREQ is sent.
    Ping,
    /// The farewell is sent, or waits.
    Leaving,
}

/// A state: what can be seen, and what happened before that still matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) place: Place,
    pub(crate) is_claimed: bool,
    pub(crate) is_pending: bool,
    pub(crate) has_node: bool,
    /// Whether a claim was made in this life.
    pub(crate) is_spent: bool,
    /// Whether messages wait for their PUBACK.
    pub(crate) is_owed: bool,
    /// Attempts at a claim that failed, up to two.
    pub(crate) attempts: usize,
}

/// Settings without an end of attempts at a claim, and with three.
pub(super) static SETTINGS: LazyLock<[Settings; 2]> = LazyLock::new(|| [settings(None), settings(Some(3))]);

fn settings(claim_attempts: Option<u32>) -> Settings {
    let guid = Guid::parse(GUID).expect("it is one");
    Settings {
        url: Url::parse("https://cloud.test").expect("it is one"),
        id: guid,
        machine_guid: guid,
        hostname: "edge-1".try_into().expect("it fits"),
        token: Secret::copy_of(TOKEN.as_bytes()).expect("it fits"),
        rooms: "".try_into().expect("it fits"),
        claim_attempts,
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    }
}
