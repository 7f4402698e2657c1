//! Who is in the way where rights do not suffice: the file itself, or the directory above it.

use crate::user::{group_name_of, name_of};
use rustix::fs::{FileType, Mode, Stat, lstat};
use rustix::process::{getegid, geteuid};
use std::fmt;
use std::path::{Path, PathBuf};

/// A file or directory that belongs to another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Barrier {
    path: PathBuf,
    owner: String,
    /// Its rights in octal digits.
    rights: u32,
    /// Who would have to own it, if it was made for whoever runs this: `user:group`.
    heir: Option<String>,
    is_directory: bool,
}

impl Barrier {
    /// What keeps the current user from `path`: the last part of it that can be seen, if it is somebody else's.
    pub(super) fn before(path: &Path) -> Option<Self> {
        let (found, stat) = path.ancestors().find_map(|path| Some((path, lstat(path).ok()?)))?;
        if stat.st_uid == geteuid().as_raw() || geteuid().is_root() {
            return None;
        }
        // What lies in a directory of ours is ours. Whose the directories above are is not for us to say.
        let is_ours = found == path && is_mine(path.parent());
        let heir = || format!("{}:{}", name_of(geteuid().as_raw()), group_name_of(getegid().as_raw()));
        Some(Self {
            path: found.to_owned(),
            owner: name_of(stat.st_uid),
            rights: Mode::from_raw_mode(stat.st_mode).bits(),
            heir: is_ours.then(heir),
            is_directory: is_directory(&stat),
        })
    }
}

fn is_mine(folder: Option<&Path>) -> bool {
    folder.and_then(|folder| lstat(folder).ok()).is_some_and(|stat| stat.st_uid == geteuid().as_raw())
}

fn is_directory(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

impl Barrier {
    /// The end of a sentence about `path`, which it is in the way of. Short, since there is little room for causes.
    pub(super) fn tell(&self, f: &mut fmt::Formatter<'_>, path: &Path) -> fmt::Result {
        let here = self.path.display();
        match &self.heir {
            Some(heir) if self.path == path => {
                let all = if self.is_directory { "-R " } else { "" };
                write!(f, "it belongs to {}; run: sudo chown {all}{heir} {here}", self.owner)
            }
            _ if self.path == path => write!(f, "it belongs to {}; run this as that user, or with sudo", self.owner),
            _ => {
                write!(f, "{here} belongs to {} ({:04o}); run this as that user, or with sudo", self.owner, self.rights)
            }
        }
    }
}
