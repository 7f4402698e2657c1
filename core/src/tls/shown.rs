//! What a server shows of itself, for people who look for a fault.

use super::certificate::Certificate;
use core::fmt::Display;

/// The certificate of a server and what came with it. Nothing in it has been checked: anybody can write anything into it.
#[derive(Debug, Clone, Copy)]
pub struct ServerCertificate<'a> {
    pub(super) leaf: Certificate<'a>,
    /// The last certificate of the chain that was sent.
    pub(super) top: Certificate<'a>,
    pub(super) sent: usize,
}

impl<'a> ServerCertificate<'a> {
    /// Whom it names: its common name, else its organization.
    #[must_use]
    pub fn subject(&self) -> impl Display + 'a {
        self.leaf.subject
    }

    /// Who issued it, by its own words.
    #[must_use]
    pub fn issuer(&self) -> impl Display + 'a {
        self.leaf.issuer
    }

    /// Who issued the last certificate that came with it: the authority that would have to be trusted.
    #[must_use]
    pub fn root(&self) -> impl Display + 'a {
        self.top.issuer
    }

    /// The hosts it is for, as in `"a", "b" and 3 more`; empty if it names none.
    #[must_use]
    pub fn hosts(&self) -> impl Display + 'a {
        self.leaf.hosts()
    }

    /// From when to when it is valid, in seconds since 1970; `None` if that cannot be read.
    #[must_use]
    pub fn validity(&self) -> Option<(u64, u64)> {
        self.leaf.validity()
    }

    /// Whether it issued itself.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.leaf.issuer == self.leaf.subject
    }

    /// How many certificates came, its own included.
    #[must_use]
    pub const fn sent(&self) -> usize {
        self.sent
    }
}
