//! JSON documents: `wire::json` and serde_json.

use super::Verdict;
use aclk_core::wire::json::{JsonCause, JsonError, parse};
use serde::Deserialize;

/// Where we differ. All but the last are refused by us alone.
pub const TOLERATED: &[(&str, &str)] = &[
    ("a valid escape sequence", "half a surrogate pair where nobody asks for it: the other does not look there"),
    ("UTF-8", "RFC 8259 8.1: all of it is UTF-8; the other does not look at what nobody asks for"),
    ("room", "a name with escapes that is longer than the room for strings: the other has a heap"),
    ("an object", "the other takes an array of the members in order for a struct as well"),
    ("a name", "the other takes {\"json\":null} for \"json\" as well"),
    ("minus zero", "is the integer 0 to us; the other takes it for a float"),
];

/// How both read `bytes`.
///
/// # Panics
/// If both accept it, and read something else.
pub fn compare(bytes: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(bytes);
    match (ours(bytes), serde_json::from_slice::<Reply>(bytes)) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours, theirs, "{text}");
            Verdict::BothAccept
        }
        (Err(_), Err(_)) => Verdict::BothRefuse,
        (Err(error), Ok(_)) => Verdict::differ(refused_by_us(&error)),
        (Ok(_), Err(_)) if text.contains("-0,") => Verdict::differ("minus zero"),
        (Ok(_), Err(_)) => Verdict::differ("accepted by us alone"),
    }
}

fn refused_by_us(error: &JsonError) -> String {
    match &error.cause {
        JsonCause::Syntax(expected) => (*expected).to_owned(),
        JsonCause::Utf8 => "UTF-8".to_owned(),
        JsonCause::Scratch(_) => "room".to_owned(),
        JsonCause::Mismatch(_) if error.member.as_str() == "inner" => "an object".to_owned(),
        JsonCause::Mismatch(_) if error.member.as_str() == "kind" => "a name".to_owned(),
        cause => format!("{cause:?}"),
    }
}

/// Every kind of member that a reply may have.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    text: heapless::String<24>,
    #[serde(default)]
    maybe: Option<heapless::String<24>>,
    small: u8,
    signed: i32,
    wide: u64,
    deep: i64,
    ratio: f64,
    flag: bool,
    kind: Kind,
    list: heapless::Vec<Option<u16>, 6>,
    pair: (i8, bool),
    inner: Inner,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Inner {
    name: heapless::String<24>,
    #[serde(default)]
    more: heapless::Vec<heapless::Vec<bool, 3>, 3>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Proto,
    Json,
}

/// Bytes for a string with escapes.
const ROOM: usize = 64;

/// What we read.
pub fn ours(document: &[u8]) -> Result<Reply, JsonError> {
    parse(document, &mut [0; ROOM])
}
