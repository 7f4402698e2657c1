//! The few file operations that change a claim directory.
//!
//! Each method is one thing that a crash can come before or after; the tests put a model in place of the real directory
//! and let it crash at every one of them.

mod append;
mod locking;
mod ownership;

use super::error::{Problem, Verb};
use ownership::{make, may_follow, may_follow_to_directory};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The content of a file; wiped when dropped, because it may be a token or a private key.
pub(crate) type Content = Zeroizing<Vec<u8>>;

/// A directory with files in it.
pub(crate) trait Disk {
    /// A file that is being written.
    type File;

    /// The file `name`, if it is there and has at most `limit` bytes.
    fn read(&self, name: &str, limit: usize) -> Result<Option<Content>, Problem>;

    /// The same for a file that a person put there, whose content is told to others.
    fn read_given(&self, name: &str, limit: usize) -> Result<Option<Content>, Problem> {
        self.read(name, limit)
    }

    /// A new and empty file with exactly these rights; they never were wider.
    fn create(&mut self, name: &str, mode: u32) -> Result<Self::File, Problem>;

    /// Appends to a new file.
    fn write(&mut self, file: &mut Self::File, bytes: &[u8]) -> Result<(), Problem>;

    /// Makes the content of a new file durable.
    fn sync(&mut self, file: &mut Self::File) -> Result<(), Problem>;

    /// Gives a file another name; a file that had it is gone. Either both happen or nothing.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), Problem>;

    /// Removes a file and says whether it was there.
    fn remove(&mut self, name: &str) -> Result<bool, Problem>;

    /// Makes new, renamed and removed names durable.
    fn sync_names(&mut self) -> Result<(), Problem>;
}

/// A real directory, held open: what happens to its path does not matter any more.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
    owner: Stat,
}

impl Dir {
    /// Opens `path`; `None` if there is nothing. Root follows a link only if it is one of his own: whoever may write in the
    /// directory above must not make him change or give away another one.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, Problem> {
        let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut is_foreign = false;
        let opened = rustix::fs::open(path, look, Mode::empty()).and_then(|looked| {
            let stat = rustix::fs::fstat(&looked)?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
                return rustix::fs::openat(&looked, ".", flags, Mode::empty());
            }
            is_foreign = !may_follow_to_directory(&stat);
            if is_foreign {
                return Err(Errno::LOOP);
            }
            // The target of the link that was looked at, not of one that has taken its place since.
            let target: CString = rustix::fs::readlinkat(&looked, "", Vec::new())?;
            let target = path.parent().unwrap_or(Path::new("")).join(OsStr::from_bytes(target.to_bytes()));
            rustix::fs::open(target, flags, Mode::empty())
        });
        match opened {
            Ok(fd) => Self::of(fd).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR) => Err(Problem::NotADirectory),
            Err(_) if is_foreign => Err(Problem::ForeignLink),
            Err(error) => Err(Problem::of(Verb::Open, error)),
        }
    }

    /// The same as [`open_or_create`](Self::open_or_create) for a directory in one that is ours as well, as those below
    /// `/var/lib/netdata` are: if that is made, it belongs to the same user.
    pub(crate) fn open_or_create_with_parent(path: &Path, mode: Mode) -> Result<Self, Problem> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty())
            && Self::open(parent)?.is_none()
        {
            Self::open_or_create(parent, mode)?;
        }
        Self::open_or_create(path, mode)
    }

    /// Opens `path`; if there is nothing, it is made, and so are its parents. Either way it ends up with the rights
    /// `mode`, if it is ours; a new one never had wider ones, and belongs to whom root works for.
    pub(crate) fn open_or_create(path: &Path, mode: Mode) -> Result<Self, Problem> {
        let parent =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(PathBuf::from("."), Into::into);
        std::fs::create_dir_all(&parent).map_err(|error| Problem::of_io(Verb::Create, &error))?;
        let made = make(path, mode)?;
        let dir = Self::open(path)?.ok_or(Problem::Vanished)?;
        dir.set_mode(mode, made)?;
        if made {
            rustix::fs::fsync(&dir.fd).map_err(|error| Problem::of(Verb::Sync, error))?;
            let parent = File::open(&parent).map_err(|error| Problem::of_io(Verb::Open, &error))?;
            parent.sync_all().map_err(|error| Problem::of_io(Verb::Sync, &error))?;
        }
        Ok(dir)
    }

    fn of(fd: OwnedFd) -> Result<Self, Problem> {
        let owner = rustix::fs::fstat(&fd).map_err(|error| Problem::of(Verb::Open, error))?;
        Ok(Self { fd, owner })
    }

    fn set_mode(&self, mode: Mode, made: bool) -> Result<(), Problem> {
        if self.mode() == mode {
            return Ok(());
        }
        match rustix::fs::fchmod(&self.fd, mode) {
            // Somebody else's directory that lets us write is as good.
            Err(Errno::PERM) if !made => Ok(()),
            result => result.map_err(|error| Problem::of(Verb::Create, error)),
        }
    }

    /// Opens a file for reading without ever waiting for anyone (a FIFO) or being led astray.
    ///
    /// Links are followed, because mounted secrets are links, but only those that root or the current user has made:
    /// the owner of the directory must not make root read a file for him. For the same reason a file that has a second name
    /// is not read by root if it is a third user's. Says whether a link led to it.
    fn open_file(&self, name: &str) -> Result<Option<(OwnedFd, bool)>, Problem> {
        let problem = |error| Problem::of(Verb::Read, error);
        let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let looked = match rustix::fs::openat(&self.fd, name, look, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(problem(error)),
        };
        let stat = rustix::fs::fstat(&looked).map_err(problem)?;
        let read = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => rustix::fs::openat(&self.fd, name, read | OFlags::NOFOLLOW, Mode::empty()),
            FileType::Symlink => {
                if !may_follow(&stat) || self.is_borrowed(&stat) {
                    return Err(Problem::ForeignLink);
                }
                // The target of the link that was looked at, not of one that has taken its name since.
                let target: CString = rustix::fs::readlinkat(&looked, "", Vec::new()).map_err(problem)?;
                rustix::fs::openat(&self.fd, target, read, Mode::empty())
            }
            _ => return Err(Problem::NotAFile),
        };
        let fd = match opened {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(problem(error)),
        };
        let found = rustix::fs::fstat(&fd).map_err(problem)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(Problem::NotAFile);
        }
        // Where a link of root leads is for root to know.
        let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
        if !is_link && self.is_borrowed(&found) { Err(Problem::ForeignName) } else { Ok(Some((fd, is_link))) }
    }

    /// The rights of the directory itself.
    pub(crate) fn mode(&self) -> Mode {
        Mode::from_raw_mode(self.owner.st_mode)
    }

    /// Whether anything has the name `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// The rights, size and time of change of a file; `None` if it is not there or cannot be looked at.
    pub(crate) fn stat(&self, name: &str) -> Option<Stat> {
        rustix::fs::statat(&self.fd, name, AtFlags::empty()).ok()
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Disk for Dir {
    type File = File;

    fn read(&self, name: &str, limit: usize) -> Result<Option<Content>, Problem> {
        self.open_file(name)?.map_or(Ok(None), |(fd, _)| read_all(fd, limit).map(Some))
    }

    fn read_given(&self, name: &str, limit: usize) -> Result<Option<Content>, Problem> {
        let Some((fd, is_link)) = self.open_file(name)? else { return Ok(None) };
        if !is_link && self.is_withheld(fd.as_fd())? {
            return Err(Problem::Withheld);
        }
        read_all(fd, limit).map(Some)
    }

    fn create(&mut self, name: &str, mode: u32) -> Result<File, Problem> {
        let problem = |error| Problem::of(Verb::Write, error);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(mode);
        let file = rustix::fs::openat(&self.fd, name, flags, mode).map_err(problem)?;
        self.hand_over(file.as_fd())?;
        // The umask may have taken rights away.
        rustix::fs::fchmod(&file, mode).map_err(problem)?;
        Ok(file.into())
    }

    fn write(&mut self, file: &mut File, bytes: &[u8]) -> Result<(), Problem> {
        file.write_all(bytes).map_err(|error| Problem::of_io(Verb::Write, &error))
    }

    fn sync(&mut self, file: &mut File) -> Result<(), Problem> {
        file.sync_all().map_err(|error| Problem::of_io(Verb::Sync, &error))
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Problem> {
        rustix::fs::renameat(&self.fd, from, &self.fd, to).map_err(|error| Problem::of(Verb::Write, error))
    }

    fn remove(&mut self, name: &str) -> Result<bool, Problem> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(Problem::of(Verb::Remove, error)),
        }
    }

    fn sync_names(&mut self) -> Result<(), Problem> {
        rustix::fs::fsync(&self.fd).map_err(|error| Problem::of(Verb::Sync, error))
    }
}

/// The content of an open file of at most `limit` bytes.
fn read_all(fd: OwnedFd, limit: usize) -> Result<Content, Problem> {
    // One allocation, so that no copy of a secret is left behind by growing.
    let mut content = Zeroizing::new(Vec::with_capacity(limit + 1));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    File::from(fd).take(most).read_to_end(&mut content).map_err(|error| Problem::of_io(Verb::Read, &error))?;
    if content.len() > limit { Err(Problem::TooLarge { limit }) } else { Ok(content) }
}
