//! What the tests of the formats share.

use proptest::prelude::*;
use std::vec::Vec;

/// The bytes of hexadecimal text; white space is ignored.
pub(super) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap() as u8).collect();
    assert_eq!(digits.len() % 2, 0);
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// `bytes` in pieces as long as `cuts` say, over and over.
pub(super) fn pieces<'b>(bytes: &'b [u8], cuts: &[usize]) -> Vec<&'b [u8]> {
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*cut).clamp(1, rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Lengths for [`pieces`].
pub(super) fn cuts() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(1..20_usize, 1..40)
}
