//! Identifiers and random text, all from the one seeded generator.

use chacha20::ChaCha20Rng;
use rand_core::Rng as _;
use serde::Serialize;
use std::fmt;

/// The one source of randomness: the same seed gives the same Cloud.
pub(crate) type Rng = ChaCha20Rng;

/// A connection of a client, in the order in which they were opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// `len` characters that need no escaping in a URL, in JSON or in a shell.
pub(crate) fn random_text(rng: &mut Rng, len: usize) -> String {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes.iter().map(|byte| char::from(URL_SAFE[usize::from(byte % 64)])).collect()
}

/// A random UUID (version 4), lower case.
pub(crate) fn random_uuid(rng: &mut Rng) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Whether `text` is a UUID of 36 characters in either case.
pub(crate) fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::{Rng, is_uuid, random_uuid};
    use rand_core::SeedableRng;

    #[test]
    fn a_random_uuid_is_one_of_version_4_and_repeats_with_its_seed() {
        let one = random_uuid(&mut Rng::seed_from_u64(7));
        assert!(is_uuid(&one), "{one}");
        assert_eq!(&one[14..15], "4");
        assert_eq!(one, random_uuid(&mut Rng::seed_from_u64(7)));
        assert_ne!(one, random_uuid(&mut Rng::seed_from_u64(8)));
    }

    #[test]
    fn what_only_looks_like_a_uuid_is_none() {
        for text in [
            "",
            "8a2e1880-633a-4f88-b61b-149a4a50db4",
            "8a2e1880x633a-4f88-b61b-149a4a50db42",
            "zzzzzzzz-633a-4f88-b61b-149a4a50db42",
        ] {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
