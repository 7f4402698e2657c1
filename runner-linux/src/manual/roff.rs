//! The man page: one for all names of the program, in the macros of man(7).

use super::Page;
use super::pages::{ACLK, COMMANDS, PROGRAMS};
use crate::clock::{BUILD_UNIX_SECONDS, rfc3339};
use std::fmt::{self, Display, Formatter};

/// Displays as the whole page.
pub(crate) struct Manual;

impl Display for Manual {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let version = env!("CARGO_PKG_VERSION");
        let built = rfc3339(BUILD_UNIX_SECONDS);
        let (date, _) = built.split_once('T').unwrap_or_default();
        writeln!(f, ".TH ACLK 1 \"{date}\" \"aclk {version}\" \"User Commands\"")?;
        let names = PROGRAMS.iter().map(|page| page.command).collect::<Vec<_>>().join(", ");
        writeln!(f, ".SH NAME\naclk, {} \\- {}", Text(&names), Text(ACLK.summary))?;
        f.write_str(".SH SYNOPSIS\n.nf\n")?;
        for page in COMMANDS.iter().chain(PROGRAMS) {
            for usage in page.usage {
                writeln!(f, "\\fB{}\\fR {}", Text(page.command), Text(usage))?;
            }
        }
        f.write_str(".fi\n.SH DESCRIPTION\n")?;
        writeln!(f, "{}.", Text(&capitalised(ACLK.summary)))?;
        paragraphs(f, ACLK.notes)?;
        f.write_str(".SH COMMANDS\n")?;
        COMMANDS.iter().try_for_each(|page| section(f, page))?;
        f.write_str(".SH OTHER NAMES\n")?;
        PROGRAMS.iter().try_for_each(|page| section(f, page))
    }
}

fn section(f: &mut Formatter<'_>, page: &Page) -> fmt::Result {
    writeln!(f, ".SS {}", Text(page.command))?;
    writeln!(f, "{}.", Text(&capitalised(page.summary)))?;
    paragraphs(f, page.about)?;
    for option in page.options {
        let names = option.names.iter().map(|name| format!("\\fB{}\\fR", Text(name)));
        let names = names.collect::<Vec<_>>().join(", ");
        let value = if option.value.is_empty() {
            String::new()
        } else {
            format!("{}\\fI{}\\fR", option.separator, Text(option.value))
        };
        writeln!(f, ".TP\n{names}{value}\n{}", Text(option.about))?;
    }
    paragraphs(f, page.notes)?;
    if !page.exit.is_empty() {
        f.write_str(".PP\nExit code:\n")?;
    }
    for (code, meaning) in page.exit {
        writeln!(f, ".TP\n.B {}\n{}", Text(code), Text(meaning))?;
    }
    Ok(())
}

/// Those that are indented are left as they are.
fn paragraphs(f: &mut Formatter<'_>, paragraphs: &[&str]) -> fmt::Result {
    for paragraph in paragraphs {
        if paragraph.starts_with(' ') {
            f.write_str(".PP\n.nf\n")?;
            paragraph.lines().try_for_each(|line| writeln!(f, "{}", Text(line)))?;
            f.write_str(".fi\n")?;
        } else {
            writeln!(f, ".PP\n{}", Text(paragraph))?;
        }
    }
    Ok(())
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Text in which nothing is a request or an escape of roff.
struct Text<'t>(&'t str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.starts_with(['.', '\'']) {
            f.write_str("\\&")?;
        }
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\e")?,
                // Otherwise it becomes another hyphen, that cannot be copied into a shell.
                '-' => f.write_str("\\-")?,
                '…' => f.write_str("...")?,
                '\'' => f.write_str("\\(aq")?,
                '~' => f.write_str("\\(ti")?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}
