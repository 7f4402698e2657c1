//! What `--help` prints: text for a terminal of 80 columns.

use super::Page;
use super::pages::{ACLK, COMMANDS};
use std::fmt::{self, Write};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Where the texts behind options begin.
const COLUMN: usize = 24;

/// Where the texts behind commands begin.
const COMMAND_COLUMN: usize = 16;

/// Displays as what `aclk` can do.
pub(crate) struct Overview;

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        overview(&mut text)?;
        f.write_str(text.trim_end())
    }
}

fn overview(f: &mut String) -> fmt::Result {
    writeln!(f, "aclk - {}\n\nusage: aclk {}\n", ACLK.summary, ACLK.usage.concat())?;
    for page in COMMANDS {
        let lead = format!("  {}", page.word());
        wrapped(f, &format!("{lead:<COMMAND_COLUMN$}"), COMMAND_COLUMN, page.summary)?;
    }
    paragraphs(f, ACLK.notes)
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.put(&mut text)?;
        f.write_str(text.trim_end())
    }
}

impl Page {
    fn put(&self, f: &mut String) -> fmt::Result {
        for (index, usage) in self.usage.iter().enumerate() {
            let start = if index == 0 { "usage:" } else { "      " };
            let lead = format!("{start} {} ", self.command);
            wrapped(f, &lead, lead.len(), usage)?;
        }
        paragraphs(f, self.about)?;
        if !self.options.is_empty() {
            writeln!(f)?;
        }
        for option in self.options {
            let mut lead = format!("  {}", option.label());
            if lead.len() + 2 > COLUMN {
                writeln!(f, "{lead}")?;
                lead.clear();
            }
            wrapped(f, &format!("{lead:<COLUMN$}"), COLUMN, option.about)?;
        }
        paragraphs(f, self.notes)?;
        if !self.exit.is_empty() {
            writeln!(f, "\nexit code:")?;
        }
        for (code, meaning) in self.exit {
            wrapped(f, &format!("  {code:<4}"), 6, meaning)?;
        }
        Ok(())
    }
}

/// An empty line in front of each. Those that are indented are left as they are.
fn paragraphs(f: &mut String, paragraphs: &[&str]) -> fmt::Result {
    for paragraph in paragraphs {
        writeln!(f)?;
        if paragraph.starts_with(' ') {
            writeln!(f, "{paragraph}")?;
        } else {
            wrapped(f, "", 0, paragraph)?;
        }
    }
    Ok(())
}

/// The words of `text` behind `lead`, in lines that fit; the second and later ones begin at `column`.
fn wrapped(f: &mut String, lead: &str, column: usize, text: &str) -> fmt::Result {
    let mut line = lead.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(f, "{}", line.trim_end())?;
            line = " ".repeat(column);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(f, "{}", line.trim_end())
}
