//! The programs, their commands and options, once: what `--help` prints, the man page, the completions of shells, and what
//! the parsers take all come from this table.

pub(crate) mod completions;
pub(crate) mod help;
pub(crate) mod pages;
pub(crate) mod roff;

/// A program or a command of one.
#[derive(Debug)]
pub(crate) struct Page {
    /// How it is called: `aclk claim`.
    pub(crate) command: &'static str,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// What stands behind the name, a line for each way to call it.
    pub(crate) usage: &'static [&'static str],
    /// Paragraphs in front of the options.
    pub(crate) about: &'static [&'static str],
    pub(crate) options: &'static [Opt],
    /// Paragraphs behind the options.
    pub(crate) notes: &'static [&'static str],
    /// Exit codes and what they mean.
    pub(crate) exit: &'static [(&'static str, &'static str)],
}

/// An option, or another word that a command knows.
#[derive(Debug)]
pub(crate) struct Opt {
    /// With its hyphens, the name that is recommended first.
    pub(crate) names: &'static [&'static str],
    /// What stands for the value; empty if there is none.
    pub(crate) value: &'static str,
    /// What stands between name and value: `=`, or a blank.
    pub(crate) separator: char,
    pub(crate) about: &'static str,
    pub(crate) values: Values,
}

/// What a shell can offer as the value of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// Nothing: nobody else knows it.
    Unknown,
    /// These, and perhaps others.
    Words(&'static [&'static str]),
    Files,
    Directories,
}

impl Page {
    /// The option of this name, which may have one hyphen or two.
    pub(crate) fn find(&self, name: &str) -> Option<&'static Opt> {
        self.options.iter().find(|option| option.names.iter().any(|known| known.trim_start_matches('-') == name))
    }

    /// The last word of how it is called, by which its program knows it.
    pub(crate) fn word(&self) -> &'static str {
        self.command.rsplit(' ').next().unwrap_or_default()
    }
}

impl Opt {
    const fn new(names: &'static [&'static str], value: &'static str, separator: char, about: &'static str) -> Self {
        Self { names, value, separator, about, values: Values::Unknown }
    }

    const fn offers(mut self, words: &'static [&'static str]) -> Self {
        self.values = Values::Words(words);
        self
    }

    const fn file(mut self) -> Self {
        self.values = Values::Files;
        self
    }

    const fn directory(mut self) -> Self {
        self.values = Values::Directories;
        self
    }

    /// All names, the last one with its value.
    fn label(&self) -> String {
        let names = self.names.join(", ");
        if self.value.is_empty() { names } else { format!("{names}{}{}", self.separator, self.value) }
    }
}
