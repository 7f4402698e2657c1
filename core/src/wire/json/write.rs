//! Text as JSON.

use crate::wire::buffer::Writer;
use core::fmt::{self, Write};

/// Writes `s` as a JSON string, in quotes. Everything is escaped that has to be, and nothing else (RFC 8259 7).
pub fn put_string(w: &mut Writer<'_>, s: &str) {
    w.put_u8(b'"');
    w.put_fmt(Escaped(s));
    w.put_u8(b'"');
}

/// Displays as the inside of a JSON string, without the quotes.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| matches!(c, '"' | '\\' | '\0'..='\x1f')) {
            let (plain, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
            f.write_str(plain)?;
            match c {
                '"' | '\\' => {
                    f.write_char('\\')?;
                    f.write_char(c)?;
                }
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                _ => write!(f, "\\u{:04x}", u32::from(c))?,
            }
            rest = behind.get(c.len_utf8()..).unwrap_or_default();
        }
        f.write_str(rest)
    }
}
