//! What goes into the engine and what comes out of it.

use crate::body::{Prepare, Prepared};
use crate::claim::reply::Refusal;
use crate::clock::Instant;
use crate::identity::guid::Guid;
use crate::identity::key::{CIPHERTEXT_LEN, KeyError, PLAINTEXT_MAX, PublicPem};
use crate::secret::Secret;
use crate::stage::{Failure, Purpose, Stage};
use crate::store::{Claim, NodeId, Record, Saved};
use core::fmt;
use core::time::Duration;

/// What the engine is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Claim, then [`Output::Done`].
    Claim,
    /// Keep the link up; wait while the node is not claimed.
    Link,
    /// Claim if the node is not claimed, then keep the link up.
    ClaimAndLink,
    /// Go the way of the link once, as far as this, then [`Output::Done`]. The first failure ends it; its `next` is what a
    /// link would do. A node that is not claimed goes with the id and URL of the settings.
    Check(Until),
}

/// How far a check goes. The further, the more others notice of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Until `/env` has been read. Needs no claim.
    Environment,
    /// Until the WebSocket is open: the node has proved who it is. Somebody else who holds the link keeps it.
    Upgrade,
    /// Until the link is up. Whoever held it loses it.
    Online,
}

/// The answer to an [`Output`], or a wish from outside.
#[derive(Debug)]
pub enum Input<'a> {
    /// Nothing but the passing of time.
    Tick,
    /// The connection of [`Output::Connect`] is established, TLS included.
    Connected,
    /// The connection could not be established.
    ConnectFailed(Failure),
    /// The same, and only a person can change that: a proxy refused the credentials. A claim whose attempts are counted
    /// ends; a device and a link go on trying, since the proxy may be mended as well.
    ConnectRefused(Failure),
    /// The peer ended the connection in order.
    Ended,
    /// The connection broke.
    Broken(Failure),
    /// Answers [`Output::NeedKey`].
    Key {
        /// The public half.
        public_pem: PublicPem,
        /// Whether it was generated just now and is not stored yet.
        fresh: bool,
    },
    /// Answers [`Output::NeedKey`].
    KeyFailed(KeyError),
    /// Answers [`Output::Decrypt`].
    Decrypted(Result<Secret<PLAINTEXT_MAX>, KeyError>),
    /// Answers [`Output::Save`].
    Saved,
    /// Answers [`Output::Save`]: nothing was stored, because of this.
    SaveFailed(Failure),
    /// Answers [`Output::Prepare`].
    Prepared(Prepared),
    /// Answers [`Output::Body`]: its next piece, not empty.
    Body(&'a [u8]),
    /// The identity was changed from outside: it is taken over, a ban is lifted, the link is made anew.
    Reload(&'a Saved),
    /// End in order: say farewell, close, [`Output::Done`].
    Stop,
}

/// One durable change the engine asks for; see [`Record`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Save<'a> {
    /// The key pair that [`Input::Key`] just brought.
    Key,
    /// The claim that is about to be sent.
    Pending(&'a Claim),
    /// The claim was refused for good.
    Refused,
    /// The claim is confirmed.
    Claimed(&'a Claim),
    /// The Cloud has given the node an id.
    Node(NodeId),
}

impl<'a> Save<'a> {
    /// What is to be stored; `None` for the key, which the engine does not have.
    #[must_use]
    pub const fn record(self) -> Option<Record<'a>> {
        Some(match self {
            Self::Key => return None,
            Self::Pending(claim) => Record::Pending(claim),
            Self::Refused => Record::Refused,
            Self::Claimed(claim) => Record::Claimed(claim),
            Self::Node(id) => Record::Node(id),
        })
    }
}

/// What the engine wants done next. `Debug` does not print what is sent: there are secrets in it.
pub enum Output<'a> {
    /// Resolve, connect, TLS; answer with [`Input::Connected`], [`Input::ConnectFailed`] or
    /// [`Input::ConnectRefused`].
    Connect {
        /// Host name or address, IPv6 without brackets.
        host: &'a str,
        /// TCP port.
        port: u16,
        /// What for.
        purpose: Purpose,
    },
    /// Send these bytes over the connection.
    Send(&'a [u8]),
    /// End the connection in order. Nothing is received from it any more; no answer.
    Close,
    /// Make sure that there is a key; answer with [`Input::Key`] or [`Input::KeyFailed`].
    NeedKey,
    /// Decrypt the challenge; answer with [`Input::Decrypted`].
    Decrypt(&'a [u8; CIPHERTEXT_LEN]),
    /// Make this durable; answer with [`Input::Saved`] or [`Input::SaveFailed`].
    Save(Save<'a>),
    /// Prepare a body; answer with [`Input::Prepared`].
    Prepare(Prepare<'a>),
    /// Write the next piece, at most so many bytes, of the body that was prepared last; answer with [`Input::Body`].
    /// Received bytes may be brought first: then this comes again.
    Body(usize),
    /// Something a person may want to know; no answer.
    Event(Event<'a>),
    /// Nothing to do until bytes arrive, the connection ends or this time is reached ([`Input::Tick`]); `None`: until
    /// something else happens.
    Wait(Option<Instant>),
    /// The goal is reached or given up; nothing more will come.
    Done,
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { host, port, purpose } => {
                f.debug_struct("Connect").field("host", host).field("port", port).field("purpose", purpose).finish()
            }
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::Close => f.write_str("Close"),
            Self::NeedKey => f.write_str("NeedKey"),
            Self::Decrypt(_) => f.write_str("Decrypt(..)"),
            Self::Save(save) => f.debug_tuple("Save").field(save).finish(),
            Self::Prepare(what) => f.debug_tuple("Prepare").field(what).finish(),
            Self::Body(most) => f.debug_tuple("Body").field(most).finish(),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::Wait(until) => f.debug_tuple("Wait").field(until).finish(),
            Self::Done => f.write_str("Done"),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A stage was passed.
    Stage(StageReport),
    /// The head of an answer over HTTP has come; it is told before the stage or the failure that follows from it.
    Answer(Answer),
    /// The node is claimed, and that is stored.
    Claimed {
        /// The claimed id.
        id: Guid,
        /// Whether the confirmation had been lost and the claim was proved with the key instead.
        proved: bool,
    },
    /// The claim has failed, for good if `failure.next` is [`Stop`](crate::stage::Next::Stop).
    ClaimFailed {
        /// Why.
        failure: &'a Failure,
        /// Which entry of the table in protocol.md 1.7, if the Cloud answered.
        refusal: Option<Refusal>,
    },
    /// The Agent-Cloud Link is up.
    Online {
        /// The claimed id.
        id: Guid,
        /// Session id: microseconds since 1970 at the connection attempt.
        session_id: u64,
    },
    /// The Cloud has taken the node for live.
    Live {
        /// The node id.
        node: Option<Guid>,
    },
    /// The link is down or did not come up.
    Offline {
        /// Why, and what happens next.
        failure: &'a Failure,
    },
    /// A failure that costs nothing but is worth a line, such as an inbound message nobody understands.
    Notice(&'a Failure),
}

/// What the head of an answer over HTTP says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// On which connection.
    pub purpose: Purpose,
    /// The status.
    pub status: u16,
    /// `Date`, in seconds since 1970; `None` without one that can be read.
    pub date: Option<u64>,
}

/// A stage that was passed, and what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageReport {
    /// On which connection, if on one.
    pub purpose: Option<Purpose>,
    /// Which.
    pub stage: Stage,
    /// How long it took.
    pub elapsed: Duration,
    /// Bytes sent in it. For TLS these are bytes of records, above TLS plaintext bytes.
    pub sent: u64,
    /// Bytes received in it.
    pub received: u64,
}
