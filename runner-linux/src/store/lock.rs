//! One change at a time: an advisory lock, which goes away with the process however that ends.
//!
//! Whoever can open a file can lock it, for reading too, and keep it locked for ever. So a directory that only its members may
//! open is locked itself, and needs no file for it; in one that everybody may look into, the lock is on a file that nobody
//! but its owner and root can open.

use super::disk::Dir;
use super::error::{Problem, Verb};
use rustix::fs::{AtFlags, FlockOperation, Stat, fstat, statat};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Closing it releases the lock.
    fd: OwnedFd,
    /// The directory and name of a file that is there for the lock only.
    file: Option<(OwnedFd, &'static str)>,
}

const POLL: Duration = Duration::from_millis(20);

impl Lock {
    /// Locks `directory`, waiting up to `patience` for whoever holds it. For directories that others cannot open.
    pub(crate) fn take(directory: impl AsFd, patience: Duration) -> Result<Self, Problem> {
        let fd = open_again(directory)?;
        lock(&fd, FlockOperation::NonBlockingLockExclusive, Instant::now() + patience)?;
        Ok(Self { fd, file: None })
    }

    /// Locks the file `name` in `directory`, which is made for it and goes with it, waiting up to `patience` for whoever holds
    /// it. Where no file can be made nothing can be changed, which the change that is tried next says better.
    pub(crate) fn take_file(directory: &Dir, name: &'static str, patience: Duration) -> Result<Self, Problem> {
        let deadline = Instant::now() + patience;
        loop {
            let fd = match directory.open_lock(name) {
                Ok(fd) => fd,
                Err(Problem::Denied(_)) if directory.has(name) => {
                    make_way(directory, name)?;
                    continue;
                }
                Err(Problem::Denied(_)) => return Ok(Self { fd: open_again(directory)?, file: None }),
                Err(problem) => return Err(problem),
            };
            lock(&fd, FlockOperation::NonBlockingLockExclusive, deadline)?;
            // Whoever had the lock before has removed the file.
            if is_named(&fd, directory, name) {
                return Ok(Self { fd, file: Some((open_again(directory)?, name)) });
            }
        }
    }

    /// Whether somebody holds the lock on the file `name` of `directory`, and who if that can be found out. Any number may
    /// look at a time: nobody takes another one who looks for a holder.
    pub(crate) fn is_held(directory: &Dir, name: &str) -> Result<Option<String>, Problem> {
        let fd = match directory.look_at_lock(name) {
            Ok(Some(fd)) => fd,
            Ok(None) => return Ok(None),
            // The kernel tells everybody.
            Err(Problem::Denied(_)) => return Ok(directory.stat(name).and_then(|file| holder(&file))),
            Err(problem) => return Err(problem),
        };
        match lock(&fd, FlockOperation::NonBlockingLockShared, Instant::now()) {
            Ok(()) => Ok(None),
            Err(Problem::Busy { holder }) => Ok(Some(holder.unwrap_or_else(|| "another process".to_owned()))),
            Err(problem) => Err(problem),
        }
    }
}

impl Drop for Lock {
    /// The file goes while it is still locked: who waits for it sees that it is another one's turn to make it.
    fn drop(&mut self) {
        if let Some((directory, name)) = &self.file
            && is_named(&self.fd, directory, name)
        {
            let _ = rustix::fs::unlinkat(directory, *name, AtFlags::empty());
        }
    }
}

/// A descriptor of its own: the lock belongs to the open file, not to the process.
fn open_again(directory: impl AsFd) -> Result<OwnedFd, Problem> {
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
    rustix::fs::openat(directory, ".", flags, rustix::fs::Mode::empty()).map_err(|error| Problem::of(Verb::Lock, error))
}

fn lock(fd: &OwnedFd, operation: FlockOperation, deadline: Instant) -> Result<(), Problem> {
    loop {
        match rustix::fs::flock(fd, operation) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => sleep(POLL),
            Err(Errno::WOULDBLOCK) => {
                return Err(Problem::Busy { holder: fstat(fd).ok().and_then(|file| holder(&file)) });
            }
            Err(Errno::INTR) => {}
            // A file system without such locks (some network file systems): the order of changes still holds.
            Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS | Errno::BADF | Errno::INVAL) => return Ok(()),
            Err(error) => return Err(Problem::of(Verb::Lock, error)),
        }
    }
}

/// Whether the open file is the one with this name.
fn is_named(fd: &OwnedFd, directory: impl AsFd, name: &str) -> bool {
    let named = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
    matches!((fstat(fd), named), (Ok(ours), Ok(named)) if (ours.st_dev, ours.st_ino) == (named.st_dev, named.st_ino))
}

/// Removes a lock that root left behind when it was killed before it gave the file away.
fn make_way(directory: &Dir, name: &str) -> Result<(), Problem> {
    if let Some(holder) = directory.stat(name).and_then(|file| holder(&file)) {
        return Err(Problem::Busy { holder: Some(holder) });
    }
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(Problem::of(Verb::Lock, error)),
    }
}

/// Name and number of the process that holds a lock on this file, as far as the kernel tells.
fn holder(file: &Stat) -> Option<String> {
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let device = (rustix::fs::major(file.st_dev), rustix::fs::minor(file.st_dev));
    let pid = holder_in(&locks, device, file.st_ino)?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = if name.trim().is_empty() { "process" } else { name.trim() };
    Some(format!("{name} (pid {pid})"))
}

/// Who holds a lock on the file with this inode on this device, from the text of /proc/locks (proc_locks(5)).
///
/// A file system without a disk of its own (major 0: Btrfs, overlay) may show another device there than to stat(2), so that any
/// other such device will do if there is no better one.
fn holder_in(locks: &str, device: (u32, u32), inode: u64) -> Option<u32> {
    let candidates = || locks.lines().filter_map(held).filter(|held| held.inode == inode);
    let of_device = candidates().find(|held| held.device == device);
    let of_another = || candidates().find(|held| (device.0, held.device.0) == (0, 0));
    of_device.or_else(of_another).map(|held| held.pid)
}

/// A lock that is held.
struct Held {
    pid: u32,
    /// Major and minor.
    device: (u32, u32),
    inode: u64,
}

/// The lock in a line of /proc/locks if it is one by flock(2) that is held, not waited for, by a process that we may know.
fn held(line: &str) -> Option<Held> {
    let mut words = line.split_whitespace().skip(1);
    if words.next()? != "FLOCK" {
        return None;
    }
    let pid = words.nth(2)?.parse().ok().filter(|pid| *pid > 0)?;
    let mut file = words.next()?.split(':');
    let mut number = || u32::from_str_radix(file.next()?, 16).ok();
    let device = (number()?, number()?);
    Some(Held { pid, device, inode: file.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::{Lock, holder_in, lock};
    use crate::scratch::Scratch;
    use crate::store::disk::Dir;
    use crate::store::error::Problem;
    use rustix::fs::FlockOperation;
    use std::time::{Duration, Instant};

    #[test]
    fn who_only_looks_is_no_holder() {
        let scratch = Scratch::new();
        let dir = Dir::open(scratch.path()).unwrap().unwrap();
        assert_eq!(Lock::is_held(&dir, "lock"), Ok(None));
        let held = Lock::take_file(&dir, "lock", Duration::ZERO).unwrap();
        assert!(matches!(Lock::is_held(&dir, "lock"), Ok(Some(_))));
        drop(held);
        std::fs::write(scratch.path().join("lock"), "").unwrap();
        let looking = dir.look_at_lock("lock").unwrap().unwrap();
        lock(&looking, FlockOperation::NonBlockingLockShared, Instant::now()).unwrap();
        assert_eq!(Lock::is_held(&dir, "lock"), Ok(None));
    }

    #[test]
    fn a_file_that_is_there_for_the_lock_goes_with_it_and_the_next_one_has_a_lock_of_its_own() {
        let scratch = Scratch::new();
        let dir = Dir::open(scratch.path()).unwrap().unwrap();
        let first = Lock::take_file(&dir, "lock", Duration::ZERO).unwrap();
        let path = scratch.path().to_owned();
        let waiting = std::thread::spawn(move || {
            let dir = Dir::open(&path).unwrap().unwrap();
            Lock::take_file(&dir, "lock", Duration::from_secs(60)).unwrap()
        });
        drop(first);
        let second = waiting.join().unwrap();
        assert!(matches!(Lock::take_file(&dir, "lock", Duration::ZERO), Err(Problem::Busy { .. })));
        drop(second);
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
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
        let holder = |line| holder_in(line, (8, 0x1f), 131);
        assert_eq!(holder("1: FLOCK  ADVISORY  WRITE 1234 08:1f:131 0 EOF"), Some(1234));
        assert_eq!(holder("1: FLOCK  ADVISORY  WRITE 1234 08:1f:13 0 EOF"), None);
        assert_eq!(holder("1: POSIX  ADVISORY  WRITE 1234 08:1f:131 0 EOF"), None);
        assert_eq!(holder("1: -> FLOCK  ADVISORY  WRITE 1234 08:1f:131 0 EOF"), None);
        assert_eq!(holder("1: FLOCK  ADVISORY  WRITE 0 08:1f:131 0 EOF"), None);
        assert_eq!(holder("1: FLOCK  ADVISORY  WRITE 1234 131 0 EOF"), None);
        assert_eq!(holder(""), None);
    }

    #[test]
    fn who_locks_a_file_of_this_number_elsewhere_is_a_stranger() {
        let on_tmpfs = "1: FLOCK  ADVISORY  WRITE 1 00:19:131 0 EOF\n";
        let ours = "2: FLOCK  ADVISORY  WRITE 2 08:01:131 0 EOF\n";
        let both = format!("{on_tmpfs}{ours}");
        assert_eq!(holder_in(&both, (8, 1), 131), Some(2));
        assert_eq!(holder_in(&both, (8, 2), 131), None);
        assert_eq!(holder_in(on_tmpfs, (8, 1), 131), None);
        // Btrfs says 00:1a in one place and 00:19 in the other.
        assert_eq!(holder_in(&both, (0, 0x1a), 131), Some(1));
    }
}
