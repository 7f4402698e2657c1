//! A type for what must never be printed: token, private key, OTP answer, MQTT password.

use core::fmt;
use zeroize::Zeroize;

/// Up to `N` bytes that are wiped on drop and never printed.
///
/// `Debug` prints `Secret(..)`; there is no `Display`, `Serialize` or `PartialEq`.
#[derive(Clone)]
pub struct Secret<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

/// The value is longer than the secret can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// The limit, in bytes.
    pub limit: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "longer than {} bytes", self.limit)
    }
}

impl<const N: usize> Secret<N> {
    /// An empty secret.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// A copy of `value`. The caller still has to wipe the original.
    ///
    /// # Errors
    /// [`TooLong`] if `value` has more than `N` bytes.
    pub fn copy_of(value: &[u8]) -> Result<Self, TooLong> {
        let mut secret = Self::new();
        let slot = secret.bytes.get_mut(..value.len()).ok_or(TooLong { limit: N })?;
        slot.copy_from_slice(value);
        secret.len = value.len();
        Ok(secret)
    }

    /// Puts a copy of `value` in the place of what was there before, which is wiped.
    ///
    /// # Errors
    /// [`TooLong`] if `value` has more than `N` bytes; the secret is then empty.
    pub fn replace(&mut self, value: &[u8]) -> Result<(), TooLong> {
        self.bytes.zeroize();
        self.len = 0;
        self.bytes.get_mut(..value.len()).ok_or(TooLong { limit: N })?.copy_from_slice(value);
        self.len = value.len();
        Ok(())
    }

    /// Lets `fill` write into the whole buffer; it returns how many bytes it wrote (values over `N` count as `N`).
    ///
    /// # Errors
    /// What `fill` returns; the secret is then empty.
    pub fn fill_with<E>(fill: impl FnOnce(&mut [u8; N]) -> Result<usize, E>) -> Result<Self, E> {
        let mut secret = Self::new();
        secret.len = fill(&mut secret.bytes)?.min(N);
        Ok(secret)
    }

    /// The bytes. Keep the borrow short and never format it.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The bytes as text; empty if they are not UTF-8.
    #[must_use]
    pub fn expose_str(&self) -> &str {
        core::str::from_utf8(self.expose()).unwrap_or_default()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<const N: usize> Default for Secret<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.bytes.zeroize();
        self.len = 0;
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, TooLong};
    use std::format;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::<16>::copy_of(b"hunter2").unwrap();
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(..) Secret(..)");
        assert_eq!(secret.expose(), b"hunter2");
    }

    #[test]
    fn a_long_secret_is_refused() {
        assert_eq!(Secret::<4>::copy_of(b"12345").err(), Some(TooLong { limit: 4 }));
    }
}
