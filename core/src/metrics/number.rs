//! A sample as text.

use core::fmt;

/// Digits behind the point.
const DIGITS: usize = 7;
const SCALE: u64 = 10_u64.pow(DIGITS as u32);
/// From here on nothing behind the point is shown, since it would not be true any more.
const WHOLE: u64 = 100_000_000;
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
        let (whole, mut fraction) = rounded(value.abs());
        if value < 0.0 && (whole, fraction) != (0, 0) {
            f.write_str("-")?;
        }
        write!(f, "{whole}")?;
        let mut digits = DIGITS;
        if fraction == 0 {
            return Ok(());
        }
        while fraction % 10 == 0 {
            (fraction, digits) = (fraction / 10, digits - 1);
        }
        write!(f, ".{fraction:0digits$}")
    }
}

/// What is before the point, and the digits behind it, of a size below [`LIMIT`]. Calculated with integers: multiplying floats
/// would be half a kilobyte of firmware more.
fn rounded(size: f64) -> (u64, u64) {
    /// Bits behind the point that are looked at: ten digits and more.
    const BITS: i32 = 40;
    const ONE: u64 = 1 << BITS;
    /// A size is its lowest 53 bits, the first of which is not stored, times two to this power.
    const STORED: u32 = f64::MANTISSA_DIGITS - 1;
    const BIAS: i32 = f64::MAX_EXP - 1 + STORED as i32;
    let mantissa = size.to_bits() & ((1 << STORED) - 1) | 1 << STORED;
    let exponent = (size.to_bits() >> STORED) as i32 - BIAS;
    let shifted =
        |by: i32| if by < 0 { mantissa.checked_shr(by.unsigned_abs()).unwrap_or(0) } else { mantissa << by.min(63) };
    let whole = shifted(exponent);
    // What is above the point may be lost here.
    let fraction = if exponent < 0 { shifted(exponent + BITS) % ONE } else { 0 };
    let scale = if whole < WHOLE { SCALE } else { 1 };
    let digits = (fraction * scale + ONE / 2) / ONE;
    (whole + digits / scale, if scale == 1 { 0 } else { digits % scale })
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
