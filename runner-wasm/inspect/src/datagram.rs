//! What is said in datagrams: addresses, names, time.

mod dhcp;
mod dns;
mod ntp;

use crate::view::{Layer, Protocol, Purpose};
use core::ops::Range;

/// What a datagram is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Datagram {
    Dhcp,
    Dns,
    Ntp,
}

impl Datagram {
    /// What goes between these ports.
    pub(crate) const fn between(from: u16, to: u16) -> Option<Self> {
        match (from, to) {
            (67, 68) | (68, 67) => Some(Self::Dhcp),
            (53, _) | (_, 53) => Some(Self::Dns),
            (123, _) | (_, 123) => Some(Self::Ntp),
            _ => None,
        }
    }

    pub(crate) const fn protocol(self) -> Protocol {
        match self {
            Self::Dhcp => Protocol::Dhcp,
            Self::Dns => Protocol::Dns,
            Self::Ntp => Protocol::Ntp,
        }
    }

    pub(crate) const fn purpose(self) -> Purpose {
        match self {
            Self::Dhcp => Purpose::Address,
            Self::Dns => Purpose::Name,
            Self::Ntp => Purpose::Time,
        }
    }

    pub(crate) fn layer(self, frame: &[u8], range: Range<usize>) -> Layer {
        match self {
            Self::Dhcp => dhcp::layer(frame, range),
            Self::Dns => dns::layer(frame, range),
            Self::Ntp => ntp::layer(frame, range),
        }
    }

    /// One line; `None` if it makes no sense.
    pub(crate) fn headline(self, frame: &[u8], range: Range<usize>) -> Option<String> {
        match self {
            Self::Dhcp => dhcp::headline(frame, range),
            Self::Dns => dns::headline(frame, range),
            Self::Ntp => ntp::headline(frame, range),
        }
    }
}
