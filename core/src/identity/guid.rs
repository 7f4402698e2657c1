//! Identifiers of machines, claims and nodes.

use crate::text::is_blank;
use core::fmt::{self, Write};
use rand_core::CryptoRng;

/// Length of a GUID as text, in bytes.
pub const GUID_LEN: usize = 36;

/// Where the hyphens are: 8-4-4-4-12 digits.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Machine GUIDs that were once shipped inside packages or disk images, so that many machines carry them. An agent that
/// finds one of these makes a new one (protocol.md 1.3).
const CLONES: [Guid; 2] = [
    Guid(0x8a79_5b0c_2311_11e6_8563_000c_2950_76a6_u128.to_be_bytes()),
    Guid(0x4aed_1458_1c3e_11e6_a53f_000c_290f_c8f5_u128.to_be_bytes()),
];

/// A machine GUID, claim id or node id: 128 bits that are never all zero, written in lower case (RFC 9562, section 4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid([u8; 16]);

/// Why something is not a GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuidError {
    /// Not 36 characters long.
    Length,
    /// No hyphen where one belongs, or something else than a hexadecimal digit.
    Character,
    /// All digits are zero: a place that was never filled.
    Nil,
}

impl fmt::Display for GuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a GUID has 36 characters",
            Self::Character => "a GUID is hexadecimal digits in groups of 8-4-4-4-12, joined by hyphens",
            Self::Nil => "a GUID of zeros names nothing",
        })
    }
}

impl core::error::Error for GuidError {}

impl Guid {
    /// Reads the 36-character form, in upper or lower case. White space around it is ignored: files end in a newline.
    ///
    /// # Errors
    /// [`GuidError`].
    pub fn parse(text: &str) -> Result<Self, GuidError> {
        let text = text.trim_matches(is_blank).as_bytes();
        if text.len() != GUID_LEN {
            return Err(GuidError::Length);
        }
        let mut value = 0_u128;
        for (index, &c) in text.iter().enumerate() {
            if HYPHENS.contains(&index) {
                if c != b'-' {
                    return Err(GuidError::Character);
                }
                continue;
            }
            let digit = char::from(c).to_digit(16).ok_or(GuidError::Character)?;
            value = (value << 4) | u128::from(digit);
        }
        Self::from_bytes(value.to_be_bytes())
    }

    /// A GUID from its 16 bytes, most significant first.
    ///
    /// # Errors
    /// [`GuidError::Nil`] if all of them are zero.
    pub const fn from_bytes(bytes: [u8; 16]) -> Result<Self, GuidError> {
        if u128::from_be_bytes(bytes) == 0 { Err(GuidError::Nil) } else { Ok(Self(bytes)) }
    }

    /// A new random GUID (version 4, RFC 9562 section 5.4): 122 bits from `rng`.
    #[must_use]
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    /// The 16 bytes, most significant first.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The 36 characters, lower case.
    #[must_use]
    pub fn text(&self) -> heapless::String<GUID_LEN> {
        let mut text = heapless::String::new();
        // 32 digits and 4 hyphens fit exactly.
        let _ = write!(text, "{self}");
        text
    }

    /// Whether this machine GUID is one of the two known to be shared by cloned machines. It must not be used: make a
    /// new one.
    #[must_use]
    pub fn is_known_clone(&self) -> bool {
        CLONES.contains(self)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_char('-')?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::str::FromStr for Guid {
    type Err = GuidError;

    fn from_str(text: &str) -> Result<Self, GuidError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Guid, GuidError};
    use chacha20::ChaCha8Rng;
    use proptest::prelude::*;
    use rand_core::SeedableRng;
    use std::format;
    use std::string::ToString;

    const TEXT: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

    #[test]
    fn a_guid_file_is_read_with_its_newline_and_in_any_case() {
        let guid = Guid::parse(TEXT).unwrap();
        assert_eq!(guid.as_bytes(), b"\xaa\xaa\xaa\xaa\xbb\xbb\x4c\xcc\x8d\xdd\xee\xee\xee\xee\xee\xee");
        for text in ["aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee\n", " AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE\r\n"] {
            assert_eq!(text.parse(), Ok(guid));
        }
        assert_eq!(guid.to_string(), TEXT);
        assert_eq!(guid.text(), TEXT);
        assert_eq!(format!("{guid:?}"), TEXT);
    }

    #[test]
    fn what_is_not_a_guid_is_refused_with_the_reason() {
        for (text, why) in [
            ("", GuidError::Length),
            ("aaaaaaaabbbb4ccc8dddeeeeeeeeeeee", GuidError::Length),
            ("{aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee}", GuidError::Length),
            ("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeee", GuidError::Length),
            ("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee0", GuidError::Length),
            ("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeeg", GuidError::Character),
            ("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeee\u{e9}", GuidError::Character),
            ("aaaaaaaa-bbbb-4ccc-8ddd-+eeeeeeeeeee", GuidError::Character),
            ("aaaaaaaa-bbbb-4ccc-8ddde-eeeeeeeeeee", GuidError::Character),
            ("aaaaaaaa0bbbb-4ccc-8ddd-eeeeeeeeeeee", GuidError::Character),
            ("00000000-0000-0000-0000-000000000000", GuidError::Nil),
        ] {
            assert_eq!(Guid::parse(text), Err(why), "{text}");
        }
        assert_eq!(Guid::from_bytes([0; 16]), Err(GuidError::Nil));
    }

    #[test]
    fn the_two_guids_of_cloned_machines_are_recognised() {
        assert!(Guid::parse("8a795b0c-2311-11e6-8563-000c295076a6").unwrap().is_known_clone());
        assert!(Guid::parse("4AED1458-1C3E-11E6-A53F-000C290FC8F5").unwrap().is_known_clone());
        assert!(!Guid::parse(TEXT).unwrap().is_known_clone());
    }

    #[test]
    fn random_guids_are_of_version_4_and_differ() {
        let mut rng = ChaCha8Rng::from_seed([1; 32]);
        let mut seen = std::collections::BTreeSet::new();
        let mut ones = 0_u128;
        let mut zeros = 0_u128;
        for _ in 0..200 {
            let guid = Guid::random(&mut rng);
            let text = guid.text();
            assert_eq!(&text[14..15], "4");
            assert!("89ab".contains(&text[19..20]), "{text}");
            let bits = u128::from_be_bytes(*guid.as_bytes());
            ones |= bits;
            zeros |= !bits;
            assert!(seen.insert(guid));
        }
        // Only the version (4 bits) and the variant (2 bits) never change.
        assert_eq!((ones & zeros).count_ones(), 122);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = Guid::parse(&text);
        }

        #[test]
        fn what_is_written_is_read_back(value in 1_u128..) {
            let guid = Guid::from_bytes(value.to_be_bytes()).unwrap();
            prop_assert_eq!(Guid::parse(&guid.text()), Ok(guid));
            prop_assert_eq!(Guid::parse(&guid.text().to_uppercase()), Ok(guid));
        }
    }
}
