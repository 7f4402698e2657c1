//! Where things are.

use std::env;
#[cfg(any(test, feature = "lab"))]
use std::path::Path;
use std::path::PathBuf;

/// The directories of the original, and the variables that move them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    config: PathBuf,
    varlib: PathBuf,
}

impl Paths {
    /// From `NETDATA_USER_CONFIG_DIR` and `NETDATA_VARLIB_DIR`, else `/etc/netdata` and `/var/lib/netdata`.
    pub(crate) fn from_env() -> Self {
        let directory = |name, default: &str| {
            env::var_os(name).filter(|value| !value.is_empty()).map_or_else(|| default.into(), PathBuf::from)
        };
        Self {
            config: directory("NETDATA_USER_CONFIG_DIR", "/etc/netdata"),
            varlib: directory("NETDATA_VARLIB_DIR", "/var/lib/netdata"),
        }
    }

    /// Everything below one directory.
    #[cfg(any(test, feature = "lab"))]
    pub(crate) fn below(root: &Path) -> Self {
        Self { config: root.join("etc"), varlib: root.join("lib") }
    }

    /// The identity (protocol.md 1.1).
    pub(crate) fn claim_dir(&self) -> PathBuf {
        self.config.join("claim.d")
    }

    /// The directory of the machine GUID.
    pub(crate) fn registry(&self) -> PathBuf {
        self.varlib.join("registry")
    }

    /// Where a running `aclk run` tells how it is.
    pub(crate) fn live(&self) -> PathBuf {
        self.varlib.join("aclk")
    }
}
