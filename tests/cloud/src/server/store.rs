//! Where a Cloud keeps what outlives it: a directory of its own, or a temporary one for the CA certificate alone.

use super::database::{Database, Saved};
use crate::cloud::Cloud;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LOCK: &str = "lock";
const DATABASE: &str = "cloud.redb";
const CA: &str = "ca.pem";

/// A directory. Clones are the same directory.
#[derive(Debug, Clone)]
pub(super) struct Store(Arc<Directory>);

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    ca_file: PathBuf,
    /// None in a temporary directory.
    database: Option<Database>,
    /// Held for as long as this exists.
    _lock: Option<File>,
}

impl Store {
    /// The directory `path`, made if it is not there; a temporary one without it.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let (path, lock, database) = match path {
            Some(path) => {
                fs::create_dir_all(path).map_err(|error| named(path, error))?;
                let lock = lock(path)?;
                let file = path.join(DATABASE);
                let database = Database::open(&file).map_err(|error| named(&file, error))?;
                (path.to_path_buf(), Some(lock), Some(database))
            }
            None => (temporary_directory()?, None, None),
        };
        // Told to people, who may be in another directory.
        let ca_file = std::path::absolute(path.join(CA))?;
        Ok(Self(Arc::new(Directory { path, ca_file, database, _lock: lock })))
    }

    pub(super) fn ca_file(&self) -> &Path {
        &self.0.ca_file
    }

    /// What was saved, if anything was.
    pub(super) fn load(&self) -> io::Result<Option<Saved>> {
        let Some(database) = &self.0.database else { return Ok(None) };
        database.load().map_err(|error| named(&self.0.path.join(DATABASE), error))
    }

    /// Saves what changed, all of it or nothing; a temporary store has nothing to save it for.
    pub(super) fn save(&self, cloud: &Cloud) -> io::Result<()> {
        match (&self.0.database, cloud.changes()) {
            (Some(database), Some(changes)) => database.save(cloud, changes),
            _ => Ok(()),
        }
    }

    /// A file of the directory, if it is there.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<String>> {
        match fs::read_to_string(self.0.path.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(named(&self.0.path.join(name), error)),
        }
    }

    /// A secret of the directory; a temporary store has none.
    pub(super) fn write_secret(&self, name: &str, text: &str) -> io::Result<()> {
        if self.0.database.is_none() { Ok(()) } else { self.write(name, text.as_bytes(), 0o600) }
    }

    pub(super) fn write_ca(&self, pem: &str) -> io::Result<()> {
        self.write(CA, pem.as_bytes(), 0o644)
    }

    /// Writes a file so that it is there whole or not at all, power cut or not.
    fn write(&self, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        let (path, partial) = (self.0.path.join(name), self.0.path.join(format!("{name}.new")));
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&partial)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&partial, &path)?;
            File::open(&self.0.path)?.sync_all()
        };
        write().map_err(|error| named(&path, error))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.database.is_none() {
            // Left over files of a temporary directory hurt nobody.
            let _ = fs::remove_file(&self.ca_file);
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// A new directory that only we may change: who can replace the certificate in it is trusted by every client.
fn temporary_directory() -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let path = std::env::temp_dir().join(format!("aclk-cloud-{:016x}", u64::from_le_bytes(random)));
    DirBuilder::new().mode(0o700).create(&path).map_err(|error| named(&path, error))?;
    Ok(path)
}

/// Two Clouds with one state would undo what the other did.
fn lock(path: &Path) -> io::Result<File> {
    let path = path.join(LOCK);
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(|error| named(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(named(&path, io::Error::other("another Cloud is using this state"))),
        Err(TryLockError::Error(error)) => Err(named(&path, error)),
    }
}

/// An error that says which file it is about.
fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
