//! What can go wrong with the files of an identity, in words that name the file and what to do.

mod barrier;

use barrier::Barrier;
use rustix::io::Errno;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Open,
    Read,
    Create,
    Write,
    Sync,
    Remove,
    Lock,
    Give,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Create => "create",
            Self::Write => "write",
            Self::Sync => "make durable",
            Self::Remove => "remove",
            Self::Lock => "lock",
            Self::Give => "give away",
        })
    }
}

/// What is wrong with a file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The rights do not suffice.
    Denied(Verb),
    /// The operating system refused for another reason; `words` are its own.
    Failed { verb: Verb, words: String },
    /// Something that is no directory has its name.
    NotADirectory,
    /// A directory, socket, FIFO or device has its name.
    NotAFile,
    /// A symbolic link that neither root nor the current user has made.
    ForeignLink,
    /// A second name of a file that belongs to neither the current user nor the owner of the directory.
    ForeignName,
    /// A directory of root's with other files than ours, which somebody else may have given its name.
    Displaced,
    /// A file of root's that is closed to the owner of the directory, who may have given it its name.
    Withheld,
    /// It was removed while it was used.
    Vanished,
    /// Larger than anything sensible.
    TooLarge { limit: usize },
    /// Not what the file is for; `expected` says what is.
    Malformed { expected: String },
    /// A real Agent made it, and it is only read.
    Agents,
    /// Somebody else is changing it.
    Busy { holder: Option<String> },
}

impl Problem {
    pub(crate) fn of(verb: Verb, error: Errno) -> Self {
        Self::of_io(verb, &io::Error::from(error))
    }

    pub(crate) fn of_io(verb: Verb, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied(verb),
            _ => Self::Failed { verb, words: words(error) },
        }
    }

    /// The same with the path it is about.
    pub(crate) fn at(self, path: impl AsRef<Path>) -> StoreError {
        let path = path.as_ref().to_owned();
        let barrier = matches!(self, Self::Denied(_)).then(|| Barrier::before(&path)).flatten();
        StoreError { path, problem: self, barrier }
    }
}

/// The words of the operating system without its number, starting in lower case.
pub(crate) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    // "No such file", but not "IO ...".
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// Something is wrong with this file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreError {
    pub(crate) path: PathBuf,
    pub(crate) problem: Problem,
    /// What the rights do not suffice for, if that can be seen.
    barrier: Option<Barrier>,
}

impl StoreError {
    /// Whether other rights would help.
    pub(crate) const fn is_permission(&self) -> bool {
        matches!(self.problem, Problem::Denied(_))
    }

    /// Whether somebody else is at work there.
    pub(crate) const fn is_busy(&self) -> bool {
        matches!(self.problem, Problem::Busy { .. })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Denied(verb) => match &self.barrier {
                Some(barrier) => {
                    write!(f, "cannot {verb} {path}: ")?;
                    barrier.tell(f, &self.path)
                }
                None => write!(
                    f,
                    "cannot {verb} {path}: permission denied (run this as the user that owns the directory, or with sudo)"
                ),
            },
            Problem::Failed { verb, words } => write!(f, "cannot {verb} {path}: {words}"),
            Problem::NotADirectory => write!(f, "{path} is not a directory: move it away"),
            Problem::NotAFile => write!(f, "{path} is not a regular file: move it away"),
            Problem::ForeignLink => write!(
                f,
                "{path} is a symbolic link made by another user and is not followed: make it as root or as the current \
                 user, or put the file itself there"
            ),
            Problem::ForeignName => write!(
                f,
                "{path} is a second name (hard link) of a file of another user and is not used: put a copy in its place"
            ),
            Problem::Displaced => write!(
                f,
                "{path} belongs to root, has other files than ours in it, and may have been moved there by another user: \
                 move it away, or give it to the user that Netdata runs as with chown -R"
            ),
            Problem::Withheld => write!(
                f,
                "{path} belongs to root, is closed to the user that Netdata runs as, and may have been moved there by that \
                 user: move it away, or give it to that user with chown"
            ),
            Problem::Vanished => write!(f, "{path} was removed at the same time: try again"),
            Problem::TooLarge { limit } => write!(f, "{path} is larger than {limit} bytes: is it the right file?"),
            Problem::Malformed { expected } => write!(f, "{path}: {expected}"),
            Problem::Agents => write!(f, "{path} is that of a Netdata Agent and is never written to"),
            Problem::Busy { holder: Some(holder) } => {
                write!(f, "{path} is in use by {holder}: wait until that has ended")
            }
            Problem::Busy { holder: None } => write!(f, "{path} is in use by another aclk: wait until that has ended"),
        }
    }
}

impl std::error::Error for StoreError {}

#[cfg(test)]
mod tests {
    use super::{Problem, Verb, words};
    use std::io;

    #[test]
    fn an_error_names_the_path_and_says_what_to_do() {
        let denied = Problem::of_io(Verb::Write, &io::Error::from_raw_os_error(13)).at("etc/netdata/claim.d/pending");
        assert_eq!(
            denied.to_string(),
            "cannot write etc/netdata/claim.d/pending: permission denied (run this as the user that owns the directory, \
             or with sudo)"
        );
        assert!(denied.is_permission());
        let full = Problem::of_io(Verb::Sync, &io::Error::from_raw_os_error(28)).at("x");
        assert_eq!(full.to_string(), "cannot make durable x: no space left on device");
        assert!(!full.is_permission());
    }

    #[test]
    fn abbreviations_keep_their_capitals() {
        assert_eq!(words(&io::Error::other("RSA trouble")), "RSA trouble");
    }
}
