//! The time server: one stateless answer (RFC 4330 section 5, RFC 5905 section 7.3).

use super::config::{Sntp, SntpFault};
use aclk_core::clock::Instant;

pub(super) const PORT: u16 = 123;

/// Bytes of a message without extensions.
const MESSAGE: usize = 48;
/// Seconds from 1900, where NTP counts from, to 1970.
const UNIX_EPOCH: i64 = 2_208_988_800;

const CLIENT: u8 = 3;
const SERVER: u8 = 4;
const UNSYNCHRONISED: u8 = 3;

/// What to answer to `request` at `now`.
pub(super) fn answer(config: &Sntp, now: Instant, request: &[u8]) -> Option<[u8; MESSAGE]> {
    let request = request.first_chunk::<MESSAGE>()?;
    let version = (request[0] >> 3) & 7;
    if request[0] & 7 != CLIENT || !(1..=4).contains(&version) {
        return None;
    }
    let unix_us = i64::try_from(config.unix_us(now)).unwrap_or(i64::MAX);
    let (leap, stratum, reference, offset) = match config.fault {
        Some(SntpFault::Silent) => return None,
        Some(SntpFault::KissOfDeath(code)) => (UNSYNCHRONISED, 0, code, 0),
        Some(SntpFault::Unsynchronised) => (UNSYNCHRONISED, 16, *b"INIT", 0),
        Some(SntpFault::Off(seconds)) => (0, 1, *b"LOCL", seconds),
        Some(SntpFault::WrongOrigin | SntpFault::NoTime) | None => (0, 1, *b"LOCL", 0),
    };
    let time = timestamp(unix_us.saturating_add(offset.saturating_mul(1_000_000)));

    let mut reply = [0; MESSAGE];
    reply[0] = leap << 6 | version << 3 | SERVER;
    reply[1] = stratum;
    reply[2] = request[2];
    reply[3] = 0xec; // 2^-20 s: the microsecond this clock counts in
    reply[12..16].copy_from_slice(&reference);
    reply[16..24].copy_from_slice(&time);
    reply[24..32].copy_from_slice(&request[40..48]);
    reply[32..40].copy_from_slice(&time);
    reply[40..48].copy_from_slice(&time);
    match config.fault {
        Some(SntpFault::WrongOrigin) => reply[24..32].iter_mut().for_each(|byte| *byte ^= 0x5a),
        Some(SntpFault::NoTime) => reply[40..48].fill(0),
        _ => {}
    }
    Some(reply)
}

/// NTP's 32 bits of seconds and 32 bits of fraction. The seconds wrap in 2036 as they must (RFC 4330 section 3).
fn timestamp(unix_us: i64) -> [u8; 8] {
    let seconds = unix_us.div_euclid(1_000_000).wrapping_add(UNIX_EPOCH) as u32;
    let fraction = ((unix_us.rem_euclid(1_000_000) as u64) << 32) / 1_000_000;
    (u64::from(seconds) << 32 | fraction).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> [u8; 48] {
        let mut request = [0; 48];
        request[0] = 0x23;
        request[40..48].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        request
    }

    #[test]
    fn an_honest_server_tells_the_time_and_returns_the_originate_timestamp() {
        let config = Sntp { unix_us: 1_767_225_600_500_000, fault: None };
        let reply = answer(&config, Instant::from_micros(1_000_000), &request()).expect("an answer");
        assert_eq!(reply[0], 0x24, "no warning, version 4, server");
        assert_eq!(reply[1], 1);
        assert_eq!(reply[24..32], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(reply[40..44], (1_767_225_601_u32.wrapping_add(2_208_988_800)).to_be_bytes());
        assert_eq!(reply[44..48], [0x80, 0, 0, 0], "half a second");
    }

    #[test]
    fn the_seconds_wrap_into_the_second_era() {
        let config = Sntp { unix_us: 2_085_978_496_000_000, fault: None };
        let reply = answer(&config, Instant::START, &request()).expect("an answer");
        assert_eq!(reply[40..48], [0; 8], "2036-02-07T06:28:16Z");
    }

    #[test]
    fn what_is_no_request_of_a_client_is_not_answered() {
        let config = Sntp::default();
        assert!(answer(&config, Instant::START, &request()[..47]).is_none());
        for first in [0x24, 0x22, 0x03, 0x2b] {
            let mut other = request();
            other[0] = first;
            assert!(answer(&config, Instant::START, &other).is_none(), "{first:#x}");
        }
    }

    #[test]
    fn each_fault_shows_on_the_wire() {
        let reply = |fault| answer(&Sntp { unix_us: 0, fault: Some(fault) }, Instant::START, &request());
        assert!(reply(SntpFault::Silent).is_none());
        let kiss = reply(SntpFault::KissOfDeath(*b"RATE")).expect("an answer");
        assert_eq!((kiss[0] >> 6, kiss[1], &kiss[12..16]), (3, 0, &b"RATE"[..]));
        let lost = reply(SntpFault::Unsynchronised).expect("an answer");
        assert_eq!((lost[0] >> 6, lost[1]), (3, 16));
        let off = reply(SntpFault::Off(-10)).expect("an answer");
        assert_eq!(off[40..44], (2_208_988_790_u32).to_be_bytes());
        assert_ne!(reply(SntpFault::WrongOrigin).expect("an answer")[24..32], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(reply(SntpFault::NoTime).expect("an answer")[40..48], [0; 8]);
    }
}
