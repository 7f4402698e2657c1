//! What the page hands out as files.

use crate::browser::{PATIENCE, unique};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The folder of a visit, which goes with it.
pub(crate) struct Downloads(PathBuf);

impl Downloads {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(unique("aclk-playground"));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub(crate) const fn folder(&self) -> &PathBuf {
        &self.0
    }

    /// Waits until the browser has put a file there as a whole.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        let end = Instant::now() + PATIENCE;
        // The browser writes under another name first.
        while !path.exists() {
            assert!(Instant::now() < end, "no {name} in {:?}", self.0);
            std::thread::sleep(Duration::from_millis(50));
        }
        path
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
