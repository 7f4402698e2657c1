//! Where the identity of this machine comes from, and everything else that may claim it.
//!
//! | | what | how it is used |
//! |---|---|---|
//! | `claim.d` | our own claim directory | read and written |
//! | `cloud.d` in the varlib directory | what a real Agent made, from v1.22 on | read in place, never written |
//! | `netdata -W "claim …"`, `claim.conf`, variables, files `token` | what an unclaimed daemon claims with | [`first_claim`] |
//!
//! The first that has a claim counts. So "delete `claim.d` to unclaim" holds where nothing else is left; where something
//! is, it is named: in the log, by `aclk status` and by `reload-claiming-state`.

pub(crate) mod claim_conf;
pub(crate) mod switch;
pub(crate) mod variables;

use crate::fault::Fault;
use crate::first_claim;
use crate::hidden::Hidden;
use crate::netdata_conf;
use crate::paths::Paths;
use crate::settings::{Defaults, Given};
use crate::store::FileStore;
use crate::store::claim_dir::{CLOUD_FULLCHAIN, ClaimDir, TRUSTED};
use crate::store::conf::without_quotes;
use crate::store::disk::Dir;
use crate::store::reading::{Reading, Written};
use aclk_core::stage::Stage;
use aclk_core::store::Saved;
use aclk_core::wire::url::Url;
use std::path::PathBuf;
use switch::Off;

/// Whose directory it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Place {
    /// Ours, `claim.d`.
    #[default]
    ClaimDir,
    /// That of a real Agent, `cloud.d`.
    CloudDir,
}

impl Place {
    /// Where it is.
    pub(crate) fn path(self, paths: &Paths) -> PathBuf {
        match self {
            Self::ClaimDir => paths.claim_dir(),
            Self::CloudDir => paths.cloud_dir(),
        }
    }
}

/// The identity that counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    pub(crate) place: Place,
    /// What is stored there, also if the link is switched off.
    pub(crate) saved: Saved,
    /// Who switched the link off.
    pub(crate) off: Option<Off>,
    /// The proxy setting in `cloud.conf`.
    pub(crate) proxy: Option<Hidden>,
    /// Whether certificates are not checked.
    pub(crate) insecure: bool,
    /// What is worth a line.
    pub(crate) notes: Vec<String>,
}

/// The store of `place`, where the identity is read and what belongs to it is kept.
pub(crate) fn store(paths: &Paths, place: Place, written: &Written) -> Result<FileStore, Fault> {
    let mut store = match place {
        Place::ClaimDir => FileStore::new(&paths.claim_dir()),
        Place::CloudDir => FileStore::of_agent(&paths.cloud_dir(), &paths.live()),
    };
    let reading = store.reading();
    let written = if reading.is_agents { written.clone() } else { Written::default() };
    *reading = Reading { default_url: url_of_netdata_conf(paths)?, written, ..*reading };
    Ok(store.trusting(vec![
        (paths.claim_dir(), CLOUD_FULLCHAIN),
        (paths.cloud_dir(), TRUSTED),
        (paths.cloud_dir(), CLOUD_FULLCHAIN),
    ]))
}

/// The identity that counts now.
///
/// # Errors
/// If a file that matters cannot be read or is not what it should be: then nobody knows what would count.
pub(crate) fn identity(paths: &Paths, written: &Written) -> Result<Identity, Fault> {
    let (off, mut notes) = switch::read(paths)?;
    let mut identity = read(paths, Place::ClaimDir, written)?;
    if identity.saved.claimed.is_none() && identity.off.is_none() {
        let agents = read(paths, Place::CloudDir, written)?;
        if agents.saved.claimed.is_some() || agents.off.is_some() {
            identity = Identity { saved: Saved { pending: identity.saved.pending, ..agents.saved }, ..agents };
        }
    }
    identity.off = off.or(identity.off).or((written.enabled == Some(false)).then_some(Off::Written));
    notes.append(&mut identity.notes);
    Ok(Identity { notes, ..identity })
}

fn read(paths: &Paths, place: Place, written: &Written) -> Result<Identity, Fault> {
    read_in(paths, place, written).map_err(|fault| match (place, fault.stage) {
        // Not to be given to anybody else: that Agent needs it.
        (Place::CloudDir, Stage::Permission) => {
            let path = paths.cloud_dir();
            let cause = format!("cannot read {}, the identity of a Netdata Agent: permission denied", path.display());
            Fault { cause, ..fault }.hint("run this as the user of that Agent, which owns the directory, or as root")
        }
        _ => fault,
    })
}

fn read_in(paths: &Paths, place: Place, written: &Written) -> Result<Identity, Fault> {
    let store = store(paths, place, written)?;
    let nothing = Identity { place, ..Identity::default() };
    let Some(dir) = store.open()? else { return Ok(nothing) };
    let off = dir.is_disabled()?.then_some(match place {
        Place::ClaimDir => Off::ClaimDir,
        Place::CloudDir => Off::CloudDir,
    });
    Ok(Identity {
        saved: store.saved()?,
        off,
        proxy: dir.proxy()?,
        insecure: dir.is_insecure()?,
        notes: dir.oddity()?.into_iter().collect(),
        ..nothing
    })
}

/// Everything beside `place` that claims this machine as soon as `place` does not, the first first. `said` is what
/// `netdata -W "claim …"` has said. What cannot be read is named as such.
pub(crate) fn others(paths: &Paths, place: Place, said: Option<&first_claim::Wanted>) -> Vec<String> {
    let mut others = Vec::new();
    if place == Place::ClaimDir {
        match read(paths, Place::CloudDir, &Written::default()) {
            Ok(identity) if identity.saved.claimed.is_some() => {
                others.push(format!("{}, the identity of a Netdata Agent", paths.cloud_dir().display()));
            }
            Ok(_) => {}
            Err(fault) => others.push(format!("perhaps {}: {}", paths.cloud_dir().display(), fault.cause)),
        }
    }
    match first_claim::wanted(paths, said) {
        Ok((Some(wanted), _)) => others.push(wanted.source),
        Ok((None, _)) => {}
        Err(fault) => others.push(format!("perhaps something that cannot be read: {}", fault.cause)),
    }
    others
}

/// What counts for a claim where neither its arguments nor the claim directory say anything.
pub(crate) fn defaults(paths: &Paths) -> Result<Defaults, Fault> {
    let variables = variables::read(|name| std::env::var_os(name))?.given;
    Ok(Defaults { url: url_of_netdata_conf(paths)?, variables })
}

/// `given`, with the proxy of the environment if nobody else names one.
pub(crate) fn with_proxy_of_environment(
    given: Given,
    paths: &Paths,
    dir: Option<&ClaimDir<Dir>>,
    defaults: &Defaults,
) -> Result<Given, Fault> {
    let is_said = given.proxy.is_some()
        || crate::proxy::configured(paths)?.is_some()
        || dir.map_or(Ok(None), ClaimDir::proxy)?.is_some();
    let proxy = if is_said { given.proxy } else { defaults.variables.proxy.clone() };
    Ok(Given { proxy, insecure: given.insecure || defaults.variables.insecure, ..given })
}

/// `[cloud] cloud base url` of netdata.conf.
pub(crate) fn url_of_netdata_conf(paths: &Paths) -> Result<Option<Url>, Fault> {
    let conf = netdata_conf::load(paths)?;
    let Some(text) = conf.value("cloud", "cloud base url") else { return Ok(None) };
    let text = without_quotes(text).unwrap_or(text);
    Url::parse(text).map(Some).map_err(|error| {
        let file = paths.netdata_conf();
        Fault::new(Stage::Config, format_args!("[cloud] cloud base url of {}: {error}", file.display()))
            .hint("write it as in cloud base url = https://app.netdata.cloud")
    })
}
