//! Bounded text for people: causes, messages, names.

use core::fmt::{self, Write};
use heapless::string::StringView;
use serde::de::{Deserialize, Deserializer, Visitor};

/// Up to `N` bytes of text that is safe to print.
///
/// Writing never fails. Control characters (a server may send terminal escapes) are written as `\u{1b}`; text over the
/// limit ends in `…`. For data that must not change use `heapless::String`, which refuses instead.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text<const N: usize>(heapless::String<N>);

/// What is before and after the first `separator`. The search of the standard library is for long texts: a kilobyte of code.
pub(crate) fn split_once<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let is_there = |at: &usize| text.as_bytes().get(*at..).is_some_and(|from| from.starts_with(separator.as_bytes()));
    let at = (0..text.len()).find(is_there)?;
    let (before, from) = text.split_at_checked(at)?;
    Some((before, from.strip_prefix(separator)?))
}

/// Whether it is white space (Unicode's property White_Space): `char::is_whitespace`, without a table of which most is for what
/// is none.
pub(crate) const fn is_blank(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202f}' | '\u{205f}' | '\u{3000}')
}

const ELLIPSIS: &str = "…";
/// What stands for a secret.
const HIDDEN: &str = "***";
/// Shorter secrets are not looked for: they would be found everywhere.
const SECRET_MIN: usize = 4;

impl<const N: usize> Text<N> {
    /// Empty text.
    #[must_use]
    pub const fn new() -> Self {
        Self(heapless::String::new())
    }

    /// What `value` displays as.
    #[must_use]
    pub fn of(value: impl fmt::Display) -> Self {
        let mut text = Self::new();
        fill(&mut text.0, &value);
        text
    }

    /// Puts `text` in the place of what was there before. All text will do, what is too long ends in `…`: it says `true`, which is
    /// what a [`Reader`](crate::wire::json::Reader) of JSON wants to know.
    pub(crate) fn replace(&mut self, text: &str) -> bool {
        self.0.clear();
        append(&mut self.0, text);
        true
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts `***` in the place of `secret` wherever the text contains it, even if only its beginning, before an ellipsis.
    /// Secrets of less than four bytes are left alone.
    pub fn hide(&mut self, secret: &str) {
        let old = core::mem::take(self);
        append_without(&mut self.0, old.as_str(), secret);
    }
}

// Functions of their own, over text of any length, so that there is one of each.

#[inline(never)]
fn fill(text: &mut StringView, value: &dyn fmt::Display) {
    // Writing to text never fails; a `Display` that reports an error itself leaves what it wrote.
    let _ = write!(Printable(text), "{value}");
}

struct Printable<'t>(&'t mut StringView);

impl Write for Printable<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        append(self.0, s);
        Ok(())
    }
}

#[inline(never)]
fn append(text: &mut StringView, s: &str) {
    for c in s.chars() {
        if is_cut(text) {
            break;
        }
        if c.is_control() {
            for e in c.escape_unicode() {
                push(text, e);
            }
        } else {
            push(text, c);
        }
    }
}

/// Appends one character, keeping room for the ellipsis.
fn push(text: &mut StringView, c: char) {
    if text.len() + c.len_utf8() + ELLIPSIS.len() <= text.capacity() {
        let _ = text.push(c);
    } else if !is_cut(text) {
        let _ = text.push_str(ELLIPSIS);
    }
}

/// Whether something was left out. An ellipsis that was written by somebody else stands further in front.
fn is_cut(text: &StringView) -> bool {
    text.len() + ELLIPSIS.len() >= text.capacity() && text.ends_with(ELLIPSIS)
}

#[inline(never)]
fn append_without(text: &mut StringView, old: &str, secret: &str) {
    let mut rest = old;
    while let Some(c) = rest.chars().next() {
        let (shown, len) = match hidden_len(rest, secret) {
            Some(len) => (HIDDEN, len),
            None => (rest.get(..c.len_utf8()).unwrap_or_default(), c.len_utf8()),
        };
        // It never gets longer than it was.
        let _ = text.push_str(shown);
        rest = rest.get(len..).unwrap_or_default();
    }
}

/// How many bytes at the start of `text` are `secret`, percent-encoded or not, or the beginning of it before an ellipsis.
fn hidden_len(text: &str, secret: &str) -> Option<usize> {
    let (mut rest, mut count) = (text, 0);
    for wanted in secret.chars() {
        let Some(behind) = rest.strip_prefix(wanted).or_else(|| behind_percent(rest, wanted)) else { break };
        (rest, count) = (behind, count + wanted.len_utf8());
    }
    let is_whole = count == secret.len() || rest.starts_with(ELLIPSIS);
    (is_whole && count >= SECRET_MIN).then_some(text.len().saturating_sub(rest.len()))
}

/// What follows `wanted`, if `text` begins with that in the form `%41`.
fn behind_percent(text: &str, wanted: char) -> Option<&str> {
    let (digits, behind) = text.strip_prefix('%')?.split_at_checked(2)?;
    let is_wanted = u8::from_str_radix(digits, 16).is_ok_and(|byte| char::from(byte) == wanted);
    is_wanted.then_some(behind)
}

impl<const N: usize> Write for Text<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        append(&mut self.0, s);
        Ok(())
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Any JSON string will do: what is too long ends in `…`.
impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText<const N: usize>;

        impl<const N: usize> Visitor<'_> for AnyText<N> {
            type Value = Text<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<N>, E> {
                Ok(Text::of(text))
            }
        }

        deserializer.deserialize_str(AnyText)
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn control_characters_are_made_visible() {
        assert_eq!(Text::<64>::of("a\x1b[2Jb\n").as_str(), "a\\u{1b}[2Jb\\u{a}");
    }

    #[test]
    fn a_secret_is_hidden_even_where_it_is_cut_off() {
        let hide = |text: &str| {
            let mut text = Text::<24>::of(text);
            text.hide("hunter2");
            std::string::String::from(text.as_str())
        };
        assert_eq!(hide("hunter2hunter2, hunt"), "******, hunt");
        assert_eq!(hide("hunthunter2 is wrong"), "hunt*** is wrong");
        assert_eq!(hide("0123456789abcdef hunter2"), "0123456789abcdef ***…");
        assert_eq!(hide("%68unt%65%72%32 %6z %"), "*** %6z %");
        let mut text = Text::<16>::of("abcabc");
        text.hide("abc");
        text.hide("");
        assert_eq!(text.as_str(), "abcabc");
    }

    #[test]
    fn text_over_the_limit_ends_in_an_ellipsis() {
        assert_eq!(Text::<8>::of("abcdefghij").as_str(), "abcde…");
        assert_eq!(Text::<16>::of("a…b … c").as_str(), "a…b … c", "that of somebody else is text");
        for text in ["a…bcdefghij", "abc…\u{1f600}z", "ab……z…", "…………"] {
            let cut = Text::<10>::of(text);
            let whole = cut.as_str().strip_suffix('…').unwrap();
            assert!(cut.as_str().len() <= 10 && text.starts_with(whole), "{cut:?} of {text}");
        }
        assert_eq!(Text::<8>::of("abcde").as_str(), "abcde");
        assert!(Text::<16>::of("ääääääääääääääää").as_str().ends_with('…'));
    }
}
