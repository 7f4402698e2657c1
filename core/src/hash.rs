//! Hashes. Those of signatures are chosen while running rather than by type: one copy of the code around them.

#[cfg(feature = "link")]
mod digest;
pub(crate) mod sha1;

#[cfg(feature = "link")]
pub(crate) use digest::Hash;
