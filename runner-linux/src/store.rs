//! The claim directory, `claim.d`: the identity of this machine as files.
//!
//! The names are those of the documented script (protocol.md 1.1), so that an identity can be moved in either
//! direction. What is written, and in which order, is in [`claim_dir`]; how, in [`disk`].

pub(crate) mod claim_dir;
pub(crate) mod conf;
pub(crate) mod disk;
pub(crate) mod error;
pub(crate) mod lock;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use crate::hidden::Hidden;
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::secret::Secret;
use aclk_core::store::{Claim, Record, Saved, Store};
use claim_dir::ClaimDir;
use disk::Dir;
use error::StoreError;
use lock::Lock;
use rustix::fs::Mode;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Owner and group may do everything with the claim directory, others nothing (protocol.md 1.1).
const CLAIM_DIR_MODE: Mode = Mode::RWXU.union(Mode::RWXG);
/// How long a change waits for that of another process.
const PATIENCE: Duration = Duration::from_secs(2);

/// The identity of this machine in a directory.
///
/// The directory is opened for every access: the documented way to unclaim is to remove it, and a daemon has to notice.
#[derive(Debug)]
pub(crate) struct FileStore {
    path: PathBuf,
    lock: Option<Lock>,
    patience: Duration,
    /// The proxy setting that the next claim stores beside its URL.
    proxy: Option<Hidden>,
}

impl FileStore {
    /// The directory at `path`, which need not exist yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), lock: None, patience: PATIENCE, proxy: None }
    }

    /// Makes the directory if need be and keeps everybody else from changing it until this is dropped.
    pub(crate) fn hold(&mut self) -> Result<(), StoreError> {
        let dir = Dir::open_or_create(&self.path, CLAIM_DIR_MODE).map_err(|problem| problem.at(&self.path))?;
        self.lock = Some(Lock::take(&dir, self.patience).map_err(|problem| problem.at(&self.path))?);
        Ok(())
    }

    /// Lets the next claim that succeeds store this proxy setting for its link.
    pub(crate) fn remember_proxy(&mut self, setting: Option<Hidden>) {
        self.proxy = setting;
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The directory for reading; `None` if there is none.
    pub(crate) fn open(&self) -> Result<Option<ClaimDir<Dir>>, StoreError> {
        let dir = Dir::open(&self.path).map_err(|problem| problem.at(&self.path))?;
        Ok(dir.map(|dir| ClaimDir::new(dir, &self.path)))
    }

    /// Clears up after a crash; see [`ClaimDir::recover`].
    pub(crate) fn recover(&mut self) -> Result<Option<Claim>, StoreError> {
        if self.open()?.is_none() { Ok(None) } else { self.change(ClaimDir::recover) }
    }

    /// Makes sure that `public.pem` fits; see [`ClaimDir::repair_public`].
    pub(crate) fn repair_public(&mut self, public_pem: &str) -> Result<bool, StoreError> {
        self.change(|dir| dir.repair_public(public_pem))
    }

    fn change<T>(&self, change: impl FnOnce(&mut ClaimDir<Dir>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let dir = Dir::open_or_create(&self.path, CLAIM_DIR_MODE).map_err(|problem| problem.at(&self.path))?;
        let _lock = match self.lock {
            Some(_) => None,
            None => Some(Lock::take(&dir, self.patience).map_err(|problem| problem.at(&self.path))?),
        };
        change(&mut ClaimDir::new(dir, &self.path).with_proxy(self.proxy.clone()))
    }
}

impl Store for FileStore {
    type Error = StoreError;

    async fn load(&mut self) -> Result<Saved, StoreError> {
        self.open()?.map_or_else(|| Ok(Saved::default()), |dir| dir.load())
    }

    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, StoreError> {
        self.open()?.map_or(Ok(None), |dir| dir.private_pem())
    }

    async fn save(&mut self, record: Record<'_>) -> Result<(), StoreError> {
        // Who removes the directory has unclaimed the node: it must not come back for the sake of a node id.
        if matches!(record, Record::Node(_)) && self.open()?.is_none() {
            return Ok(());
        }
        self.change(|dir| dir.save(record))
    }
}
