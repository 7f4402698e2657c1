//! `-W get` and `-W get2`: prints a setting.

use crate::fault::Fault;
use crate::netdata_conf;
use crate::paths::Paths;
use crate::store::FileStore;
use zeroize::Zeroizing;

/// Which file of settings is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    /// `netdata.conf`.
    Netdata,
    /// `cloud.conf`.
    Cloud,
}

/// Which value is to be printed, and what if there is none.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) file: File,
    pub(super) section: Zeroizing<String>,
    pub(super) key: Zeroizing<String>,
    pub(super) default: Zeroizing<String>,
}

impl Query {
    /// The value, or the default. What `cloud.conf` leaves open is looked for in `netdata.conf`.
    pub(super) fn answer(&self, paths: &Paths) -> Result<String, Fault> {
        let Self { file, section, key, default } = self;
        let conf = netdata_conf::load(paths)?;
        let value = match file {
            File::Netdata => conf.value(section, key).map(str::to_owned),
            File::Cloud => {
                let stored =
                    FileStore::new(&paths.claim_dir()).open()?.map_or(Ok(None), |dir| dir.setting(section, key))?;
                let elsewhere = || in_netdata_conf(section, key).and_then(|(section, key)| conf.value(section, key));
                stored.or_else(|| elsewhere().map(str::to_owned))
            }
        };
        Ok(value.unwrap_or_else(|| default.to_string()))
    }
}

/// Where a key of `cloud.conf` is in `netdata.conf`.
pub(super) fn in_netdata_conf(section: &str, key: &str) -> Option<(&'static str, &'static str)> {
    match (section, key) {
        ("global", "cloud base url" | "url") => Some(("cloud", "cloud base url")),
        ("global", "proxy") => Some(("cloud", "proxy")),
        ("global", "enabled") => Some(("global", "netdata cloud")),
        _ => None,
    }
}
