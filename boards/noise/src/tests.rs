//! Sources good and bad.

use super::{BITS, NoiseError, seed};

/// A source that nobody would call random, and whose bits look it (xorshift64, Marsaglia 2003).
fn good(start: u64) -> impl FnMut() -> bool {
    let mut state = start;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 63 == 1
    }
}

/// One that is true so many times of 256.
fn biased(of_256: u64) -> impl FnMut() -> bool {
    let mut bit = good(7);
    move || (0..8).fold(0, |byte, _| byte << 1 | u64::from(bit())) < of_256
}

fn periodic(pattern: &'static [u8]) -> impl FnMut() -> bool {
    let mut bits = pattern.iter().cycle();
    move || bits.next() == Some(&b'1')
}

#[test]
fn a_good_source_makes_a_seed_of_its_own() {
    let seeds: [_; 3] = [(1, b"a"), (2, b"a"), (1, b"b")].map(|(start, device)| seed(good(start), device).unwrap());
    assert!(seeds[0] != seeds[1] && seeds[0] != seeds[2] && seeds[1] != seeds[2], "{seeds:?}");
    assert_eq!(seed(good(1), b"a"), Ok(seeds[0]));
}

#[test]
fn so_many_bits_are_asked_for_and_no_more() {
    let (mut asked, mut bit) = (0, good(3));
    let counted = || {
        asked += 1;
        bit()
    };
    assert!(seed(counted, &[]).is_ok());
    assert_eq!(asked, BITS);
}

#[test]
fn some_bias_is_put_right() {
    for of_256 in [77, 128, 179] {
        assert!(seed(biased(of_256), &[]).is_ok(), "{of_256} of 256");
    }
}

#[test]
fn a_source_that_prefers_a_value_makes_none() {
    for of_256 in [0, 8, 248, 256] {
        assert!(matches!(seed(biased(of_256), &[]), Err(NoiseError::Alike(_))), "{of_256} of 256");
    }
}

#[test]
fn a_source_that_stands_still_makes_none() {
    for value in [false, true] {
        assert!(matches!(seed(|| value, &[]), Err(NoiseError::Alike(_))), "{value}");
    }
}

#[test]
fn a_source_that_stands_still_after_a_while_makes_none() {
    let (mut count, mut bit) = (0, good(5));
    let tired = || {
        count += 1;
        if count < BITS - 2048 { bit() } else { true }
    };
    assert!(matches!(seed(tired, &[]), Err(NoiseError::Alike(_))));
}

#[test]
fn a_source_that_repeats_itself_makes_none() {
    assert_eq!(seed(periodic(b"01"), &[]), Err(NoiseError::Opposite(1)));
    assert_eq!(seed(periodic(b"0011"), &[]), Err(NoiseError::Opposite(2)));
    assert_eq!(seed(periodic(b"0110"), &[]), Err(NoiseError::Opposite(2)));
    assert_eq!(seed(periodic(b"0010111"), &[]), Err(NoiseError::Alike(7)));
    // The longest period that is looked for.
    let long = b"0110100110010110100101100110100110010110011010010110100110010110";
    assert!(matches!(seed(periodic(long), &[]), Err(NoiseError::Alike(_) | NoiseError::Opposite(_))));
}

#[test]
fn a_source_whose_pairs_are_mostly_alike_makes_none() {
    // Four of five second bits are what the first was, which makes 13 of 20 neighbours alike: no test of distances minds.
    let (mut bit, mut differs, mut first) = (good(9), biased(51), None);
    let paired = || match first.take() {
        Some(value) => value != differs(),
        None => *first.insert(bit()),
    };
    assert_eq!(seed(paired, &[]), Err(NoiseError::TooFew));
}
