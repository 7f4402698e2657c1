//! A file that is only ever added to: a log.

use super::Dir;
use super::ownership::may_follow;
use crate::store::error::{Problem, Verb};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

impl Dir {
    /// Opens `name` to add to it; it is made if it is missing. Never waits for anyone (a FIFO without a reader is an error).
    ///
    /// A link is followed if root or the current user has made it: in containers the log is often a link to `/dev/stderr`.
    /// The owner of the directory must not make root write to a file for him.
    pub(crate) fn append(&self, name: &str, mode: u32) -> Result<File, Problem> {
        let problem = |error| Problem::of(Verb::Open, error);
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(mode);
        let made = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let fd = match rustix::fs::openat(&self.fd, name, made, mode) {
            Ok(fd) => {
                self.hand_over(fd.as_fd())?;
                fd
            }
            Err(Errno::EXIST) => self.append_to_existing(name, flags)?,
            Err(error) => return Err(problem(error)),
        };
        // What is written to must be waited for, if it is a pipe.
        rustix::fs::fcntl_setfl(&fd, OFlags::APPEND).map_err(problem)?;
        Ok(fd.into())
    }

    fn append_to_existing(&self, name: &str, flags: OFlags) -> Result<OwnedFd, Problem> {
        let problem = |error| Problem::of(Verb::Open, error);
        let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let looked = rustix::fs::openat(&self.fd, name, look, Mode::empty()).map_err(problem)?;
        let stat = rustix::fs::fstat(&looked).map_err(problem)?;
        let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
        let opened = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink if !may_follow(&stat) || self.is_borrowed(&stat) => return Err(Problem::ForeignLink),
            FileType::Symlink => {
                // The target of the link that was looked at, not of one that has taken its name since.
                let target: CString = rustix::fs::readlinkat(&looked, "", Vec::new()).map_err(problem)?;
                rustix::fs::openat(&self.fd, target, flags, Mode::empty()).map_err(problem)?
            }
            FileType::Fifo if is_foreign(&stat) => return Err(Problem::NotAFile),
            FileType::Directory | FileType::Socket => return Err(Problem::NotAFile),
            _ => rustix::fs::openat(&self.fd, name, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(problem)?,
        };
        // What was opened, not what was looked at, must be nobody else's.
        let found = rustix::fs::fstat(&opened).map_err(problem)?;
        let is_fifo = FileType::from_raw_mode(found.st_mode) == FileType::Fifo;
        match is_link {
            false if is_fifo && is_foreign(&found) => Err(Problem::NotAFile),
            false if self.is_borrowed(&found) => Err(Problem::ForeignName),
            _ => Ok(opened),
        }
    }
}

/// Whether root would have to wait for another user: whoever reads a FIFO decides when a line is written.
fn is_foreign(file: &Stat) -> bool {
    geteuid().is_root() && file.st_uid != 0
}
