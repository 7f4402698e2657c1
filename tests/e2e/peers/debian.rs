//! Packages of Debian that hold programs of the original: fetched when a test runs, and unpacked, not installed. They are
//! under the GPL, so nothing of them is here.

use super::program;
use crate::support::*;
use std::fs;
use std::path::{Path, PathBuf};

/// The original Agent, with its script and `netdatacli`.
pub(super) const NETDATA: &str = "netdata-core";

/// Packages that are unpacked; removed when dropped.
pub(super) struct Unpacked {
    root: Machine,
    /// The version of the first one.
    pub(super) version: String,
}

impl Unpacked {
    /// These packages, all into one folder. Prints why if they cannot be had.
    pub(super) fn new(packages: &[&str]) -> Option<Self> {
        if !have(&["apt-get", "dpkg-deb"]) {
            return None;
        }
        let root = Machine::new();
        let mut version = String::new();
        for name in packages {
            let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            let package = match package(&cache).map_or_else(|| download(name, &cache), Ok) {
                Ok(package) => package,
                Err(reason) => {
                    println!("skipped: the Debian package {name} cannot be had: {reason}");
                    return None;
                }
            };
            let status = program("dpkg-deb").arg("-x").arg(&package).arg(root.root()).status().unwrap();
            assert!(status.success());
            if version.is_empty() {
                let output = program("dpkg-deb").arg("-f").arg(&package).arg("Version").output().unwrap();
                String::from_utf8(output.stdout).unwrap().trim().clone_into(&mut version);
            }
        }
        Some(Self { root, version })
    }

    pub(super) fn file(&self, path: &str) -> PathBuf {
        self.root.root().join(path)
    }
}

/// The package in `directory`.
fn package(directory: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?;
    entries.filter_map(|entry| Some(entry.ok()?.path())).find(|path| path.extension().is_some_and(|end| end == "deb"))
}

fn download(name: &str, cache: &Path) -> Result<PathBuf, String> {
    let fresh = cache.with_extension(std::process::id().to_string());
    fs::create_dir_all(&fresh).map_err(|error| error.to_string())?;
    let mut apt = program("apt-get");
    apt.args(["-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20", "download", name]);
    let output = apt.current_dir(&fresh).output().map_err(|error| error.to_string())?;
    // Another process may have been faster.
    let _ = fs::rename(&fresh, cache);
    let _ = fs::remove_dir_all(&fresh);
    package(cache).ok_or_else(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
