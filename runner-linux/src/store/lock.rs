//! One change at a time: an advisory lock on a directory.
//!
//! The lock is on the directory itself, so that it needs no file of its own, goes away with the process however that
//! ends, and works for every user that may use the directory.

use super::error::{Problem, Verb};
use rustix::fs::{FlockOperation, fstat};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "closing it releases the lock")] OwnedFd);

const POLL: Duration = Duration::from_millis(20);

impl Lock {
    /// Locks `directory`, waiting up to `patience` for whoever holds it.
    pub(crate) fn take(directory: impl AsFd, patience: Duration) -> Result<Self, Problem> {
        Self::take_as(FlockOperation::NonBlockingLockExclusive, directory, patience)
    }

    fn take_as(operation: FlockOperation, directory: impl AsFd, patience: Duration) -> Result<Self, Problem> {
        // A descriptor of its own: the lock belongs to the open file, not to the process.
        let fd = rustix::fs::openat(directory.as_fd(), ".", flags(), rustix::fs::Mode::empty())
            .map_err(|error| Problem::of(Verb::Lock, error))?;
        let deadline = Instant::now() + patience;
        loop {
            match rustix::fs::flock(&fd, operation) {
                Ok(()) => return Ok(Self(fd)),
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => sleep(POLL),
                Err(Errno::WOULDBLOCK) => return Err(Problem::Busy { holder: holder(&fd) }),
                Err(Errno::INTR) => {}
                // A file system without such locks (some network file systems): the order of changes still holds.
                Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS | Errno::BADF | Errno::INVAL) => {
                    return Ok(Self(fd));
                }
                Err(error) => return Err(Problem::of(Verb::Lock, error)),
            }
        }
    }

    /// Whether somebody holds the lock of `directory`, and who if that can be found out. Any number may look at a time:
    /// nobody takes another one who looks for a holder.
    pub(crate) fn is_held(directory: impl AsFd) -> Result<Option<String>, Problem> {
        match Self::take_as(FlockOperation::NonBlockingLockShared, directory, Duration::ZERO) {
            Ok(_) => Ok(None),
            Err(Problem::Busy { holder }) => Ok(Some(holder.unwrap_or_else(|| "another process".to_owned()))),
            Err(problem) => Err(problem),
        }
    }
}

fn flags() -> rustix::fs::OFlags {
    rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC
}

/// Name and number of the process that holds the lock, as far as the kernel tells.
fn holder(fd: &OwnedFd) -> Option<String> {
    let inode = fstat(fd).ok()?.st_ino;
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let pid = locks.lines().find_map(|line| pid_of(line, inode))?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = if name.trim().is_empty() { "process" } else { name.trim() };
    Some(format!("{name} (pid {pid})"))
}

/// The owner named in a line of /proc/locks (proc_locks(5)) if it is a lock of `inode` that is held, not waited for.
fn pid_of(line: &str, inode: u64) -> Option<u32> {
    let mut words = line.split_whitespace().skip(1);
    if words.next()? != "FLOCK" {
        return None;
    }
    let pid = words.nth(2)?.parse().ok().filter(|pid| *pid > 0)?;
    let file = words.next()?;
    (file.rsplit(':').next()?.parse() == Ok(inode)).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::{Lock, pid_of};
    use crate::scratch::Scratch;
    use crate::store::disk::Dir;
    use crate::store::error::Problem;
    use rustix::fs::FlockOperation;
    use std::time::Duration;

    #[test]
    fn who_only_looks_is_no_holder() {
        let scratch = Scratch::new();
        let dir = Dir::open(scratch.path()).unwrap().unwrap();
        let looking = Lock::take_as(FlockOperation::NonBlockingLockShared, &dir, Duration::ZERO).unwrap();
        assert_eq!(Lock::is_held(&dir), Ok(None));
        drop(looking);
        let _held = Lock::take(&dir, Duration::ZERO).unwrap();
        assert!(matches!(Lock::is_held(&dir), Ok(Some(_))));
    }

    #[test]
    fn the_second_is_told_who_is_first_and_gets_the_lock_afterwards() {
        let scratch = Scratch::new();
        let first = Dir::open(scratch.path()).unwrap().unwrap();
        let second = Dir::open(scratch.path()).unwrap().unwrap();
        let lock = Lock::take(&first, Duration::ZERO).unwrap();
        let Err(Problem::Busy { holder: Some(holder) }) = Lock::take(&second, Duration::ZERO) else {
            panic!("the lock was given twice, or its holder is not known");
        };
        assert!(holder.ends_with(&format!("(pid {})", std::process::id())), "{holder}");
        drop(lock);
        Lock::take(&second, Duration::ZERO).unwrap();
    }

    #[test]
    fn lines_of_proc_locks_are_read() {
        assert_eq!(pid_of("1: FLOCK  ADVISORY  WRITE 1234 08:01:131 0 EOF", 131), Some(1234));
        assert_eq!(pid_of("1: FLOCK  ADVISORY  WRITE 1234 08:01:131 0 EOF", 13), None);
        assert_eq!(pid_of("1: POSIX  ADVISORY  WRITE 1234 08:01:131 0 EOF", 131), None);
        assert_eq!(pid_of("1: -> FLOCK  ADVISORY  WRITE 1234 08:01:131 0 EOF", 131), None);
        assert_eq!(pid_of("1: FLOCK  ADVISORY  WRITE 0 08:01:131 0 EOF", 131), None);
        assert_eq!(pid_of("", 131), None);
    }
}
