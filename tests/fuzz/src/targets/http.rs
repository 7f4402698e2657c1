//! The HTTP/1.1 reader of the device: the same however the bytes are cut, and the same as that of others.

use super::is_tolerated;
use crate::compare::Verdict;
use crate::compare::http::{TOLERATED, compare, read_by_us};
use crate::input::Stream;

/// What we look at alone: our limits, and what WebSocket needs. And what the other looks at alone: an extension of a chunk may
/// be longer to us.
const ALONE: [&str; 8] = [
    "ChunkExpectedCrLf",
    "WebsocketAccept",
    "HeadTooLong",
    "TooManyHeaders",
    "TooManyInterim",
    "BodyTooLong",
    "ChunkLineTooLong",
    "TrailersTooLong",
];

pub(crate) fn run(input: &[u8]) {
    let stream = Stream::of(input);
    assert_eq!(read_by_us(&stream.pieces()), read_by_us(&[stream.bytes]), "in pieces and as a whole");
    match compare(stream.bytes) {
        Verdict::Differ(name) if ALONE.contains(&name.as_str()) => {}
        verdict => is_tolerated(&verdict, TOLERATED, stream.bytes),
    }
}
