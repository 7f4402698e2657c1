//! Bounded text for people: causes, messages, names.

use core::fmt::{self, Write};
use serde::de::{Deserialize, Deserializer, Visitor};

/// Up to `N` bytes of text that is safe to print.
///
/// Writing never fails. Control characters (a server may send terminal escapes) are written as `\u{1b}`; text over the
/// limit ends in `…`. For data that must not change use `heapless::String`, which refuses instead.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text<const N: usize>(heapless::String<N>);

const ELLIPSIS: &str = "…";

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
        // Writing to `Text` never fails; a `Display` that reports an error itself leaves what it wrote.
        let _ = write!(text, "{value}");
        text
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

    fn is_cut(&self) -> bool {
        self.0.len() + ELLIPSIS.len() > N || self.0.ends_with(ELLIPSIS)
    }

    /// Appends one character, keeping room for the ellipsis.
    fn push(&mut self, c: char) {
        if self.0.len() + c.len_utf8() + ELLIPSIS.len() <= N {
            let _ = self.0.push(c);
        } else if !self.0.ends_with(ELLIPSIS) {
            let _ = self.0.push_str(ELLIPSIS);
        }
    }
}

impl<const N: usize> Write for Text<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for c in s.chars() {
            if self.is_cut() && self.0.ends_with(ELLIPSIS) {
                break;
            }
            if c.is_control() {
                for e in c.escape_unicode() {
                    self.push(e);
                }
            } else {
                self.push(c);
            }
        }
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
    fn text_over_the_limit_ends_in_an_ellipsis() {
        assert_eq!(Text::<8>::of("abcdefghij").as_str(), "abcde…");
        assert_eq!(Text::<8>::of("abcde").as_str(), "abcde");
        assert!(Text::<16>::of("ääääääääääääääää").as_str().ends_with('…'));
    }
}
