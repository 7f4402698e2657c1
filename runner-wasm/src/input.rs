//! What the page says, as JSON. What makes no sense is refused with a sentence that names it.

use core::ops::RangeInclusive;
use serde::de::DeserializeOwned;

/// Seconds by which a clock can be wrong at most: a century. Beyond that dates stop to make sense.
pub(crate) const CLOCK_SECONDS: RangeInclusive<f64> = -3.2e9..=3.2e9;

/// Reads `text`, which is to be `what`.
///
/// # Errors
/// Why it is none, for a person.
pub(crate) fn parse<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("{what} cannot be read: {error}"))
}

/// Looks whether a number is one that makes sense.
///
/// # Errors
/// That it is not, for a person.
pub(crate) fn within(name: &str, value: f64, range: &RangeInclusive<f64>) -> Result<(), String> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(format!("{name} is {value}, and has to be from {} to {}", range.start(), range.end()))
}
