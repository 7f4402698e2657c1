//! Text as JSON.

use crate::wire::buffer::Writer;
use core::fmt::{self, Write};
use serde::Serialize;

/// Writes `value` as compact JSON, or marks the writer full. Characters (`char`) have no form here: use strings.
pub fn put(w: &mut Writer<'_>, value: &impl Serialize) {
    w.put_with(|room| serde_json_core::to_slice(value, room).ok());
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
