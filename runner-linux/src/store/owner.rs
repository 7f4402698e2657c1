//! For whom root works: the owner of every file and directory that this process makes.
//!
//! Like the umask it is an attribute of the process: whatever makes a file must give it to the right user, and a caller that
//! forgets to pass it on would leave a file behind that the daemon cannot read (protocol.md section 7, row 24).

use rustix::fs::{Gid, Stat, Uid};
use rustix::process::geteuid;
use std::sync::OnceLock;

/// A user and a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) uid: Uid,
    pub(crate) gid: Gid,
}

static OWNER: OnceLock<Owner> = OnceLock::new();

impl Owner {
    /// A user and a group by their numbers.
    pub(crate) fn new(uid: u32, gid: u32) -> Self {
        Self { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid) }
    }

    /// The owner of a file that was looked at.
    pub(crate) fn of(stat: &Stat) -> Self {
        Self::new(stat.st_uid, stat.st_gid)
    }

    /// From now on files are made for this owner. The first one counts: nobody works for two.
    pub(crate) fn appoint(self) {
        // A second one is the same one.
        let _ = OWNER.set(self);
    }

    /// Whom files are made for, if that is for us to say: only root may give files away.
    pub(crate) fn appointed() -> Option<Self> {
        OWNER.get().copied().filter(|_| geteuid().is_root())
    }
}
