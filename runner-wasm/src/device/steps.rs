//! Which step is being tried, as far as it follows from what was passed.

use aclk_core::clock::Instant;
use aclk_core::node::{LinkState, LinkStatus};
use aclk_core::stage::{Failure, Next, Purpose, Stage};

/// A step, and the connection that it is a step of, if it is one of a connection.
pub(super) type Step = (Stage, Option<Purpose>);

/// What is known of the way of the present attempt.
pub(super) struct Way<'a> {
    pub(super) link: &'a LinkStatus,
    pub(super) has_proxy: bool,
    /// What was passed last, and when.
    pub(super) passed: Option<(Step, Instant)>,
    /// When the last attempt failed.
    pub(super) failed: Option<Instant>,
    pub(super) started: Instant,
    pub(super) now: Instant,
}

impl Way<'_> {
    /// The step that is being tried, and since when; `None` if none is.
    pub(super) fn current(&self) -> Option<(Step, Instant)> {
        if self.link.state == LinkState::Online {
            return None;
        }
        let passed = self.passed.filter(|(_, at)| self.failed.is_none_or(|failed| *at > failed));
        match (passed, &self.link.failure) {
            (Some((step, at)), _) => Some((self.behind(step)?, at)),
            (None, Some(failure)) => self.again(failure),
            (None, None) if self.passed.is_none() => Some(((Stage::Config, None), self.started)),
            (None, None) => None,
        }
    }

    /// After a failure the way begins anew, once its delay is over.
    fn again(&self, failure: &Failure) -> Option<(Step, Instant)> {
        let begun = self.link.next_attempt.filter(|next| *next <= self.now)?;
        matches!(failure.next, Next::Retry(_)).then(|| ((Stage::Dns, Some(self.first())), begun))
    }

    /// The first connection of an attempt.
    const fn first(&self) -> Purpose {
        if self.link.claimed.is_some() { Purpose::Env } else { Purpose::Claim }
    }

    /// What is tried when `step` was passed (protocol.md 2.1); `None` behind the last one.
    fn behind(&self, (stage, purpose): Step) -> Option<Step> {
        let Some(on) = purpose else {
            return match stage {
                Stage::Config => Some((Stage::Clock, None)),
                // A device that nobody has claimed waits for somebody.
                Stage::Clock => self.link.claimed.map(|_| (Stage::Dns, Some(Purpose::Env))),
                Stage::Key | Stage::Storage => Some((Stage::Dns, Some(self.first()))),
                _ => None,
            };
        };
        let (stage, on) = match (stage, on) {
            (Stage::Dns, _) => (Stage::Tcp, on),
            (Stage::Tcp, _) if self.has_proxy => (Stage::Proxy, on),
            (Stage::Tcp | Stage::Proxy, _) => (Stage::Tls, on),
            (Stage::Tls, Purpose::Link) => (Stage::Websocket, on),
            (Stage::Tls, _) => (Stage::Http, on),
            (Stage::Http, _) => (Stage::Json, on),
            (Stage::Json, Purpose::Challenge) => (Stage::Decrypt, on),
            (Stage::Json, Purpose::Claim) => (Stage::Dns, Purpose::Env),
            (Stage::Json, Purpose::Env) => (Stage::Dns, Purpose::Challenge),
            (Stage::Decrypt, _) => (Stage::Dns, Purpose::Password),
            (Stage::Json, Purpose::Password) => (Stage::Dns, Purpose::Link),
            (Stage::Websocket, _) => (Stage::Mqtt, on),
            (Stage::Mqtt, _) => (Stage::App, on),
            _ => return None,
        };
        Some((stage, Some(on)))
    }
}
