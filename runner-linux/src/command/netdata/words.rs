//! A line as words, as a shell would read it: blanks separate, quotes and backslashes keep together. No shell is run, and
//! nothing is replaced: `$HOME` and `*` are themselves.

use zeroize::Zeroizing;

/// A quote is not closed, or nothing follows the last backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfinished;

/// The words of `line`.
pub(super) fn split(line: &str) -> Result<Vec<Zeroizing<String>>, Unfinished> {
    let mut words = Vec::new();
    let mut chars = line.chars();
    // `None` between words: `""` is a word, too.
    let mut word: Option<Zeroizing<String>> = None;
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        // As long as the line, so that no copy of a secret is left behind by growing.
        let word = word.get_or_insert_with(|| Zeroizing::new(String::with_capacity(line.len())));
        match c {
            '\'' => loop {
                match chars.next().ok_or(Unfinished)? {
                    '\'' => break,
                    c => word.push(c),
                }
            },
            '"' => loop {
                match chars.next().ok_or(Unfinished)? {
                    '"' => break,
                    '\\' => match chars.next().ok_or(Unfinished)? {
                        c @ ('"' | '\\' | '$' | '`') => word.push(c),
                        c => word.extend(['\\', c]),
                    },
                    c => word.push(c),
                }
            },
            '\\' => word.push(chars.next().ok_or(Unfinished)?),
            c => word.push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::{Unfinished, split};

    fn words(line: &str) -> Vec<String> {
        split(line).unwrap().iter().map(|word| word.to_string()).collect()
    }

    #[test]
    fn a_line_is_read_as_a_shell_would_and_nothing_in_it_is_run() {
        assert_eq!(words("claim -token=T  -rooms=a,b\n"), ["claim", "-token=T", "-rooms=a,b"]);
        assert_eq!(words(r#"-hostname="my host" -id='a b'c ''"#), ["-hostname=my host", "-id=a bc", ""]);
        assert_eq!(words(r#"a\ b "c\"d\x" '\'"#), ["a b", r#"c"d\x"#, "\\"]);
        assert_eq!(words("$(id) `id` $HOME ; rm * | &"), ["$(id)", "`id`", "$HOME", ";", "rm", "*", "|", "&"]);
        assert_eq!(words(" \t "), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_finished_is_refused() {
        for line in ["'", "a \"b", "a\\", "\"\\"] {
            assert_eq!(split(line).unwrap_err(), Unfinished, "{line}");
        }
    }
}
