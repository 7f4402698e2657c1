//! The order in which files are written, so that a crash between any two of them leaves a state that the next run
//! understands: unclaimed, pending or claimed.
//!
//! | change | order |
//! |---|---|
//! | key | `private.pem`, `public.pem` (derived from it, made again when it is missing or another one's) |
//! | pending | `pending` |
//! | claimed | `node_id` goes, an old `claimed_id` goes, `cloud.conf` with URL and proxy, `claimed_id`, `token` goes, `pending` goes |
//! | node | `node_id`, which names the claimed id it belongs to |
//! | refused | `pending` goes |
//! | unclaimed | see [`unclaim`] |
//!
//! Each file is written under a temporary name, made durable, renamed, and the rename made durable before the next.
//! `pending` goes last: as long as it names the claim that `claimed_id` names too, the rest is still to be done.

mod unclaim;

use super::conf::{Conf, without_quotes, yes_or_no};
use super::disk::{Content, Disk};
use super::error::{Problem, StoreError};
use super::reading::Reading;
use crate::hidden::Hidden;
use crate::settings::DEFAULT_URL;
use aclk_core::identity::guid::{Guid, GuidError};
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::secret::Secret;
use aclk_core::settings::TOKEN_MAX;
use aclk_core::store::{Claim, NodeId, Record, Saved};
use aclk_core::wire::url::Url;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// The claimed id: 36 characters and no end of line.
pub(crate) const CLAIMED_ID: &str = "claimed_id";
/// The private key; only its owner may read it.
pub(crate) const PRIVATE_PEM: &str = "private.pem";
/// The public key.
pub(crate) const PUBLIC_PEM: &str = "public.pem";
/// The claiming token, put there by the user.
pub(crate) const TOKEN: &str = "token";
/// The War Rooms, put there by the user.
pub(crate) const ROOMS: &str = "rooms";
/// Certificates of the Cloud, put there by the user.
pub(crate) const CLOUD_FULLCHAIN: &str = "cloud_fullchain.pem";
/// The same for current Agents, which prefer it (protocol.md 1.1).
pub(crate) const TRUSTED: &str = "trusted.pem";
/// Which Cloud the node is claimed at.
pub(crate) const CLOUD_CONF: &str = "cloud.conf";
/// The id the Cloud has given the node, and under which claimed id. The original keeps it in a database of its own.
pub(crate) const NODE_ID: &str = "node_id";
/// The claim whose outcome is not known.
pub(crate) const PENDING: &str = "pending";

/// What we write, and so what a crash can leave a temporary file of.
const WRITTEN: [&str; 6] = [PRIVATE_PEM, PUBLIC_PEM, PENDING, CLOUD_CONF, CLAIMED_ID, NODE_ID];

const MODE_PRIVATE: u32 = 0o600;
const MODE_PUBLIC: u32 = 0o644;

const ID_LIMIT: usize = 64;
const CONF_LIMIT: usize = 64 << 10;
const ROOMS_LIMIT: usize = 64 << 10;
const CHAIN_LIMIT: usize = 1 << 20;
/// A state that somebody else is changing is read again this often.
const READ_ATTEMPTS: usize = 5;

/// The files of one identity.
#[derive(Debug)]
pub(crate) struct ClaimDir<D> {
    disk: D,
    path: PathBuf,
    reading: Reading,
    terms: Terms,
}

/// What a claim stores beside its URL, for the link that follows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    /// The proxy setting. Without one, what `cloud.conf` says stays.
    pub(crate) proxy: Option<Hidden>,
    /// Whether certificates are not checked. Without it, an `insecure` of an earlier claim goes.
    pub(crate) insecure: bool,
}

impl<D: Disk> ClaimDir<D> {
    pub(crate) fn new(disk: D, path: &Path) -> Self {
        Self { disk, path: path.to_owned(), reading: Reading::default(), terms: Terms::default() }
    }

    /// The same, so that a claim that is saved brings this with it.
    pub(crate) fn with_terms(mut self, terms: Terms) -> Self {
        self.terms = terms;
        self
    }

    /// The same, read by these rules.
    pub(crate) fn read_as(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The state. A claim that is confirmed but not finished counts as claimed.
    pub(crate) fn load(&self) -> Result<Saved, StoreError> {
        if self.reading.is_agents {
            return Ok(Saved { claimed: self.claimed()?, ..Saved::default() });
        }
        let pending = self.pending()?;
        let claimed = self.claimed()?;
        Ok(Saved { pending: pending.filter(|pending| claimed.as_ref() != Some(pending)), claimed, node: self.node() })
    }

    /// Whether `cloud.conf` forbids the link.
    pub(crate) fn is_disabled(&self) -> Result<bool, StoreError> {
        let conf = self.conf()?;
        Ok(conf.value("global", "enabled").and_then(yes_or_no) == Some(false))
    }

    /// Whether `cloud.conf` says that certificates are not to be checked. What is neither yes nor no is an error.
    pub(crate) fn is_insecure(&self) -> Result<bool, StoreError> {
        let conf = self.conf()?;
        let Some(value) = conf.value("global", "insecure") else { return Ok(false) };
        yes_or_no(value).ok_or_else(|| self.malformed(CLOUD_CONF, "[global] insecure is neither yes nor no"))
    }

    /// The private key, as it is.
    pub(crate) fn private_pem(&self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, StoreError> {
        let Some(content) = self.read(PRIVATE_PEM, PRIVATE_PEM_MAX)? else { return Ok(None) };
        let too_large = |_| Problem::TooLarge { limit: PRIVATE_PEM_MAX }.at(self.path.join(PRIVATE_PEM));
        Secret::copy_of(&content).map(Some).map_err(too_large)
    }

    /// The token the user left, without the white space around it.
    pub(crate) fn token(&self) -> Result<Option<Secret<TOKEN_MAX>>, StoreError> {
        // Room for an end of line or two, and then the limit of the token itself speaks.
        let Some(content) = self.read_given(TOKEN, TOKEN_MAX + 16)? else { return Ok(None) };
        let text = content.trim_ascii();
        if text.is_empty() {
            return Ok(None);
        }
        let secret = Secret::copy_of(text);
        secret.map(Some).map_err(|_| Problem::TooLarge { limit: TOKEN_MAX }.at(self.path.join(TOKEN)))
    }

    /// The list of War Rooms the user left.
    pub(crate) fn rooms(&self) -> Result<Option<String>, StoreError> {
        let Some(content) = self.read_given(ROOMS, ROOMS_LIMIT)? else { return Ok(None) };
        self.as_text(ROOMS, &content).map(Some)
    }

    /// The certificates the user left under this name.
    pub(crate) fn chain(&self, name: &str) -> Result<Option<Content>, StoreError> {
        self.read(name, CHAIN_LIMIT)
    }

    /// The base URL of `cloud.conf`, if it has one.
    pub(crate) fn url(&self) -> Result<Option<Url>, StoreError> {
        let conf = self.conf()?;
        // The first name is that of the script eras, the second that of the agents since (protocol.md 1.8, 1.13).
        let keys = if self.reading.is_agents { ["url", "cloud base url"] } else { ["cloud base url", "url"] };
        let Some((key, text)) = keys.into_iter().find_map(|key| Some((key, conf.value("global", key)?))) else {
            return Ok(None);
        };
        let text = without_quotes(text).unwrap_or(text);
        Url::parse(text).map(Some).map_err(|error| self.malformed(CLOUD_CONF, format_args!("[global] {key}: {error}")))
    }

    /// The proxy setting of `cloud.conf`, if it has one.
    pub(crate) fn proxy(&self) -> Result<Option<Hidden>, StoreError> {
        let conf = self.conf()?;
        Ok(conf.value("global", "proxy").map(Hidden::new))
    }

    /// Any value of `cloud.conf`.
    pub(crate) fn setting(&self, section: &str, key: &str) -> Result<Option<String>, StoreError> {
        let conf = self.conf()?;
        Ok(conf.value(section, key).map(str::to_owned))
    }

    /// Makes one change durable.
    pub(crate) fn save(&mut self, record: Record<'_>) -> Result<(), StoreError> {
        match record {
            Record::Key { private_pem, public_pem } => {
                self.replace(PRIVATE_PEM, MODE_PRIVATE, private_pem.expose())?;
                self.replace(PUBLIC_PEM, MODE_PUBLIC, public_pem.as_bytes())
            }
            Record::Pending(claim) => {
                let text = format!("id = {}\nurl = {}\n", claim.id, claim.url);
                self.replace(PENDING, MODE_PUBLIC, text.as_bytes())
            }
            Record::Refused => self.remove(PENDING).map(drop),
            // Who unclaims, or claims anew, has removed it: it must not come back.
            Record::Node(id) if self.claimed_id()? != Some(id.claimed) => Ok(()),
            Record::Node(id) => self.save_node(id),
            Record::Claimed(claim) => {
                // Who unclaims while a claim is under way has removed its key.
                if self.read(PRIVATE_PEM, PRIVATE_PEM_MAX)?.is_none() {
                    return Err(Problem::Vanished.at(self.path.join(PRIVATE_PEM)));
                }
                self.remove(NODE_ID)?;
                // `claimed_id` never stands beside a URL it does not belong to.
                if self.claimed_id().map_or(true, |id| id.is_some_and(|id| id != claim.id)) {
                    self.remove(CLAIMED_ID)?;
                }
                self.write_conf(claim)?;
                self.replace(CLAIMED_ID, MODE_PUBLIC, claim.id.to_string().as_bytes())?;
                self.finish()
            }
        }
    }

    /// Stores the id of the node, whatever is claimed here.
    pub(crate) fn save_node(&mut self, id: NodeId) -> Result<(), StoreError> {
        let text = format!("claimed_id = {}\nnode_id = {}\n", id.claimed, id.node);
        self.replace(NODE_ID, MODE_PUBLIC, text.as_bytes())
    }

    /// Removes what a crash left behind, and does the rest of a confirmed claim. Says which claim that was.
    pub(crate) fn recover(&mut self) -> Result<Option<Claim>, StoreError> {
        self.remove_temporary_files()?;
        let Some(pending) = self.pending()? else { return Ok(None) };
        if self.claimed()?.as_ref() != Some(&pending) {
            return Ok(None);
        }
        self.finish()?;
        Ok(Some(pending))
    }

    /// Makes `public.pem` the public half of `private.pem`. Says whether it was not.
    pub(crate) fn repair_public(&mut self, public_pem: &str) -> Result<bool, StoreError> {
        // Whatever is wrong with the old one, a new one is the cure.
        if let Ok(Some(content)) = self.disk.read(PUBLIC_PEM, CONF_LIMIT)
            && content.trim_ascii() == public_pem.trim().as_bytes()
        {
            return Ok(false);
        }
        self.replace(PUBLIC_PEM, MODE_PUBLIC, public_pem.as_bytes())?;
        Ok(true)
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.remove(TOKEN)?;
        self.remove(PENDING).map(drop)
    }

    fn claimed(&self) -> Result<Option<Claim>, StoreError> {
        for _ in 0..READ_ATTEMPTS {
            let Some(id) = self.claimed_id()? else { return Ok(None) };
            let url = self.url()?;
            // Two files are not read at once: somebody may have claimed anew in between.
            if self.claimed_id()? == Some(id) {
                let url = match url.or_else(|| self.reading.default_url.clone()) {
                    Some(url) => url,
                    None => Url::parse(DEFAULT_URL).map_err(|error| self.malformed(CLOUD_CONF, error))?,
                };
                return Ok(Some(Claim { id, url }));
            }
        }
        Err(Problem::Busy { holder: None }.at(&self.path))
    }

    fn claimed_id(&self) -> Result<Option<Guid>, StoreError> {
        match self.claimed_id_in_conf()? {
            None => self.claimed_id_in_file(),
            Some(Ok(id)) => Ok(Some(id)),
            Some(Err(error)) => match self.claimed_id_in_file() {
                Ok(Some(id)) => Ok(Some(id)),
                _ => Err(self.malformed(CLOUD_CONF, format_args!("[global] claimed_id: {error}"))),
            },
        }
    }

    pub(super) fn claimed_id_in_file(&self) -> Result<Option<Guid>, StoreError> {
        let Some(text) = self.text(CLAIMED_ID, ID_LIMIT)? else { return Ok(None) };
        Guid::parse(text.trim()).map(Some).map_err(|error| {
            let advice = "if this node is to be claimed anew, remove the file";
            self.malformed(CLAIMED_ID, format_args!("should hold the claimed id, a UUID, but: {error} ({advice})"))
        })
    }

    /// The claimed id of a current Agent, which keeps it in `cloud.conf` and looks there first (protocol.md 1.13). One of
    /// zeros stands for none.
    pub(super) fn claimed_id_in_conf(&self) -> Result<Option<Result<Guid, GuidError>>, StoreError> {
        if !self.reading.is_agents {
            return Ok(None);
        }
        let id = self.conf()?.value("global", "claimed_id").map(Guid::parse);
        Ok(id.filter(|id| *id != Err(GuidError::Nil)))
    }

    fn pending(&self) -> Result<Option<Claim>, StoreError> {
        let Some(text) = self.text(PENDING, CONF_LIMIT)? else { return Ok(None) };
        let conf = Conf::new(text);
        let id = conf.value("", "id").map(Guid::parse);
        let url = conf.value("", "url").map(Url::parse);
        match (id, url) {
            (Some(Ok(id)), Some(Ok(url))) => Ok(Some(Claim { id, url })),
            _ => Err(self.malformed(PENDING, "damaged; remove the file and claim again")),
        }
    }

    /// The node id. One that cannot be read is no loss: the Cloud gives the same one again.
    pub(super) fn node(&self) -> Option<NodeId> {
        let conf = Conf::new(self.text(NODE_ID, CONF_LIMIT).ok().flatten()?);
        let id = |key| conf.value("", key).and_then(|text| Guid::parse(text).ok());
        Some(NodeId { claimed: id("claimed_id")?, node: id("node_id")? })
    }

    fn conf(&self) -> Result<Conf, StoreError> {
        let mut conf = Conf::new(self.text(CLOUD_CONF, CONF_LIMIT)?.unwrap_or_default());
        self.reading.lay_over(&mut conf);
        Ok(conf)
    }

    fn write_conf(&mut self, claim: &Claim) -> Result<(), StoreError> {
        let old = self.conf()?;
        let mut new = old.clone();
        new.set("global", "enabled", "yes");
        new.set("global", "cloud base url", claim.url.as_str());
        if new.has("global", "url") {
            new.set("global", "url", claim.url.as_str());
        }
        if let Some(setting) = &self.terms.proxy {
            new.set("global", "proxy", setting.expose());
        }
        if self.terms.insecure {
            new.set("global", "insecure", "yes");
        } else {
            new.remove("global", "insecure");
        }
        if new == old {
            return Ok(());
        }
        // What newer agents keep there too: a claiming token, and a proxy with its password, which may also stand in a line
        // that no longer counts.
        let has_secrets = new.has("global", "token") || new.as_str().contains('@');
        let mode = if has_secrets { MODE_PRIVATE } else { MODE_PUBLIC };
        self.replace(CLOUD_CONF, mode, new.as_str().as_bytes())
    }

    fn text(&self, name: &str, limit: usize) -> Result<Option<String>, StoreError> {
        let Some(content) = self.read(name, limit)? else { return Ok(None) };
        self.as_text(name, &content).map(Some)
    }

    fn as_text(&self, name: &str, content: &[u8]) -> Result<String, StoreError> {
        let text = std::str::from_utf8(content).map_err(|_| self.malformed(name, "not a text in UTF-8"))?;
        Ok(text.to_owned())
    }

    fn read_given(&self, name: &str, limit: usize) -> Result<Option<Content>, StoreError> {
        self.disk.read_given(name, limit).map_err(|problem| problem.at(self.path.join(name)))
    }

    fn read(&self, name: &str, limit: usize) -> Result<Option<Content>, StoreError> {
        self.disk.read(name, limit).map_err(|problem| problem.at(self.path.join(name)))
    }

    fn replace(&mut self, name: &str, mode: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let temporary = temporary(name);
        let written = self.write_new(&temporary, mode, bytes).and_then(|()| self.disk.rename(&temporary, name));
        if let Err(problem) = written {
            // What was written may be a private key; the first problem is the one to tell.
            let _ = self.disk.remove(&temporary);
            return Err(problem.at(self.path.join(name)));
        }
        self.sync_names()
    }

    fn write_new(&mut self, name: &str, mode: u32, bytes: &[u8]) -> Result<(), Problem> {
        self.disk.remove(name)?;
        let mut file = self.disk.create(name, mode)?;
        self.disk.write(&mut file, bytes)?;
        self.disk.sync(&mut file)
    }

    /// Removes a file for good, and says whether it was there.
    fn remove(&mut self, name: &str) -> Result<bool, StoreError> {
        let was_there = self.disk.remove(name).map_err(|problem| problem.at(self.path.join(name)))?;
        if was_there {
            self.sync_names()?;
        }
        Ok(was_there)
    }

    fn sync_names(&mut self) -> Result<(), StoreError> {
        self.disk.sync_names().map_err(|problem| problem.at(&self.path))
    }

    fn malformed(&self, name: &str, expected: impl Display) -> StoreError {
        Problem::Malformed { expected: expected.to_string() }.at(self.path.join(name))
    }
}

/// The name under which a file is written before it gets its own.
pub(crate) fn temporary(name: &str) -> String {
    format!(".{name}.new")
}
