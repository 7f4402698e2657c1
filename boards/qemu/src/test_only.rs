//! **FOR TESTS ONLY.** The emulated boards have neither a random number generator nor flash that keeps anything: both are
//! borrowed from the host of the emulator by semihosting. The flash is the file `flash.bin` in the folder that QEMU was
//! started in, as `aclk provision` makes it. So is where the time comes from: the file `time-server`, if there is one.
//!
//! Nothing here is fit for a product: the host sees the private key, and supplies the randomness.

mod entropy;
mod flash;
mod time_server;

pub use entropy::{HostRng, seeded};
pub use flash::HostFlash;
pub use time_server::time_server;

use core::fmt;

/// The host does not let us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostError;

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host of the emulator does not read or write the file")
    }
}

impl From<semihosting::io::Error> for HostError {
    fn from(_: semihosting::io::Error) -> Self {
        Self
    }
}
