//! What can go wrong with what is kept in flash.

use core::fmt;
use embedded_storage_async::nor_flash::NorFlashErrorKind;
use sequential_storage::Error;
use sequential_storage::map::SerializationError;

/// Why the flash did not give or take something. Nothing is ever erased because of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashError {
    /// The driver of the flash failed.
    Driver(NorFlashErrorKind),
    /// The range is not made of three whole pages at least.
    Range,
    /// There is something in the range that no version of this program has written.
    Foreign,
    /// A newer version of this program has written it.
    Newer {
        /// The format that is there.
        found: u8,
    },
    /// There is a proxy to be used, and this program is built without the feature `proxy`.
    WithoutProxies,
    /// What is there cannot be read any more.
    Damaged,
    /// The flash did not keep what was written.
    Worn,
    /// There is no room: the range has too few pages for what is to be kept.
    Full,
    /// One thing is longer than [`RECORD_MAX`](super::RECORD_MAX).
    TooLong,
    /// A key that is not one of RSA-2048 was to be kept.
    Key,
}

impl fmt::Display for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Driver(NorFlashErrorKind::NotAligned) => "the flash driver refuses the alignment",
            Self::Driver(NorFlashErrorKind::OutOfBounds) => "the range of the store is not inside the flash",
            Self::Driver(_) => "the flash driver failed",
            Self::Range => "the range of the store is not made of three whole flash pages at least",
            Self::Foreign => "the flash holds something that is not ours: \"unclaim\" erases it",
            Self::Newer { found } => {
                return write!(
                    f,
                    "the flash was written by a newer firmware (format {found}, this one knows {}): install that one, or \
                     erase it with \"unclaim\"",
                    super::FORMAT
                );
            }
            Self::WithoutProxies => "the device was set up with a proxy, and this firmware is built without proxies",
            Self::Damaged => "the flash is damaged: \"unclaim\" erases it, and with it the identity of the device",
            Self::Worn => "the flash did not keep what was written: it is worn out",
            Self::Full => "the flash is full: give the store more pages",
            Self::TooLong => {
                return write!(f, "longer than the {} bytes that one record in flash can have", super::RECORD_MAX);
            }
            Self::Key => "not a private key that the flash can keep",
        })
    }
}

impl core::error::Error for FlashError {}

impl From<Error<NorFlashErrorKind>> for FlashError {
    fn from(error: Error<NorFlashErrorKind>) -> Self {
        match error {
            Error::Storage { value } => Self::Driver(value),
            Error::FullStorage => Self::Full,
            Error::ItemTooBig | Error::SerializationError(SerializationError::BufferTooSmall) => Self::TooLong,
            // What is longer than our buffer was not written by us.
            _ => Self::Damaged,
        }
    }
}
