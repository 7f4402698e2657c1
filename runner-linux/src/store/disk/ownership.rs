//! To whom files belong, and which of them root may touch: a claim directory is writable for the user that Netdata runs as,
//! who must not be able to make root read, change or give away anybody else's files.

use super::Dir;
use crate::store::error::{Problem, Verb};
use crate::store::owner::Owner;
use rustix::fs::{
    Access, AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, Stat, StatxAttributes, StatxFlags, accessat, fchown,
    fstat, lstat, mkdir, rename, renameat_with, rmdir, statx,
};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Whether a symbolic link to a file may be followed: one that root or the current user has made.
pub(super) fn may_follow(link: &Stat) -> bool {
    link.st_uid == 0 || link.st_uid == geteuid().as_raw()
}

/// Whether a symbolic link to a directory may be followed: who is not root has nothing to lose by it.
pub(super) fn may_follow_to_directory(link: &Stat) -> bool {
    link.st_uid == 0 || !geteuid().is_root()
}

/// Makes a directory with the rights `mode` that belongs to whom root works for, and never to root under its name: a crash
/// must not leave one that the daemon is locked out of. Says whether it was not there.
pub(super) fn make(path: &Path, mode: Mode) -> Result<bool, Problem> {
    let problem = |error| Problem::of(Verb::Create, error);
    let Some(owner) = Owner::appointed().filter(|owner| !owner.uid.is_root()) else {
        // Not narrower than need be either: whoever is killed before the rights are set must not leave a directory that
        // others are locked out of for ever.
        return is_new(mkdir(path, mode)).map_err(problem);
    };
    let Some(name) = path.file_name().filter(|_| lstat(path).is_err()) else { return Ok(false) };
    let mut fresh = OsString::from(".");
    fresh.push(name);
    fresh.push(".new");
    let fresh = path.with_file_name(fresh);
    // Left behind by a crash. If it is anything but an empty directory, it is in the way, which is said next.
    let _ = rmdir(&fresh);
    mkdir(&fresh, mode).map_err(problem)?;
    let given = Dir::open(&fresh).and_then(|dir| {
        let mut dir = dir.ok_or(Problem::Vanished)?;
        dir.give_to(owner)?;
        dir.set_mode(mode, true)
    });
    let moved = given.and_then(|()| is_new(move_to_free(&fresh, path)).map_err(problem));
    if !matches!(moved, Ok(true)) {
        let _ = rmdir(&fresh);
    }
    moved
}

/// Gives a directory a name that nothing has.
fn move_to_free(from: &Path, to: &Path) -> Result<(), Errno> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot promise that. What could be replaced is an empty directory.
        Err(Errno::INVAL | Errno::NOSYS) => rename(from, to),
        result => result,
    }
}

fn is_new(made: Result<(), Errno>) -> Result<bool, Errno> {
    match made {
        Ok(()) => Ok(true),
        Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(false),
        Err(error) => Err(error),
    }
}

impl Dir {
    /// Whether root could be misled by a file: it has a second name, and belongs neither to the owner of this directory
    /// nor to whom root works for, who both could have put the name here.
    pub(super) fn is_borrowed(&self, file: &Stat) -> bool {
        let theirs = [Some(self.owner.st_uid), Owner::appointed().map(|owner| owner.uid.as_raw())];
        geteuid().is_root() && self.is_shared() && file.st_nlink > 1 && !theirs.contains(&Some(file.st_uid))
    }

    /// Whether a file of root's is closed to the user who could have moved it here: the owner of this directory, or whom root
    /// works for. What is mounted here has been put here by root.
    pub(super) fn is_withheld(&self, file: BorrowedFd<'_>) -> Result<bool, Problem> {
        let found = fstat(file).map_err(|error| Problem::of(Verb::Read, error))?;
        let user = Owner::appointed().unwrap_or(Owner::of(&self.owner));
        let mode = Mode::from_raw_mode(found.st_mode);
        let may_read = mode.contains(Mode::ROTH) || (mode.contains(Mode::RGRP) && found.st_gid == user.gid.as_raw());
        let is_closed = found.st_uid == 0 && !user.uid.is_root() && !may_read;
        Ok(geteuid().is_root() && self.is_shared() && is_closed && !is_mounted(file))
    }

    /// Whether somebody but root can give names here.
    pub(crate) fn is_shared(&self) -> bool {
        let mode = self.mode();
        self.owner.st_uid != 0 || mode.contains(Mode::WOTH) || (mode.contains(Mode::WGRP) && self.owner.st_gid != 0)
    }

    /// Whether everything in here has a name that `is_known`.
    pub(crate) fn has_only(&self, is_known: impl Fn(&str) -> bool) -> Result<bool, Problem> {
        let problem = |error| Problem::of(Verb::Read, error);
        for entry in rustix::fs::Dir::read_from(&self.fd).map_err(problem)? {
            let entry = entry.map_err(problem)?;
            let name = entry.file_name().to_str().unwrap_or_default();
            if !matches!(name, "." | "..") && !is_known(name) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// To whom a file made here by root belongs: to whom root works for, else to the owner of the directory. A daemon under
    /// that user has to be able to read it (protocol.md section 7, row 24).
    fn heir(&self) -> Option<Owner> {
        let us = Owner { uid: geteuid(), gid: getegid() };
        let heir = Owner::appointed().unwrap_or(Owner::of(&self.owner));
        (geteuid().is_root() && heir != us).then_some(heir)
    }

    /// Gives a file that was just made, and has no content yet, to whom it is made for.
    pub(super) fn hand_over(&self, file: BorrowedFd<'_>) -> Result<(), Problem> {
        self.heir().map_or(Ok(()), |heir| chown(file, heir))
    }

    /// Whether the current user may make files here.
    pub(crate) fn require_writable(&self) -> Result<(), Problem> {
        accessat(&self.fd, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)
            .map_err(|error| Problem::of(Verb::Write, error))
    }

    /// The number of the user whose it is.
    pub(crate) fn owner_uid(&self) -> u32 {
        self.owner.st_uid
    }

    /// Whether it is root's own.
    pub(crate) fn belongs_to_root(&self) -> bool {
        self.owner.st_uid == 0
    }

    /// Gives this directory to `owner`. Yields the user it belonged to, if it was another one.
    pub(crate) fn give_to(&mut self, owner: Owner) -> Result<Option<u32>, Problem> {
        if Owner::of(&self.owner) == owner {
            return Ok(None);
        }
        let before = self.owner.st_uid;
        chown(self.as_fd(), owner)?;
        self.owner = fstat(&self.fd).map_err(|error| Problem::of(Verb::Open, error))?;
        Ok(Some(before))
    }

    /// Gives the file `name` to `owner`, if it is a file and has no other name; its rights stay. Yields the user it belonged
    /// to, if it was another one.
    ///
    /// Links are left alone: where they lead is not ours. A file of root's that the user cannot read is given only if its name
    /// `is_secret`, one that we write for nobody else to read.
    pub(crate) fn give_file_to(&self, name: &str, owner: Owner, is_secret: bool) -> Result<Option<u32>, Problem> {
        let problem = |error| Problem::of(Verb::Give, error);
        // What it is has to be known before it is opened: to open a device or a FIFO can do something already.
        let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let looked = match rustix::fs::openat(&self.fd, name, look, Mode::empty()) {
            Ok(fd) => fstat(fd).map_err(problem)?,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(problem(error)),
        };
        if FileType::from_raw_mode(looked.st_mode) != FileType::RegularFile || Owner::of(&looked) == owner {
            return Ok(None);
        }
        let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.fd, name, read, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(problem(error)),
        };
        let found = fstat(&file).map_err(problem)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(Problem::NotAFile);
        }
        if found.st_nlink > 1 {
            return Err(Problem::ForeignName);
        }
        if !is_secret && self.is_withheld(file.as_fd())? {
            return Err(Problem::Withheld);
        }
        chown(file.as_fd(), owner)?;
        Ok(Some(found.st_uid))
    }
}

/// Whether the open file is one that something was mounted on.
fn is_mounted(file: BorrowedFd<'_>) -> bool {
    statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::TYPE)
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn chown(file: BorrowedFd<'_>, owner: Owner) -> Result<(), Problem> {
    fchown(file, Some(owner.uid), Some(owner.gid)).map_err(|error| Problem::of(Verb::Give, error))
}
