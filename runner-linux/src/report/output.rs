//! Where the log goes: standard error, a file, or both; and that the file can be opened anew, for logrotate.

use crate::fault::Fault;
use crate::paths::Paths;
use crate::store::disk::Dir;
use crate::store::error::{Problem, StoreError, Verb};
use crate::store::owner::Owner;
use rustix::fs::Mode;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write, stderr};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The name of the original, which the documentation tells people to search.
pub(crate) const FILE: &str = "error.log";
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o755);

/// Where lines are written. Clones write to the same place.
#[derive(Debug, Clone)]
pub(crate) struct Output(Rc<Place>);

#[derive(Debug)]
struct Place {
    file: Option<(PathBuf, RefCell<File>)>,
    /// Whether standard error is the file, rather than a place beside it.
    instead: bool,
}

impl Output {
    /// Of a process in the foreground: standard error, and also the file if somebody says where logs are
    /// (`NETDATA_LOG_DIR`). The text is a note about what did not succeed.
    pub(crate) fn of_foreground(paths: &Paths) -> (Self, Option<String>) {
        let (file, note) = match paths.log_if_said().map(|directory| (directory, open(directory))) {
            None => (None, None),
            Some((directory, Ok(file))) => (Some((directory.to_owned(), RefCell::new(file))), None),
            Some((_, Err(error))) => (None, Some(format!("{error}; logs to standard error only"))),
        };
        (Self(Rc::new(Place { file, instead: false })), note)
    }

    /// Of a process in the background: the file in the log directory, and if that cannot be, beside its state, because a
    /// service that cannot log there should link all the same. Standard error becomes that file.
    ///
    /// # Errors
    /// If there is no place at all.
    pub(crate) fn of_background(paths: &Paths) -> Result<(Self, Option<String>), Fault> {
        let (directory, file, note) = match open(paths.log()) {
            Ok(file) => (paths.log().to_owned(), file, None),
            Err(error) => {
                let directory = paths.live();
                let file = open(&directory)?;
                let note = format!("{error}; logs to {} instead", directory.join(FILE).display());
                (directory, file, Some(note))
            }
        };
        redirect(&file).map_err(|problem| problem.at(directory.join(FILE)))?;
        Ok((Self(Rc::new(Place { file: Some((directory, RefCell::new(file))), instead: true })), note))
    }

    /// Opens the file anew, since the old one may have been given another name. If that fails the old one is kept.
    ///
    /// # Errors
    /// Why it failed.
    pub(crate) fn reopen(&self) -> Result<(), StoreError> {
        let Place { file: Some((directory, file)), instead } = &*self.0 else { return Ok(()) };
        let fresh = open(directory)?;
        if *instead {
            redirect(&fresh).map_err(|problem| problem.at(directory.join(FILE)))?;
        }
        *file.borrow_mut() = fresh;
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    /// What one place does not take, the other still gets.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = if self.0.instead { Ok(()) } else { stderr().write_all(bytes) };
        match &self.0.file {
            Some((_, file)) => file.borrow_mut().write_all(bytes).and(written),
            None => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(directory: &Path) -> Result<File, StoreError> {
    let mode = match Dir::open(directory) {
        Ok(Some(dir)) => dir.mode(),
        _ => DIRECTORY_MODE,
    };
    let mut dir = Dir::open_or_create(directory, mode).map_err(|problem| problem.at(directory))?;
    // As long as we are root: the user that the daemon becomes opens it anew. What belongs to others is left to them.
    if let Some(owner) = Owner::appointed() {
        if dir.belongs_to_root() && directory.ends_with("netdata") {
            let _ = dir.give_to(owner);
        }
        let _ = dir.give_file_to(FILE, owner, false);
    }
    dir.append(FILE, FILE_MODE).map_err(|problem| problem.at(directory.join(FILE)))
}

/// Whatever else says something (a panic) says it to the file.
fn redirect(file: &File) -> Result<(), Problem> {
    rustix::stdio::dup2_stderr(file).map_err(|error| Problem::of(Verb::Open, error))
}

#[cfg(test)]
mod tests {
    use super::Output;
    use crate::paths::Paths;
    use crate::scratch::Scratch;
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_log_that_was_renamed_is_begun_anew() {
        let scratch = Scratch::new();
        let paths = Paths::below(scratch.path());
        let (mut output, note) = Output::of_foreground(&paths);
        assert_eq!(note, None);
        let (log, old) = (scratch.path().join("log/error.log"), scratch.path().join("log/error.log.1"));
        output.write_all(b"first\n").unwrap();
        fs::rename(&log, &old).unwrap();
        output.write_all(b"second\n").unwrap();
        output.reopen().unwrap();
        output.write_all(b"third\n").unwrap();
        assert_eq!(fs::read_to_string(&old).unwrap(), "first\nsecond\n");
        assert_eq!(fs::read_to_string(&log).unwrap(), "third\n");
        // What is there already is added to.
        output.reopen().unwrap();
        output.write_all(b"fourth\n").unwrap();
        assert_eq!(fs::read_to_string(&log).unwrap(), "third\nfourth\n");
    }

    #[test]
    fn a_log_that_cannot_be_is_a_note_and_the_old_one_is_kept() {
        let scratch = Scratch::new();
        let paths = Paths::below(scratch.path());
        let (mut output, _) = Output::of_foreground(&paths);
        fs::rename(scratch.path().join("log"), scratch.path().join("old")).unwrap();
        fs::write(scratch.path().join("log"), "").unwrap();
        let error = output.reopen().unwrap_err().to_string();
        assert!(error.contains("log is not a directory"), "{error}");
        output.write_all(b"still\n").unwrap();
        assert_eq!(fs::read_to_string(scratch.path().join("old/error.log")).unwrap(), "still\n");
        let note = Output::of_foreground(&paths).1.unwrap();
        assert!(note.ends_with("; logs to standard error only"), "{note}");
    }

    #[test]
    fn a_link_to_a_device_is_followed() {
        let scratch = Scratch::new();
        fs::create_dir(scratch.path().join("log")).unwrap();
        symlink("/dev/null", scratch.path().join("log/error.log")).unwrap();
        let (mut output, note) = Output::of_foreground(&Paths::below(scratch.path()));
        assert_eq!(note, None);
        output.write_all(b"gone\n").unwrap();
    }
}
