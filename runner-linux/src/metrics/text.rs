//! Numbers in the text files of the kernel. Nothing here fails or panics, whatever is in them: what is not a number is none.

/// The lines of a file.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|byte| *byte == b'\n')
}

/// The words of a line, between blanks.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// A whole number, if it is one of 64 bits.
pub(super) fn number(word: &[u8]) -> Option<u64> {
    let digit = |number: u64, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    if word.is_empty() { None } else { word.iter().try_fold(0, digit) }
}

/// A number with digits behind the point, as in `0.52`.
pub(super) fn decimal(word: &[u8]) -> Option<f64> {
    let mut parts = word.splitn(2, |byte| *byte == b'.');
    let whole = number(parts.next()?)? as f64;
    let Some(digits) = parts.next() else { return Some(whole) };
    let places = i32::try_from(digits.len()).ok()?;
    Some(whole + number(digits)? as f64 / 10_f64.powi(places))
}

/// The rest of the first line that begins with the word `key`, or with `key` and a colon.
pub(super) fn find<'t>(text: &'t [u8], key: &str) -> Option<&'t [u8]> {
    lines(text).find_map(|line| {
        let rest = line.strip_prefix(key.as_bytes())?;
        let rest = rest.trim_ascii_start().strip_prefix(b":").or_else(|| {
            let is_apart = rest.first().is_none_or(u8::is_ascii_whitespace);
            is_apart.then_some(rest)
        })?;
        Some(rest.trim_ascii())
    })
}

/// The number behind `key`.
pub(super) fn value(text: &[u8], key: &str) -> Option<u64> {
    number(words(find(text, key)?).next()?)
}

/// At most `max` bytes of `bytes` as text that people may read: without quotes, backslashes, control characters, and
/// characters that turn the direction of text or cannot be seen.
pub(super) fn printable(bytes: &[u8], max: usize) -> String {
    const UNSEEN: [std::ops::RangeInclusive<char>; 4] =
        ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{feff}'..='\u{feff}'];
    let is_bad = |c: &char| c.is_control() || matches!(c, '"' | '\\') || UNSEEN.iter().any(|unseen| unseen.contains(c));
    let mut text = String::new();
    for c in String::from_utf8_lossy(bytes).chars().filter(|c| !is_bad(c)) {
        if text.len() + c.len_utf8() > max {
            break;
        }
        text.push(c);
    }
    text.trim().to_owned()
}

/// `bytes` as part of the id of a chart: anything that has a meaning elsewhere becomes `_`.
pub(super) fn identifier(bytes: &[u8]) -> String {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | ':');
    String::from_utf8_lossy(bytes).chars().map(|c| if is_good(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::{decimal, find, identifier, number, printable, value};

    #[test]
    fn numbers_are_read_and_nothing_else_is() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for bad in [&b""[..], b"18446744073709551616", b"-1", b"+1", b"1x", b" 1", b"\xff"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
        assert_eq!((decimal(b"0.52"), decimal(b"12"), decimal(b"3.050")), (Some(0.52), Some(12.0), Some(3.05)));
        for bad in [&b"."[..], b"1.", b".5", b"1.2.3", b"1e5", b"nan", b"inf", b"-0.5"] {
            assert_eq!(decimal(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_found_as_a_whole_word_only() {
        let text = b"MemTotalX: 1 kB\nMemTotal:  24684084 kB\nctxt 5\nmodel name\t: A chip\nlast";
        assert_eq!(value(text, "MemTotal"), Some(24_684_084));
        assert_eq!(value(text, "ctxt"), Some(5));
        assert_eq!(find(text, "model name"), Some(&b"A chip"[..]));
        assert_eq!((find(text, "last"), value(text, "last")), (Some(&b""[..]), None));
        assert_eq!((find(text, "Mem"), find(b"", "x")), (None, None));
    }

    #[test]
    fn names_of_the_kernel_are_harmless() {
        assert_eq!(identifier(b"eth0.5@if7"), "eth0.5@if7");
        assert_eq!(identifier(b"a\"b\\c\x01d\n\xffe{/"), "a_b_c_d__e__");
        assert_eq!(printable(b" De\"b\x1bi\\an\n", 100), "Debian");
        assert_eq!(printable("a\u{202e}b\u{feff}c".as_bytes(), 100), "abc");
        assert_eq!(printable("aäb".as_bytes(), 2), "a");
        assert_eq!(printable(b"\xff", 100), "\u{fffd}");
    }
}
