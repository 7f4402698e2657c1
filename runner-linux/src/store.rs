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
pub(crate) mod owner;
pub(crate) mod reading;
pub(crate) mod repair;
#[cfg(test)]
mod tests;

use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::secret::Secret;
use aclk_core::store::{Claim, Record, Saved, Store};
use claim_dir::{CLOUD_FULLCHAIN, ClaimDir, Terms};
use disk::{Content, Dir};
use error::{Problem, StoreError};
use lock::Lock;
use reading::Reading;
use rustix::fs::Mode;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Owner and group may do everything with the claim directory, others nothing (protocol.md 1.1).
pub(crate) const CLAIM_DIR_MODE: Mode = Mode::RWXU.union(Mode::RWXG);
/// How long a change waits for that of another process.
const PATIENCE: Duration = Duration::from_secs(2);

/// The rights of a directory of ours beside an identity that is not.
const OWN_MODE: Mode = Mode::from_raw_mode(0o755);

/// The identity of this machine in a directory.
///
/// The directory is opened for every access: the documented way to unclaim is to remove it, and a daemon has to notice.
#[derive(Debug)]
pub(crate) struct FileStore {
    path: PathBuf,
    lock: Option<Lock>,
    patience: Duration,
    reading: Reading,
    /// Where the id of the node is kept if the directory is that of a real Agent.
    own: Option<PathBuf>,
    /// The files with certificates of the user, the first that is there counts.
    chains: Vec<(PathBuf, &'static str)>,
    /// What the next claim stores beside its URL.
    terms: Terms,
    /// Whether nothing is to be changed.
    is_read_only: bool,
}

impl FileStore {
    /// The directory at `path`, which need not exist yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            lock: None,
            patience: PATIENCE,
            reading: Reading::default(),
            own: None,
            chains: vec![(path.to_owned(), CLOUD_FULLCHAIN)],
            terms: Terms::default(),
            is_read_only: false,
        }
    }

    /// The directory at `path`, which a real Agent made: it is read and never written, moved or given to anybody. What has
    /// to be kept for it goes into `own`.
    pub(crate) fn of_agent(path: &Path, own: &Path) -> Self {
        let reading = Reading { is_agents: true, ..Reading::default() };
        Self { reading, own: Some(own.to_owned()), ..Self::new(path) }
    }

    /// The same, with certificates of the user in these folders under these names.
    pub(crate) fn trusting(mut self, chains: Vec<(PathBuf, &'static str)>) -> Self {
        self.chains = chains;
        self
    }

    /// By which rules it is read.
    pub(crate) fn reading(&mut self) -> &mut Reading {
        &mut self.reading
    }

    /// Makes the directory if need be and keeps everybody else from changing it until this is dropped.
    pub(crate) fn hold(&mut self) -> Result<(), StoreError> {
        self.writable()?;
        let dir = Dir::open_or_create(&self.path, CLAIM_DIR_MODE).map_err(|problem| problem.at(&self.path))?;
        self.lock = Some(Lock::take(&dir, self.patience).map_err(|problem| problem.at(&self.path))?);
        Ok(())
    }

    /// Lets the next claim that succeeds store this for its link.
    pub(crate) fn remember(&mut self, terms: Terms) {
        self.terms = terms;
    }

    /// The same, so that whatever is to be saved is not. Of a link that is only the id that the Cloud gives to the node,
    /// and a link asks for it again.
    #[cfg(feature = "link")]
    pub(crate) fn read_only(self) -> Self {
        Self { is_read_only: true, ..self }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The directory for reading; `None` if there is none.
    pub(crate) fn open(&self) -> Result<Option<ClaimDir<Dir>>, StoreError> {
        let dir = Dir::open(&self.path).map_err(|problem| problem.at(&self.path))?;
        Ok(dir.map(|dir| ClaimDir::new(dir, &self.path).read_as(self.reading.clone())))
    }

    /// The certificates of the user, and the file they are in. A folder that may not be looked into is passed over unless it
    /// is the only one.
    pub(crate) fn chain(&self) -> Result<Option<(Content, PathBuf)>, StoreError> {
        for (folder, name) in &self.chains {
            let dir = match Dir::open(folder) {
                Ok(Some(dir)) => ClaimDir::new(dir, folder),
                Err(Problem::Denied(_)) if *folder != self.path => continue,
                Ok(None) => continue,
                Err(problem) => return Err(problem.at(folder)),
            };
            if let Some(content) = dir.chain(name)? {
                return Ok(Some((content, folder.join(name))));
            }
        }
        Ok(None)
    }

    /// Where certificates of the user are best put.
    pub(crate) fn place_for_chain(&self) -> PathBuf {
        self.chains.first().map_or_else(|| self.path.join(CLOUD_FULLCHAIN), |(folder, name)| folder.join(name))
    }

    /// The state.
    pub(crate) fn saved(&self) -> Result<Saved, StoreError> {
        let Some(dir) = self.open()? else { return Ok(Saved::default()) };
        let saved = dir.load()?;
        let Some(own) = &self.own else { return Ok(saved) };
        // One that cannot be read is no loss: the Cloud gives the same one again.
        let node = Dir::open(own).ok().flatten().and_then(|dir| ClaimDir::new(dir, own).node());
        Ok(Saved { node, ..saved })
    }

    /// Clears up after a crash; see [`ClaimDir::recover`].
    pub(crate) fn recover(&mut self) -> Result<Option<Claim>, StoreError> {
        if self.own.is_some() || self.open()?.is_none() { Ok(None) } else { self.change(ClaimDir::recover) }
    }

    /// Removes the identity; see [`ClaimDir::unclaim`]. Yields the names of what was there.
    pub(crate) fn unclaim(&mut self) -> Result<Vec<&'static str>, StoreError> {
        self.change(ClaimDir::unclaim)
    }

    /// Makes sure that `public.pem` fits; see [`ClaimDir::repair_public`].
    pub(crate) fn repair_public(&mut self, public_pem: &str) -> Result<bool, StoreError> {
        if self.own.is_some() {
            return Ok(false);
        }
        self.change(|dir| dir.repair_public(public_pem))
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.own.is_some() { Err(Problem::Agents.at(&self.path)) } else { Ok(()) }
    }

    fn change<T>(&self, change: impl FnOnce(&mut ClaimDir<Dir>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.writable()?;
        let dir = Dir::open_or_create(&self.path, CLAIM_DIR_MODE).map_err(|problem| problem.at(&self.path))?;
        let _lock = match self.lock {
            Some(_) => None,
            None => Some(Lock::take(&dir, self.patience).map_err(|problem| problem.at(&self.path))?),
        };
        change(&mut ClaimDir::new(dir, &self.path).with_terms(self.terms.clone()))
    }
}

impl Store for FileStore {
    type Error = StoreError;

    async fn load(&mut self) -> Result<Saved, StoreError> {
        self.saved()
    }

    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, StoreError> {
        self.open()?.map_or(Ok(None), |dir| dir.private_pem())
    }

    async fn save(&mut self, record: Record<'_>) -> Result<(), StoreError> {
        if self.is_read_only {
            return Ok(());
        }
        // Who removes the directory has unclaimed the node: it must not come back for the sake of a node id.
        if matches!(record, Record::Node(_)) && self.open()?.is_none() {
            return Ok(());
        }
        match (&self.own, record) {
            (Some(own), Record::Node(id)) => {
                let dir = Dir::open_or_create(own, OWN_MODE).map_err(|problem| problem.at(own))?;
                ClaimDir::new(dir, own).save_node(id)
            }
            _ => self.change(|dir| dir.save(record)),
        }
    }
}
