//! **For tests only.** What a real board has in hardware, borrowed from the machine that runs the emulator, by semihosting:
//! durable storage, randomness and the settings of the device are files in the folder that QEMU was started in.
//!
//! Nothing here is fit for a product: the host sees the private key, and supplies the randomness.

mod entropy;
mod file;
mod provisioned;
mod store;

pub(crate) use entropy::seeded;
pub(crate) use file::FileError;
pub(crate) use provisioned::{ANCHOR_MAX, read};
pub(crate) use store::HostStore;
