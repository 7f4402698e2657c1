//! Where things are.

use crate::netdata_conf;
use std::env;
use std::path::{Path, PathBuf};

/// The directories of the original, and the variables that move them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    config: PathBuf,
    varlib: PathBuf,
    run: Option<PathBuf>,
    pipe: Option<PathBuf>,
    log: Option<PathBuf>,
}

/// The name of the file of [`Paths::claim_conf`].
pub(crate) const CLAIM_CONF: &str = "claim.conf";
/// The log directory of the original.
const LOG: &str = "/var/log/netdata";
/// The run directory of the original.
const RUN: &str = "/run/netdata";
/// The run-time socket in a directory.
pub(crate) const PIPE: &str = "netdata.pipe";

impl Paths {
    /// From `NETDATA_USER_CONFIG_DIR` and `NETDATA_VARLIB_DIR`, else `/etc/netdata` and `/var/lib/netdata`; from
    /// `NETDATA_RUN_DIR` and `NETDATA_PIPENAME`; from `NETDATA_LOG_DIR`. All are absolute, since a daemon leaves its folder.
    pub(crate) fn from_env() -> Self {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        let path = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from).map(absolute);
        Self {
            config: path("NETDATA_USER_CONFIG_DIR").unwrap_or_else(|| "/etc/netdata".into()),
            varlib: path("NETDATA_VARLIB_DIR").unwrap_or_else(|| "/var/lib/netdata".into()),
            run: path("NETDATA_RUN_DIR"),
            pipe: path("NETDATA_PIPENAME"),
            log: path("NETDATA_LOG_DIR"),
        }
    }

    /// Everything below one directory.
    #[cfg(any(test, feature = "lab"))]
    pub(crate) fn below(root: &Path) -> Self {
        Self {
            config: root.join("etc"),
            varlib: root.join("lib"),
            run: Some(root.join("run")),
            pipe: None,
            log: Some(root.join("log")),
        }
    }

    /// The directory of everything a person configures.
    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// The configuration of the original Agent (protocol.md 5.5).
    pub(crate) fn netdata_conf(&self) -> PathBuf {
        netdata_conf::path(&self.config)
    }

    /// The identity (protocol.md 1.1).
    pub(crate) fn claim_dir(&self) -> PathBuf {
        self.config.join("claim.d")
    }

    /// The identity that a real Agent made, from v1.22 on (protocol.md 1.1). It is read in place and never written.
    pub(crate) fn cloud_dir(&self) -> PathBuf {
        self.varlib.join("cloud.d")
    }

    /// What a current Agent is told to claim with (protocol.md 1.13).
    pub(crate) fn claim_conf(&self) -> PathBuf {
        self.config.join(CLAIM_CONF)
    }

    /// The directory of the machine GUID.
    pub(crate) fn registry(&self) -> PathBuf {
        self.varlib.join("registry")
    }

    /// Where the run-time socket may be, the best place first: exactly where somebody says, else in the run directory, or
    /// where `aclk run` always can write.
    pub(crate) fn sockets(&self) -> Vec<PathBuf> {
        match (&self.pipe, &self.run) {
            (Some(pipe), _) => vec![pipe.clone()],
            (None, Some(run)) => vec![run.join(PIPE)],
            (None, None) => vec![PathBuf::from(RUN).join(PIPE), self.live().join(PIPE)],
        }
    }

    /// Where a daemon in the background logs.
    pub(crate) fn log(&self) -> &Path {
        self.log.as_deref().unwrap_or(Path::new(LOG))
    }

    /// The same, if somebody says so.
    pub(crate) fn log_if_said(&self) -> Option<&Path> {
        self.log.as_deref()
    }

    /// Where a running `aclk run` tells how it is, and keeps what belongs to an identity that is not ours to write to.
    pub(crate) fn live(&self) -> PathBuf {
        self.varlib.join("aclk")
    }
}

#[cfg(test)]
mod tests {
    use super::Paths;
    use std::path::{Path, PathBuf};

    #[test]
    fn the_socket_is_exactly_where_somebody_says_or_at_the_first_place_that_can_be() {
        let mut paths = Paths { run: None, ..Paths::below(Path::new("/x")) };
        let all = |paths: &Paths| paths.sockets().iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(all(&paths), ["/run/netdata/netdata.pipe", "/x/lib/aclk/netdata.pipe"]);
        paths.run = Some(PathBuf::from("/y"));
        assert_eq!(all(&paths), ["/y/netdata.pipe"]);
        paths.pipe = Some(PathBuf::from("/tmp/netdata-ipc"));
        assert_eq!(all(&paths), ["/tmp/netdata-ipc"]);
    }
}
