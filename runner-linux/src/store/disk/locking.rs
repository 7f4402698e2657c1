//! Files that are there to be locked.

use super::Dir;
use crate::store::error::{Problem, Verb};
use rustix::fs::{FileType, Mode, OFlags, fstat};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};

/// Whoever can open a file can lock it.
const MODE: Mode = Mode::from_raw_mode(0o600);
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

impl Dir {
    /// Opens the file `name` to lock it; it is made if it is missing, and belongs to whom root works for. [`Problem::Denied`]
    /// if that is not allowed, on a file system that cannot be written to as well.
    pub(crate) fn open_lock(&self, name: &str) -> Result<OwnedFd, Problem> {
        loop {
            if let Some(fd) = self.look_at_lock(name)? {
                return Ok(fd);
            }
            match rustix::fs::openat(&self.fd, name, FLAGS | OFlags::CREATE | OFlags::EXCL, MODE) {
                Ok(fd) => {
                    self.hand_over(fd.as_fd())?;
                    return Ok(fd);
                }
                Err(Errno::EXIST) => {}
                Err(Errno::ROFS | Errno::PERM) => return Err(Problem::Denied(Verb::Lock)),
                Err(error) => return Err(Problem::of(Verb::Lock, error)),
            }
        }
    }

    /// Opens the file `name` to see whether it is locked; `None` if there is none. No link is followed, and nothing but a file
    /// is opened: to open a device or a FIFO can do something already.
    pub(crate) fn look_at_lock(&self, name: &str) -> Result<Option<OwnedFd>, Problem> {
        let problem = |error| Problem::of(Verb::Lock, error);
        let is_file = |fd: &OwnedFd| {
            let found = fstat(fd).map_err(problem)?;
            match FileType::from_raw_mode(found.st_mode) {
                FileType::RegularFile if self.is_borrowed(&found) => Err(Problem::ForeignName),
                FileType::RegularFile => Ok(()),
                FileType::Symlink => Err(Problem::ForeignLink),
                _ => Err(Problem::NotAFile),
            }
        };
        let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for flags in [look, FLAGS] {
            let fd = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
                Ok(fd) => fd,
                Err(Errno::NOENT) => return Ok(None),
                Err(error) => return Err(problem(error)),
            };
            is_file(&fd)?;
            if flags == FLAGS {
                return Ok(Some(fd));
            }
        }
        Ok(None)
    }
}
