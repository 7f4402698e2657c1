//! The guarantees of design.md 3.4 by name, and the switch with which the tests of this crate remove one.
//!
//! A guarantee that nobody has seen missing may be one that does nothing. So every place in the code that keeps one asks
//! [`holds`] first, and `tests` shows for each of them an attack that is refused with it and works without it.
//!
//! The switch is there only while the compiler builds the unit tests of this crate (`cfg(test)`, which no profile, feature
//! or dependent crate can set). In every other build [`holds`] is the constant `true`, and nothing is left of the question.
//! A build that is told `--cfg test` by hand ends with an error, because these tests need what only tests depend on.

/// What [`Secure`](super::Secure) guarantees, by the numbers of design.md 3.4, and what it says below them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guarantee {
    /// 1: a server that proves nothing is not accepted.
    Proof,
    /// 2: a record that cannot be is stopped before the parser.
    Records,
    /// 3: no byte is lost by waiting.
    Waiting,
    /// 4: what embedded-tls cannot do is said.
    Said,
    /// 5: time is a policy.
    Time,
    /// 6: messages that embedded-tls cannot stand do not reach it.
    Messages,
    /// 7: a certificate signs others only if it may.
    Issuers,
    /// Every single wait has a deadline, and the handshake has one too.
    Deadlines,
    /// One rule for every connection: host name and chain are checked, the chain against the anchors of the caller.
    Trust,
}

/// Whether `guarantee` is kept: always, outside the tests of this crate.
#[cfg(not(any(test, feature = "broken")))]
#[inline(always)]
pub(crate) const fn holds(_guarantee: Guarantee) -> bool {
    true
}

/// The same where [`broken`](crate::broken) may take the one that a user would miss first.
#[cfg(all(feature = "broken", not(test)))]
pub(crate) fn holds(guarantee: Guarantee) -> bool {
    use crate::broken::{Broken, is};
    guarantee != Guarantee::Trust || !is(Broken::Certificate)
}

#[cfg(test)]
pub(crate) use tests::holds;

#[cfg(test)]
mod tests;
