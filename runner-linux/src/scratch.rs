//! A directory that is gone afterwards, for the demonstration and for tests.

use std::fs::{DirBuilder, remove_dir_all};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Only its owner may look into it; removed with everything in it when dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A new directory below the system's directory for temporary files.
    pub(crate) fn create() -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::from)?;
        let path = std::env::temp_dir().join(format!("aclk-{:016x}", u64::from_le_bytes(random)));
        // Fails if somebody was there first, so nobody can prepare it for us.
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = remove_dir_all(&self.0);
    }
}

#[cfg(test)]
impl Scratch {
    pub(crate) fn new() -> Self {
        Self::create().unwrap()
    }
}
