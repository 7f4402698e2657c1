//! Where the socket lies: made so that nobody else can use it for a moment, put in the place of one that a killed daemon
//! left behind but never of one that is in use, and removed in the end.

use crate::store::disk::Dir;
use crate::store::error::words;
use crate::store::lock::Lock;
use rustix::fs::{Mode, Stat, lstat};
use rustix::process::umask;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::sleep;

/// What the owner may not do with the socket, and all others: mode 0600.
const WITHHELD: Mode = Mode::from_raw_mode(0o177);
/// How long another daemon that starts at the same time is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is looked whether it is done.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Why the socket cannot be at this path.
#[derive(Debug)]
pub(super) struct PlaceError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    /// A daemon answers there, or may.
    InUse,
    /// Something else has the name.
    NotASocket,
    /// The operating system refuses.
    Refused(io::Error),
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::InUse => write!(f, "another daemon listens at {path}"),
            Reason::NotASocket => write!(f, "{path} is not a socket: move it away"),
            Reason::Refused(error) => write!(f, "cannot listen at {path}: {}", words(error)),
        }
    }
}

/// A socket that listens; its file goes when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) listener: UnixListener,
    path: PathBuf,
    file: Stat,
}

impl Place {
    /// Listens at `path`. Its folder is made if it is missing.
    pub(super) async fn open(path: &Path) -> Result<Self, PlaceError> {
        let failed = |reason| PlaceError { path: path.to_owned(), reason };
        let refused = |error| failed(Reason::Refused(error));
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(refused(io::ErrorKind::InvalidInput.into()));
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::create_dir_all(folder).map_err(refused)?;
        // Two that start at the same time must not both find the place free. Where there are no locks, or somebody holds
        // this one for ever, that is left to chance.
        let _lock = lock(folder).await;
        is_free(path).await.map_err(failed)?;
        let mut fresh = OsString::from(".");
        fresh.push(name);
        fresh.push(".new");
        let fresh = folder.join(fresh);
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
            _ => {}
        }
        let before = umask(WITHHELD);
        let bound = UnixListener::bind(&fresh);
        umask(before);
        let listener = bound.map_err(refused)?;
        let moved = fs::rename(&fresh, path).and_then(|()| Ok(lstat(path)?));
        match moved {
            Ok(file) => Ok(Self { listener, path: path.to_owned(), file }),
            Err(error) => {
                let _ = fs::remove_file(&fresh);
                Err(refused(error))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let is_ours = |now: Stat| (now.st_dev, now.st_ino) == (self.file.st_dev, self.file.st_ino);
        if lstat(&self.path).is_ok_and(is_ours) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The lock of `folder`, if it can be had soon. The link goes on meanwhile.
async fn lock(folder: &Path) -> Option<Lock> {
    let dir = Dir::open(folder).ok().flatten()?;
    let patience = Instant::now() + PATIENCE;
    loop {
        match Lock::take(&dir, Duration::ZERO) {
            Ok(lock) => return Some(lock),
            Err(_) if Instant::now() < patience => sleep(LOOK_EVERY).await,
            Err(_) => return None,
        }
    }
}

/// Whether nobody listens at `path`, and nothing but a socket is there.
async fn is_free(path: &Path) -> Result<(), Reason> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Reason::Refused(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(Reason::NotASocket),
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        // Left behind by a daemon that was killed.
        Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => Ok(()),
        // Among the errors are a daemon whose queue is full, and one that belongs to somebody else.
        Ok(_) | Err(_) => Err(Reason::InUse),
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::host;
    use crate::scratch::Scratch;
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::os::unix::net;
    use std::path::Path;

    fn open(path: &Path) -> Result<Place, String> {
        host::block_on(async { Place::open(path).await.map_err(|error| error.to_string()) }).unwrap()
    }

    #[test]
    fn the_socket_is_its_owners_only_and_goes_in_the_end() {
        let scratch = Scratch::new();
        let path = scratch.path().join("run/netdata.pipe");
        let place = open(&path).unwrap();
        let found = fs::symlink_metadata(&path).unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
        drop(place);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn a_socket_that_nobody_listens_at_is_replaced_and_one_in_use_is_not() {
        let scratch = Scratch::new();
        let path = scratch.path().join("netdata.pipe");
        drop(net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "left behind");
        let first = open(&path).unwrap();
        let before = fs::symlink_metadata(&path).unwrap();
        assert_eq!(open(&path).unwrap_err(), format!("another daemon listens at {}", path.display()));
        assert_eq!(
            std::os::unix::fs::MetadataExt::ino(&fs::symlink_metadata(&path).unwrap()),
            std::os::unix::fs::MetadataExt::ino(&before)
        );
        drop(first);
        assert!(!path.exists());
    }

    #[test]
    fn the_socket_of_somebody_else_is_not_removed_in_the_end() {
        let scratch = Scratch::new();
        let path = scratch.path().join("netdata.pipe");
        let place = open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = net::UnixListener::bind(&path).unwrap();
        drop(place);
        assert!(path.exists());
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let scratch = Scratch::new();
        let (file, link) = (scratch.path().join("file"), scratch.path().join("link"));
        fs::write(&file, "precious").unwrap();
        symlink(&file, &link).unwrap();
        for path in [&file, &link] {
            assert_eq!(open(path).unwrap_err(), format!("{} is not a socket: move it away", path.display()));
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    }

    #[test]
    fn a_path_that_cannot_be_is_a_reason_and_no_more() {
        let scratch = Scratch::new();
        let long = scratch.path().join("n".repeat(200));
        assert!(open(&long).unwrap_err().starts_with("cannot listen at "));
        fs::write(scratch.path().join("file"), "").unwrap();
        assert!(open(&scratch.path().join("file/netdata.pipe")).unwrap_err().starts_with("cannot listen at "));
        assert!(open(Path::new("/")).unwrap_err().starts_with("cannot listen at "));
    }
}
