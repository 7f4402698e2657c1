//! The format of `cloud.conf`: sections, `key = value`, comments.

use std::fmt::Write;

/// A configuration text. Everything a person wrote into it stays, comments included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Conf(String);

/// A switch: yes or no, in the words of the original. `None` for any other word.
pub(crate) fn yes_or_no(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "auto" | "1" => Some(true),
        "no" | "false" | "off" | "never" | "0" => Some(false),
        _ => None,
    }
}

/// The value without the quotes around it, if there are any: somebody quoted it once too often (protocol.md 7, #13329).
pub(crate) fn without_quotes(value: &str) -> Option<&str> {
    ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote)).map(str::trim)
}

impl Conf {
    /// Takes over any text; lines that mean nothing are kept and ignored.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of `key` in `section`, the last one if it is there more than once; empty values count as absent.
    pub(crate) fn value(&self, section: &str, key: &str) -> Option<&str> {
        lines(&self.0)
            .filter(|line| line.section == section)
            .filter_map(|line| line.entry)
            .filter(|(name, value)| same_key(name, key) && !value.is_empty())
            .map(|(_, value)| value)
            .last()
    }

    /// All of `section`, in the order of the file.
    pub(crate) fn entries<'t>(&'t self, section: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
        lines(&self.0).filter(move |line| line.section == section).filter_map(|line| line.entry)
    }

    /// Sets `key` in `section`, in place where it is, else at the end of the section, else in a new section.
    pub(crate) fn set(&mut self, section: &str, key: &str, value: &str) {
        let mut out = String::with_capacity(self.0.len() + key.len() + value.len() + section.len() + 16);
        let mut set = false;
        // Where the section ends, not counting empty lines after it.
        let mut end = None;
        for line in lines(&self.0) {
            if line.section == section && line.entry.is_some_and(|(name, _)| same_key(name, key)) {
                if !set {
                    let _ = writeln!(out, "{}{key} = {value}", indentation(line.text));
                }
                set = true;
            } else {
                out.push_str(line.text);
                out.push('\n');
            }
            if line.section == section && !line.text.trim().is_empty() {
                end = Some(out.len());
            }
        }
        if !set {
            let entry = format!("    {key} = {value}\n");
            match end {
                Some(end) => out.insert_str(end, &entry),
                None => {
                    let gap = if out.is_empty() { "" } else { "\n" };
                    let _ = write!(out, "{gap}[{section}]\n{entry}");
                }
            }
        }
        self.0 = out;
    }

    /// Removes `key` from `section`, wherever it is.
    pub(crate) fn remove(&mut self, section: &str, key: &str) {
        let is_kept =
            |line: &Line<'_>| line.section != section || !line.entry.is_some_and(|(name, _)| same_key(name, key));
        if lines(&self.0).any(|line| !is_kept(&line)) {
            self.0 = lines(&self.0).filter(is_kept).flat_map(|line| [line.text, "\n"]).collect();
        }
    }

    /// Whether `key` is there.
    pub(crate) fn has(&self, section: &str, key: &str) -> bool {
        self.value(section, key).is_some()
    }
}

struct Line<'t> {
    text: &'t str,
    section: &'t str,
    entry: Option<(&'t str, &'t str)>,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut section = "";
    text.lines().map(move |line| {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim();
            return Line { text: line, section, entry: None };
        }
        let entry = match trimmed.split_once('=') {
            Some((key, value)) if !trimmed.starts_with(['#', ';']) => Some((key.trim(), value.trim())),
            _ => None,
        };
        Line { text: line, section, entry }
    })
}

/// Words are separated by any number of blanks.
fn same_key(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

fn indentation(line: &str) -> &str {
    line.split_at(line.len() - line.trim_start().len()).0
}

#[cfg(test)]
mod tests {
    use super::Conf;

    #[test]
    fn the_file_of_the_documented_script_is_read() {
        let conf = Conf::new("[global]\n  enabled = yes\n  cloud base url = https://app.netdata.cloud\n");
        assert_eq!(conf.value("global", "cloud base url"), Some("https://app.netdata.cloud"));
        assert_eq!(conf.value("global", "enabled"), Some("yes"));
        assert_eq!(conf.value("web", "enabled"), None);
    }

    #[test]
    fn blanks_comments_and_other_sections_do_not_disturb() {
        let conf = Conf::new(
            "cloud base url = no\n [ global ]\r\n\t# url = no\n ; url = no\n cloud  base\turl=a=b \n[x]\nurl=no",
        );
        assert_eq!(conf.value("global", "cloud base url"), Some("a=b"));
        assert_eq!(conf.value("global", "url"), None);
    }

    #[test]
    fn the_last_of_several_values_counts() {
        let conf = Conf::new("[global]\nurl = a\nurl = b\nurl =\n");
        assert_eq!(conf.value("global", "url"), Some("b"));
    }

    #[test]
    fn a_new_file_looks_like_that_of_the_documented_script() {
        let mut conf = Conf::default();
        conf.set("global", "enabled", "yes");
        conf.set("global", "cloud base url", "https://example.org");
        assert_eq!(conf.as_str(), "[global]\n    enabled = yes\n    cloud base url = https://example.org\n");
    }

    #[test]
    fn what_a_person_wrote_stays() {
        let mut conf =
            Conf::new("# mine\n[global]\n  proxy = none # really\n\tcloud base url = a\n\n[other]\nenabled = no");
        conf.set("global", "enabled", "yes");
        conf.set("global", "cloud base url", "b");
        assert_eq!(
            conf.as_str(),
            "# mine\n[global]\n  proxy = none # really\n\tcloud base url = b\n    enabled = yes\n\n[other]\nenabled = no\n"
        );
    }

    #[test]
    fn a_removed_key_is_gone_wherever_it_was_and_nothing_else_is() {
        let mut conf = Conf::new("# x\n[global]\n x  y = a\nurl = b\nx y = c\n[other]\nx y = d");
        conf.remove("global", "x y");
        assert_eq!(conf.as_str(), "# x\n[global]\nurl = b\n[other]\nx y = d\n");
        let before = conf.clone();
        conf.remove("global", "absent");
        assert_eq!(conf, before);
    }

    #[test]
    fn a_key_that_is_there_twice_is_set_once() {
        let mut conf = Conf::new("[global]\nurl = a\nurl = b\n");
        conf.set("global", "url", "c");
        assert_eq!(conf.as_str(), "[global]\nurl = c\n");
    }
}
