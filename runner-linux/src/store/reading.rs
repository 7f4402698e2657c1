//! By which rules the files of an identity are read: ours, or those of a real Agent.

use super::claim_dir::{CLAIMED_ID, CLOUD_CONF, ClaimDir};
use super::conf::Conf;
use super::disk::Disk;
use super::error::StoreError;
use crate::hidden::Hidden;
use aclk_core::wire::url::Url;

/// How a directory is read. By default as our own claim directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Whether a real Agent made it: `cloud.conf` may hold the claimed id, and nothing is ever written.
    pub(crate) is_agents: bool,
    /// The Cloud of a claim that does not say where it was made, as those before v1.22.
    pub(crate) default_url: Option<Url>,
    /// What a client of the run-time socket wrote into `cloud.conf`, as far as the daemon keeps it in memory.
    pub(crate) written: Written,
}

/// What `write-config cloud|global|KEY|VALUE` has set, by key. As in the original it holds until the daemon ends, and counts
/// above the file. `enabled` also switches off the link of our own claim directory; nothing else of it concerns that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) enabled: Option<bool>,
    pub(crate) url: Option<Url>,
    pub(crate) proxy: Option<Hidden>,
}

impl Reading {
    /// Lays what was written over a file.
    pub(super) fn lay_over(&self, conf: &mut Conf) {
        let Written { enabled, url, proxy } = &self.written;
        if let Some(enabled) = enabled {
            conf.set("global", "enabled", if *enabled { "yes" } else { "no" });
        }
        if let Some(url) = url {
            conf.set("global", "url", url.as_str());
        }
        if let Some(proxy) = proxy {
            conf.set("global", "proxy", proxy.expose());
        }
    }
}

impl<D: Disk> ClaimDir<D> {
    /// What is odd about the files of a real Agent, and no reason not to use them.
    pub(crate) fn oddity(&self) -> Result<Option<String>, StoreError> {
        let Some(in_conf) = self.claimed_id_in_conf()? else { return Ok(None) };
        let Ok(Some(in_file)) = self.claimed_id_in_file() else { return Ok(None) };
        let (conf, file) = (self.path().join(CLOUD_CONF), self.path().join(CLAIMED_ID));
        let (conf, file) = (conf.display(), file.display());
        Ok(match in_conf {
            Ok(id) if id == in_file => None,
            Ok(_) => Some(format!(
                "[global] claimed_id in {conf} and {file} name different claims; the first counts, as with current Agents"
            )),
            Err(error) => Some(format!("[global] claimed_id in {conf} is none ({error}); {file} counts")),
        })
    }
}
