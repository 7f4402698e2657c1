//! Finds secrets in bytes that somebody else may have made: as they are, or in the escapes of URLs, JSON, HTML, base64 and
//! hex; whole, or a part of them; and across the seams of a chunked body.

use std::ops::Range;
use zeroize::Zeroizing;

/// So many characters of a secret in a row are hidden wherever they are; fewer tell nothing.
const PART_MIN: usize = 8;
/// Shorter secrets are not looked for: they would be found everywhere.
const SECRET_MIN: usize = 4;
/// Longest seam of two chunks, or run of control characters, inside a secret, in bytes.
const SEAM_MAX: usize = 32;

/// What is to be hidden.
#[derive(Default)]
pub(super) struct Mask(Vec<Zeroizing<Vec<u8>>>);

impl Mask {
    /// Hides `secret` and the common encodings of it as a whole.
    pub(super) fn new(secret: &[u8]) -> Self {
        if secret.len() < SECRET_MIN {
            return Self::default();
        }
        // Wherever the secret begins in a longer text, its base64 goes on like one of these.
        let base64 = (0..3).filter_map(|from| secret.get(from..)).map(base64);
        let hex = Zeroizing::new(secret.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
        let plain = Zeroizing::new(secret.to_vec());
        Self([plain, hex].into_iter().chain(base64).filter(|form| form.len() >= SECRET_MIN).collect())
    }

    /// `text` without what is to be hidden.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut out = String::new();
        let mut at = 0;
        for Range { start, end } in self.find(text.as_bytes()) {
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str("***");
            at = end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }

    /// Where in `text` something is to be hidden, in order.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let first = characters(text.get(at..).unwrap_or_default());
            match self.0.iter().filter_map(|secret| longest(text, at, &first, secret)).max() {
                Some(end) => {
                    found.push(at..end);
                    at = end;
                }
                None => at += 1,
            }
        }
        found
    }
}

/// A character as some escape has it, and the length of that.
type Form = (u8, usize);
/// All that bytes can stand for.
type Forms = heapless::Vec<Form, 7>;

/// Where the longest part of `secret` that begins at `at`, with one of `first`, ends, if it is long enough to tell something.
fn longest(text: &[u8], at: usize, first: &Forms, secret: &[u8]) -> Option<usize> {
    let least = PART_MIN.min(secret.len());
    let begins = |part: &&[u8]| part.first().is_some_and(|byte| first.iter().any(|form| is(*form, *byte)));
    let parts = (0..=secret.len() - least).filter_map(|from| secret.get(from..)).filter(begins);
    parts.filter_map(|part| same(text, at, part, least)).max()
}

/// Where the characters of `secret` that stand at `at` end, if there are at least `least` of them.
fn same(text: &[u8], at: usize, secret: &[u8], least: usize) -> Option<usize> {
    // Every place at which the characters so far can end: `%25` may be a percent sign, or the beginning of another escape.
    let mut ends = vec![at];
    let mut count = 0;
    let mut last = at;
    for wanted in secret {
        let mut next: Vec<usize> = Vec::new();
        for end in &ends {
            let seam = if count == 0 { 0 } else { seam(text, *end) };
            for from in [*end, end + seam] {
                let forms = characters(text.get(from..).unwrap_or_default());
                next.extend(forms.iter().filter(|form| is(**form, *wanted)).map(|(_, len)| from + len));
            }
        }
        next.sort_unstable();
        next.dedup();
        let Some(farthest) = next.last() else { break };
        (last, count) = (*farthest, count + 1);
        ends = next;
    }
    (count >= least).then_some(last)
}

/// Whether it is this character. Capital letters are no other secret.
const fn is(form: Form, wanted: u8) -> bool {
    form.0.eq_ignore_ascii_case(&wanted)
}

/// Every character that `text` can be said to begin with.
fn characters(text: &[u8]) -> Forms {
    let mut forms = Forms::new();
    // There is room for all of them.
    let mut add = |form: Option<Form>| form.is_none_or(|form| forms.push(form).is_ok());
    let digits = |prefix: &str, count: usize, radix: u32| {
        let rest = text.strip_prefix(prefix.as_bytes())?;
        Some((number(rest.get(..count)?, radix)?, prefix.len() + count))
    };
    let entity = |prefix: &str, radix: u32| {
        let rest = text.strip_prefix(prefix.as_bytes())?;
        let len = rest.iter().take(8).position(|byte| *byte == b';')?;
        Some((number(rest.get(..len)?, radix)?, prefix.len() + len + 1))
    };
    add(text.first().map(|byte| (*byte, 1)));
    match text {
        [b'%', ..] => ["%", "%25", "%u00"].into_iter().for_each(|prefix| {
            add(digits(prefix, 2, 16));
        }),
        [b'\\', next, ..] => {
            add(next.is_ascii_punctuation().then_some((*next, 2)));
            add(digits("\\", 3, 8));
            for prefix in ["\\u00", "\\\\u00", "\\x"] {
                add(digits(prefix, 2, 16));
            }
        }
        [b'&', ..] => {
            add(entity("&#x", 16).or_else(|| entity("&#X", 16)).or_else(|| entity("&#", 10)));
            let named = ENTITIES.iter().find(|(name, _)| text.starts_with(name.as_bytes()));
            add(named.map(|(name, byte)| (*byte, name.len())));
        }
        [b'=', ..] => {
            add(digits("=", 2, 16));
        }
        _ => {}
    }
    forms
}

const ENTITIES: [(&str, u8); 5] =
    [("&amp;", b'&'), ("&lt;", b'<'), ("&gt;", b'>'), ("&quot;", b'"'), ("&apos;", b'\'')];

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let text = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
    u8::from_str_radix(text, radix).ok()
}

/// The length of what may stand between two characters without being seen: the seam of two chunks, or control characters.
fn seam(text: &[u8], at: usize) -> usize {
    let text = text.get(at..).unwrap_or_default();
    let text = text.get(..SEAM_MAX.min(text.len())).unwrap_or_default();
    let blank = |bytes: &[u8]| bytes.iter().take_while(|byte| **byte <= b' ' || **byte == 0x7f).count();
    let first = blank(text);
    let is_line_end = text.starts_with(b"\r\n");
    let size = text.get(first..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let behind = text.get(first + size..).unwrap_or_default();
    if is_line_end && size > 0 && behind.starts_with(b"\r\n") { first + size + 2 } else { first }
}

/// Without what stands for the end, as more may follow.
fn base64(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() / 3 * 4));
    for group in bytes.chunks_exact(3) {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        out.extend([18, 12, 6, 0].iter().filter_map(|shift| ALPHABET.get(bits >> shift & 63)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Mask;

    const TOKEN: &str = "aZ-9_secret/to+ken&x";

    fn hidden(text: &str) -> String {
        Mask::new(TOKEN.as_bytes()).hide(text)
    }

    fn escaped(escape: impl Fn(char) -> String) -> String {
        TOKEN.chars().map(escape).collect()
    }

    #[test]
    fn a_secret_is_found_in_every_escape() {
        let forms = [
            TOKEN.to_owned(),
            TOKEN.to_uppercase(),
            escaped(|c| format!("%{:02x}", c as u8)),
            escaped(|c| format!("%25{:02X}", c as u8)),
            escaped(|c| format!("\\u{:04x}", c as u8)),
            escaped(|c| format!("\\\\u{:04X}", c as u8)),
            escaped(|c| format!("\\x{:02x}", c as u8)),
            escaped(|c| format!("\\{:03o}", c as u8)),
            escaped(|c| format!("&#{};", c as u8)),
            escaped(|c| format!("&#x{:x};", c as u8)),
            TOKEN.replace('/', "\\/").replace('&', "&amp;"),
            escaped(|c| if (c as u8).is_multiple_of(2) { format!("%{:02X}", c as u8) } else { c.to_string() }),
            escaped(|c| format!("{:02x}", c as u8)),
            escaped(|c| format!("\u{1}\n{c}")).trim_start().trim_start_matches('\u{1}').trim_start().to_owned(),
            escaped(|c| format!("\r\n1\r\n{c}")).split_off("\r\n1\r\n".len()),
        ];
        for form in forms {
            assert_eq!(hidden(&format!("<a {form}")).trim_end(), "<a ***", "{form:?}");
        }
    }

    #[test]
    fn a_part_of_it_is_found_too_and_base64_wherever_it_begins() {
        assert_eq!(hidden("x aZ-9_secr, x"), "x ***, x");
        assert_eq!(hidden("x secret/to+ken&x"), "x ***");
        assert_eq!(hidden("two: aZ-9_secret/to+ken&xaZ-9_secret/to+ken&x."), "two: ******.");
        use base64::Engine;
        for before in ["", "a", "ab", "abc"] {
            let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{before}{TOKEN}"));
            let shown = hidden(&encoded);
            assert!(shown.contains("***") && shown.len() <= before.len() + 3 + 10, "{encoded}: {shown}");
        }
    }

    #[test]
    fn what_is_no_secret_stays_and_short_ones_are_not_looked_for() {
        for text in ["", "aZ-9_se", "secret token", "%", "\\", "&#", "%2", "\\u00", "a\r\n", "\r\n1\r\n"] {
            assert_eq!(hidden(text), text);
        }
        assert!(Mask::new(b"abc").find(b"abcabc").is_empty());
        assert_eq!(Mask::new(b"abcd").hide("xabcdx"), "x***x");
    }
}
