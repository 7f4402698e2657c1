//! The time of day that a server tells.

use crate::clock::days;

const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// Seconds since 1970 of an IMF-fixdate, as in `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7). The weekday is not looked
/// at. `None` for everything else, the obsolete forms included.
pub(super) fn parse(text: &[u8]) -> Option<u64> {
    let text = text.get(5..)?;
    let (day, month, year) = (number(text.get(..2)?)?, month(text.get(3..6)?)?, number(text.get(7..11)?)?);
    let time = text.get(12..20)?;
    let (hour, minute, second) = (number(time.get(..2)?)?, number(time.get(3..5)?)?, number(time.get(6..)?)?);
    let separators = [text.get(2)?, text.get(6)?, text.get(11)?, time.get(2)?, time.get(5)?];
    let is_sound = separators == [&b' ', &b' ', &b' ', &b':', &b':']
        && text.get(20..) == Some(b" GMT")
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let days = days(year, month, day).filter(|_| is_sound)?;
    Some((days * 24 + hour) * 3_600 + minute * 60 + second)
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}

/// 1 to 12.
fn month(name: &[u8]) -> Option<u64> {
    MONTHS.chunks(3).zip(1..).find(|(known, _)| *known == name).map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_date_is_read_as_it_is_meant() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(seconds), "{text}");
        }
    }

    #[test]
    fn everything_else_is_no_date() {
        for text in [
            "",
            "0",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08.49.37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}9",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
