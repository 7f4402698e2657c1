//! What another program prints, a line at a time, and not waited for without end.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::spawn;
use std::time::Duration;

/// The lines of a program's output, read in the background.
pub(crate) struct Lines(Receiver<String>);

/// Why there is no line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoLine {
    /// It said nothing for so long.
    Silent,
    /// It has ended, or its output.
    Ended,
}

impl Lines {
    /// Those of `output`. What is no text (a reset in the middle of a line) is replaced.
    pub(crate) fn of(output: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Self(lines)
    }

    /// The next line, which may take as long as `patience`.
    pub(crate) fn next(&self, patience: Duration) -> Result<String, NoLine> {
        self.0.recv_timeout(patience).map_err(|error| match error {
            RecvTimeoutError::Timeout => NoLine::Silent,
            RecvTimeoutError::Disconnected => NoLine::Ended,
        })
    }

    /// Those that are there and were not taken.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = String> + '_ {
        self.0.try_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, NoLine};
    use std::io::{Write, pipe};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn lines_come_one_by_one_until_the_end() {
        let lines = Lines::of(&b"one\r\ntw\xff\n\nend"[..]);
        for expected in ["one", "tw\u{fffd}", "", "end"] {
            assert_eq!(lines.next(LONG).as_deref(), Ok(expected));
        }
        assert_eq!(lines.next(LONG), Err(NoLine::Ended));
    }

    #[test]
    fn one_who_says_nothing_is_not_waited_for_without_end() {
        let (output, mut input) = pipe().unwrap();
        let lines = Lines::of(output);
        assert_eq!(lines.next(Duration::from_millis(1)), Err(NoLine::Silent));
        writeln!(input, "late").unwrap();
        assert_eq!(lines.next(LONG).as_deref(), Ok("late"));
    }

    #[test]
    fn what_was_not_taken_is_still_there() {
        let (sender, lines) = channel();
        for line in ["first", "second", "third"] {
            sender.send(line.to_owned()).unwrap();
        }
        let lines = Lines(lines);
        assert_eq!(lines.next(LONG).as_deref(), Ok("first"));
        assert_eq!(lines.waiting().collect::<Vec<_>>(), ["second", "third"]);
        assert_eq!(lines.waiting().next(), None);
    }
}
