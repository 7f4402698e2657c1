//! The WebSocket reader of the device: the same however the bytes are cut, and the same as that of others.

use super::is_tolerated;
use crate::compare::websocket::{TOLERATED, compare, read_by_us};
use crate::input::Stream;

pub(crate) fn run(input: &[u8]) {
    let stream = Stream::of(input);
    let (whole, in_pieces) = (read_by_us(vec![stream.bytes]), read_by_us(stream.pieces()));
    assert_eq!((&whole.0, whole.1), (&in_pieces.0, in_pieces.1), "as a whole and in pieces");
    is_tolerated(&compare(stream.bytes), TOLERATED, stream.bytes);
}
