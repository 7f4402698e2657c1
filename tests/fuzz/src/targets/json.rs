//! The JSON reader of the device: what is JSON to it is JSON to others, up to its depth, and has the same values.

use super::is_tolerated;
use crate::compare::json::{TOLERATED, compare};
use aclk_core::wire::json::{JsonCause, check};
use serde::de::IgnoredAny;

pub(crate) fn run(input: &[u8]) {
    // The other does not look whether what nobody asks for is UTF-8, and stops at another depth.
    let theirs = serde_json::from_slice::<serde_json::Value>(input).is_ok() && str::from_utf8(input).is_ok();
    match check(input) {
        Ok(_) => {
            let accepted = serde_json::from_slice::<IgnoredAny>(input);
            assert!(accepted.is_ok(), "{accepted:?}: {}", input.escape_ascii());
        }
        Err(error) if matches!(error.cause, JsonCause::TooDeep) => {}
        Err(error) => assert!(!theirs, "{error}: {}", input.escape_ascii()),
    }
    is_tolerated(&compare(input), TOLERATED, input);
}
