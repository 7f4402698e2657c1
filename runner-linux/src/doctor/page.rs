//! For people: a line or two per step, and in the end what to do.

use super::{Outcome, Step, Verdict};
use crate::report::wants_colour;
use std::fmt::Display;
use std::io::{IsTerminal, Write, stdout};

/// Lines are no longer than this, unless a word is.
const WIDTH: usize = 96;
/// Where the text of a step begins.
const INDENT: usize = 18;

/// Standard output. What cannot be written is lost: there is nobody left to read it.
#[derive(Debug)]
pub(crate) struct Page {
    colour: bool,
    is_terminal: bool,
}

impl Page {
    /// On standard output, in colour where that is wanted.
    pub(crate) fn new() -> Self {
        Self { colour: wants_colour(&stdout()), is_terminal: stdout().is_terminal() }
    }

    /// A step.
    pub(super) fn step(&mut self, step: &Step) {
        let mut sentences = Vec::new();
        if let Some(cause) = &step.cause {
            let on = step.purpose.map(|purpose| format!("{purpose}: ")).unwrap_or_default();
            sentences.push(format!("{on}{cause}"));
        }
        sentences.extend(step.evidence.iter().cloned());
        let mark = self.mark(step.outcome);
        for (index, sentence) in sentences.iter().enumerate() {
            for (row, line) in wrap(sentence, WIDTH - INDENT).iter().enumerate() {
                match (index, row) {
                    (0, 0) => self.line(format_args!("{mark}  {:<10}  {line}", step.stage)),
                    _ => self.line(format_args!("{:INDENT$}{line}", "")),
                }
            }
        }
    }

    /// What it comes to: doubts, and what to do.
    pub(super) fn end(&mut self, steps: &[Step], verdict: &Verdict) {
        for step in steps.iter().filter(|step| step.outcome == Outcome::Doubtful && !step.advice.is_empty()) {
            self.line("");
            self.paragraph(&format!("{}: {}", step.stage, step.advice));
        }
        self.line("");
        self.paragraph(&verdict.summary);
        if !verdict.advice.is_empty() {
            self.line("");
            self.paragraph(&verdict.advice);
        }
    }

    /// Each line of `text` begins a new one.
    fn paragraph(&self, text: &str) {
        for line in text.lines().flat_map(|line| wrap(line, WIDTH)) {
            self.line(line);
        }
    }

    /// Four characters wide.
    fn mark(&self, outcome: Outcome) -> String {
        let (word, sign, code) = match outcome {
            Outcome::Passed => ("ok  ", "\u{2713}   ", "32"),
            Outcome::Doubtful => ("note", "!   ", "33"),
            Outcome::Failed => ("FAIL", "\u{2717}   ", "31"),
        };
        let text = if self.is_terminal && is_utf8() { sign } else { word };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn line(&self, text: impl Display) {
        let text = text.to_string();
        let mut out = stdout().lock();
        let _ = writeln!(out, "{}", text.trim_end());
        let _ = out.flush();
    }
}

/// Whether the terminal can be expected to show more than ASCII.
fn is_utf8() -> bool {
    let variables = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = variables.iter().filter_map(std::env::var_os).find(|value| !value.is_empty()).unwrap_or_default();
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// `text` in lines of at most `width` characters; a longer word has a line of its own. What begins with blanks is a command,
/// which is kept whole. Control characters, which a server may have sent, are shown as a replacement character.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let text: String = text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    if text.starts_with("  ") {
        return vec![text];
    }
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if let Some(last) = lines.last_mut()
            && (last.is_empty() || last.chars().count() + 1 + word.chars().count() <= width)
        {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_are_filled_and_no_word_is_broken() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("aaaaaaa b", 5), ["aaaaaaa", "b"]);
        assert_eq!(wrap("  aa bb cc", 5), ["  aa bb cc"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("a\u{1b}[2J\nb", 40), ["a\u{fffd}[2J\u{fffd}b"]);
    }
}
