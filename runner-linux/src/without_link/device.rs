//! In the place of `device.rs`: without a link there is no use for a TCP/IP stack of our own.

use crate::clock::{BUILD_UNIX_SECONDS, HostClock};
use crate::fault::Fault;
use aclk_core::clock::{Clock as _, Now};
use aclk_firmware::{Counters, DeviceClock};

/// None is ever made.
#[derive(Debug)]
pub(crate) struct OwnStack {
    pub(crate) clock: DeviceClock,
    pub(crate) counters: Counters,
}

impl OwnStack {
    pub(crate) const fn new() -> Self {
        Self { clock: DeviceClock::new(BUILD_UNIX_SECONDS), counters: Counters::new() }
    }
}

/// The system's time.
pub(crate) fn now() -> Now {
    HostClock.now()
}

pub(crate) mod address {
    //! The options for a stack of our own.

    use super::{Fault, refuse};
    use std::convert::Infallible;

    /// No such stack has an address.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) struct Addressing(Infallible);

    #[derive(Debug, Default, Clone, PartialEq, Eq)]
    pub(crate) struct Given {}

    impl Given {
        pub(crate) fn knows(name: &str) -> bool {
            matches!(name, "address" | "gateway" | "dns")
        }

        pub(crate) fn take(&mut self, _: &str, _: &str) -> Result<(), Fault> {
            Err(refuse())
        }

        pub(crate) const fn is_empty(&self) -> bool {
            true
        }

        pub(crate) fn addressing(self) -> Result<Addressing, Fault> {
            Err(refuse())
        }
    }
}

pub(crate) mod tap {
    //! There is no TAP device.

    use super::{Fault, OwnStack, address::Addressing, refuse};
    use std::convert::Infallible;

    #[derive(Debug)]
    pub(crate) struct Tap(Infallible);

    impl Tap {
        pub(crate) fn open(
            _: &str,
            _: Addressing,
            _: &'static OwnStack,
            _: impl Fn(&str) + 'static,
        ) -> Result<Self, Fault> {
            Err(refuse())
        }

        pub(crate) const fn is_gone(&self) -> bool {
            match self.0 {}
        }
    }
}

fn refuse() -> Fault {
    Fault::usage(
        "--net tap:NAME, --address, --gateway and --dns are for the link, and this program was built without it",
    )
}
