//! A sample as text.

use core::fmt;

/// Digits behind the point.
const DIGITS: usize = 7;
const SCALE: u64 = 10_u64.pow(DIGITS as u32);
/// From here on nothing behind the point is shown, since it would not be true any more.
const WHOLE: f64 = 1e8;
/// Values of this size and beyond are shown as `null`.
const LIMIT: f64 = 9.2e18;

/// Displays as a JSON number with up to seven digits behind the point, as Netdata writes them, or as `null` for what is
/// not there. Without the machinery for floats of the standard library, which costs firmware some 20 KB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub Option<f64>);

impl Number {
    /// A sample.
    #[must_use]
    pub fn of(sample: Option<f32>) -> Self {
        Self(sample.map(f64::from))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.0.filter(|value| value.abs() < LIMIT) else { return f.write_str("null") };
        let size = value.abs();
        let scale = if size < WHOLE { SCALE } else { 1 };
        let scaled = (size * scale as f64 + 0.5) as u64;
        if value < 0.0 && scaled > 0 {
            f.write_str("-")?;
        }
        write!(f, "{}", scaled / scale)?;
        let (mut fraction, mut digits) = (scaled % scale, DIGITS);
        if fraction == 0 {
            return Ok(());
        }
        while fraction % 10 == 0 {
            (fraction, digits) = (fraction / 10, digits - 1);
        }
        write!(f, ".{fraction:0digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::Number;
    use std::string::ToString;

    #[test]
    fn numbers_have_no_more_digits_than_they_need() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.5, "1.5"),
            (-2.25, "-2.25"),
            (100.0 / 3.0, "33.3333333"),
            (0.000_000_04, "0"),
            (0.000_000_1, "0.0000001"),
            (99_999_999.5, "99999999.5"),
            (123_456_789.5, "123456790"),
            (17_179_869_184.0, "17179869184"),
            (9e18, "9000000000000000000"),
        ] {
            assert_eq!(Number(Some(value)).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_number_in_json_is_null() {
        for value in [None, Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(1e19)] {
            assert_eq!(Number(value).to_string(), "null");
        }
    }
}
